"""Files of entity spans in BIO tags: one word and its tag a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.data.text import is_blank, read_lines
from alignfreeze.support.errors import InputError, quoted

OUTSIDE = "O"
BIO = re.compile(r"O|[BI]-\S+")


def tags_of(types: Iterable[str]) -> tuple[str, ...]:
    """Return the BIO tags of some types of spans.

    Parameters
    ----------
    types : iterable of str
        Types of entities, such as PER.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> tags_of(["PER"])
    ('O', 'B-PER', 'I-PER')
    """
    return (OUTSIDE, *(f"{prefix}-{name}" for name in types for prefix in "BI"))


TAGS = tags_of(["PER", "ORG", "LOC"])


def read_bio(path: str | Path, language: str, allowed: Sequence[str] | None = TAGS) -> TaggedSentences:
    """Read words and BIO tags: `word<TAB>tag` a line, an empty line between sentences.

    With other tags than WikiANN's, a space may stand in place of the tab.

    WikiANN's own files have `de:Wort` in German: the prefix is taken off where every word of the file has it.

    Parameters
    ----------
    path : str or Path
        The file.
    language : str
        Code of its language, such as `de`.
    allowed : sequence of str or None
        Tags that may occur; None allows spans of any type.

    Returns
    -------
    TaggedSentences
        Sentences with at least one word, in order.

    Raises
    ------
    InputError
        The file is missing or empty, a line has not two fields, or a tag is not allowed.
    """
    words: list[list[str]] = [[]]
    tags: list[list[str]] = [[]]
    for number, line in enumerate(read_lines(path), 1):
        if is_blank(line):
            words.append([])
            tags.append([])
            continue
        # Other collections than WikiANN, such as MasakhaNER, have a space.
        fields = line.rsplit(" ", 1) if allowed != TAGS and "\t" not in line else line.split("\t")
        if len(fields) != 2 or not fields[0]:
            raise InputError(f"{path}:{number}: {quoted(line)} found; a line is a word, a tab and its tag")
        if not BIO.fullmatch(fields[1]) if allowed is None else fields[1] not in allowed:
            wanted = "O, B- and I- with a type" if allowed is None else " ".join(allowed)
            raise InputError(
                f"{path}:{number}: {quoted(fields[0])} has the tag {quoted(fields[1])}; allowed are {wanted}"
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


def join_characters(
    sentences: TaggedSentences, split: Callable[[Sequence[str]], Sequence[Sequence[str]]]
) -> TaggedSentences:
    """Join the characters of a text without spaces to words, and carry their tags along.

    A word is cut before a `B-` and wherever the entity changes, and has the tag of its first character: the paper's
    code, which takes Stanford's segmenter. White space between characters is left out.

    Parameters
    ----------
    sentences : TaggedSentences
        Characters, or pieces of any length, and their tags.
    split : callable
        Lines of text -> words of each line, see `alignfreeze.data.segmentation.Segmenter`.

    Returns
    -------
    TaggedSentences
        Sentences with at least one word.
    """
    characters = [
        [
            (character, tag if first else tag.replace("B-", "I-"))
            for word, tag in zip(words, tags, strict=True)
            for first, character in zip([True, *[False] * len(word)], word, strict=False)
        ]
        for words, tags in zip(sentences.words, sentences.tags, strict=True)
    ]
    joined: list[list[tuple[str, str]]] = []
    for sentence, words in zip(characters, split(["".join(c for c, _ in s) for s in characters]), strict=True):
        rest, segments = iter(sentence), []
        for word in words:
            previous = None
            for character in word:
                tag = next(tag for found, tag in rest if found == character)
                if previous is None or tag.startswith("B-") or tag[2:] != previous[2:]:
                    segments.append((character, tag))
                else:
                    segments[-1] = (segments[-1][0] + character, segments[-1][1])
                previous = tag
        if segments:
            joined.append(segments)
    return TaggedSentences([[w for w, _ in s] for s in joined], [[t for _, t in s] for s in joined])
