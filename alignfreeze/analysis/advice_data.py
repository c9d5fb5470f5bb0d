"""What the advice is learnt from: baselines and gains by seed and language, and the features of languages.

Four sets of features say how much is known of a language:

- `A` nothing: the mean of the other languages;
- `B` its own baseline (per cent) and the first principal component of its six z-scored distances to the source;
- `B+` its gap: the best baseline of all encoders minus its own, in points;
- `C` its realigned scores under the other encoders, same strategy: their mean minus its own baseline, in points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from alignfreeze.analysis.advice_needs import MINIMUM_LANGUAGES, STRATEGIES
from alignfreeze.analysis.cells import Scores, language_means, read_experiment
from alignfreeze.analysis.contrasts import mean_over_aligners
from alignfreeze.analysis.gain_rule import (
    CONSTANT,
    Rule,
    SeedVariance,
    fit_rule,
    fit_without,
    seed_variance,
)
from alignfreeze.analysis.names import ordered
from alignfreeze.languages.uriel import DISTANCES, language_table
from alignfreeze.support.errors import InputError

# (model, task) or (model, task, strategy).
Key = TypeVar("Key", bound=tuple[str, ...])
# From the least to the most that is known of a language.
FEATURE_SETS = ("A", "B", "B+", "C")


@dataclass(frozen=True)
class Component:
    """First principal component of the z-scored distances of some languages.

    Attributes
    ----------
    means, deviations, weights : numpy.ndarray
        (6,) in the order of `DISTANCES`; the weights sum to more than 0, so that far languages have high values.
    """

    means: np.ndarray
    deviations: np.ndarray
    weights: np.ndarray

    def of(self, distances: pd.DataFrame) -> pd.Series:
        """Return the component of languages; NaN where a distance is unknown.

        Parameters
        ----------
        distances : pandas.DataFrame
            (languages, at least `DISTANCES`), 0 to 1.

        Returns
        -------
        pandas.Series
            By language.
        """
        return ((distances[list(DISTANCES)] - self.means) / self.deviations) @ self.weights


def first_component(distances: pd.DataFrame) -> Component:
    """Fit the first principal component of the distances of languages.

    Parameters
    ----------
    distances : pandas.DataFrame
        (languages, the six distances); languages of which one is unknown are left out.

    Returns
    -------
    Component
        Its weights are NaN if fewer than two languages are left.
    """
    known = distances[list(DISTANCES)].dropna()
    means = known.mean().to_numpy()
    spread = known.std(ddof=0).to_numpy()
    # A distance that does not vary stays 0 after centring, whatever it is divided by.
    deviations = np.where(spread < CONSTANT, 1.0, spread)
    if len(known) < 2:
        return Component(means, deviations, np.full(len(DISTANCES), np.nan))
    _, _, directions = np.linalg.svd((known.to_numpy() - means) / deviations, full_matrices=False)
    weights = directions[0]
    return Component(means, deviations, weights if weights.sum() > 0 else -weights)


@dataclass(frozen=True)
class Results:
    """Baselines and gains by seed and language, and what is known of the languages.

    Attributes
    ----------
    baselines : dict
        By (model, task): (seeds, languages) in per cent.
    gains : dict
        By (model, task, strategy): (seeds, languages) in points, mean over the aligners at hand.
    component : Component
        Of the distances of all target languages.
    facts : pandas.DataFrame
        Indexed by language: the six distances, family, genus, component.
    source : str
        Code of the source language.
    """

    baselines: dict[tuple[str, str], pd.DataFrame]
    gains: dict[tuple[str, str, str], pd.DataFrame]
    component: Component
    facts: pd.DataFrame
    source: str

    @property
    def models(self) -> list[str]:
        """The models with gains, in display order."""
        return ordered("model", (model for model, _, _ in self.gains))

    @property
    def tasks(self) -> list[str]:
        """The tasks with gains, in display order."""
        return ordered("task", (task for _, task, _ in self.gains))

    def cells(self) -> list[tuple[str, str]]:
        """Return the (model, task) pairs that have both strategies, in display order."""
        return [
            (model, task)
            for model in self.models
            for task in self.tasks
            if all((model, task, strategy) in self.gains for strategy in STRATEGIES)
        ]

    def seeds(self, model: str, task: str) -> list[int]:
        """Return the seeds that baseline, full and front of a model and task share.

        Parameters
        ----------
        model, task : str
            A cell of `cells`.

        Returns
        -------
        list of int
            Sorted.
        """
        matrices = [self.gains[model, task, strategy] for strategy in STRATEGIES]
        return sorted(set.intersection(*(set(matrix.index) for matrix in matrices)))

    def of_seeds(self, seeds: Sequence[int]) -> Results:
        """Return the results of some seeds alone.

        Parameters
        ----------
        seeds : sequence of int

        Returns
        -------
        Results
            With the facts of all languages.
        """

        def restricted(matrices: dict[Key, pd.DataFrame]) -> dict[Key, pd.DataFrame]:
            return {key: matrix[matrix.index.isin(seeds)] for key, matrix in matrices.items()}

        return replace(self, baselines=restricted(self.baselines), gains=restricted(self.gains))

    def without_languages(self, languages: Sequence[str]) -> Results:
        """Return the results without some languages; the component of the distances stays as it is.

        Parameters
        ----------
        languages : sequence of str
            Codes; one that the results lack is passed over.

        Returns
        -------
        Results
        """

        def restricted(matrices: dict[Key, pd.DataFrame]) -> dict[Key, pd.DataFrame]:
            return {key: matrix.drop(columns=languages, errors="ignore") for key, matrix in matrices.items()}

        return replace(self, baselines=restricted(self.baselines), gains=restricted(self.gains))

    def baseline_means(self, model: str, task: str) -> pd.Series:
        """Return a model's baseline by language.

        Parameters
        ----------
        model, task : str
            A key of `baselines`.

        Returns
        -------
        pandas.Series
            Mean over seeds in per cent; NaN where one is missing.
        """
        return language_means(self.baselines[model, task])

    def gain_means(self, model: str, task: str, strategy: str) -> pd.Series:
        """Return a strategy's gain by language; languages with a gap are left out.

        Parameters
        ----------
        model, task, strategy : str
            A key of `gains`.

        Returns
        -------
        pandas.Series
            Mean over seeds, in points.
        """
        return language_means(self.gains[model, task, strategy]).dropna()

    def seed_variance(self, model: str, task: str, without: Sequence[str] = ()) -> SeedVariance:
        """Measure what seeds do to the gains of the languages but `without`.

        Parameters
        ----------
        model, task : str
            A cell of `cells`.
        without : sequence of str
            Codes of languages to leave out.

        Returns
        -------
        SeedVariance
            In points squared, over both strategies.
        """
        matrices = [self.gains[model, task, strategy].dropna(axis=1) for strategy in STRATEGIES]
        return seed_variance([matrix.loc[:, ~matrix.columns.isin(without)].to_numpy() for matrix in matrices])

    def others(self, model: str, task: str, feature_set: str) -> list[str]:
        """Return the other encoders that a feature set looks at: with baselines (B+), with both strategies (C).

        Parameters
        ----------
        model, task : str
            A cell of `cells`.
        feature_set : str
            `A`, `B`, `B+` or `C`.

        Returns
        -------
        list of str
            Names of the encoders in display order; empty for `A` and `B`.
        """
        if feature_set == "B+":
            return ordered("model", (name for name, own in self.baselines if own == task and name != model))
        if feature_set == "C":
            return [name for name, own in self.cells() if own == task and name != model]
        return []


def read_results(scores: Scores, source: str = "en") -> Results:
    """Arrange scores for the advice.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table of one experiment, values 0..1: published, own, or both put together by `join_scores`.
    source : str
        Code of the source language.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If no model and task has a baseline and both strategies with the same seeds, or if several sets of
        realignment languages are mixed.
    """
    experiment = read_experiment(scores, source)
    main = experiment.main_metrics()
    baselines = {
        (cell.model, cell.task): matrix
        for cell, matrix in experiment.targets.items()
        if cell.is_baseline and cell.metric == main[cell.task]
    }
    gains = {}
    groups = experiment.groups()
    for group in groups:
        several = [other.realignment_languages for other in groups if other[:3] == group[:3]]
        if len(several) > 1:
            raise InputError(
                f"advice: {group.model} on {group.task} was realigned on {', '.join(several)}; keep the rows of one"
            )
        differences = {
            strategy: [
                experiment.delta(cell)
                for cell in experiment.methods()
                if cell.group == group and cell.strategy == strategy and experiment.baseline(cell) is not None
            ]
            for strategy in STRATEGIES
        }
        for strategy, by_aligner in differences.items():
            if by_aligner and not (matrix := mean_over_aligners(by_aligner)).empty:
                gains[group.model, group.task, strategy] = matrix
                # Baseline and gain of a language rest on the same seeds.
                own = baselines[group.model, group.task]
                baselines[group.model, group.task] = own[own.index.isin(matrix.index)]
    languages = sorted({language for matrix in baselines.values() for language in matrix.columns})
    table = language_table(source, languages).set_index("language")
    component = first_component(table)
    facts = table[[*DISTANCES, "family", "genus"]].assign(component=component.of(table))
    results = Results(baselines, gains, component, facts, source)
    if not results.cells():
        raise InputError(
            "advice: no model and task has a baseline and full and front realignment under the same seeds; "
            "run these three first"
        )
    return results


def join_scores(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put score tables of several experiments together as one, such as published and own ones.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        Tables of scores; see `alignfreeze.analysis.scores.validate_scores`.

    Returns
    -------
    pandas.DataFrame
        All rows, in order, under one name of an experiment that joins those of the tables.
    """
    names = dict.fromkeys(name for frame in frames for name in frame["experiment"])
    return pd.concat(list(frames), ignore_index=True).assign(experiment=" and ".join(names))


