"""The bilingual-dictionary aligner (MUSE's format)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from alignfreeze.aligners.settings import Matching, Order
from alignfreeze.data.bitext import Bitext, Sentence
from alignfreeze.data.pharaoh import Links
from alignfreeze.data.text import read_lines
from alignfreeze.support.errors import InputError, quoted


@dataclass(frozen=True)
class Dictionary:
    """Translations of words.

    Attributes
    ----------
    translations : mapping from str to frozenset of str
        All translations of a word.
    lower_case : bool
        Whether words of a sentence are looked up in lower case.
    """

    translations: Mapping[str, frozenset[str]]
    lower_case: bool = True


def read_dictionary(path: str | Path, matching: Matching = "casefolded", order: Order = "source_first") -> Dictionary:
    """Read MUSE's format: `source target` a line, separated by one space or a tab.

    Parameters
    ----------
    path : str or Path
        The file.
    matching : {"casefolded", "published"}
        See `make_dictionary`.
    order : {"source_first", "target_first"}
        Which word of a line is that of the source language.

    Returns
    -------
    Dictionary

    Raises
    ------
    InputError
        The file is missing, empty, or a line has not two fields.
    """
    entries: list[tuple[str, str]] = []
    for number, line in enumerate(read_lines(path), 1):
        # Not str.split(): a no-break space may stand inside a word.
        fields = line.replace("\t", " ").split(" ")
        if fields == [""]:
            continue
        if len(fields) != 2 or not all(fields):
            raise InputError(f"{path}:{number}: {quoted(line)} is not 'source target'; write one pair of words a line")
        entries.append((fields[0], fields[1]) if order == "source_first" else (fields[1], fields[0]))
    if not entries:
        raise InputError(f"{path}: no entries; the file must hold 'source target' lines")
    return make_dictionary(entries, matching)


def make_dictionary(entries: Iterable[tuple[str, str]], matching: Matching = "casefolded") -> Dictionary:
    """Make a dictionary of (source word, target word) entries.

    Parameters
    ----------
    entries : iterable of tuple of 2 str
        Source word and target word.
    matching : {"casefolded", "published"}
        `casefolded`: words are compared in lower case. `published`, the paper's code: forms as they stand; entries of
        two identical forms, or with white space inside a form, are left out; each entry counts in both directions
        (a word of the target language in the source sentence is translated, too).

    Returns
    -------
    Dictionary
    """
    translations: dict[str, set[str]] = defaultdict(set)
    for source, target in entries:
        if matching == "casefolded":
            translations[source.lower()].add(target.lower())
        elif source != target and len(f"{source} {target}".split()) == 2:
            translations[source].add(target)
            translations[target].add(source)
    return Dictionary(
        {word: frozenset(targets) for word, targets in translations.items()}, lower_case=matching == "casefolded"
    )


def align_pair(source: Sentence, target: Sentence, dictionary: Dictionary) -> Links:
    """Link a source word to the target word that is unambiguously its translation.

    A source word is linked if exactly one of its translations occurs in the target sentence, exactly once, and no
    other source word of the sentence has that target word as a translation.

    Parameters
    ----------
    source, target : Sentence
        Words of the two sentences.
    dictionary : Dictionary
        From the language of `source` to that of `target`.

    Returns
    -------
    list of tuple of 2 int
        Links (source word, target word), by source word; one-to-one.
    """
    if dictionary.lower_case:
        source, target = [word.lower() for word in source], [word.lower() for word in target]
    occurrences = Counter(target)
    candidates = [dictionary.translations.get(word, frozenset()) & occurrences.keys() for word in source]
    claims = Counter(word for found in candidates for word in found)
    links = []
    for position, found in enumerate(candidates):
        if len(found) == 1:
            (word,) = found
            if occurrences[word] == 1 and claims[word] == 1:
                links.append((position, target.index(word)))
    return links


def align(bitext: Bitext, dictionary: Dictionary) -> Iterator[Links]:
    """Links of every pair of the bitext, in order.

    Parameters
    ----------
    bitext : Bitext
        Sentence pairs, as words.
    dictionary : Dictionary
        From the source language of the bitext to its target language.

    Yields
    ------
    list of tuple of 2 int
        Links (source word, target word) of one sentence pair.
    """
    for source, target in zip(bitext.source, bitext.target, strict=True):
        yield align_pair(source, target, dictionary)
