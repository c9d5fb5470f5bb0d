"""What may explain a language's gain: distances to the source language, script, and the baseline score."""

from __future__ import annotations

import numpy as np
import pandas as pd

from alignfreeze.analysis.contrasts import Experiment, Scores, language_means, read_experiment
from alignfreeze.languages.uriel import DISTANCES, language_table

BASELINE_PREDICTOR = "baseline"
# The same, from other seeds than the difference: free of regression to the mean.
OTHER_SEEDS = "baseline_other_seeds"
# Featural distance is nearly the sum of the others and never stands beside them in one regression.
SEPARATE_DISTANCES = tuple(name for name in DISTANCES if name != "featural")

# A range below this, in the unit of the column, is rounding.
CONSTANT = 1e-9

Group = tuple[str, str, str, str]


def group_baseline(experiment: Experiment, group: Group) -> pd.DataFrame | None:
    """Return the (seeds, languages) matrix of a group's baseline in per cent, None if it has none."""
    model, task, metric, _ = group
    for cell, matrix in experiment.targets.items():
        if cell.is_baseline and (cell.model, cell.task, cell.metric) == (model, task, metric):
            return matrix
    return None


def predictor_frame(experiment: Experiment, group: Group, facts: pd.DataFrame) -> pd.DataFrame:
    """Return the predictors of a group's languages.

    Parameters
    ----------
    experiment : the scores.
    group : (model, task, metric, realignment languages).
    facts : `language_table` of the target languages, measured from the source language.

    Returns
    -------
    pandas.DataFrame
        Indexed by language: the six distances (0..1), nonlatin (0 or 1) and baseline (mean over seeds, per cent).
    """
    baseline = group_baseline(experiment, group)
    languages = next(
        matrix.columns for cell, matrix in experiment.targets.items() if (cell.model, cell.task) == group[:2]
    )
    frame = facts.set_index("language").loc[list(languages), [*DISTANCES, "nonlatin"]].astype(float)
    frame[BASELINE_PREDICTOR] = np.nan if baseline is None else language_means(baseline)
    return frame


def experiment_and_facts(scores: Scores, source: str) -> tuple[Experiment, pd.DataFrame]:
    """Arrange the scores and look up the facts of their target languages."""
    experiment = read_experiment(scores, source)
    languages = sorted({language for matrix in experiment.targets.values() for language in matrix.columns})
    return experiment, language_table(source, languages)


def why_unusable(values: pd.Series | pd.DataFrame, minimum: int) -> str:
    """Say why a statistic over languages is impossible: gaps, too few languages, no variation; empty if it is not."""
    frame = values.to_frame() if isinstance(values, pd.Series) else values
    if frame.empty:
        return "no such contrast"
    if frame.isna().any().any():
        gaps = [f"{name} of {', '.join(frame.index[frame[name].isna()])}" for name in frame if frame[name].isna().any()]
        return f"missing: {'; '.join(gaps)}"
    if len(frame) < minimum:
        return f"{len(frame)} languages, at least {minimum} needed"
    constant = [str(name) for name in frame if np.ptp(frame[name].to_numpy()) < CONSTANT]
    return f"constant: {', '.join(constant)}" if constant else ""
