"""Gold-linked sentences: CoNLL-U on both sides, Pharaoh links between their syntactic words."""

from __future__ import annotations

from pathlib import Path

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links, read_alignments
from alignfreeze.data.treebank import read_treebank
from alignfreeze.support.errors import InputError


def read_gold_bitext(source: str | Path, target: str | Path) -> Bitext:
    """Words of two CoNLL-U files whose sentences translate each other in order.

    Raises
    ------
    InputError
        The files differ in their number of sentences.
    """
    source_words, target_words = read_treebank(source).words, read_treebank(target).words
    if len(source_words) != len(target_words):
        raise InputError(f"{target}: {len(target_words)} sentences, but {source} has {len(source_words)}")
    return Bitext(source_words, target_words)


def read_gold(source: str | Path, target: str | Path, links: str | Path) -> tuple[Bitext, list[Links]]:
    """Sentences and their gold links; see `read_gold_bitext` and `pharaoh.read_alignments` for errors."""
    bitext = read_gold_bitext(source, target)
    return bitext, read_alignments(links, bitext.lengths)
