"""Alignments from an encoder's states, as awesome-align extracts them (Dou and Neubig 2021, section 2.1)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.aligners.settings import AwesomeSettings, Extraction
from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.encoders.anatomy import encoder_blocks, state_at
from alignfreeze.encoders.blocks import layer_index
from alignfreeze.encoders.memory import is_out_of_memory
from alignfreeze.encoders.padding import pad_batch
from alignfreeze.encoders.subwords import NO_SUBWORD, EncodedSentence, WordTokenizer
from alignfreeze.support.errors import InputError
from alignfreeze.support.progress import progress_bar

NO_WORD = -1
logger = logging.getLogger(__name__)


def _words_of_subwords(sentences: Sequence[EncodedSentence], length: int) -> torch.Tensor:
    """(B, T): number of the word that each subword belongs to, `NO_WORD` for special tokens and padding."""
    words = np.full((len(sentences), length), NO_WORD, np.int64)
    for row, sentence in enumerate(sentences):
        present = np.flatnonzero(sentence.first != NO_SUBWORD)
        if len(present):
            firsts = sentence.first[present]
            end = len(sentence.ids) - 1  # the closing special token
            spans = np.diff(np.append(firsts, end))
            words[row, firsts[0] : end] = np.repeat(present, spans)
    return torch.from_numpy(words)


def extract_links(
    source: torch.Tensor,
    target: torch.Tensor,
    source_words: torch.Tensor,
    target_words: torch.Tensor,
    extraction: Extraction,
    threshold: float,
) -> list[Links]:
    """Word links of a batch.

    Parameters
    ----------
    source, target : torch.Tensor
        (B, Ts, h) and (B, Tt, h) states.
    source_words, target_words : torch.Tensor
        (B, Ts) and (B, Tt), the word of each subword or `NO_WORD`.
    extraction : Extraction
        `softmax`: subwords whose probability exceeds the threshold in both directions (Dou and Neubig's
        equation 1); `argmax`: subwords that are each other's most similar.
    threshold : float
        Probability, for `softmax`.

    Returns
    -------
    list of Links
        Links of each sentence pair; two words are linked if any of their subwords are.
    """
    similarity = source.float() @ target.float().transpose(1, 2)  # (B, Ts, Tt)
    real = (source_words != NO_WORD)[:, :, None] & (target_words != NO_WORD)[:, None, :]
    similarity = similarity.masked_fill(~real, torch.finfo(similarity.dtype).min)
    if extraction == "softmax":
        linked = (similarity.softmax(2) > threshold) & (similarity.softmax(1) > threshold)
    else:
        linked = (similarity == similarity.amax(2, keepdim=True)) & (similarity == similarity.amax(1, keepdim=True))
    rows, i, j = (linked & real).nonzero(as_tuple=True)
    triples = torch.stack([rows, source_words[rows, i], target_words[rows, j]], 1).unique(dim=0)
    links: list[Links] = [[] for _ in range(len(source))]
    for row, source_word, target_word in triples.tolist():
        links[row].append((source_word, target_word))
    return links


def token_batches(lengths: Sequence[tuple[int, int]], batch_tokens: int) -> list[list[int]]:
    """Group sentence pairs of similar length into batches of at most `batch_tokens` subwords, padding included.

    Parameters
    ----------
    lengths : sequence of tuple of 2 int
        Subwords of the source and the target of each pair.
    batch_tokens : int
        Most subwords of a batch; a pair that has more is a batch of its own.

    Returns
    -------
    list of list of int
        Numbers of the pairs of each batch, shortest pairs first.
    """
    batches: list[list[int]] = []
    longest = (0, 0)
    for number in sorted(range(len(lengths)), key=lambda i: sum(lengths[i])):
        source, target = lengths[number]
        longest = (max(longest[0], source), max(longest[1], target))
        if batches and (len(batches[-1]) + 1) * sum(longest) <= batch_tokens:
            batches[-1].append(number)
        else:
            batches.append([number])
            longest = lengths[number]
    return batches


@torch.inference_mode()
def align(
    bitext: Bitext,
    model: PreTrainedModel,
    tokenizer: WordTokenizer,
    settings: AwesomeSettings,
    device: torch.device,
) -> Iterator[Links]:
    """Links of every pair of the bitext, in order; encoding is batched by length.

    Parameters
    ----------
    bitext : Bitext
        Sentence pairs, as words.
    model : PreTrainedModel
        The encoder; put in evaluation mode and moved to `device`.
    tokenizer : WordTokenizer
        Cuts sentences at its `max_length`.
    settings : AwesomeSettings
        Layer, extraction, threshold and `batch_tokens`. A batch that memory does not suffice for is halved, and each
        half again if need be; one pair may have more than `batch_tokens` subwords.
    device : torch.device

    Yields
    ------
    list of tuple of 2 int
        Links (source word, target word) of one sentence pair.

    Raises
    ------
    InputError
        Memory does not suffice for one pair.
    """
    model.eval().to(device)
    layer = layer_index(settings.layer, len(encoder_blocks(model)))
    sources, targets = tokenizer.encode(bitext.source), tokenizer.encode(bitext.target)
    pad_id = tokenizer.tokenizer.pad_token_id
    lengths = [(len(source.ids), len(target.ids)) for source, target in zip(sources, targets, strict=True)]
    alignments: list[Links] = [[] for _ in range(len(bitext))]

    def encoded(side: list[EncodedSentence]) -> tuple[torch.Tensor, torch.Tensor]:
        batch = {name: t.to(device) for name, t in pad_batch(side, pad_id).items()}
        words = _words_of_subwords(side, batch["input_ids"].shape[1]).to(device)
        return state_at(model, layer, **batch), words

    def links_of(chosen: Sequence[int]) -> list[Links]:
        source, source_words = encoded([sources[i] for i in chosen])
        target, target_words = encoded([targets[i] for i in chosen])
        return extract_links(source, target, source_words, target_words, settings.extraction, settings.threshold)

    with progress_bar("align", len(bitext), unit="sentence pair") as advance:
        todo = token_batches(lengths, settings.batch_tokens)[::-1]
        while todo:
            chosen = todo.pop()
            try:
                found = links_of(chosen)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(chosen) == 1:
                    raise InputError(
                        f"out of memory with one sentence pair of {sum(lengths[chosen[0]])} subwords; "
                        "take a device with more memory"
                    ) from error
                half = (len(chosen) + 1) // 2
                logger.warning("out of memory with %d sentence pairs at a time: going on with %d", len(chosen), half)
                todo += [chosen[half:], chosen[:half]]
                continue
            for row, links in zip(chosen, found, strict=True):
                alignments[row] = links
            advance(len(chosen))
    yield from alignments
