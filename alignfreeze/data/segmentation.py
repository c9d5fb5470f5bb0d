"""Raw text to words by Unicode's rules and ICU's dictionaries (Unicode Standard Annex 29)."""

from __future__ import annotations

from collections.abc import Sequence

from icu4py.breakers import WordBreaker

# They separate words as white space does, but `str.split` knows only what has a width.
ZERO_WIDTH_SPACES = str.maketrans(dict.fromkeys("\u200b\ufeff", " "))


class Segmenter:
    """Words of raw lines of one language.

    Chinese, Japanese, Thai (and Lao, Khmer, Burmese) are segmented by dictionary, everything else by rule: vowel signs
    and other marks stay with their letter, `don't` and `3.14` are one word, a mark of punctuation is a word of its
    own, and white space belongs to no word.

    Parameters
    ----------
    language : str
        Code of the language; some have rules of their own (a colon inside Finnish and Swedish words).
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def is_blank(self, line: str) -> bool:
        """Whether the line has no word.

        Parameters
        ----------
        line : str
            Raw text.

        Returns
        -------
        bool
        """
        return not _single_spaced(line)

    def split(self, lines: Sequence[str]) -> list[list[str]]:
        """Split lines into words; a blank line has none.

        Parameters
        ----------
        lines : sequence of str
            Raw text, without the ends of lines.

        Returns
        -------
        list of list of str
            Words of each line, in the same order.
        """
        words: list[list[str]] = [[] for _ in lines]
        number = 0
        for segment in WordBreaker("\n".join(map(_single_spaced, lines)), self.language):
            if segment == "\n":
                number += 1
            # A combining mark at the start of a word sticks to the space before it.
            elif word := segment.strip(" "):
                words[number].append(word)
        return words


def _single_spaced(line: str) -> str:
    """The line with one plain space for each run of white space and none at its ends."""
    return " ".join(line.translate(ZERO_WIDTH_SPACES).split())
