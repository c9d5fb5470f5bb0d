"""Contrasts by language: one strategy minus another, averaged over aligners, beside what may explain them.

Correlations, regressions and generalisation all go through `contrasts`, so that they speak of the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from alignfreeze.analysis.cells import Experiment, Group, Scores, language_means, read_experiment
from alignfreeze.analysis.names import BASELINE
from alignfreeze.analysis.predictors import predictor_frame
from alignfreeze.analysis.rows import table_of
from alignfreeze.languages.registry import facts_table
from alignfreeze.languages.uriel import language_table

CONTRASTS = {
    "full-base": ("full", BASELINE),
    "front-base": ("front", BASELINE),
    "front-full": ("front", "full"),
}


@dataclass(frozen=True)
class Contrast:
    """A contrast of one group.

    Attributes
    ----------
    group : Group
        Model, task, metric and realignment languages.
    name : str
        A key of `CONTRASTS`: the first of its strategies minus the second.
    by_aligner : list of pandas.DataFrame
        Differences in points of each aligner that has both strategies, (paired seeds, languages); never empty.
    baseline : pandas.DataFrame or None
        Scores of the group's baseline in per cent, (seeds, languages).
    predictors : pandas.DataFrame
        What may explain the contrast, (languages, predictors); see `predictor_frame`.
    genera : pandas.Series
        Genus of each language.
    full_effect : pandas.Series or None
        Full realignment minus baseline by language, in points; only beside the contrast of front and full.
    """

    group: Group
    name: str
    by_aligner: list[pd.DataFrame]
    baseline: pd.DataFrame | None
    predictors: pd.DataFrame
    genera: pd.Series
    full_effect: pd.Series | None

    @property
    def identity(self) -> dict[str, Any]:
        """Model, task, metric, realignment languages and contrast, as a row of a table holds them."""
        return self.group._asdict() | {"contrast": self.name}

    @cached_property
    def matrix(self) -> pd.DataFrame:
        """Mean over aligners, (seeds that every aligner has, languages), in points."""
        return mean_over_aligners(self.by_aligner)

    @cached_property
    def means(self) -> pd.Series:
        """Mean over seeds and aligners by language, in points."""
        return language_means(self.matrix)


def mean_over_aligners(differences: list[pd.DataFrame]) -> pd.DataFrame:
    """Average (seeds, languages) matrices over the seeds that all of them have.

    Parameters
    ----------
    differences : list of pandas.DataFrame
        (seeds, languages) of each aligner, with the same languages; at least one.

    Returns
    -------
    pandas.DataFrame
        (shared seeds, languages), sorted by seed.
    """
    seeds = sorted(set.intersection(*(set(difference.index) for difference in differences)))
    return sum(difference.loc[seeds] for difference in differences) / len(differences)


def _full_effect(by_aligner: list[pd.DataFrame], languages: pd.Index) -> pd.Series:
    """Return full realignment minus baseline by language; NaN if there is no baseline."""
    if not by_aligner:
        return pd.Series(np.nan, index=languages)
    return language_means(mean_over_aligners(by_aligner))


def _by_aligner(experiment: Experiment, group: Group, name: str) -> list[pd.DataFrame]:
    strategy, reference = CONTRASTS[name]
    return [
        experiment.delta(cell, reference)
        for cell in experiment.methods()
        if cell.group == group and cell.strategy == strategy and cell.with_strategy(reference) in experiment.targets
    ]


def contrasts(scores: Scores, source: str = "en") -> Iterator[Contrast]:
    """Yield every contrast that a group of the experiment has.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the language that distances are measured from.

    Yields
    ------
    Contrast
        Groups in display order, contrasts in the order of `CONTRASTS`.
    """
    experiment = read_experiment(scores, source)
    facts = language_table(source, experiment.languages())
    genera = facts.set_index("language")["genus"]
    for group in experiment.groups():
        baseline = experiment.group_baseline(group)
        predictors = predictor_frame(facts, experiment.languages(group.task), baseline)
        differences = {name: _by_aligner(experiment, group, name) for name in CONTRASTS}
        for name, by_aligner in differences.items():
            if not by_aligner:
                continue
            effect = _full_effect(differences["full-base"], predictors.index) if name == "front-full" else None
            yield Contrast(group, name, by_aligner, baseline, predictors, genera, effect)


class ContrastRow(NamedTuple):
    """A row of `contrasts_table`."""

    model: str
    task: str
    contrast: str
    language: str
    name: str
    delta: float
    syntactic: float
    phonological: float
    inventory: float
    genetic: float
    geographic: float
    featural: float
    nonlatin: float
    baseline: float
    n_seeds: int
    metric: str
    realignment_languages: str


def contrasts_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return every contrast by language beside its predictors: what correlations and figures of distance are made from.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the language that distances are measured from.

    Returns
    -------
    pandas.DataFrame
        delta : mean over seeds and aligners, in points. The six URIEL distances are 0..1, nonlatin is 0 or 1 and
        baseline is the mean over seeds in per cent. n_seeds : seeds that every aligner has.

    Examples
    --------
    Redraw Δ against a distance from the table of an experiment:

    >>> import pandas as pd, seaborn as sns
    >>> table = pd.read_csv("results/demo/tables/all/contrasts.csv", keep_default_na=False)  # doctest: +SKIP
    >>> sns.lmplot(table, x="syntactic", y="delta", hue="contrast", col="model", row="task")  # doctest: +SKIP
    """
    experiment = read_experiment(scores, source)
    names = facts_table(experiment.languages())["name"]
    rows = []
    for contrast in contrasts(experiment, source):
        for language, predictors in contrast.predictors.iterrows():
            rows.append(
                ContrastRow(
                    **contrast.identity,
                    language=language,
                    name=names[language],
                    delta=contrast.means[language],
                    **predictors,
                    n_seeds=len(contrast.matrix),
                )
            )
    return table_of(ContrastRow, rows)
