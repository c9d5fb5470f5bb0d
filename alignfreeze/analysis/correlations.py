"""Rank correlations of the gain with distances and with the baseline, tested by permuting languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from alignfreeze.analysis.cells import Scores
from alignfreeze.analysis.contrasts import Contrast, contrasts
from alignfreeze.analysis.intervals import adjusted
from alignfreeze.analysis.predictors import BASELINE_PREDICTOR, OTHER_SEEDS, why_unusable
from alignfreeze.analysis.rows import table_of
from alignfreeze.languages.uriel import DISTANCES

PERMUTATIONS = 19_999
SEED = 20250206
MINIMUM_LANGUAGES = 4
PREDICTORS = (*DISTANCES, "nonlatin", BASELINE_PREDICTOR, OTHER_SEEDS)


class Correlation(NamedTuple):
    """A rank correlation, its permutation p, and why they are missing."""

    rho: float
    p: float
    reason: str = ""


class CorrelationRow(NamedTuple):
    """A row of `correlations_table`."""

    model: str
    task: str
    contrast: str
    predictor: str
    rho: float
    p: float
    p_holm: float
    n: int
    metric: str
    realignment_languages: str
    reason: str


def _missing(reason: str) -> Correlation:
    return Correlation(float("nan"), float("nan"), reason)


@lru_cache(maxsize=4)
def _permutations(size: int, number: int, seed: int) -> np.ndarray:
    """Return random orders of `size` languages, (number, size)."""
    generator = np.random.default_rng(seed)
    return generator.random((number, size), dtype=np.float32).argsort(axis=1).astype(np.intp)


def _standardised_ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks (ties share their mean rank) scaled so that the inner product of two is Spearman's rho."""
    ranks = stats.rankdata(values)
    centred = ranks - ranks.mean()
    return centred / np.sqrt(centred @ centred)


def mean_spearman(predictors: Sequence[np.ndarray], outcomes: Sequence[np.ndarray]) -> Correlation:
    """Return Spearman's rho, averaged over pairs of vectors, and its two-sided permutation p.

    The permutations of the languages are random and the same for all pairs.

    Parameters
    ----------
    predictors, outcomes : sequence of numpy.ndarray
        Pairs of (languages,) vectors, none of them constant; one pair in the plain case.

    Returns
    -------
    Correlation
        With an empty reason.
    """
    # Entry (i, j): what language i's predictor contributes if it is given to language j.
    pairs = zip(predictors, outcomes, strict=True)
    contributions = np.mean([np.outer(_standardised_ranks(x), _standardised_ranks(y)) for x, y in pairs], axis=0)
    size = len(contributions)
    rho = float(np.trace(contributions))
    orders = _permutations(size, PERMUTATIONS, SEED)
    permuted = np.zeros(PERMUTATIONS)
    for column in range(size):
        permuted += contributions[orders[:, column], column]
    # The tolerance counts permutations that give the same rho up to rounding.
    extreme = int((np.abs(permuted) >= abs(rho) - 1e-12).sum())
    return Correlation(rho, (1 + extreme) / (1 + PERMUTATIONS))


def _plain(outcome: pd.Series, predictor: pd.Series) -> Correlation:
    """Correlate two columns over languages."""
    values = pd.DataFrame({"outcome": outcome, "predictor": predictor})
    reason = why_unusable(values, MINIMUM_LANGUAGES)
    if reason:
        return _missing(reason)
    return mean_spearman([values["predictor"].to_numpy()], [values["outcome"].to_numpy()])


def _by_other_seeds(contrast: Contrast) -> Correlation:
    """Correlate the contrast of each seed with the baseline of all the other seeds, averaged over seeds."""
    if contrast.baseline is None:
        return _missing("no baseline")
    predictors, outcomes = [], []
    for seed, outcome in contrast.matrix.iterrows():
        others = contrast.baseline.drop(index=seed, errors="ignore")
        pair = pd.DataFrame({"predictor": others.mean(axis=0, skipna=False), "outcome": outcome}).round(9)
        reason = "one seed: none is left for the baseline" if others.empty else why_unusable(pair, MINIMUM_LANGUAGES)
        if reason:
            return _missing(reason)
        predictors.append(pair["predictor"].to_numpy())
        outcomes.append(pair["outcome"].to_numpy())
    if not outcomes:
        return _missing("no seed in common")
    return mean_spearman(predictors, outcomes)


def correlations_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 7: Spearman's rho over languages of each contrast with each predictor.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the language that distances are measured from.

    Returns
    -------
    pandas.DataFrame
        rho : of the contrast (mean over seeds and aligners) with the predictor; for `baseline_other_seeds` the mean
        over seeds of the rho between that seed's contrast and the other seeds' baseline. p : two-sided, 19,999
        permutations of the languages. p_holm : Holm over all rows, the one family of this table. n : languages.
    """
    rows = []
    for contrast in contrasts(scores, source):
        for predictor in PREDICTORS:
            if predictor == OTHER_SEEDS:
                result = _by_other_seeds(contrast)
            else:
                result = _plain(contrast.means, contrast.predictors[predictor])
            rows.append(
                CorrelationRow(
                    **contrast.identity,
                    predictor=predictor,
                    n=len(contrast.predictors),
                    p_holm=float("nan"),
                    **result._asdict(),
                )
            )
    table = table_of(CorrelationRow, rows)
    return table.assign(p_holm=adjusted(table["p"].to_numpy(dtype=float), "holm"))