FEATURE_NAMES = {"A": (), "B": ("baseline", "distance component"), "B+": ("gap",), "C": ("realigned elsewhere",)}


def features_of(
    results: Results, model: str, task: str, strategy: str, feature_set: str, others: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the features of all languages of a model and task.

    Parameters
    ----------
    results : Results
        Baselines and gains.
    model, task, strategy : str
        What is predicted.
    feature_set : str
        `A`, `B`, `B+` or `C`.
    others : sequence of str, optional
        The other encoders whose scores are known, for B+ and C; all that have some by default.

    Returns
    -------
    pandas.DataFrame
        (languages, features); NaN where something is unknown.
    """
    own = results.baseline_means(model, task)
    others = results.others(model, task, feature_set) if others is None else list(others)
    if feature_set == "A":
        return pd.DataFrame(index=own.index)
    if feature_set == "B":
        values = [own, results.facts["component"].reindex(own.index)]
    elif feature_set == "B+":
        every = pd.DataFrame({name: results.baseline_means(name, task) for name in [model, *others]})
        values = [every.max(axis=1, skipna=False).reindex(own.index) - own]
    elif feature_set == "C":
        realigned = [
            results.baseline_means(name, task) + results.gain_means(name, task, strategy).reindex(own.index)
            for name in others
        ]
        values = [sum(realigned) / len(realigned) - own] if realigned else [own * np.nan]
    else:
        raise InputError(f"advice: no feature set {feature_set!r}; known are {', '.join(FEATURE_SETS)}")
    return pd.DataFrame(dict(zip(FEATURE_NAMES[feature_set], values, strict=True)), index=own.index)


class Problem(NamedTuple):
    """What a rule is learnt from: the languages, and their features, gains, baselines and folds in the same order."""

    languages: tuple[str, ...]
    features: np.ndarray
    gains: np.ndarray
    baselines: np.ndarray
    folds: np.ndarray

    def rule(self, kept: np.ndarray | slice = slice(None)) -> Rule:
        """Learn from the languages that are kept.

        Parameters
        ----------
        kept : numpy.ndarray or slice, optional
            (languages,) bool, or a slice; all languages by default.

        Returns
        -------
        Rule

        Raises
        ------
        InputError
            All languages that are kept are in one fold.
        """
        return fit_rule(self.features[kept], self.gains[kept], self.baselines[kept], self.folds[kept])


def problem_of(
    results: Results,
    model: str,
    task: str,
    strategy: str,
    feature_set: str,
    others: Sequence[str] | None = None,
    by_genus: bool = False,
) -> Problem:
    """Put together what a rule is learnt from; languages with a gap are left out.

    Parameters
    ----------
    results : Results
        Baselines and gains.
    model, task, strategy : str
        What is predicted.
    feature_set : str
        `A`, `B`, `B+` or `C`.
    others : sequence of str, optional
        The other encoders whose scores are known; see `features_of`.
    by_genus : bool
        Whether languages of a genus are held out together; each language by itself by default.

    Returns
    -------
    Problem

    Raises
    ------
    InputError
        Another set of features.
    """
    features = features_of(results, model, task, strategy, feature_set, others)
    gains = results.gain_means(model, task, strategy)
    baselines = results.baseline_means(model, task)
    known = [name for name in gains.index if features.loc[name].notna().all() and np.isfinite(baselines[name])]
    labels = results.facts.loc[known, "genus"] if by_genus else known
    return Problem(
        tuple(known),
        features.loc[known].to_numpy(float),
        gains.loc[known].to_numpy(float),
        baselines.loc[known].to_numpy(float),
        pd.factorize(np.asarray(labels, dtype=object))[0],
    )


def why_refused(problem: Problem, feature_set: str, others: Sequence[str]) -> str:
    """Say why a rule cannot be learnt and what would be needed.

    Parameters
    ----------
    problem : Problem
        What the rule would be learnt from.
    feature_set : str
        `A`, `B`, `B+` or `C`.
    others : sequence of str
        The other encoders whose scores are known.

    Returns
    -------
    str
        The reason in words; empty if a rule can be learnt.
    """
    if feature_set in ("B+", "C") and not others:
        return f"{feature_set} needs the runs of a second encoder on the same task"
    if len(problem.languages) <= MINIMUM_LANGUAGES:
        return f"{len(problem.languages)} languages with gains and features; at least {MINIMUM_LANGUAGES + 1} needed"
    return ""


def pooled_problem(
    results: Results, task: str, strategy: str, models: Sequence[str], everyone: Sequence[str]
) -> list[Problem]:
    """Return the gaps and gains of some encoders, to advise for an encoder without results.

    Parameters
    ----------
    results : Results
        Baselines and gains.
    task, strategy : str
        What is predicted.
    models : sequence of str
        The encoders learnt from.
    everyone : sequence of str
        The encoders whose baselines the gap is measured against.

    Returns
    -------
    list of Problem
        One for each of `models`, with the features of `B+`.
    """
    return [
        problem_of(results, model, task, strategy, "B+", [name for name in everyone if name != model])
        for model in models
    ]


def fit_pooled(problems: Sequence[Problem], without: str | None = None) -> tuple[float, float, float]:
    """Fit the gain on the gap over the rows of several encoders together.

    Parameters
    ----------
    problems : sequence of Problem
        One for each encoder, as `pooled_problem` returns them.
    without : str, optional
        A language that is left out.

    Returns
    -------
    tuple of float
        Intercept, coefficient of the gap, mean gain.
    """
    kept = np.array([language != without for problem in problems for language in problem.languages])
    values = np.concatenate([problem.features for problem in problems])[kept]
    outcome = np.concatenate([problem.gains for problem in problems])[kept]
    fit = fit_without(values, outcome, np.zeros((1, len(outcome)), dtype=bool))
    return float(fit.intercepts[0]), float(fit.coefficients[0, 0]), float(outcome.mean())


def held_out_estimates(problem: Problem) -> pd.DataFrame:
    """Predict each language from the others: its fold is held out, and the refits leave out one more fold each.

    Parameters
    ----------
    problem : Problem
        Features, gains, baselines and folds.

    Returns
    -------
    pandas.DataFrame
        Indexed by language: gain, low, high (points), mean (of the gains learnt from), n (languages learnt from).
    """
    rows = []
    for place, fold in enumerate(problem.folds):
        kept = problem.folds != fold
        estimate = problem.rule(kept).estimate(problem.features[place], problem.baselines[place])
        rows.append((*estimate, problem.gains[kept].mean(), int(kept.sum())))
    return pd.DataFrame(rows, index=list(problem.languages), columns=["gain", "low", "high", "mean", "n"])
