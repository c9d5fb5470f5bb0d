"""Choosing languages: diverse or similar ones, by chance, or by family or script.

Diverse languages are chosen as in Nguyen et al. 2025: the next one is the one farthest from all that were chosen
(greedy maximin). The space is URIEL's: the joint feature vectors, completed by kNN, compared by cosine distance.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Literal

import numpy as np

from alignfreeze.languages.arrays import uriel_vector
from alignfreeze.languages.registry import Facts, OwnFacts, facts_of
from alignfreeze.support.errors import InputError

By = Literal["diverse", "similar", "random", "family", "script"]


def choose_languages(
    count: int, candidates: Sequence[str], source: str, by: By, *, seed: int = 0, own: OwnFacts | None = None
) -> list[str]:
    """Choose some of the candidates.

    Parameters
    ----------
    count : int
    candidates : sequence of str
        Codes; their order decides nothing but ties.
    source : str
        Code of the source language.
    by : {"diverse", "similar", "random", "family", "script"}
        diverse: each next one has the largest distance to the nearest of the source and those chosen before. similar:
        the nearest to the source. random: by `seed`. family, script: of each in turn, the largest group among the
        candidates first, the language nearest to the source first within a group.
    seed : int
        Of `random`.
    own : mapping, optional
        The user's own facts.

    Returns
    -------
    list of str
        In the order in which they were chosen.

    Raises
    ------
    InputError
        There are too few candidates, or a fact that the choice needs is unknown.
    """
    if count > len(candidates):
        raise InputError(f"{count} languages of {len(candidates)}; choose fewer")
    if by == "random":
        return random.Random(seed).sample(sorted(candidates), count)
    facts = {code: facts_of(code, own) for code in [source, *candidates]}
    distances = _distances(facts)
    if by == "diverse":
        return _farthest_first(count, candidates, source, distances)
    nearest = sorted(candidates, key=lambda code: distances[code, source])
    if by == "similar":
        return nearest[:count]
    groups: dict[str, list[str]] = {}
    for code in nearest:
        value = getattr(facts[code], by)
        if not value:
            raise InputError(f"the {by} of {code!r} is unknown; leave the language out, or say it in language_facts")
        groups.setdefault(value, []).append(code)
    largest_first = sorted(groups.values(), key=lambda group: (-len(group), group[0]))
    return list(_in_turn(largest_first))[:count]


def _in_turn(groups: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the first of every group, then the second of every group that has one, and so on."""
    for row in zip_longest(*groups):
        yield from (code for code in row if code is not None)


def _farthest_first(
    count: int, candidates: Sequence[str], source: str, distances: dict[tuple[str, str], float]
) -> list[str]:
    chosen: list[str] = []
    while len(chosen) < count:
        rest = [code for code in candidates if code not in chosen]
        chosen.append(max(rest, key=lambda code: min(distances[code, other] for other in [source, *chosen])))
    return chosen


def _distances(facts: dict[str, Facts]) -> dict[tuple[str, str], float]:
    """Return cosine distances of every two languages, between 0 and 1."""
    vectors = {}
    for code, known in facts.items():
        vector = uriel_vector("feature_predictions", known.uriel)
        if vector is None or not vector.any():
            raise InputError(
                f"URIEL has no features of {code!r}; leave the language out, or name one like it (column uriel) in "
                "language_facts"
            )
        vectors[code] = vector / np.linalg.norm(vector)
    # Rounding makes equal distances tie, whatever the order of summation.
    return {
        (left, right): float(np.round(1.0 - vectors[left] @ vectors[right], 12))
        for left in vectors
        for right in vectors
    }
