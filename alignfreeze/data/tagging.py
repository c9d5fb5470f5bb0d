"""Sentences whose words have tags: parts of speech, or entity spans in BIO."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alignfreeze.data.text import is_blank, read_lines
from alignfreeze.support.errors import InputError, quoted


@dataclass(frozen=True)
class TaggedSentences:
    """Words and their tags, sentence by sentence.

    Parameters
    ----------
    words : list of list of str
        `words[i]` are the words of sentence i.
    tags : list of list of str
        `tags[i]` are their tags, one for each word.
    """

    words: list[list[str]]
    tags: list[list[str]]

    def __len__(self) -> int:
        return len(self.words)

    def first(self, count: int) -> TaggedSentences:
        """Return the first `count` sentences.

        Parameters
        ----------
        count : int
            All are taken where there are fewer.

        Returns
        -------
        TaggedSentences
        """
        return TaggedSentences(self.words[:count], self.tags[:count])


def read_tagged(path: str | Path) -> TaggedSentences:
    """Read words and tags: a word, a space or a tab and its tag a line, an empty line between sentences (MasakhaPOS).

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    TaggedSentences
        Sentences with at least one word, in order.

    Raises
    ------
    InputError
        The file is missing or empty, or a line has not a word and a tag.
    """
    sentences: list[list[tuple[str, str]]] = [[]]
    for number, line in enumerate(read_lines(path), 1):
        if is_blank(line):
            sentences.append([])
            continue
        word, _, tag = line.rpartition("\t" if "\t" in line else " ")
        if not word.strip() or not tag.strip():
            raise InputError(f"{path}:{number}: {quoted(line)} found; a line is a word, a space or a tab and its tag")
        sentences[-1].append((word, tag))
    filled = [sentence for sentence in sentences if sentence]
    if not filled:
        raise InputError(f"{path}: no sentence found; the file must have a word and its tag on each line")
    return TaggedSentences(
        [[word for word, _ in sentence] for sentence in filled], [[tag for _, tag in sentence] for sentence in filled]
    )
