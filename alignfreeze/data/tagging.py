"""Sentences whose words have tags: parts of speech, or entity spans in BIO."""

from __future__ import annotations

from dataclasses import dataclass


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
        """Return the first `count` sentences."""
        return TaggedSentences(self.words[:count], self.tags[:count])
