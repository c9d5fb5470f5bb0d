"""What every table of a difference between two cells states of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from alignfreeze.analysis import intervals
from alignfreeze.analysis.cells import (
    RESOLUTION_DIGITS,
    Cell,
    language_average,
    language_means,
    mean_over,
    spread_over,
)
from alignfreeze.analysis.records import RECORD_COLUMNS
from alignfreeze.support.errors import InputError


class Paired(NamedTuple):
    """A difference of two cells, paired by seed, in points.

    Attributes
    ----------
    delta, delta_std : float
        Mean and standard deviation (ddof 1) over seeds of the language average.
    delta_low, delta_high : float
        95 % two-way bootstrap interval over seeds and languages.
    n_seeds_better, n_languages_better : int or None
        Seeds and languages (by their mean over seeds) in which the first cell is higher; None where a score is missing.
    n_languages : int
        Languages with a difference under every seed.
    p : float
        Paired t-test over seeds.
    n_seeds : int
    """

    delta: float
    delta_std: float
    delta_low: float
    delta_high: float
    n_seeds_better: int | None
    n_languages_better: int | None
    n_languages: int
    p: float
    n_seeds: int


def paired(difference: pd.DataFrame) -> Paired:
    """Sum up a matrix of differences.

    Parameters
    ----------
    difference : pandas.DataFrame
        (paired seeds, languages), in points.

    Returns
    -------
    Paired
    """
    average = language_average(difference)
    by_seed, by_language = average.round(RESOLUTION_DIGITS), language_means(difference).round(RESOLUTION_DIGITS)
    complete = bool(len(difference)) and bool(by_language.notna().all())
    interval = intervals.two_way_interval(difference.to_numpy())
    return Paired(
        delta=mean_over(average),
        delta_std=spread_over(average),
        delta_low=interval.low,
        delta_high=interval.high,
        n_seeds_better=int((by_seed > 0).sum()) if complete else None,
        n_languages_better=int((by_language > 0).sum()) if complete else None,
        n_languages=int(difference.notna().all().sum()) if len(difference) else 0,
        p=intervals.paired_p(by_seed.to_numpy()),
        n_seeds=len(difference),
    )


def with_holm(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill the column p_holm.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table with the columns p and p_holm.

    Returns
    -------
    pandas.DataFrame
        The same with Holm's correction over all its rows, which are one family.
    """
    return frame.assign(p_holm=intervals.adjusted(frame["p"].to_numpy(dtype=float), "holm"))


def distinct_pairs(records: pd.DataFrame) -> Mapping[Cell, float]:
    """Different sentence pairs that the runs of a cell saw, mean over seeds.

    Parameters
    ----------
    records : pandas.DataFrame
        One row per run, with the columns `RECORD_COLUMNS`; a run whose number is missing makes its cell's missing.

    Returns
    -------
    mapping of Cell to float
        The cells have an empty metric.

    Raises
    ------
    InputError
        A column is missing.
    """
    missing = [name for name in RECORD_COLUMNS if name not in records.columns]
    if missing:
        raise InputError(f"run records: no column {', '.join(missing)}")
    keys = [name for name in Cell._fields if name != "metric"]
    means = records.assign(distinct_pairs=records["distinct_pairs"].astype(float)).groupby(keys)["distinct_pairs"]
    return {
        Cell(metric="", **dict(zip(keys, key, strict=True))): number
        for key, number in means.agg(lambda numbers: numbers.mean(skipna=False)).items()
    }
