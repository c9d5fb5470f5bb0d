"""Bitext: word-segmented sentence pairs, English on the source side (docs/design.md, section 4).

Text files of any length are read as a stream: what is in memory at a time is the sample's row numbers and one part.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alignfreeze.data.settings import Sampling
from alignfreeze.data.text import stream_lines
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError, damaged

logger = logging.getLogger(__name__)
Sentence = list[str]
SCHEMA = pa.schema([("source_tokens", pa.list_(pa.string())), ("target_tokens", pa.list_(pa.string()))])
PART = 10_000  # sentence pairs


@dataclass(frozen=True)
class Bitext:
    """Sentence pairs; `source[i]` and `target[i]` are the words of pair i."""

    source: list[Sentence]
    target: list[Sentence]

    def __len__(self) -> int:
        return len(self.source)

    @property
    def lengths(self) -> list[tuple[int, int]]:
        """(source words, target words) of each pair."""
        return [(len(s), len(t)) for s, t in zip(self.source, self.target, strict=True)]


class Words(Protocol):
    """How words are found in the lines of one side."""

    def is_blank(self, line: str) -> bool:
        """Whether the line has no word.

        Parameters
        ----------
        line : str
            Without its end.

        Returns
        -------
        bool
        """

    def split(self, lines: Sequence[str]) -> list[Sentence]:
        """Split lines into words.

        Parameters
        ----------
        lines : sequence of str
            Without their ends.

        Returns
        -------
        list of Sentence
            Words of each line, in the same order.
        """


class SpacedWords:
    """Words that are separated by plain spaces; other white space (U+00A0) may stand inside a word."""

    def is_blank(self, line: str) -> bool:
        """Whether the line has no word.

        Parameters
        ----------
        line : str
            Without its end.

        Returns
        -------
        bool
        """
        return not line.strip(" ")

    def split(self, lines: Sequence[str]) -> list[Sentence]:
        """Split lines into words.

        Parameters
        ----------
        lines : sequence of str
            Without their ends.

        Returns
        -------
        list of Sentence
            Words of each line, in the same order.
        """
        return [[word for word in line.split(" ") if word] for line in lines]


class ParallelText:
    """Sentence pairs of text files, read anew at each iteration; pairs with a blank side are passed over.

    Parameters
    ----------
    source : str or Path
        File of the source side, or of both sides: `source<TAB>target` lines.
    target : str, Path or None
        File of the target side, line by line; None if `source` holds both.
    words : tuple of Words
        How words are found in the source and in the target side.
    """

    def __init__(
        self, source: str | Path, target: str | Path | None, words: tuple[Words, Words] = (SpacedWords(), SpacedWords())
    ) -> None:
        self.source, self.target, self.words = source, target, words

    @cached_property
    def pairs(self) -> int:
        """Number of pairs with words on both sides; counting them reads the files once.

        Raises
        ------
        InputError
            A file cannot be read, the files differ in their number of lines, or no pair is left.
        """
        read = kept = 0
        for source, target in self._lines():
            read += 1
            kept += self._has_words(source, target)
        if not kept:
            raise InputError(f"{self._name}: no sentence pair with words on both sides")
        logger.info("%s: kept %d of %d pairs (%d with an empty side)", self._name, kept, read, read - kept)
        return kept

    def parts(self, rows: np.ndarray | None = None) -> Iterator[Bitext]:
        """Words of the pairs, at most `PART` pairs at a time.

        Parameters
        ----------
        rows : numpy.ndarray, optional
            Numbers of the pairs to take, ascending, counted over the pairs with words on both sides; None: all.

        Yields
        ------
        Bitext

        Raises
        ------
        InputError
            A file cannot be read, the files differ in their number of lines, or a file became shorter.
        """
        pairs = ((source, target) for source, target in self._lines() if self._has_words(source, target))
        chosen = pairs if rows is None else _take(pairs, rows, self._name)
        while part := list(itertools.islice(chosen, PART)):
            sides = zip(*part, strict=True)
            yield Bitext(*(words.split(lines) for words, lines in zip(self.words, sides, strict=True)))

    @property
    def _name(self) -> str | Path:
        return self.source if self.target is None else self.target

    def _has_words(self, source: str, target: str) -> bool:
        return not (self.words[0].is_blank(source) or self.words[1].is_blank(target))

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self.target is None:
            for number, line in enumerate(stream_lines(self.source), 1):
                fields = line.split("\t")
                if len(fields) != 2:
                    raise InputError(
                        f"{self.source}:{number}: {len(fields)} fields; write source, one tab, target in each line"
                    )
                yield fields[0], fields[1]
            return
        source_lines, target_lines = 0, 0
        for source, target in itertools.zip_longest(stream_lines(self.source), stream_lines(self.target)):
            source_lines += source is not None
            target_lines += target is not None
            if source is not None and target is not None:
                yield source, target
        if source_lines != target_lines:
            raise InputError(
                f"{self.target}: {target_lines} lines, but {self.source} has {source_lines}; "
                "line n must translate line n"
            )


def _take(pairs: Iterator[tuple[str, str]], rows: np.ndarray, name: str | Path) -> Iterator[tuple[str, str]]:
    before = -1
    for row in rows.tolist():
        try:
            yield next(itertools.islice(pairs, row - before - 1, None))
        except StopIteration:
            raise InputError(f"{name}: became shorter while it was read; run again") from None
        before = row


def draw_rows(pairs: int, size: int | None, seed: int, sampling: Sampling) -> np.ndarray:
    """Choose the pairs of a sample.

    Parameters
    ----------
    pairs : int
        Number of pairs there are.
    size : int, optional
        Number of pairs wanted; all are taken where there are no more or where it is left out.
    seed : int
        Of a uniform sample.
    sampling : {"uniform", "first"}
        `uniform`: drawn without replacement; `first`: the first pairs of the file, as the paper's code reads them.

    Returns
    -------
    numpy.ndarray
        Numbers of the chosen pairs, ascending.
    """
    if size is None or size >= pairs:
        return np.arange(pairs)
    if sampling == "first":
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(pairs, size, replace=False))


def draw_more_rows(rows: np.ndarray, pairs: int, size: int, seed: int) -> np.ndarray:
    """Add random rows to a sample.

    Parameters
    ----------
    rows : numpy.ndarray
        Numbers of the pairs that are in the sample, ascending.
    pairs : int
        Number of pairs there are.
    size : int
        Number of pairs wanted in all; where there are fewer, all are taken.
    seed : int
        Of the uniform draw among the other pairs.

    Returns
    -------
    numpy.ndarray
        Numbers of the chosen pairs, `rows` among them, ascending.
    """
    rest = np.setdiff1d(np.arange(pairs), rows, assume_unique=True)
    more = min(max(size - len(rows), 0), len(rest))
    return np.sort(np.concatenate([rows, np.random.default_rng([seed, 1]).choice(rest, more, replace=False)]))


def read_parallel(source: str | Path, target: str | Path | None) -> Bitext:
    """All pairs of files with words separated by spaces, in memory; see `ParallelText`.

    Parameters
    ----------
    source : str or Path
        File of the source side, or of both sides: `source<TAB>target` lines.
    target : str, Path or None
        File of the target side, line by line; None if `source` holds both.

    Returns
    -------
    Bitext
        Pairs with words on both sides, in order.

    Raises
    ------
    InputError
        See `ParallelText.pairs`.
    """
    text = ParallelText(source, target)
    return join_parts(text.parts(draw_rows(text.pairs, None, 0, "uniform")))


def join_parts(parts: Iterable[Bitext]) -> Bitext:
    """Join the parts of a bitext in memory.

    Parameters
    ----------
    parts : iterable of Bitext
        In order.

    Returns
    -------
    Bitext
    """
    whole = Bitext([], [])
    for part in parts:
        whole.source.extend(part.source)
        whole.target.extend(part.target)
    return whole


def write_bitext(path: str | Path, parts: Iterable[Bitext]) -> None:
    """Write the Parquet file of a bitext, part by part, atomically.

    Parameters
    ----------
    path : str or Path
        The file.
    parts : iterable of Bitext
        Parts of any length, in order; one is in memory at a time.
    """
    with atomic_file(path) as temporary, pq.ParquetWriter(temporary, SCHEMA, write_page_checksum=True) as writer:
        for part in parts:
            writer.write_table(pa.table({"source_tokens": part.source, "target_tokens": part.target}, schema=SCHEMA))


def stream_bitext(path: str | Path) -> Iterator[Bitext]:
    """Yield parts of at most `PART` pairs of a Parquet file that `write_bitext` wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    Bitext
        In order.

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(SCHEMA):
                raise damaged(path, f"columns {', '.join(file.schema_arrow.names)}")
            for batch in file.iter_batches(PART):
                batch.validate(full=True)
                if any(column.null_count or column.flatten().null_count for column in batch.columns):
                    raise damaged(path, "a word is missing")
                yield Bitext(batch["source_tokens"].to_pylist(), batch["target_tokens"].to_pylist())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise damaged(path, error) from error


def read_bitext(path: str | Path) -> Bitext:
    """Read the whole of a Parquet file that `write_bitext` wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Bitext

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    return join_parts(stream_bitext(path))
