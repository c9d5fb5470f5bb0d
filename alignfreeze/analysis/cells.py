"""The central type of the analysis: an experiment, its cells, and their differences to the baseline.

A *cell* is a (model, task, metric, aligner, strategy, realignment languages): a matrix of seeds by languages.
Cells that differ in aligner and strategy alone are a *group*. Differences are paired by seed.
All numbers are points of per cent. Everything is sorted by seed and language, so that the order of rows in the
input cannot matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from alignfreeze.analysis.names import BASELINE, IN_LANGUAGE, NONE, SECOND_METRICS, main_metric, rank
from alignfreeze.analysis.scores import validate_scores
from alignfreeze.support.errors import InputError

# Two numbers closer than this, in points, are the same number computed in another order.
RESOLUTION_DIGITS = 9


class Group(NamedTuple):
    """What the cells that are compared with each other share."""

    model: str
    task: str
    metric: str
    realignment_languages: str


class Cell(NamedTuple):
    """What identifies one cell of the experiment."""

    model: str
    task: str
    metric: str
    aligner: str
    strategy: str
    realignment_languages: str

    @property
    def group(self) -> Group:
        """Model, task, metric and realignment languages of the cell."""
        return Group(self.model, self.task, self.metric, self.realignment_languages)

    @property
    def is_baseline(self) -> bool:
        """Whether the cell is fine-tuning without realignment."""
        return self.strategy == BASELINE

    def with_strategy(self, strategy: str) -> Cell:
        """Return the cell that differs in the strategy alone; the baseline has no aligner and no bitext.

        Parameters
        ----------
        strategy : str
            Name of a strategy.

        Returns
        -------
        Cell
        """
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
    targets : dict of Cell to pandas.DataFrame
        Scores of each cell, (seeds, target languages), in per cent; NaN where a score is missing. The columns are the
        languages that any cell of the task has, so that a language absent from one cell shows.
    sources : dict of Cell to pandas.Series
        Scores of each cell on the source language by seed, in per cent; empty if there are none.
    source : str
        Code of the source language.
    in_language : dict of Cell to pandas.DataFrame
        Scores of fine-tuning in each target language itself, (seeds, target languages), in per cent; an upper bound, in
        no comparison of cells. Empty if there are none.
    """

    targets: dict[Cell, pd.DataFrame]
    sources: dict[Cell, pd.Series]
    source: str
    in_language: dict[Cell, pd.DataFrame]

    def cells(self, all_metrics: bool = False) -> list[Cell]:
        """Return the cells in display order: of each task the main metric, or that and the second ones.

        Parameters
        ----------
        all_metrics : bool
            Whether the cells of the second metrics (`SECOND_METRICS`) are returned, too.

        Returns
        -------
        list of Cell
        """
        main = self.main_metrics()
        return [
            cell
            for cell in sorted(self.targets, key=Cell.sort_key)
            if cell.metric == main[cell.task] or (all_metrics and cell.metric in SECOND_METRICS)
        ]

    def methods(self, all_metrics: bool = False) -> list[Cell]:
        """Return the cells with realignment, in display order.

        Parameters
        ----------
        all_metrics : bool
            Whether the cells of the second metrics (`SECOND_METRICS`) are returned, too.

        Returns
        -------
        list of Cell
        """
        return [cell for cell in self.cells(all_metrics) if not cell.is_baseline]

    def upper_bounds(self) -> list[Cell]:
        """Return the cells of fine-tuning in each language itself, by the main metric of their task."""
        main = self.main_metrics()
        return [cell for cell in sorted(self.in_language, key=Cell.sort_key) if cell.metric == main.get(cell.task)]

    def main_metrics(self) -> dict[str, str]:
        """Return the main metric of each task."""
        tasks = sorted({cell.task for cell in self.targets})
        return {task: main_metric(cell.metric for cell in self.targets if cell.task == task) for task in tasks}

    def groups(self) -> list[Group]:
        """Return each group that has a cell with realignment, by the main metric of its task, in display order."""
        return list(dict.fromkeys(cell.group for cell in self.methods()))

    def languages(self, task: str | None = None) -> list[str]:
        """Return the target languages of a task, or of all tasks, sorted by code.

        Parameters
        ----------
        task : str, optional
            Name of the task; all tasks by default.

        Returns
        -------
        list of str
            Codes, without the source language.
        """
        return sorted(
            {
                language
                for cell, matrix in self.targets.items()
                if task in (None, cell.task)
                for language in matrix.columns
            }
        )

    def baseline(self, cell: Cell) -> pd.DataFrame | None:
        """Return the matrix of the cell's baseline, None if there is none.

        Parameters
        ----------
        cell : Cell

        Returns
        -------
        pandas.DataFrame or None
            (seeds, languages) in per cent.
        """
        return self.targets.get(cell.with_strategy(BASELINE))

    def upper_bound(self, cell: Cell) -> pd.DataFrame | None:
        """Return the matrix of fine-tuning in each language itself, by the cell's model, task and metric.

        Parameters
        ----------
        cell : Cell

        Returns
        -------
        pandas.DataFrame or None
            (seeds, languages) in per cent; None if there is none.
        """
        own = cell._replace(strategy=IN_LANGUAGE, aligner=NONE, realignment_languages=NONE)
        return self.in_language.get(own)

    def group_baseline(self, group: Group) -> pd.DataFrame | None:
        """Return the matrix of a group's baseline, None if there is none.

        Parameters
        ----------
        group : Group

        Returns
        -------
        pandas.DataFrame or None
            (seeds, languages) in per cent.
        """
        return self.targets.get(Cell(group.model, group.task, group.metric, NONE, BASELINE, NONE))

    def delta(self, cell: Cell, reference: str = BASELINE) -> pd.DataFrame:
        """Return the cell minus the same cell with another strategy, for the seeds that both have.

        Parameters
        ----------
        cell : Cell
        reference : str
            Strategy to subtract.

        Returns
        -------
        pandas.DataFrame
            (paired seeds, languages), in points; no row if the reference does not exist.
        """
        return paired_difference(self.targets[cell], self.targets.get(cell.with_strategy(reference)))

    def source_delta(self, cell: Cell) -> pd.Series:
        """Return the difference to the baseline on the source language, for the seeds that both have.

        Parameters
        ----------
        cell : Cell

        Returns
        -------
        pandas.Series
            By seed, in points; empty if there is no baseline or no score on the source language.
        """
        reference = self.sources.get(cell.with_strategy(BASELINE), pd.Series(dtype=float))
        own = self.sources[cell]
        seeds = own.index.intersection(reference.index).sort_values()
        return own.loc[seeds] - reference.loc[seeds]


