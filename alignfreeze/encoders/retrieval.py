"""Word retrieval: how often the aligned word is the nearest one among all words of the other side.

It shows what realignment does to the encoder even where task accuracy moves within noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.encoders.anatomy import text_encoder
from alignfreeze.encoders.padding import pad_batch
from alignfreeze.encoders.pooling import mean_states, positions_of_ranges
from alignfreeze.encoders.prediction import outputs
from alignfreeze.encoders.settings import Word
from alignfreeze.encoders.subwords import WordTokenizer


@dataclass(frozen=True)
class Retrieval:
    """Accuracy 0 to 1 by direction and the number of words asked for; a word without a subword counts as missed."""

    source_to_target: float
    target_to_source: float
    source_words: int
    target_words: int

    @property
    def mean(self) -> float:
        """Mean of the two directions."""
        return (self.source_to_target + self.target_to_source) / 2


def word_states(
    model: PreTrainedModel,
    sentences: Sequence[Sequence[str]],
    tokenizer: WordTokenizer,
    layers: Sequence[int],
    device: torch.device,
    batch_size: int = 64,
    word: Word = "first",
) -> tuple[torch.Tensor, np.ndarray]:
    """States of all words of all sentences, each of the subwords that represent a word.

    Parameters
    ----------
    model : PreTrainedModel
        The encoder.
    sentences : sequence of sequence of str
        Words of each sentence.
    tokenizer : WordTokenizer
        Cuts sentences at its `max_length`; words after the cut have no subword.
    layers : sequence of int
        Indices into `hidden_states`, 0 (embeddings) to the number of blocks.
    device : torch.device
        Where the encoder runs.
    batch_size : int
        Sentences of a batch, at most.
    word : Word, default "first"
        Which subwords represent a word.

    Returns
    -------
    states : torch.Tensor
        (layers, words, h) float32 on the CPU; zero for a word without a subword.
    start : numpy.ndarray
        (sentences,) number of the first word of each sentence.

    Raises
    ------
    InputError
        See `outputs`.
    """
    encoded = tokenizer.encode(sentences)
    start = np.cumsum([0, *(len(sentence) for sentence in sentences)])
    states = torch.zeros(len(layers), start[-1], model.config.hidden_size)
    pad = partial(pad_batch, pad_id=tokenizer.tokenizer.pad_token_id)
    for chosen, output in outputs(text_encoder(model), encoded, pad, device, batch_size, output_hidden_states=True):
        read = torch.stack([output.hidden_states[layer] for layer in layers]).float().cpu()  # (layers, B, T, h)
        for row, item in enumerate(chosen):
            positions, sizes = positions_of_ranges(*encoded[item].ranges(word))
            of_words = mean_states(read[:, row, positions].transpose(0, 1), torch.from_numpy(sizes))
            states[:, start[item] + encoded[item].present] = of_words.transpose(0, 1)
    return states, start[:-1]


def retrieval(source: torch.Tensor, target: torch.Tensor, links: Sequence[tuple[int, int]]) -> Retrieval:
    """Nearest neighbours by cosine among all words of the other side, in both directions.

    Parameters
    ----------
    source, target : torch.Tensor
        (source words, h) and (target words, h) states of one layer; zero for a word without a subword.
    links : sequence of tuple of 2 int
        Gold links between word numbers (source, target); a word with several partners is right with any of them.

    Returns
    -------
    Retrieval
        Accuracy among the words that have a gold link; NaN where there are none.
    """
    similarity = torch.nn.functional.normalize(source, dim=1) @ torch.nn.functional.normalize(target, dim=1).T
    absent = ~source.any(1)[:, None] | ~target.any(1)[None, :]  # words without a subword
    similarity.masked_fill_(absent, -torch.inf)
    gold = torch.zeros(similarity.shape, dtype=torch.bool)
    i, j = torch.tensor(list(links), dtype=torch.long).reshape(-1, 2).T
    gold[i, j] = True
    scores = []
    for direction, right in ((similarity, gold), (similarity.T, gold.T)):
        asked = right.any(1)
        found = right[torch.arange(len(right)), direction.argmax(1)] & direction.isfinite().any(1)
        scores.append((float(found[asked].float().mean()) if asked.any() else float("nan"), int(asked.sum())))
    (forward, source_words), (backward, target_words) = scores
    return Retrieval(forward, backward, source_words, target_words)


def retrieval_by_language(
    model: PreTrainedModel,
    gold: Mapping[str, tuple[Bitext, Sequence[Links]]],
    tokenizer: WordTokenizer,
    layers: Sequence[int],
    device: torch.device,
    word: Word = "first",
) -> dict[str, dict[int, Retrieval]]:
    """Retrieval on gold-linked sentences, by language and layer.

    Source sentences that a language shares with the one before it are encoded once.

    Parameters
    ----------
    model : PreTrainedModel
        The encoder.
    gold : mapping from str to tuple of Bitext and sequence of Links
        Language -> sentences and the gold links of each sentence.
    tokenizer : WordTokenizer
        Cuts sentences at its `max_length`.
    layers : sequence of int
        Indices into `hidden_states`, 0 (embeddings) to the number of blocks.
    device : torch.device
        Where the encoder runs.
    word : Word, default "first"
        Which subwords represent a word.

    Returns
    -------
    dict from str to dict from int to Retrieval
        Language -> layer -> scores.

    Raises
    ------
    InputError
        See `outputs`.
    """
    states: dict[tuple[tuple[str, ...], ...], tuple[torch.Tensor, np.ndarray]] = {}
    scores = {}
    for language, (bitext, links) in gold.items():
        sentences = tuple(map(tuple, bitext.source))
        if sentences not in states:
            states = {sentences: word_states(model, bitext.source, tokenizer, layers, device, word=word)}
        source, source_start = states[sentences]
        target, target_start = word_states(model, bitext.target, tokenizer, layers, device, word=word)
        numbered = [
            (int(source_start[row] + i), int(target_start[row] + j))
            for row, pairs in enumerate(links)
            for i, j in pairs
        ]
        scores[language] = {layer: retrieval(source[k], target[k], numbered) for k, layer in enumerate(layers)}
    return scores
