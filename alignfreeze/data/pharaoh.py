"""Word alignments as Pharaoh lines: one line a sentence pair, `i-j` links, 0-based source-target."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from alignfreeze.data.text import read_lines
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError, quoted

Links = list[tuple[int, int]]
# ASCII digits only; no sentence has a thousand million words.
LINK = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")


def parse_line(line: str, where: str = "line") -> Links:
    """`"0-0 2-1"` -> [(0, 0), (2, 1)].

    Parameters
    ----------
    line : str
        Links, separated by white space.
    where : str
        File and line, for messages.

    Returns
    -------
    list of tuple of 2 int
        Word positions (source, target), in the order of the line.

    Raises
    ------
    InputError
        A field is not `i-j` with whole numbers.
    """
    links = []
    for field in filter(None, re.split(r"[ \t]", line)):
        match = LINK.fullmatch(field)
        if not match:
            raise InputError(f"{where}: {quoted(field)} is not a link; write source-target as in 0-1")
        links.append((int(match[1]), int(match[2])))
    return links


def format_line(links: Iterable[tuple[int, int]]) -> str:
    """Links as one line, sorted and without duplicates.

    Parameters
    ----------
    links : iterable of tuple of 2 int
        Word positions (source, target), in any order.

    Returns
    -------
    str
        Such as `0-0 2-1`; empty where there are no links.
    """
    return " ".join(f"{source}-{target}" for source, target in sorted(set(links)))


def one_to_one(links: Links) -> Links:
    """Keep the links whose both ends occur in exactly one link.

    Parameters
    ----------
    links : Links
        Word positions (source, target) of the raw alignment.

    Returns
    -------
    list of tuple of 2 int
        The links that are left, sorted.
    """
    links = sorted(set(links))
    sources, targets = Counter(i for i, _ in links), Counter(j for _, j in links)
    return [(i, j) for i, j in links if sources[i] == 1 and targets[j] == 1]


def write_alignments(path: str | Path, alignments: Iterable[Links]) -> None:
    """Write one line per sentence pair, atomically.

    Parameters
    ----------
    path : str or Path
        The file.
    alignments : iterable of Links
        Links of each sentence pair, in order.
    """
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        handle.writelines(f"{format_line(links)}\n" for links in alignments)


def read_alignments(path: str | Path, lengths: Sequence[tuple[int, int]]) -> list[Links]:
    """Read the lines of a file and check them against the sentences they belong to.

    Parameters
    ----------
    path : str or Path
        Pharaoh file.
    lengths : sequence of tuple of 2 int
        (source words, target words) of each sentence pair, in order.

    Returns
    -------
    list of Links
        Links of each sentence pair, in order.

    Raises
    ------
    InputError
        Another number of lines, a malformed link, or an index outside its sentence.
    """
    lines = read_lines(path)
    if len(lines) != len(lengths):
        raise InputError(f"{path}: {len(lines)} lines for {len(lengths)} sentence pairs; align them again")
    alignments = []
    for number, (line, (source_length, target_length)) in enumerate(zip(lines, lengths, strict=True), 1):
        links = parse_line(line, f"{path}:{number}")
        for source, target in links:
            if source >= source_length or target >= target_length:
                raise InputError(
                    f"{path}:{number}: link {source}-{target} points outside a pair of "
                    f"{source_length} and {target_length} words"
                )
        alignments.append(links)
    return alignments