# The long table of scores, or what `read_experiment` made of it.
Scores: TypeAlias = pd.DataFrame | Experiment


def paired_difference(method: pd.DataFrame, reference: pd.DataFrame | None) -> pd.DataFrame:
    """Subtract two (seeds, languages) matrices over the seeds they share, joined by seed and never by position.

    Parameters
    ----------
    method : pandas.DataFrame
        (seeds, languages).
    reference : pandas.DataFrame or None
        (seeds, languages); None if there is none.

    Returns
    -------
    pandas.DataFrame
        (shared seeds, languages), sorted by seed; no row if there is no reference.
    """
    if reference is None:
        return method.iloc[:0]
    seeds = method.index.intersection(reference.index).sort_values()
    return method.loc[seeds] - reference.loc[seeds]


def read_experiment(scores: Scores, source: str = "en") -> Experiment:
    """Arrange a long table of scores by cell.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The columns of `alignfreeze.analysis.scores.COLUMNS`, of one experiment; values 0..1. An `Experiment` is
        returned as it is: a caller that makes many tables arranges the scores once and passes the result.
    source : str
        Code of the source language, which is kept apart from the targets.

    Returns
    -------
    Experiment
        Matrices in per cent.

    Raises
    ------
    InputError
        If the scores are of several experiments, of the source language alone, or arranged for another one.
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
    if (targets["strategy"] == IN_LANGUAGE).all():
        raise InputError(f"scores: only the source language {source}; evaluate at least one target language")
    matrices: dict[Cell, pd.DataFrame] = {}
    for _, table in targets.groupby("task", sort=True):
        languages = sorted(table.loc[table["strategy"] != IN_LANGUAGE, "language"].unique())
        for key, rows in table.groupby(list(Cell._fields), sort=True):
            matrix = rows.pivot(index="seed", columns="language", values="value")
            matrices[Cell(*key)] = 100.0 * matrix.sort_index().reindex(columns=languages)
    in_language = {cell: matrices.pop(cell) for cell in list(matrices) if cell.strategy == IN_LANGUAGE}
    empty = pd.Series(dtype=float)
    sources = dict.fromkeys(matrices, empty)
    for key, rows in scores[scores["language"] == source].groupby(list(Cell._fields), sort=True):
        if Cell(*key) in sources:
            sources[Cell(*key)] = 100.0 * rows.set_index("seed")["value"].sort_index()
    return Experiment(matrices, sources, source, in_language)


def language_average(matrix: pd.DataFrame) -> pd.Series:
    """Return the unweighted mean over languages by seed; NaN for a seed that lacks any of them.

    Parameters
    ----------
    matrix : pandas.DataFrame
        (seeds, languages).

    Returns
    -------
    pandas.Series
        By seed.
    """
    return matrix.mean(axis=1, skipna=False)


def mean_over(values: pd.Series | np.ndarray) -> float:
    """Return the mean, NaN if anything is missing or there is nothing.

    Parameters
    ----------
    values : pandas.Series or numpy.ndarray
        Of any shape.

    Returns
    -------
    float
    """
    values = np.asarray(values, dtype=float)
    return float(values.mean()) if values.size else float("nan")


def spread_over(values: pd.Series | np.ndarray) -> float:
    """Return the standard deviation (ddof 1), NaN (not 0) for a single value.

    Parameters
    ----------
    values : pandas.Series or numpy.ndarray
        Of any shape.

    Returns
    -------
    float
        NaN, too, if anything is missing.
    """
    values = np.asarray(values, dtype=float)
    return float(values.std(ddof=1)) if values.size > 1 else float("nan")


def missing_scores(matrix: pd.DataFrame) -> list[str]:
    """Name the languages that a cell lacks, with the seeds where some have them.

    Parameters
    ----------
    matrix : pandas.DataFrame
        (seeds, languages), NaN where a score is missing.

    Returns
    -------
    list of str
        Such as `sw`, or `sw (seed 17, 23)` where other seeds have it.
    """
    names = []
    for language in matrix.columns[matrix.isna().any()]:
        absent = matrix.index[matrix[language].isna()]
        names.append(
            language if len(absent) == len(matrix) else f"{language} (seed {', '.join(str(seed) for seed in absent)})"
        )
    return names


def reason_of(
    matrix: pd.DataFrame,
    difference: pd.DataFrame | None = None,
    reference: str = BASELINE,
    averaged: bool = True,
) -> str:
    """Say why numbers of a cell are missing or rest on fewer seeds; empty if nothing is wrong.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Scores of the cell, (seeds, languages).
    difference : pandas.DataFrame or None
        The cell minus its reference, (paired seeds, languages); None for a cell that is not compared.
    reference : str
        Strategy that the cell is compared with, for the message.
    averaged : bool
        Whether the numbers are averages over languages, whose interval needs two of them.

    Returns
    -------
    str
        Reasons in words, separated by semicolons.
    """
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
    if averaged and matrix.shape[1] == 1:
        reasons.append("one language: no interval over languages")
    return "; ".join(reasons)


def language_means(matrix: pd.DataFrame) -> pd.Series:
    """Return the mean over seeds by language, NaN where one is missing.

    The sum is exact before its last rounding, so that neither order nor names of seeds can decide between two
    languages whose means are equal but for rounding.

    Parameters
    ----------
    matrix : pandas.DataFrame
        (seeds, languages).

    Returns
    -------
    pandas.Series
        By language; all NaN if there is no seed.
    """
    if matrix.empty:
        return pd.Series(np.nan, index=matrix.columns, dtype=float)
    return matrix.apply(lambda values: math.fsum(values) / len(values)).astype(float)
