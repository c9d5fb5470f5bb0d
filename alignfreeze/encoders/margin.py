"""Ratio margin score of sentence pairs (Artetxe and Schwenk 2019, equations 1 and 2), in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.data.bitext import Bitext
from alignfreeze.encoders.padding import pad_batch
from alignfreeze.encoders.prediction import outputs
from alignfreeze.encoders.subwords import WordTokenizer

BATCH = 64  # sentences
BLOCK = 2_048  # sentences of either side whose similarities are in memory at a time


def sentence_vectors(
    model: PreTrainedModel, sentences: Sequence[Sequence[str]], tokenizer: WordTokenizer, device: torch.device
) -> np.ndarray:
    """Mean of the last layer's states over the subwords of each sentence, special tokens included, of length 1.

    Parameters
    ----------
    model : PreTrainedModel
        The encoder.
    sentences : sequence of sequence of str
        Words of each sentence.
    tokenizer : WordTokenizer
        Cuts sentences at its `max_length`.
    device : torch.device

    Returns
    -------
    numpy.ndarray
        (sentences, h), float32.
    """
    encoded = tokenizer.encode(sentences)
    vectors = np.empty((len(sentences), model.config.hidden_size), np.float32)
    pad = partial(pad_batch, pad_id=tokenizer.tokenizer.pad_token_id)
    for chosen, output in outputs(model, encoded, pad, device, BATCH):
        lengths = [len(encoded[item].ids) for item in chosen]
        for item, length, states in zip(chosen, lengths, output.last_hidden_state.float(), strict=True):
            mean = states[:length].mean(0)
            vectors[item] = (mean / mean.norm()).cpu().numpy()
    return vectors


def write_vectors(
    paths: tuple[str, str],
    parts: Iterable[Bitext],
    model: PreTrainedModel,
    tokenizer: WordTokenizer,
    device: torch.device,
) -> int:
    """Write the vectors of both sides to raw float32 files, a part of the bitext at a time.

    Parameters
    ----------
    paths : tuple of 2 str
        Files to write, source and target side. Each holds (pairs, h) float32 in row order, without a header.
    parts : iterable of Bitext
        The bitext, cut into parts that fit in memory.
    model : PreTrainedModel
        The encoder; see `sentence_vectors`.
    tokenizer : WordTokenizer
        Cuts sentences at its `max_length`.
    device : torch.device
        Where the encoder runs.

    Returns
    -------
    int
        Number of sentence pairs.
    """
    pairs = 0
    with Path(paths[0]).open("wb") as source, Path(paths[1]).open("wb") as target:
        for part in parts:
            source.write(sentence_vectors(model, part.source, tokenizer, device).tobytes())
            target.write(sentence_vectors(model, part.target, tokenizer, device).tobytes())
            pairs += len(part)
    return pairs


def _neighbour_similarity(
    queries: np.ndarray, others: np.ndarray, neighbours: int, device: torch.device, block: int
) -> np.ndarray:
    """Mean cosine of each query with its nearest vectors of the other side, (queries,), float32."""
    means = np.empty(len(queries), np.float32)
    for first in range(0, len(queries), block):
        own = torch.from_numpy(np.array(queries[first : first + block])).to(device)
        nearest = torch.full((len(own), 0), 0.0, device=device)
        for start in range(0, len(others), block):
            those = torch.from_numpy(np.array(others[start : start + block])).to(device)
            nearest = torch.cat([nearest, own @ those.T], 1)
            nearest = nearest.topk(min(neighbours, nearest.shape[1]), 1).values
        means[first : first + block] = nearest.mean(1).cpu().numpy()
    return means


def margin_scores(
    source: np.ndarray, target: np.ndarray, neighbours: int, device: torch.device, block: int = BLOCK
) -> np.ndarray:
    """Ratio margin of each pair: its cosine over the mean cosine of both sentences with their nearest neighbours.

    A pair's own other side is among the neighbours. Above 1, a pair is nearer than what surrounds it.

    Parameters
    ----------
    source, target : numpy.ndarray
        (pairs, h) vectors of length 1; they may be mapped from files.
    neighbours : int
        Nearest neighbours k on the other side; all where there are fewer.
    device : torch.device
    block : int
        Sentences of either side at a time: `block` squared similarities are in memory.

    Returns
    -------
    numpy.ndarray
        (pairs,), float32.
    """
    forward = _neighbour_similarity(source, target, neighbours, device, block)
    backward = _neighbour_similarity(target, source, neighbours, device, block)
    scores = np.empty(len(source), np.float32)
    for first in range(0, len(source), block):
        rows = slice(first, first + block)
        cosine = np.einsum("ph,ph->p", source[rows], target[rows])
        scores[rows] = cosine / ((forward[rows] + backward[rows]) / 2)
    return scores
