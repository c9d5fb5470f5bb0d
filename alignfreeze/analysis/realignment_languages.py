"""Two sets of realignment languages compared: the paper's 34 languages against 12."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from alignfreeze.analysis import intervals
from alignfreeze.analysis.cells import (
    RESOLUTION_DIGITS,
    Cell,
    Experiment,
    Scores,
    language_average,
    language_means,
    mean_over,
    paired_difference,
    read_experiment,
    reason_of,
    spread_over,
)
from alignfreeze.analysis.records import RECORD_COLUMNS
from alignfreeze.analysis.rows import table_of
from alignfreeze.analysis.tables import MISSING
from alignfreeze.support.errors import InputError


class RealignmentLanguagesRow(NamedTuple):
    """A row of `realignment_languages_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    realignment_languages: str
    reference: str
    delta: float
    delta_std: float
    delta_low: float
    delta_high: float
    n_seeds_better: int | None
    n_languages_better: int | None
    n_languages: int
    p: float
    p_holm: float
    distinct_pairs: float
    distinct_pairs_reference: float
    n_seeds: int
    metric: str
    reason: str


def realignment_languages_table(
    scores: Scores, records: pd.DataFrame, sets: Sequence[str] = (), source: str = "en"
) -> pd.DataFrame:
    """Return the differences between sets of realignment languages, all else equal, paired by seed.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    records : pandas.DataFrame
        One row per run, with the columns `RECORD_COLUMNS`.
    sets : sequence of str
        In order: a difference is the earlier set minus the later one. Sets that are not named come last, by name.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        One row per model, task, aligner, strategy and pair of sets; none where there is one set only.
        delta, delta_std : `realignment_languages` minus `reference`, of the language average over seeds, in points.
        delta_low, delta_high : 95 % two-way bootstrap. n_seeds_better, n_languages_better : where the former is higher.
        p : paired t-test over seeds; p_holm : Holm over all rows, the one family of this table. distinct_pairs,
        distinct_pairs_reference : different sentence pairs that the runs saw, mean over their seeds: a difference of
        sets is one of these numbers, too. Missing where the records do not tell.
    """
    missing = [name for name in RECORD_COLUMNS if name not in records.columns]
    if missing:
        raise InputError(f"run records: no column {', '.join(missing)}")
    experiment = read_experiment(scores, source)
    distinct = records.assign(distinct_pairs=records["distinct_pairs"].astype(float)).groupby(
        ["model", "task", "aligner", "strategy", "realignment_languages"]
    )["distinct_pairs"]
    pairs = distinct.agg(lambda numbers: numbers.mean(skipna=False)).to_dict()
    by_rest: dict[Cell, list[Cell]] = {}
    for cell in experiment.methods():
        by_rest.setdefault(cell._replace(realignment_languages=""), []).append(cell)
    order = {name: place for place, name in enumerate(sets)}
    rows = []
    for cells in by_rest.values():
        ranked = sorted(
            cells, key=lambda cell: (order.get(cell.realignment_languages, len(order)), cell.realignment_languages)
        )
        rows += [_row(experiment, one, other, pairs) for one, other in itertools.combinations(ranked, 2)]
    frame = table_of(RealignmentLanguagesRow, rows)
    return frame.assign(p_holm=intervals.adjusted(frame["p"].to_numpy(dtype=float), "holm"))


def _row(
    experiment: Experiment, cell: Cell, reference: Cell, pairs: dict[tuple[str, ...], float]
) -> RealignmentLanguagesRow:
    matrix = experiment.targets[cell]
    difference = paired_difference(matrix, experiment.targets[reference])
    average = language_average(difference)
    by_language = language_means(difference).round(RESOLUTION_DIGITS)
    complete = bool(len(difference)) and bool(by_language.notna().all())
    interval = intervals.two_way_interval(difference.to_numpy())
    seen = [
        pairs.get((one.model, one.task, one.aligner, one.strategy, one.realignment_languages), MISSING)
        for one in (cell, reference)
    ]
    return RealignmentLanguagesRow(
        model=cell.model,
        task=cell.task,
        aligner=cell.aligner,
        strategy=cell.strategy,
        realignment_languages=cell.realignment_languages,
        reference=reference.realignment_languages,
        delta=mean_over(average),
        delta_std=spread_over(average),
        delta_low=interval.low,
        delta_high=interval.high,
        n_seeds_better=int((average.round(RESOLUTION_DIGITS) > 0).sum()) if complete else None,
        n_languages_better=int((by_language > 0).sum()) if complete else None,
        n_languages=int(difference.notna().all().sum()) if len(difference) else 0,
        p=intervals.paired_p(average.round(RESOLUTION_DIGITS).to_numpy()),
        p_holm=MISSING,
        distinct_pairs=seen[0],
        distinct_pairs_reference=seen[1],
        n_seeds=len(difference),
        metric=cell.metric,
        reason=reason_of(matrix, difference, reference.realignment_languages),
    )
