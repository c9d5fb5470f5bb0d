"""Bitext, gold links and alignments for the public interface: from files or from lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from alignfreeze.data.bitext import Bitext, ParallelText, Sentence, SpacedWords, Words, draw_rows, join_parts
from alignfreeze.data.gold import read_gold
from alignfreeze.data.pharaoh import Links, read_alignments, write_alignments
from alignfreeze.data.segmentation import Segmenter
from alignfreeze.interface.arguments import kind
from alignfreeze.support.errors import InputError

Side = str | Path | Sequence[str] | Sequence[Sequence[str]]


def load_bitext(
    source: Side,
    target: Side | None = None,
    *,
    segment: tuple[str, str] | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> Bitext:
    """Sentence pairs from two files, one file with a tab between the sides, or two lists.

    Pairs with an empty side are left out.

    Parameters
    ----------
    source, target : str, Path, list of str, or list of list of str
        Paths of text files with one sentence a line, line n a translation of line n; or sentences; or sentences as
        lists of words. Without `target`, each line of `source` is `source<TAB>target`.
    segment : tuple of str, optional
        Language codes of source and target: words are found by Unicode's rules and ICU's dictionaries. By default
        words are separated by spaces already. Sentences that are lists of words are taken as they are.
    sample : int, optional
        Number of pairs to draw; all by default.
    seed : int
        Decides which pairs are drawn.

    Returns
    -------
    Bitext
        The words of both sides.

    Raises
    ------
    TypeError
        Sides of another kind, or of two kinds.
    InputError
        A file that cannot be read, sides that differ in length, or no pair left.

    Examples
    --------
    >>> load_bitext(["a cat", "two dogs"], ["eine Katze", "zwei Hunde"]).target
    [['eine', 'Katze'], ['zwei', 'Hunde']]
    """
    words = _words(segment)
    if isinstance(source, str | Path):
        if not (target is None or isinstance(target, str | Path)):
            raise TypeError(f"target: {kind(target)} found beside a path; give two paths or two lists of sentences")
        text = ParallelText(source, target, words)
        return join_parts(text.parts(draw_rows(text.pairs, sample, seed, "uniform")))
    if target is None:
        raise TypeError("target: missing; beside a list of source sentences give a list of their translations")
    if isinstance(target, str | Path):
        raise TypeError(f"source: {kind(source)} found beside a path; give two paths or two lists of sentences")
    sides = [
        _split_side(side, name, how)
        for side, name, how in zip((source, target), ("source", "target"), words, strict=True)
    ]
    if len(sides[0]) != len(sides[1]):
        raise InputError(f"target: {len(sides[1])} sentences, but source has {len(sides[0])}; give one for each")
    pairs = [pair for pair in zip(*sides, strict=True) if all(pair)]
    if not pairs:
        raise InputError("source, target: no sentence pair with words on both sides")
    chosen = [pairs[row] for row in draw_rows(len(pairs), sample, seed, "uniform")]
    return Bitext(*map(list, zip(*chosen, strict=True)))


def _words(segment: Any) -> tuple[Words, Words]:
    if segment is None:
        return SpacedWords(), SpacedWords()
    if isinstance(segment, str) or len(segment) != 2 or not all(isinstance(code, str) for code in segment):
        raise TypeError(f"segment: {segment!r} found; give two language codes, such as ('en', 'th')")
    return Segmenter(segment[0]), Segmenter(segment[1])


def _split_side(side: Any, name: str, words: Words) -> list[Sentence]:
    """Sentences as lists of words."""
    if not isinstance(side, Iterable):
        raise TypeError(f"{name}: {kind(side)} found; give a path, a list of sentences or a list of lists of words")
    sentences = list(side)
    if all(isinstance(sentence, str) for sentence in sentences):
        return words.split(sentences)
    for number, sentence in enumerate(sentences):
        if not isinstance(sentence, list | tuple) or not all(isinstance(word, str) for word in sentence):
            raise TypeError(f"{name}[{number}]: {sentence!r} found; give sentences as text, or all as lists of words")
    return [list(sentence) for sentence in sentences]


def load_gold(source: str | Path, target: str | Path, links: str | Path) -> tuple[Bitext, list[Links]]:
    """Sentences with gold links: two CoNLL-U files, or two files of words separated by spaces, and Pharaoh lines.

    Parameters
    ----------
    source, target : str or Path
        CoNLL-U where the name ends in `.conllu`, else text with one sentence a line.
    links : str or Path
        One line a sentence pair, `i-j` links between word numbers that count from 0.

    Returns
    -------
    tuple
        The bitext and the links of each pair.

    Raises
    ------
    InputError
        A file is damaged, or the three do not fit together.
    """
    if str(source).endswith(".conllu") and str(target).endswith(".conllu"):
        return read_gold(source, target, links)
    bitext = load_bitext(source, target)
    return bitext, load_links(links, bitext)


def load_links(path: str | Path, bitext: Bitext) -> list[Links]:
    """Read alignments in Pharaoh's format, checked against their sentences.

    Parameters
    ----------
    path : str or Path
        One line a sentence pair.
    bitext : Bitext
        The sentences that they belong to.

    Returns
    -------
    list of Links
        Links (source word, target word) of each sentence pair, in order.

    Raises
    ------
    InputError
        Another number of lines, a malformed link, or one outside its sentence.
    """
    return read_alignments(path, bitext.lengths)


def save_links(path: str | Path, alignments: Iterable[Links]) -> None:
    """Write alignments in Pharaoh's format, one line a sentence pair.

    Parameters
    ----------
    path : str or Path
        The file.
    alignments : iterable of Links
        Links of each sentence pair, in order.
    """
    write_alignments(path, alignments)
