"""Batches for realignment: languages take turns; a collator without a loop over words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch

from alignfreeze.encoders.padding import pad
from alignfreeze.encoders.pooling import positions_of_ranges
from alignfreeze.realignment.settings import Interleave, Shuffle
from alignfreeze.realignment.word_pairs import PairRow, PairRows
from alignfreeze.training.batches import bucketed_batches
from alignfreeze.training.settings import Bucketing

RowKey = tuple[str, int]
SHUFFLE_BUFFER = 10_000  # rows, of the paper's code
DRAWS = 1_000  # random numbers that a shuffle buffer draws at a time


@dataclass(frozen=True)
class RealignmentBatch:
    """B sentence pairs as tensors; all int64 but the boolean masks.

    Attributes
    ----------
    source_ids, source_mask : torch.Tensor
        (B, Ts).
    target_ids, target_mask : torch.Tensor
        (B, Tt).
    source_index, target_index : torch.Tensor
        Subwords that represent the words, word after word, as places in the flattened (B * Ts) or (B * Tt) states.
    source_sizes, target_sizes : torch.Tensor
        (Ns,) and (Nt,), of how many subwords each word's vector is the mean.
    anchors : torch.Tensor
        (2N,), rows of A as indices into W = source words then target words: N source words, N partners.
    partners : torch.Tensor
        (2N,), each anchor's partner in W.
    """

    source_ids: torch.Tensor
    source_mask: torch.Tensor
    target_ids: torch.Tensor
    target_mask: torch.Tensor
    source_index: torch.Tensor
    target_index: torch.Tensor
    source_sizes: torch.Tensor
    target_sizes: torch.Tensor
    anchors: torch.Tensor
    partners: torch.Tensor

    def __len__(self) -> int:
        return len(self.source_ids)

    def to(self, device: torch.device) -> RealignmentBatch:
        """Copy the batch to a device, without waiting where its memory is pinned.

        Parameters
        ----------
        device : torch.device

        Returns
        -------
        RealignmentBatch
            A new batch; this one stays where it is.
        """
        return RealignmentBatch(*(getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)))

    def pin_memory(self) -> RealignmentBatch:
        """The batch in page-locked memory (called by DataLoader)."""
        return RealignmentBatch(*(getattr(self, f.name).pin_memory() for f in fields(self)))


def buffer_order(length: int, seed: int, size: int = SHUFFLE_BUFFER) -> np.ndarray:
    """Order in which rows leave a shuffle buffer, as in Hugging Face's datasets up to release 4.

    The buffer is filled with the first rows. Each further row replaces a random one, which leaves. What is left at the
    end leaves in random order. So row n comes at the earliest after row n - `size`.

    Parameters
    ----------
    length : int
        Number of rows.
    seed : int
    size : int
        Rows in the buffer.

    Returns
    -------
    numpy.ndarray
        (length,) row numbers.
    """
    rng = np.random.default_rng(seed)
    buffer = np.arange(min(size, length))
    order = np.empty(length, np.int64)
    draws = max(length - size, 0)
    # Drawn a thousand at a time: the generator's state at the last shuffle depends on it.
    places = np.concatenate(
        [np.zeros(0, np.int64), *(rng.integers(0, size, size=DRAWS) for _ in range(-(-draws // DRAWS)))]
    )
    for drawn, place in enumerate(places[:draws].tolist()):
        order[drawn] = buffer[place]
        buffer[place] = size + drawn
    rest = buffer.tolist()
    rng.shuffle(rest)
    order[draws:] = rest
    return order


def interleaved_rows(
    lengths: Mapping[str, int], seed: int, interleave: Interleave, shuffle: Shuffle = "whole"
) -> Iterator[list[RowKey]]:
    """Endless passes over the languages' streams, one row each in turn.

    With `first_exhausted` a pass ends where the language whose turn it is has no next row, as in the paper's code: of
    the rows of the first of the shortest streams none is left, the languages before it gave one more. With
    `all_exhausted` a pass has as many rounds as the longest stream has rows, and shorter streams start over within it.

    Parameters
    ----------
    lengths : mapping from str to int
        Rows of each language, in the order in which languages take turns.
    seed : int
    interleave : {"first_exhausted", "all_exhausted"}
    shuffle : {"whole", "buffer"}
        `whole`: each pass shuffles every stream anew, by seed, pass and language name, so that the order of one
        language does not depend on which others take part. `buffer`: see `buffer_order`; by the seed alone, the same
        order in every pass, as in the paper's code.

    Yields
    ------
    list of (str, int)
        The (language, row) keys of one pass.
    """
    shortest = min(lengths.values())
    if interleave == "first_exhausted":
        size = shortest * len(lengths) + list(lengths.values()).index(shortest)
    else:
        size = max(lengths.values()) * len(lengths)
    orders = {language: buffer_order(length, seed) for language, length in lengths.items() if shuffle == "buffer"}
    for number in itertools.count():
        if shuffle == "whole":
            orders = {
                language: np.random.default_rng([seed, number, *language.encode()]).permutation(length)
                for language, length in lengths.items()
            }
        turns = (
            (language, int(order[turn % len(order)]))
            for turn in itertools.count()
            for language, order in orders.items()
        )
        yield list(itertools.islice(turns, size))


def batch_plan(
    lengths: Mapping[str, int],
    batch_size: int,
    seed: int,
    interleave: Interleave,
    shuffle: Shuffle,
    bucketing: Bucketing,
    row_length: Mapping[str, np.ndarray] | None = None,
) -> Iterator[list[RowKey]]:
    """Endless batches of row keys; the last batch of a pass may be short, as in the paper's code.

    Parameters
    ----------
    lengths : mapping from str to int
        Rows of each language, in the order in which languages take turns.
    batch_size : int
        Sentence pairs of a batch.
    seed : int
        Decides the order of rows and, for `window`, that of batches.
    interleave : {"first_exhausted", "all_exhausted"}
        When a pass over the languages ends; see `interleaved_rows`.
    shuffle : {"whole", "buffer"}
        How each language's rows are shuffled; see `interleaved_rows`.
    bucketing : Bucketing
        `window` sorts each 50 batches by length before cutting (faster, but changes which words are negatives) and
        shuffles the batches.
    row_length : mapping from str to numpy.ndarray, optional
        Language -> (rows,), subwords of both sides of each row; needed for `window` only.

    Yields
    ------
    list of (str, int)
        The (language, row) keys of one batch.

    Raises
    ------
    ValueError
        Rows are to be sorted by length, but `row_length` is missing.
    """

    def length(key: RowKey) -> int:
        language, row = key
        if row_length is None:
            raise ValueError("bucketing needs the length of each row")
        return int(row_length[language][row])

    rng = np.random.default_rng(seed)
    for keys in interleaved_rows(lengths, seed, interleave, shuffle):
        yield from bucketed_batches(keys, length, batch_size, bucketing, rng)


class RowReader(torch.utils.data.Dataset):
    """Rows of several languages, by (language, row) key."""

    def __init__(self, streams: Mapping[str, PairRows]) -> None:
        self.streams = streams

    def __getitem__(self, key: RowKey) -> PairRow:
        language, row = key
        return self.streams[language][row]


def _ragged(parts: Sequence[np.ndarray], row_offset: np.ndarray) -> np.ndarray:
    """Concatenate the parts, adding `row_offset[i]` to those of row i."""
    lengths = np.fromiter((len(p) for p in parts), np.int64, len(parts))
    return np.concatenate(parts).astype(np.int64) + np.repeat(row_offset, lengths)


@dataclass(frozen=True)
class RealignmentCollator:
    """Rows -> `RealignmentBatch`; each side is padded to its own longest row."""

    pad_id: int

    def __call__(self, rows: Sequence[PairRow]) -> RealignmentBatch:
        """Collate rows; everything is flat index arithmetic over the batch."""
        source_ids, source_mask = pad([row.source_ids for row in rows], self.pad_id)
        target_ids, target_mask = pad([row.target_ids for row in rows], self.pad_id)
        sides = []
        for width, ranges in (
            (source_ids.shape[1], [(row.source_start, row.source_end) for row in rows]),
            (target_ids.shape[1], [(row.target_start, row.target_end) for row in rows]),
        ):
            in_states = np.arange(len(rows)) * width
            start, end = (_ragged([pair[k] for pair in ranges], in_states) for k in (0, 1))
            sides.append(positions_of_ranges(start, end))
        (source_index, source_sizes), (target_index, target_sizes) = sides
        source_words = _starts([row.source_start for row in rows])
        target_words = _starts([row.target_start for row in rows]) + len(source_sizes)
        sources = _ragged([row.source_pairs for row in rows], source_words)
        targets = _ragged([row.target_pairs for row in rows], target_words)
        return RealignmentBatch(
            source_ids,
            source_mask,
            target_ids,
            target_mask,
            torch.from_numpy(source_index),
            torch.from_numpy(target_index),
            torch.from_numpy(source_sizes),
            torch.from_numpy(target_sizes),
            torch.from_numpy(np.concatenate([sources, targets])),
            torch.from_numpy(np.concatenate([targets, sources])),
        )


def _starts(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Number of words before each row."""
    return np.cumsum([0, *(len(p) for p in parts)])[:-1]
