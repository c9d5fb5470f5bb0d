"""Gold-linked sentences: CoNLL-U on both sides, Pharaoh links between their syntactic words."""

from __future__ import annotations

from pathlib import Path

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links, read_alignments
from alignfreeze.data.treebank import read_treebank
from alignfreeze.support.errors import InputError


def read_gold_bitext(source: str | Path, target: str | Path) -> Bitext:
    """Words of two CoNLL-U files whose sentences translate each other in order.

    Parameters
    ----------
    source, target : str or Path
        CoNLL-U files; sentence n of one translates sentence n of the other.

    Returns
    -------
    Bitext
        Syntactic words of each sentence.

    Raises
    ------
    InputError
        The files differ in their number of sentences, or one is no CoNLL-U; see `read_treebank`.
    """
    source_words, target_words = read_treebank(source).words, read_treebank(target).words
    if len(source_words) != len(target_words):
        raise InputError(f"{target}: {len(target_words)} sentences, but {source} has {len(source_words)}")
    return Bitext(source_words, target_words)


def read_gold(source: str | Path, target: str | Path, links: str | Path) -> tuple[Bitext, list[Links]]:
    """Read sentences and their gold links.

    Parameters
    ----------
    source, target, links : str or Path
        CoNLL-U files of both sides, and Pharaoh links between their syntactic words.

    Returns
    -------
    bitext : Bitext
        Syntactic words of each sentence.
    links : list of Links
        Links of each sentence pair, in order.

    Raises
    ------
    InputError
        See `read_gold_bitext` and `read_alignments`.
    """
    bitext = read_gold_bitext(source, target)
    return bitext, read_alignments(links, bitext.lengths)
