"""Labelled texts, such as sentences with a topic or pairs of natural language inference: TSV, or JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alignfreeze.data.text import parse_json, read_lines
from alignfreeze.support.errors import InputError, quoted

INFERENCE_LABELS = ("entailment", "neutral", "contradiction")
LABEL = "label"
SENTENCE = ("text",)
PAIR = ("premise", "hypothesis")


@dataclass(frozen=True)
class LabelledTexts:
    """Examples of one text or of several, and a label for each.

    Attributes
    ----------
    texts : list of list of str
        `texts[c][i]` is text c of example i, such as its premise.
    labels : list of str
        Label of each example.
    """

    texts: list[list[str]]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> LabelledTexts:
        """Take the first `count` examples.

        Parameters
        ----------
        count : int
            All are taken where there are fewer.

        Returns
        -------
        LabelledTexts
        """
        return LabelledTexts([column[:count] for column in self.texts], self.labels[:count])


def read_labelled(path: str | Path, names: Sequence[str], labels: Sequence[str] | None = None) -> LabelledTexts:
    """Examples of a `.jsonl` file (an object a line) or of TSV with a header.

    TSV is taken as it stands: no quoting; other columns are passed over.

    Parameters
    ----------
    path : str or Path
        The file.
    names : sequence of str
        Columns, or keys, with the texts; `label` is beside them.
    labels : sequence of str, optional
        Labels that may occur; any where it is left out.

    Returns
    -------
    LabelledTexts
        In the order of the file.

    Raises
    ------
    InputError
        The file is missing, empty or of another form, or a label is not allowed.
    """
    wanted, rows = (*names, LABEL), []
    for number, row in (_json_rows if Path(path).suffix == ".jsonl" else _table_rows)(path, wanted):
        missing = [name for name in wanted if not isinstance(row.get(name), str) or not row[name].strip()]
        if missing:
            raise InputError(f"{path}:{number}: no text in {', '.join(missing)}; a row has {', '.join(wanted)}")
        if labels is not None and row[LABEL] not in labels:
            raise InputError(f"{path}:{number}: label {quoted(row[LABEL])} found; allowed are {', '.join(labels)}")
        rows.append([row[name] for name in wanted])
    if not rows:
        raise InputError(f"{path}: no example found; a row has {', '.join(wanted)}")
    *texts, found = (list(column) for column in zip(*rows, strict=True))
    return LabelledTexts(texts, found)


def _json_rows(path: str | Path, wanted: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(read_lines(path), 1):
        row = parse_json(line, f"{path}:{number}", "every line is one object")
        if not isinstance(row, dict):
            raise InputError(
                f"{path}:{number}: {quoted(line)} found; every line is one object with {', '.join(wanted)}"
            )
        yield number, row


def _table_rows(path: str | Path, wanted: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    lines = read_lines(path)
    header = lines[0].split("\t") if lines else []
    if any(header.count(name) != 1 for name in wanted):
        raise InputError(
            f"{path}:1: header {quoted(header)} found; it must name {', '.join(wanted)} once each, separated by tabs"
        )
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) != len(header):
            raise InputError(f"{path}:{number}: {len(fields)} fields, but the header has {len(header)}")
        yield number, dict(zip(header, fields, strict=True))
