"""CoNLL-U treebanks: words and UPOS tags.

The conllu package is the tests' reference only: it takes two spaces for a tab, too, and its errors name no line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.data.text import is_blank, read_lines
from alignfreeze.support.errors import InputError, quoted

UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
NO_TAG = "_"  # of multiword ranges
FIELDS = 10
# The numbers of multiword ranges (3-4, before word 3) and of empty nodes (8.1, after word 8; 0.1 before the first).
RANGE = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")
EMPTY_NODE = re.compile(r"(0|[1-9][0-9]{0,8})\.[1-9][0-9]{0,8}")

Tokens = Literal["words", "all_lines"]


@dataclass(frozen=True)
class TreebankSentences(TaggedSentences):
    """Tokens of a treebank and their tags.

    Attributes
    ----------
    is_word : list of list of bool
        Whether a token is a syntactic word; a multiword range or an empty node is none.
    """

    is_word: list[list[bool]]

    def first(self, count: int) -> TreebankSentences:
        """Take the first `count` sentences."""
        return TreebankSentences(self.words[:count], self.tags[:count], self.is_word[:count])


def read_treebank(path: str | Path, tokens: Tokens = "words") -> TreebankSentences:
    """Read forms and tags of a CoNLL-U file.

    Parameters
    ----------
    path : str or Path
        The file.
    tokens : {"words", "all_lines"}
        `words`: the syntactic words. `all_lines`: every line of a sentence is a token, as in the paper's code:
        multiword ranges, whose tag is `_`, and empty nodes, too.

    Returns
    -------
    TreebankSentences
        Sentences with at least one token, in order.

    Raises
    ------
    InputError
        The file is missing, not CoNLL-U or empty, a word is blank, or a tag is not one of the 17 of UD v2.
    """
    sentences: list[list[tuple[str, str, bool]]] = [[]]
    words = last = 0  # of the sentence: words so far, and where its last multiword range ends
    for number, line in enumerate([*read_lines(path), ""], 1):
        if is_blank(line):
            if last > words:
                raise InputError(f"{path}:{number - 1}: the sentence ends at word {words}, but a range at {last}")
            sentences.append([])
            words = last = 0
        elif not line.startswith("#"):
            fields = line.split("\t")
            if len(fields) != FIELDS:
                raise InputError(f"{path}:{number}: {len(fields)} fields; a word has {FIELDS}, separated by tabs")
            identifier, form, _, tag = fields[:4]
            is_range, is_empty = RANGE.fullmatch(identifier), EMPTY_NODE.fullmatch(identifier)
            is_word = not (is_range or is_empty)
            words += is_word
            if is_word and identifier != str(words):
                raise InputError(f"{path}:{number}: word number {quoted(identifier)} found, {words} wanted")
            if is_empty and is_empty[1] != str(words):
                raise InputError(f"{path}:{number}: empty node {quoted(identifier)} found after word {words}")
            if is_range:
                first, end = int(is_range[1]), int(is_range[2])
                if not last < first == words + 1 <= end:
                    raise InputError(
                        f"{path}:{number}: range {quoted(identifier)} found before word {words + 1}; a range begins at "
                        "the word that follows, ends at that or a later one, and overlaps no other"
                    )
                last = end
            if not is_word and tokens == "words":
                continue
            if not form.strip():
                raise InputError(f"{path}:{number}: the word is blank ({quoted(form)}); write _ or remove the line")
            if tag not in UPOS and (is_word or tag != NO_TAG):
                raise InputError(
                    f"{path}:{number}: {quoted(form)} has {quoted(tag)}, which is no UPOS tag ({' '.join(UPOS)})"
                )
            sentences[-1].append((form, tag, is_word))
    filled = [sentence for sentence in sentences if sentence]
    if not filled:
        raise InputError(f"{path}: no sentence found; the file must be CoNLL-U")
    return TreebankSentences(
        [[form for form, _, _ in sentence] for sentence in filled],
        [[tag for _, tag, _ in sentence] for sentence in filled],
        [[is_word for _, _, is_word in sentence] for sentence in filled],
    )
