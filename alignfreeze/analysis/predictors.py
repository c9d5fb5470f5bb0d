"""What may explain a language's gain: distances to the source language, script, and the baseline score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from alignfreeze.analysis.cells import language_means
from alignfreeze.languages.uriel import DISTANCES

BASELINE_PREDICTOR = "baseline"
# The same, from other seeds than the difference: free of regression to the mean.
OTHER_SEEDS = "baseline_other_seeds"
# Featural distance is nearly the sum of the others and never stands beside them in one regression.
SEPARATE_DISTANCES = tuple(name for name in DISTANCES if name != "featural")

# A range below this, in the unit of the column, is rounding.
CONSTANT = 1e-9


def predictor_frame(facts: pd.DataFrame, languages: Sequence[str], baseline: pd.DataFrame | None) -> pd.DataFrame:
    """Return the predictors of some languages.

    Parameters
    ----------
    facts : pandas.DataFrame
        `language_table` of at least these languages, measured from the source language.
    languages : sequence of str
        Codes of the languages.
    baseline : pandas.DataFrame or None
        Scores of fine-tuning only in per cent, (seeds, languages).

    Returns
    -------
    pandas.DataFrame
        Indexed by language: the six distances (0..1), nonlatin (0 or 1) and baseline (mean over seeds, per cent).
    """
    frame = facts.set_index("language").loc[list(languages), [*DISTANCES, "nonlatin"]].astype(float)
    frame[BASELINE_PREDICTOR] = np.nan if baseline is None else language_means(baseline)
    return frame


def why_unusable(values: pd.Series | pd.DataFrame, minimum: int) -> str:
    """Say why a statistic over languages is impossible: gaps, too few languages, no variation.

    Parameters
    ----------
    values : pandas.Series or pandas.DataFrame
        (languages,) or (languages, columns).
    minimum : int
        Number of languages that the statistic needs.

    Returns
    -------
    str
        The reason in words; empty if the statistic is possible.
    """
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
