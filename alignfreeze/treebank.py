"""CoNLL-U treebanks: words and UPOS tags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import conllu

from alignfreeze.errors import InputError

UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip


@dataclass(frozen=True)
class TaggedSentences:
    """`words[i]` and `tags[i]` are the syntactic words of sentence i and their UPOS tags."""

    words: list[list[str]]
    tags: list[list[str]]

    def __len__(self) -> int:
        return len(self.words)


def read_treebank(path: str | Path) -> TaggedSentences:
    """Syntactic words and tags of a CoNLL-U file; multiword ranges and empty nodes carry no tag and are passed over.

    Raises
    ------
    InputError : the file is missing, not CoNLL-U, empty, or holds a tag outside the 17 of UD v2.
    """
    words, tags = [], []
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    try:
        sentences = conllu.parse(text, fields=conllu.parser.DEFAULT_FIELDS)
    except conllu.exceptions.ParseException as error:
        raise InputError(f"{path}: not CoNLL-U: {error}") from None
    for number, sentence in enumerate(sentences, 1):
        name = sentence.metadata.get("sent_id", f"sentence {number}")
        tokens = [token for token in sentence if isinstance(token["id"], int)]
        for token in tokens:
            if token["upos"] not in UPOS:
                raise InputError(
                    f"{path}: {name}, word {token['id']} {token['form']!r}: {token['upos']!r} is no UPOS tag"
                )
        if tokens:
            words.append([token["form"] for token in tokens])
            tags.append([token["upos"] for token in tokens])
    if not words:
        raise InputError(f"{path}: no sentence found; the file must be CoNLL-U")
    return TaggedSentences(words, tags)
