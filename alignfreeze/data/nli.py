"""Sentence pairs of natural language inference: TSV as XNLI has it, or JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alignfreeze.data.text import parse_json, read_lines
from alignfreeze.support.errors import InputError, quoted

LABELS = ("entailment", "neutral", "contradiction")
COLUMNS = ("premise", "hypothesis", "label")


@dataclass(frozen=True)
class InferencePairs:
    """`premises[i]` and `hypotheses[i]` stand in the relation `labels[i]`."""

    premises: list[str]
    hypotheses: list[str]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> InferencePairs:
        """Take the first `count` pairs.

        Parameters
        ----------
        count : int
            All are taken where there are fewer.

        Returns
        -------
        InferencePairs
        """
        return InferencePairs(self.premises[:count], self.hypotheses[:count], self.labels[:count])


def read_inference(path: str | Path, labels: Sequence[str] | None = LABELS) -> InferencePairs:
    """Read sentence pairs from TSV or JSON lines.

    A `.jsonl` file has one object a line, with premise, hypothesis and label. TSV has these three in its header; other
    columns are passed over, and there is no quoting.

    Parameters
    ----------
    path : str or Path
        The file; its suffix decides the format.
    labels : sequence of str or None
        Labels that may occur; None allows any.

    Returns
    -------
    InferencePairs
        In the order of the file.

    Raises
    ------
    InputError
        The file is missing, empty or of another form, or a label is not allowed.
    """
    rows = []
    for number, row in _json_rows(path) if Path(path).suffix == ".jsonl" else _table_rows(path):
        missing = [name for name in COLUMNS if not isinstance(row.get(name), str) or not row[name].strip()]
        if missing:
            raise InputError(f"{path}:{number}: no text in {', '.join(missing)}; a pair has {', '.join(COLUMNS)}")
        if labels is not None and row["label"] not in labels:
            raise InputError(f"{path}:{number}: label {quoted(row['label'])} found; allowed are {', '.join(labels)}")
        rows.append([row[name] for name in COLUMNS])
    if not rows:
        raise InputError(f"{path}: no sentence pair found")
    return InferencePairs(*(list(column) for column in zip(*rows, strict=True)))


def _json_rows(path: str | Path) -> Iterator[tuple[int, dict]]:
    for number, line in enumerate(read_lines(path), 1):
        row = parse_json(line, f"{path}:{number}", "every line is one object")
        if not isinstance(row, dict):
            raise InputError(
                f"{path}:{number}: {quoted(line)} found; every line is one object with {', '.join(COLUMNS)}"
            )
        yield number, row


def _table_rows(path: str | Path) -> Iterator[tuple[int, dict]]:
    lines = read_lines(path)
    header = lines[0].split("\t") if lines else []
    if any(header.count(name) != 1 for name in COLUMNS):
        raise InputError(
            f"{path}:1: header {quoted(header)} found; it must name {', '.join(COLUMNS)} once each, separated by tabs"
        )
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) != len(header):
            raise InputError(f"{path}:{number}: {len(fields)} fields, but the header has {len(header)}")
        yield number, dict(zip(header, fields, strict=True))
