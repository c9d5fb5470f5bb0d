"""CoNLL-U treebanks: words and UPOS tags.

The conllu package is the tests' reference only: it takes two spaces for a tab, too, and its errors name no line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alignfreeze.data.text import read_lines
from alignfreeze.support.errors import InputError

UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
FIELDS = 10


@dataclass(frozen=True)
class TaggedSentences:
    """`words[i]` and `tags[i]` are the words of sentence i and their tags."""

    words: list[list[str]]
    tags: list[list[str]]

    def __len__(self) -> int:
        return len(self.words)

    def first(self, count: int) -> TaggedSentences:
        """The first sentences."""
        return TaggedSentences(self.words[:count], self.tags[:count])


def read_treebank(path: str | Path) -> TaggedSentences:
    """Syntactic words and tags of a CoNLL-U file; multiword ranges and empty nodes carry no tag and are passed over.

    Raises
    ------
    InputError : the file is missing, not CoNLL-U, empty, or holds a tag outside the 17 of UD v2.
    """
    words, tags = [[]], [[]]
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            words.append([])
            tags.append([])
        elif not line.startswith("#"):
            fields = line.split("\t")
            if len(fields) != FIELDS:
                raise InputError(f"{path}:{number}: {len(fields)} fields; a word has {FIELDS}, separated by tabs")
            identifier, form, _, tag = fields[:4]
            if "-" in identifier or "." in identifier:
                continue
            if identifier != str(len(words[-1]) + 1):
                raise InputError(f"{path}:{number}: word number {identifier!r} found, {len(words[-1]) + 1} wanted")
            if tag not in UPOS:
                raise InputError(f"{path}:{number}: {form!r} has {tag!r}, which is no UPOS tag ({' '.join(UPOS)})")
            words[-1].append(form)
            tags[-1].append(tag)
    if not any(words):
        raise InputError(f"{path}: no sentence found; the file must be CoNLL-U")
    return TaggedSentences([sentence for sentence in words if sentence], [sentence for sentence in tags if sentence])
