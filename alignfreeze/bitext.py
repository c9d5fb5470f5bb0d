"""Bitext: word-segmented sentence pairs, English on the source side (DESIGN.md section 4)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alignfreeze.atomic import atomic_file
from alignfreeze.errors import InputError
from alignfreeze.text import read_lines

logger = logging.getLogger(__name__)
Sentence = list[str]
SCHEMA = pa.schema([("source_tokens", pa.list_(pa.string())), ("target_tokens", pa.list_(pa.string()))])


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


def read_sentences(path: str | Path) -> list[Sentence]:
    """Words of each line, separated by plain spaces; other white space (U+00A0) may stand inside a word."""
    return [[word for word in line.split(" ") if word] for line in read_lines(path)]


def read_parallel(source: str | Path, target: str | Path) -> Bitext:
    """Two line-aligned files of words separated by spaces; pairs with an empty side are dropped and counted.

    Raises
    ------
    InputError : a file cannot be read, the files differ in their number of lines, or nothing is left.
    """
    source_lines, target_lines = read_sentences(source), read_sentences(target)
    if len(source_lines) != len(target_lines):
        raise InputError(
            f"{target}: {len(target_lines)} lines, but {source} has {len(source_lines)}; line n must translate line n"
        )
    pairs = [(s, t) for s, t in zip(source_lines, target_lines, strict=True) if s and t]
    if not pairs:
        raise InputError(f"{target}: no sentence pair with words on both sides")
    dropped = len(source_lines) - len(pairs)
    logger.info("%s: kept %d of %d pairs (%d with an empty side)", target, len(pairs), len(source_lines), dropped)
    return Bitext([s for s, _ in pairs], [t for _, t in pairs])


def sample_pairs(bitext: Bitext, size: int | None, seed: int) -> Bitext:
    """Draw `size` pairs without replacement, in their original order; all of them if there are fewer."""
    if size is None or size >= len(bitext):
        return bitext
    rows = np.sort(np.random.default_rng(seed).choice(len(bitext), size, replace=False))
    return Bitext([bitext.source[i] for i in rows], [bitext.target[i] for i in rows])


def write_bitext(path: str | Path, bitext: Bitext) -> None:
    """Write the Parquet file of DESIGN.md section 4, atomically."""
    table = pa.table({"source_tokens": bitext.source, "target_tokens": bitext.target}, schema=SCHEMA)
    with atomic_file(path) as temporary:
        pq.write_table(table, temporary)


def read_bitext(path: str | Path) -> Bitext:
    """Read a Parquet file that `write_bitext` wrote."""
    table = pq.read_table(path)
    return Bitext(table["source_tokens"].to_pylist(), table["target_tokens"].to_pylist())
