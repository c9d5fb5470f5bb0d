"""Cells of an experiment and their differences to the baseline, paired by seed.

A *cell* is a (model, task, metric, aligner, strategy, realignment languages): a matrix of seeds by languages.
All numbers are points of per cent. Everything is sorted by seed and language, so that the order of rows in the
input cannot matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from alignfreeze.analysis.order import SECOND_METRICS, main_metric, rank
from alignfreeze.analysis.scores import BASELINE, NONE, validate_scores
from alignfreeze.support.errors import InputError

# Two numbers closer than this, in points, are the same number computed in another order.
RESOLUTION_DIGITS = 9


class Cell(NamedTuple):
    """What identifies one cell of the experiment."""

    model: str
    task: str
    metric: str
    aligner: str
    strategy: str
    realignment_languages: str

    @property
    def is_baseline(self) -> bool:
        """Whether the cell is fine-tuning without realignment."""
        return self.strategy == BASELINE

    def with_strategy(self, strategy: str) -> Cell:
        """Return the cell that differs in the strategy alone; the baseline has no aligner and no bitext."""
        if strategy == BASELINE:
            return self._replace(strategy=BASELINE, aligner=NONE, realignment_languages=NONE)
        return self._replace(strategy=strategy)

    def sort_key(self) -> tuple[tuple[int, str], ...]:
        """Return the place of the cell in every table."""
        kinds = ("model", "task", "metric", "aligner", "strategy", "realignment_languages")
        return tuple(rank(kind, name) for kind, name in zip(kinds, self, strict=True))


@dataclass(frozen=True)
class Experiment:
    """The scores of one experiment as matrices.

    Attributes
    ----------
    targets : of each cell, a (seeds, target languages) frame in per cent; NaN where a score is missing. The
        columns are the languages that any cell of the task has, so that a language absent from one cell shows.
    sources : of each cell, the scores on the source language by seed, in per cent; empty if there are none.
    source : code of the source language.
    """

    targets: dict[Cell, pd.DataFrame]
    sources: dict[Cell, pd.Series]
    source: str

    def cells(self, all_metrics: bool = False) -> list[Cell]:
        """Return the cells in display order: of each task the main metric, or that and the second ones."""
        main = self.main_metrics()
        return [
            cell
            for cell in sorted(self.targets, key=Cell.sort_key)
            if cell.metric == main[cell.task] or (all_metrics and cell.metric in SECOND_METRICS)
        ]

    def methods(self, all_metrics: bool = False) -> list[Cell]:
        """Return the cells with realignment, in display order."""
        return [cell for cell in self.cells(all_metrics) if not cell.is_baseline]

    def main_metrics(self) -> dict[str, str]:
        """Return the main metric of each task."""
        tasks = sorted({cell.task for cell in self.targets})
        return {task: main_metric(cell.metric for cell in self.targets if cell.task == task) for task in tasks}

    def groups(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield each (model, task, main metric, realignment languages) that has a cell with realignment."""
        keys = dict.fromkeys(
            (cell.model, cell.task, cell.metric, cell.realignment_languages) for cell in self.methods()
        )
        yield from keys

    def baseline(self, cell: Cell) -> pd.DataFrame | None:
        """Return the matrix of the cell's baseline, None if there is none."""
        return self.targets.get(cell.with_strategy(BASELINE))

    def delta(self, cell: Cell, reference: str = BASELINE) -> pd.DataFrame:
        """Return the cell minus the same cell with another strategy, for the seeds that both have.

        Returns
        -------
        pandas.DataFrame
            (paired seeds, languages), in points; no row if the reference does not exist.
        """
        return paired_difference(self.targets[cell], self.targets.get(cell.with_strategy(reference)))

    def source_delta(self, cell: Cell) -> pd.Series:
        """Return the difference to the baseline on the source language, for the seeds that both have."""
        reference = self.sources.get(cell.with_strategy(BASELINE), pd.Series(dtype=float))
        own = self.sources[cell]
        seeds = own.index.intersection(reference.index).sort_values()
        return own.loc[seeds] - reference.loc[seeds]


# The long table of scores, or what `read_experiment` made of it.
Scores = pd.DataFrame | Experiment


def paired_difference(method: pd.DataFrame, reference: pd.DataFrame | None) -> pd.DataFrame:
    """Subtract two (seeds, languages) matrices over the seeds they share, joined by seed and never by position."""
    if reference is None:
        return method.iloc[:0]
    seeds = method.index.intersection(reference.index).sort_values()
    return method.loc[seeds] - reference.loc[seeds]


