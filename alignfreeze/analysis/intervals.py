"""Intervals by a two-way bootstrap over seeds and languages.

A seed moves all languages together and a language behaves alike under all seeds, so the seeds x languages
differences are not independent: both are resampled, as clusters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

DRAWS = 4000
SEED = 20250206
LEVEL = 0.95


class Interval(NamedTuple):
    """Limits of an interval, in the unit of the data; both NaN if there is none."""

    low: float
    high: float


NO_INTERVAL = Interval(float("nan"), float("nan"))


def _resampled_means(effects: np.ndarray, draws: int, generator: np.random.Generator) -> np.ndarray:
    """Return the mean of `effects` (clusters,) in each of `draws` resamples of the clusters, (draws,)."""
    size = len(effects)
    counts = generator.multinomial(size, np.full(size, 1.0 / size), size=draws)
    return counts @ effects / size


def two_way_interval(values: np.ndarray, draws: int = DRAWS, seed: int = SEED) -> Interval:
    """Return a 95 % interval for the mean of a seeds x languages matrix.

    That often it shall cover the expected difference of new seeds and new languages.

    The matrix is split into a grand mean, an effect of each seed, an effect of each language and a rest. Seeds and
    languages are resampled independently with replacement; the percentiles of the resulting means are the interval,
    after two corrections without which few seeds give intervals that are much too short:

    - each bootstrap spread is brought to the unbiased variance of its mean (a bootstrap of S clusters has
      (S - 1) / S of it); the rest, which is contained in both effects, is counted once;
    - the deviations are widened by the ratio of Student's to the normal quantile, with Satterthwaite's degrees of
      freedom from both sets of clusters.

    Parameters
    ----------
    values : numpy.ndarray
        (seeds, languages) differences in points, or any unit.
    draws : int
        Number of bootstrap resamples.
    seed : int
        Of the resampling; the same values give the same interval.

    Returns
    -------
    Interval
        NaN limits if there are fewer than two seeds or two languages, or anything is missing.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or min(values.shape) < 2 or not np.isfinite(values).all():
        return NO_INTERVAL
    seeds, languages = values.shape
    mean = values.mean()
    seed_effects, language_effects = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    rest = values - mean - seed_effects[:, None] - language_effects[None, :]
    # Variances of the grand mean: by seeds, by languages, and by the rest that both contain.
    by_seed = seed_effects.var(ddof=1) / seeds
    by_language = language_effects.var(ddof=1) / languages
    by_rest = (rest**2).sum() / ((seeds - 1) * (languages - 1)) / (seeds * languages)
    total = max(by_seed + by_language - by_rest, by_seed, by_language)
    if total <= np.finfo(float).eps * max(1.0, mean**2):
        return Interval(float(mean), float(mean))
    generator = np.random.default_rng(seed)
    deviations = np.sqrt(seeds / (seeds - 1)) * _resampled_means(np.sort(seed_effects), draws, generator)
    deviations += np.sqrt(languages / (languages - 1)) * _resampled_means(np.sort(language_effects), draws, generator)
    freedom = (by_seed + by_language) ** 2 / (by_seed**2 / (seeds - 1) + by_language**2 / (languages - 1))
    tail = (1.0 - LEVEL) / 2.0
    widening = stats.t.ppf(tail, freedom) / stats.norm.ppf(tail)
    low, high = np.quantile(deviations, [tail, 1.0 - tail])
    scale = widening * np.sqrt(total / (by_seed + by_language))
    return Interval(float(mean + scale * low), float(mean + scale * high))


def _comparable(left: np.ndarray, right: np.ndarray) -> bool:
    """Whether two samples have two values each and nothing is missing."""
    return min(left.size, right.size) > 1 and bool(np.isfinite(left).all() and np.isfinite(right).all())


def welch_interval(left: np.ndarray, right: np.ndarray) -> Interval:
    """Return Welch's 95 % interval for mean(left) - mean(right) of two independent samples; NaN below two values each.

    Parameters
    ----------
    left, right : numpy.ndarray
        Samples of any size, in one unit.

    Returns
    -------
    Interval
    """
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    if not _comparable(left, right):
        return NO_INTERVAL
    difference = float(left.mean() - right.mean())
    if np.ptp(left) == np.ptp(right) == 0:
        return Interval(difference, difference)
    limits = stats.ttest_ind(left, right, equal_var=False).confidence_interval(LEVEL)
    return Interval(float(limits.low), float(limits.high))


def welch_p(left: np.ndarray, right: np.ndarray) -> float:
    """Return the two-sided p of Welch's t-test; NaN below two values each or without any spread.

    Parameters
    ----------
    left, right : numpy.ndarray
        Samples of any size, in one unit.

    Returns
    -------
    float
    """
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    if not _comparable(left, right) or np.ptp(left) == np.ptp(right) == 0:
        return float("nan")
    return float(stats.ttest_ind(left, right, equal_var=False).pvalue)


def paired_p(differences: np.ndarray) -> float:
    """Return the two-sided p of a t-test that the mean difference is zero; NaN below two seeds or without spread.

    Parameters
    ----------
    differences : numpy.ndarray
        (seeds,).

    Returns
    -------
    float
        NaN, too, if anything is missing.
    """
    differences = np.asarray(differences, dtype=float)
    if differences.size < 2 or not np.isfinite(differences).all() or np.ptp(differences) == 0:
        return float("nan")
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def adjusted(p_values: np.ndarray, method: str) -> np.ndarray:
    """Adjust the p-values of one family; missing ones stay missing and do not count.

    Parameters
    ----------
    p_values : numpy.ndarray
        (tests,) raw p-values, NaN where a test was not possible.
    method : str
        `holm` (family-wise error, Holm 1979) or `fdr_bh` (false discovery rate, Benjamini and Hochberg 1995).

    Returns
    -------
    numpy.ndarray
        (tests,).
    """
    p_values = np.asarray(p_values, dtype=float)
    result = np.full(p_values.shape, np.nan)
    known = np.isfinite(p_values)
    if known.any():
        result[known] = multipletests(p_values[known], method=method)[1]
    return result


def mean_interval(values: np.ndarray) -> Interval:
    """Return Student's 95 % interval for a mean; NaN below two values or if one is missing.

    Parameters
    ----------
    values : numpy.ndarray
        (values,).

    Returns
    -------
    Interval
        Both limits are the mean where the values are equal.
    """
    values = np.asarray(values, dtype=float)
    if values.size < 2 or not np.isfinite(values).all():
        return NO_INTERVAL
    error = float(values.std(ddof=1) / np.sqrt(values.size))
    if error == 0:
        return Interval(float(values.mean()), float(values.mean()))
    low, high = stats.t.interval(LEVEL, values.size - 1, loc=float(values.mean()), scale=error)
    return Interval(float(low), float(high))
