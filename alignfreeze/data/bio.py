"""Files of entity spans in BIO tags: one word and its tag a line."""

from __future__ import annotations

from pathlib import Path

from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.data.text import is_blank, read_lines
from alignfreeze.support.errors import InputError, quoted

OUTSIDE = "O"
TAGS = (OUTSIDE, "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")


def read_bio(path: str | Path, language: str) -> TaggedSentences:
    """Read words and BIO tags: `word<TAB>tag` a line, an empty line between sentences.

    WikiANN's own files have `de:Wort` in German: the prefix is taken off where every word of the file has it.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    language : str
        Code of its language, such as `de`.

    Returns
    -------
    TaggedSentences
        Sentences with at least one word, in order.

    Raises
    ------
    InputError
        The file is missing or empty, a line has not two fields, or a tag is not one of `TAGS`.
    """
    words: list[list[str]] = [[]]
    tags: list[list[str]] = [[]]
    for number, line in enumerate(read_lines(path), 1):
        if is_blank(line):
            words.append([])
            tags.append([])
            continue
        fields = line.split("\t")
        if len(fields) != 2 or not fields[0]:
            raise InputError(f"{path}:{number}: {quoted(line)} found; a line is a word, a tab and its tag")
        if fields[1] not in TAGS:
            raise InputError(
                f"{path}:{number}: {quoted(fields[0])} has the tag {quoted(fields[1])}; allowed are {' '.join(TAGS)}"
            )
        words[-1].append(fields[0])
        tags[-1].append(fields[1])
    words, tags = [sentence for sentence in words if sentence], [sentence for sentence in tags if sentence]
    if not words:
        raise InputError(f"{path}: no sentence found; the file must have a word, a tab and its tag on each line")
    prefix = f"{language}:"
    if all(word.startswith(prefix) and word != prefix for sentence in words for word in sentence):
        words = [[word.removeprefix(prefix) for word in sentence] for sentence in words]
    return TaggedSentences(words, tags)
