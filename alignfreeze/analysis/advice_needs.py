"""What advice for a language without results needs; plain numbers, read before anything is computed."""

from __future__ import annotations

from collections.abc import Collection

STRATEGIES = ("full", "front")
# The fewest languages that a fit may rest on: with fewer, one language decides the slope.
MINIMUM_LANGUAGES = 5
MINIMUM_FOR_INTERVAL = 9
# With fewer, the advice for PoS tagging is no better than the mean in the published results.
POS_LANGUAGES = 20
LARGEST_SHARE = 5  # one language in five: coverage is told for those with the largest gains or gaps, too
MINIMUM_MODELS = 2
MINIMUM_SEEDS = 2


def what_is_missing(
    strategies: Collection[str],
    models: int,
    seeds: int,
    languages: int,
    tasks: Collection[str],
    realignment_sets: int = 1,
) -> list[str]:
    """Say what an experiment lacks for the tables and the figure of advice; empty if it lacks nothing.

    Parameters
    ----------
    strategies, tasks : collection of str
        Of the experiment.
    models, seeds, languages : int
        How many it has; languages without the source language.
    realignment_sets : int
        Sets of realignment languages; advice is about one.

    Returns
    -------
    list of str
        One part of a sentence for each.
    """
    needed = 1 + (POS_LANGUAGES if "udpos" in tasks else MINIMUM_FOR_INTERVAL)
    missing = [f"strategy {name}" for name in STRATEGIES if name not in strategies]
    for name, count, least in (
        ("languages", languages, needed),
        ("models", models, MINIMUM_MODELS),
        ("seeds", seeds, MINIMUM_SEEDS),
    ):
        if count < least:
            missing.append(f"{name}: {count}, at least {least} needed")
    if realignment_sets > 1:
        missing.append(f"sets of realignment languages: {realignment_sets}, exactly one needed")
    return missing
