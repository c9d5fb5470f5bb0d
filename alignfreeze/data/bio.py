"""Files of entity spans in BIO tags: one word and its tag a line."""

from __future__ import annotations

import re
from pathlib import Path

from alignfreeze.data.text import read_lines
from alignfreeze.data.treebank import TaggedSentences
from alignfreeze.support.errors import InputError

OUTSIDE = "O"
TAGS = (OUTSIDE, "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
LANGUAGE_PREFIX = re.compile(r"([a-z][a-z-]+:).")


def read_bio(path: str | Path) -> TaggedSentences:
    """Words and BIO tags, `word<TAB>tag` a line, an empty line between sentences.

    WikiANN's own files have `lang:word`; the prefix is taken off where every word of the file has the same one.

    Raises
    ------
    InputError : the file is missing or empty, a line has not two fields, or a tag is not one of `TAGS`.
    """
    words, labels = [[]], [[]]
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            words.append([])
            labels.append([])
            continue
        fields = line.split("\t")
        if len(fields) != 2 or not fields[0]:
            raise InputError(f"{path}:{number}: {line!r} found; a line is a word, a tab and its tag")
        if fields[1] not in TAGS:
            raise InputError(f"{path}:{number}: {fields[0]!r} has the tag {fields[1]!r}; allowed are {' '.join(TAGS)}")
        words[-1].append(fields[0])
        labels[-1].append(fields[1])
    words, labels = [sentence for sentence in words if sentence], [sentence for sentence in labels if sentence]
    if not words:
        raise InputError(f"{path}: no sentence found; the file must have a word, a tab and its tag on each line")
    prefixes = {match and match[1] for match in (LANGUAGE_PREFIX.match(word) for s in words for word in s)}
    prefix = prefixes.pop() if len(prefixes) == 1 else None
    return TaggedSentences([[word.removeprefix(prefix or "") for word in sentence] for sentence in words], labels)