def read_experiment(scores: Scores, source: str = "en") -> Experiment:
    """Arrange a long table of scores by cell.

    Parameters
    ----------
    scores : the columns of `alignfreeze.analysis.scores.COLUMNS`, of one experiment; values 0..1. What is
        arranged already is returned as it is: whoever makes many tables arranges the scores once and passes the result.
    source : code of the source language, which is kept apart from the targets.
    """
    if isinstance(scores, Experiment):
        if scores.source != source:
            raise InputError(f"scores: arranged for the source language {scores.source}, not {source}")
        return scores
    scores = validate_scores(scores)
    experiments = scores["experiment"].unique()
    if len(experiments) > 1:
        raise InputError(f"scores: experiments {', '.join(experiments)}; an analysis takes one at a time")
    targets = scores[scores["language"] != source]
    if targets.empty:
        raise InputError(f"scores: only the source language {source}; evaluate at least one target language")
    matrices: dict[Cell, pd.DataFrame] = {}
    for _, table in targets.groupby("task", sort=True):
        languages = sorted(table["language"].unique())
        for key, rows in table.groupby(list(Cell._fields), sort=True):
            matrix = rows.pivot(index="seed", columns="language", values="value")
            matrices[Cell(*key)] = 100.0 * matrix.sort_index().reindex(columns=languages)
    empty = pd.Series(dtype=float)
    sources = dict.fromkeys(matrices, empty)
    for key, rows in scores[scores["language"] == source].groupby(list(Cell._fields), sort=True):
        if Cell(*key) in sources:
            sources[Cell(*key)] = 100.0 * rows.set_index("seed")["value"].sort_index()
    return Experiment(matrices, sources, source)


def language_average(matrix: pd.DataFrame) -> pd.Series:
    """Return the unweighted mean over languages by seed; NaN for a seed that lacks any of them."""
    return matrix.mean(axis=1, skipna=False)


def mean_over(values: pd.Series | np.ndarray) -> float:
    """Return the mean, NaN if anything is missing or there is nothing."""
    values = np.asarray(values, dtype=float)
    return float(values.mean()) if values.size else float("nan")


def spread_over(values: pd.Series | np.ndarray, ddof: int = 1) -> float:
    """Return the standard deviation, NaN (not 0) for a single value."""
    values = np.asarray(values, dtype=float)
    return float(values.std(ddof=ddof)) if values.size > 1 else float("nan")


def missing_scores(matrix: pd.DataFrame) -> list[str]:
    """Name the languages that a cell lacks, with the seeds where some have them."""
    names = []
    for language in matrix.columns[matrix.isna().any()]:
        absent = matrix.index[matrix[language].isna()]
        names.append(
            language if len(absent) == len(matrix) else f"{language} (seed {', '.join(str(seed) for seed in absent)})"
        )
    return names


def reason_of(matrix: pd.DataFrame, difference: pd.DataFrame | None = None, reference: str = BASELINE) -> str:
    """Say why numbers of a cell are missing or rest on fewer seeds; empty if nothing is wrong."""
    reasons = []
    if missing := missing_scores(matrix):
        reasons.append(f"no score in {', '.join(missing)}")
    if len(matrix) == 1:
        reasons.append("one seed: no spread")
    if difference is not None:
        if difference.empty:
            reasons.append(f"no {reference} with the same seed")
        elif len(difference) < len(matrix):
            reasons.append(f"{len(difference)} of {len(matrix)} seeds paired with {reference}")
        if not difference.empty and difference.isna().to_numpy().any() and not missing:
            reasons.append(f"{reference} lacks {', '.join(missing_scores(difference))}")
    if matrix.shape[1] == 1:
        reasons.append("one language: no interval over languages")
    return "; ".join(reasons)


def aligner_mean(
    experiment: Experiment, group: tuple[str, str, str, str], strategy: str, reference: str
) -> pd.DataFrame:
    """Average a contrast over the aligners at hand.

    Parameters
    ----------
    experiment : the scores.
    group : (model, task, metric, realignment languages).
    strategy, reference : the contrast is the first minus the second.

    Returns
    -------
    pandas.DataFrame
        (seeds, languages) in points: the seeds that every aligner with both strategies has; empty if none does.
    """
    differences = aligner_differences(experiment, group, strategy, reference)
    if not differences:
        return pd.DataFrame()
    seeds = sorted(set.intersection(*(set(difference.index) for difference in differences)))
    return sum(difference.loc[seeds] for difference in differences) / len(differences)


def aligner_differences(
    experiment: Experiment, group: tuple[str, str, str, str], strategy: str, reference: str
) -> list[pd.DataFrame]:
    """Return the contrast of each aligner that has both strategies, in the order of the aligners."""
    model, task, metric, pairs = group
    return [
        experiment.delta(cell, reference)
        for cell in experiment.methods()
        if (cell.model, cell.task, cell.metric, cell.realignment_languages) == (model, task, metric, pairs)
        and cell.strategy == strategy
        and cell.with_strategy(reference) in experiment.targets
    ]


CONTRASTS = {
    "full-base": ("full", BASELINE),
    "front-base": ("front", BASELINE),
    "front-full": ("front", "full"),
}


def language_means(matrix: pd.DataFrame) -> pd.Series:
    """Return the mean over seeds by language, NaN where one is missing.

    The sum is exact before its last rounding, so that neither order nor names of seeds can decide between two
    languages whose means are equal but for rounding.
    """
    if matrix.empty:
        return pd.Series(np.nan, index=matrix.columns, dtype=float)
    return matrix.apply(lambda values: math.fsum(values) / len(values)).astype(float)


def contrast_means(
    experiment: Experiment,
    group: tuple[str, str, str, str],
    contrast: str,
    languages: Sequence[str] | None = None,
) -> pd.Series:
    """Return a named contrast by language: mean over seeds and over the aligners at hand, in points."""
    matrix = aligner_mean(experiment, group, *CONTRASTS[contrast])
    means = language_means(matrix)
    return means if languages is None else means.reindex(languages)
