"""Fine-tuning in the language itself as an upper bound: how much of the gap to it a strategy closes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from alignfreeze.analysis import intervals
from alignfreeze.analysis.cells import (
    RESOLUTION_DIGITS,
    Cell,
    Experiment,
    Scores,
    language_average,
    mean_over,
    read_experiment,
    reason_of,
    spread_over,
)
from alignfreeze.analysis.rows import table_of

MISSING = float("nan")


class Gap(NamedTuple):
    """Fine-tuning in the language itself minus the baseline, means over seeds, in points.

    Attributes
    ----------
    size : float
    low, high : float
        Welch's 95 % interval: the two share no seed in any sense but its number.
    reason : str
        Why a share of the gap means nothing; empty where it means something.
    """

    size: float
    low: float
    high: float
    reason: str

    def share(self, delta: float) -> float:
        """Share of the gap that a difference to the baseline closes.

        Parameters
        ----------
        delta : float
            The difference, in points.

        Returns
        -------
        float
            1 is all of the gap; NaN where it means nothing.
        """
        return MISSING if self.reason else delta / self.size


def gap_of(bound: pd.Series, baseline: pd.Series) -> Gap:
    """The gap between two sets of scores by seed.

    Parameters
    ----------
    bound, baseline : pandas.Series
        Scores of fine-tuning in the language itself and of the baseline, per cent.

    Returns
    -------
    Gap
    """
    if bound.empty:
        return Gap(MISSING, MISSING, MISSING, "no fine-tuning in the language itself")
    size, interval = mean_over(bound) - mean_over(baseline), intervals.welch_interval(bound, baseline)
    reason = ""
    if not round(size, RESOLUTION_DIGITS) > 0:
        reason = "fine-tuning in the language itself is no better than the baseline: no gap to close"
    elif np.isnan(interval.low):
        reason = "one seed: whether the gap to fine-tuning in the language itself is more than noise is not known"
    elif interval.low <= 0:
        reason = "the gap to fine-tuning in the language itself is within the noise of seeds"
    return Gap(size, *interval, reason)


class InLanguageRow(NamedTuple):
    """A row of `in_language_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    gap: float
    gap_low: float
    gap_high: float
    delta: float
    delta_std: float
    share: float
    share_std: float
    n_languages: int
    n_seeds: int
    n_seeds_in_language: int
    metric: str
    realignment_languages: str
    languages: str
    reason: str


def in_language_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return how much of the gap between the baseline and fine-tuning in each language itself a strategy closes.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        One row per cell with realignment whose model and task were fine-tuned in some language itself; all numbers are
        averages over those languages (`languages`, n_languages). gap : fine-tuning in the language itself minus the
        baseline, in points, with Welch's 95 % interval over seeds. delta, delta_std : difference to the baseline,
        paired by seed. share : delta over gap, a ratio of averages, so that a language with a small gap does not rule
        it; 1 closes the gap. share_std : over the seeds that all three have, of the share within each. Both are missing
        where the gap is not positive or may be noise, which `reason` says.
    """
    experiment = read_experiment(scores, source)
    rows = [
        _row(experiment, cell, bound)
        for cell in experiment.methods()
        if (bound := experiment.upper_bound(cell)) is not None
    ]
    return table_of(InLanguageRow, rows)


def _row(experiment: Experiment, cell: Cell, everything: pd.DataFrame) -> InLanguageRow:
    # A language without training data has no score under any seed; one that lacks some is named.
    bound = everything.dropna(axis="columns", how="all")
    languages = list(bound.columns)
    matrix, difference = experiment.targets[cell][languages], experiment.delta(cell)[languages]
    baseline = experiment.baseline(cell)
    reference = matrix.iloc[:0] if baseline is None else baseline[languages]
    averages = language_average(bound), language_average(reference)
    gap = gap_of(*averages)
    delta = language_average(difference)
    by_seed = delta / (averages[0] - averages[1])  # aligned by seed; missing where one of the three lacks it
    by_seed = by_seed.dropna()
    reasons = [reason_of(matrix, difference), gap.reason]
    if lacking := reason_of(bound, averaged=False):
        reasons.insert(1, f"in the language itself: {lacking}")
    return InLanguageRow(
        model=cell.model,
        task=cell.task,
        aligner=cell.aligner,
        strategy=cell.strategy,
        gap=gap.size,
        gap_low=gap.low,
        gap_high=gap.high,
        delta=mean_over(delta),
        delta_std=spread_over(delta),
        share=gap.share(mean_over(delta)),
        share_std=MISSING if gap.reason else spread_over(by_seed),
        n_languages=len(languages),
        n_seeds=len(difference),
        n_seeds_in_language=len(bound),
        metric=cell.metric,
        realignment_languages=cell.realignment_languages,
        languages=" ".join(languages),
        reason="; ".join(dict.fromkeys(filter(None, reasons))),
    )
