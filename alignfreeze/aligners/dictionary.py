"""The bilingual-dictionary aligner (MUSE's format)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from alignfreeze.data.bitext import Bitext, Sentence
from alignfreeze.data.pharaoh import Links
from alignfreeze.data.text import read_lines
from alignfreeze.support.errors import InputError

Dictionary = dict[str, frozenset[str]]


def read_dictionary(path: str | Path) -> Dictionary:
    """Read MUSE's format: `source target` a line, separated by one space or a tab; words are lower-cased.

    Returns
    -------
    dict from a source word to all its translations.

    Raises
    ------
    InputError : the file is missing, empty, or a line has not two fields.
    """
    translations: dict[str, set[str]] = defaultdict(set)
    for number, line in enumerate(read_lines(path), 1):
        # Not str.split(): a no-break space may stand inside a word.
        fields = line.replace("\t", " ").split(" ")
        if fields == [""]:
            continue
        if len(fields) != 2 or not all(fields):
            raise InputError(f"{path}:{number}: {line!r} is not 'source target'; write one pair of words a line")
        translations[fields[0].lower()].add(fields[1].lower())
    if not translations:
        raise InputError(f"{path}: no entries; the file must hold 'source target' lines")
    return {word: frozenset(targets) for word, targets in translations.items()}


def align_pair(source: Sentence, target: Sentence, dictionary: Dictionary) -> Links:
    """Link a source word to the target word that is unambiguously its translation.

    A source word is linked if exactly one of its translations occurs in the target sentence, exactly once, and no
    other source word of the sentence has that target word as a translation. Words are compared in lower case.
    """
    target_words = [word.lower() for word in target]
    occurrences = Counter(target_words)
    candidates = [dictionary.get(word.lower(), frozenset()) & occurrences.keys() for word in source]
    claims = Counter(word for found in candidates for word in found)
    links = []
    for position, found in enumerate(candidates):
        if len(found) == 1:
            (word,) = found
            if occurrences[word] == 1 and claims[word] == 1:
                links.append((position, target_words.index(word)))
    return links


def align(bitext: Bitext, dictionary: Dictionary) -> Iterator[Links]:
    """Links of every pair of the bitext, in order."""
    for source, target in zip(bitext.source, bitext.target, strict=True):
        yield align_pair(source, target, dictionary)
