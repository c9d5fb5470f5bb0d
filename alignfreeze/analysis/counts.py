"""How many languages go up or down: the paper's rule, the plain rule, and what chance alone gives.

A language is *up* when the method's mean over seeds is more than one standard deviation of the baseline's seeds above
the baseline's mean, and *down* when it is as far below. The paper's rule rounds all three numbers to a tenth of a
point first and divides the variance by n (ddof 0); the plain rule rounds nothing and divides by n - 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

RULES = ("paper", "plain")


class Counts(NamedTuple):
    """Number of languages by direction; None where the baseline has no spread or a score is missing."""

    up: int | None
    down: int | None


def _tenth(value: float) -> float:
    """Round as the paper's tables print: the float nearest to the decimal with one digit."""
    return float(f"{value:.1f}")


def directions(method: pd.DataFrame, baseline: pd.DataFrame, rule: str) -> pd.Series:
    """Classify each language as up (1), down (-1) or neither (0).

    Parameters
    ----------
    method, baseline : pandas.DataFrame
        (seeds, languages) scores in per cent.
    rule : str
        `paper` or `plain`.

    Returns
    -------
    pandas.Series
        By language; NaN where a score is missing or the baseline has fewer than two seeds.

    Raises
    ------
    ValueError
        Another rule.
    """
    if rule not in RULES:
        raise ValueError(f"rule {rule!r}: expected one of {', '.join(RULES)}")
    mean = method.mean(axis=0, skipna=False)
    baseline_mean = baseline.mean(axis=0, skipna=False)
    deviation = baseline.std(axis=0, ddof=0 if rule == "paper" else 1, skipna=False)
    known = mean.notna() & baseline_mean.notna() & deviation.notna() & (len(baseline) > 1)
    if rule == "paper":
        mean, baseline_mean, deviation = (values.map(_tenth) for values in (mean, baseline_mean, deviation))
    up = mean > baseline_mean + deviation
    down = mean < baseline_mean - deviation
    return (up.astype(float) - down.astype(float)).where(known)


def count_directions(method: pd.DataFrame, baseline: pd.DataFrame | None, rule: str) -> Counts:
    """Count the languages that go up and down; None if any language cannot be classified.

    Parameters
    ----------
    method : pandas.DataFrame
        (seeds, languages) scores in per cent.
    baseline : pandas.DataFrame or None
        The same of the baseline; None if there is none.
    rule : str
        `paper` or `plain`.

    Returns
    -------
    Counts
    """
    if baseline is None:
        return Counts(None, None)
    signs = directions(method, baseline, rule)
    if signs.isna().any():
        return Counts(None, None)
    return Counts(int((signs > 0).sum()), int((signs < 0).sum()))


def chance_of_direction(method_seeds: int, baseline_seeds: int, rule: str) -> float:
    """Return how likely a language is to be called up (or, equally, down) if realignment changes nothing.

    With independent normal scores of equal spread, (mean - baseline mean) / (s sqrt(1/n + 1/m)) follows Student's t
    with m - 1 degrees of freedom, s being the baseline's standard deviation (ddof 1). The paper's rounding is not
    modelled.

    Parameters
    ----------
    method_seeds, baseline_seeds : int
        n and m.
    rule : str
        `paper` (its ddof-0 deviation is a smaller threshold, hence more likely passed) or `plain`.

    Returns
    -------
    float
        Probability; NaN if the baseline has fewer than two seeds.
    """
    if baseline_seeds < 2 or method_seeds < 1:
        return float("nan")
    threshold = 1.0 / np.sqrt(1.0 / method_seeds + 1.0 / baseline_seeds)
    if rule == "paper":
        threshold *= np.sqrt((baseline_seeds - 1) / baseline_seeds)
    return float(stats.t.sf(threshold, baseline_seeds - 1))
