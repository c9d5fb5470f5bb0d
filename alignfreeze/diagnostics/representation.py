"""What realignment does to each layer: similarity of representations, and how far each block's weights moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from transformers import PreTrainedModel

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.encoders.retrieval import retrieval, word_states
from alignfreeze.encoders.settings import Word
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.support.errors import InputError


class Movement(NamedTuple):
    """How far a block's weights moved.

    Attributes
    ----------
    block : int
        Counted from 0.
    distance : float
        Euclidean distance of the block's weights before and after.
    relative : float
        The same over the norm of the weights before.
    """

    block: int
    distance: float
    relative: float


class LayerRow(NamedTuple):
    """What happened to a language at a layer; the numbers are NaN where there are too few words.

    Attributes
    ----------
    language : str
    layer : int
        Index into `hidden_states`; 0 is the embeddings.
    retrieval_before, retrieval_after : float
        Share of words whose nearest word of the other language is their translation, mean of both directions.
    cka_before, cka_after : float
        Linear CKA of the linked words of the source language with their partners: how alike the languages are.
    cka_change : float
        Linear CKA of all words of the target language before with the same words after: 1 where nothing changed.
    n_words, n_links : int
        Words of the target language and links, those without a subword left out.
    """

    language: str
    layer: int
    retrieval_before: float
    retrieval_after: float
    cka_before: float
    cka_after: float
    cka_change: float
    n_words: int
    n_links: int


def linear_cka(first: torch.Tensor, second: torch.Tensor) -> float:
    """Linear centred kernel alignment of two representations of the same words (Kornblith et al. 2019, equation 3).

    Parameters
    ----------
    first, second : torch.Tensor
        (words, h) states, the same words in the same order; the widths may differ.

    Returns
    -------
    float
        0 to 1; 1 where one is the other up to rotation, scale and shift. NaN where a representation does not vary.
    """
    x, y = (states.double() - states.double().mean(0) for states in (first, second))
    own = torch.linalg.matrix_norm(x.T @ x) * torch.linalg.matrix_norm(y.T @ y)
    return float((x.T @ y).square().sum() / own) if own > 0 else float("nan")


def block_movements(before: PreTrainedModel, after: PreTrainedModel) -> list[Movement]:
    """How far each block's weights are from those of another version of the same encoder.

    Parameters
    ----------
    before, after : PreTrainedModel
        Two versions of one encoder, distances are relative to the first.

    Returns
    -------
    list of Movement
        One for each block, lowest first.

    Raises
    ------
    InputError
        The two are not versions of one encoder.
    """
    shapes = [
        [{name: p.shape for name, p in block.named_parameters()} for block in encoder_blocks(model)]
        for model in (before, after)
    ]
    if shapes[0] != shapes[1]:
        counts = " and ".join(str(len(blocks)) for blocks in shapes)
        raise InputError(f"encoders of {counts} blocks, or of other kinds or sizes; give two versions of one encoder")
    movements = []
    for number, blocks in enumerate(zip(encoder_blocks(before), encoder_blocks(after), strict=True)):
        start, end = (torch.cat([p.detach().double().flatten() for p in block.parameters()]) for block in blocks)
        distance = float((end - start).norm())
        movements.append(Movement(number, distance, distance / float(start.norm())))
    return movements


def compare_layers(
    before: tuple[PreTrainedModel, WordTokenizer],
    after: tuple[PreTrainedModel, WordTokenizer],
    gold: Mapping[str, tuple[Bitext, Sequence[Links]]],
    device: torch.device,
    word: Word = "first",
) -> Iterator[LayerRow]:
    """Retrieval and linear CKA at every layer, before and after.

    Parameters
    ----------
    before, after : tuple of PreTrainedModel and WordTokenizer
        An encoder and another version of it.
    gold : mapping from str to tuple of Bitext and sequence of Links
        Language -> sentences and their links.
    device : device
    word : str
        Which of a word's subwords are its state; see `RealignmentSettings`.

    Yields
    ------
    LayerRow
        By language, then by layer; layer 0 is the embeddings.
    """
    layers = range(len(encoder_blocks(before[0])) + 1)

    def states(sentences: Sequence[Sequence[str]]) -> list[torch.Tensor]:
        return [word_states(model, sentences, words, layers, device, word=word)[0] for model, words in (before, after)]

    known: dict[tuple[tuple[str, ...], ...], list[torch.Tensor]] = {}
    for language, (bitext, links) in gold.items():
        key = tuple(map(tuple, bitext.source))
        if key not in known:  # the sentences of the language before, most often
            known = {key: states(bitext.source)}
        source, target = known[key], states(bitext.target)
        linked = _word_numbers(bitext, links)
        for layer in layers:
            own, other = [part[layer] for part in source], [part[layer] for part in target]
            pairs = [(i, j) for i, j in linked if own[0][i].any() and other[0][j].any()]
            first, second = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T
            present = other[0].any(1)
            found = [retrieval(one, two, linked).mean for one, two in zip(own, other, strict=True)]
            alike = [linear_cka(one[first], two[second]) for one, two in zip(own, other, strict=True)]
            yield LayerRow(
                language,
                layer,
                retrieval_before=found[0],
                retrieval_after=found[1],
                cka_before=alike[0],
                cka_after=alike[1],
                cka_change=linear_cka(*(part[present] for part in other)),
                n_words=int(present.sum()),
                n_links=len(pairs),
            )


def _word_numbers(bitext: Bitext, links: Sequence[Links]) -> list[tuple[int, int]]:
    """Links between the words of all sentences, counted through."""
    found, first, second = [], 0, 0
    for source, target, pairs in zip(bitext.source, bitext.target, links, strict=True):
        found += [(first + i, second + j) for i, j in pairs]
        first, second = first + len(source), second + len(target)
    return found
