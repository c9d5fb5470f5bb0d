"""CoNLL-U treebanks: words and UPOS tags.

The conllu package is the tests' reference only: it takes two spaces for a tab, too, and its errors name no line.
"""

from __future__ import annotations

import re
from pathlib import Path

from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.data.text import is_blank, read_lines
from alignfreeze.support.errors import InputError, quoted

UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
FIELDS = 10
# The numbers of multiword ranges (3-4) and of empty nodes (8.1; 0.1 stands before the first word).
NO_WORD = re.compile(r"[1-9][0-9]*-[1-9][0-9]*|[0-9]+\.[1-9][0-9]*")


def read_treebank(path: str | Path) -> TaggedSentences:
    """Read syntactic words and tags of a CoNLL-U file.

    Multiword ranges and empty nodes carry no tag and are passed over.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    TaggedSentences
        Sentences with at least one word, in order.

    Raises
    ------
    InputError
        The file is missing, not CoNLL-U or empty, a word is blank, or a tag is not one of the 17 of UD v2.
    """
    words: list[list[str]] = [[]]
    tags: list[list[str]] = [[]]
    for number, line in enumerate(read_lines(path), 1):
        if is_blank(line):
            words.append([])
            tags.append([])
        elif not line.startswith("#"):
            fields = line.split("\t")
            if len(fields) != FIELDS:
                raise InputError(f"{path}:{number}: {len(fields)} fields; a word has {FIELDS}, separated by tabs")
            identifier, form, _, tag = fields[:4]
            if NO_WORD.fullmatch(identifier):
                continue
            if identifier != str(len(words[-1]) + 1):
                raise InputError(
                    f"{path}:{number}: word number {quoted(identifier)} found, {len(words[-1]) + 1} wanted"
                )
            if not form.strip():
                raise InputError(f"{path}:{number}: the word is blank ({quoted(form)}); write _ or remove the line")
            if tag not in UPOS:
                raise InputError(
                    f"{path}:{number}: {quoted(form)} has {quoted(tag)}, which is no UPOS tag ({' '.join(UPOS)})"
                )
            words[-1].append(form)
            tags[-1].append(tag)
    if not any(words):
        raise InputError(f"{path}: no sentence found; the file must be CoNLL-U")
    return TaggedSentences([sentence for sentence in words if sentence], [sentence for sentence in tags if sentence])
