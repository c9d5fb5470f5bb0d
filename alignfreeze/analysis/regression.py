"""Linear regressions of the gain on distances: least squares on language means, and a mixed model beside it."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor

from alignfreeze.analysis.cells import Scores
from alignfreeze.analysis.contrasts import Contrast, contrasts
from alignfreeze.analysis.intervals import adjusted
from alignfreeze.analysis.predictors import BASELINE_PREDICTOR, SEPARATE_DISTANCES, why_unusable
from alignfreeze.analysis.rows import table_of

INTERCEPT = "intercept"
COMPONENT = "distance_component"
PREDICTOR_SETS = {
    "component": (COMPONENT, "nonlatin", BASELINE_PREDICTOR),
    "distances": (*SEPARATE_DISTANCES, "nonlatin", BASELINE_PREDICTOR),
}


class RegressionRow(NamedTuple):
    """A row of `regression_table`; a number that is impossible is missing, and `reason` says why."""

    model: str
    task: str
    contrast: str
    predictors: str
    term: str
    coefficient: float = float("nan")
    std_error: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p: float = float("nan")
    p_holm: float = float("nan")
    vif: float = float("nan")
    loo_low: float = float("nan")
    loo_high: float = float("nan")
    mixed: float = float("nan")
    mixed_low: float = float("nan")
    mixed_high: float = float("nan")
    r2: float = float("nan")
    explained: float = float("nan")
    n: int | None = None
    n_seeds: int | None = None
    metric: str = ""
    realignment_languages: str = ""
    reason: str = ""


def first_component(frame: pd.DataFrame) -> tuple[pd.Series, float]:
    """Return the first principal component of the separate distances, and the share of variance that it explains.

    Parameters
    ----------
    frame : pandas.DataFrame
        (languages, at least `SEPARATE_DISTANCES`).

    Returns
    -------
    tuple
        Scores by language, larger for farther languages, and a share between 0 and 1; NaN if a distance is missing or
        does not vary.
    """
    distances = frame[list(SEPARATE_DISTANCES)]
    varying = distances.loc[:, distances.std(ddof=0) > 0]
    if len(frame) < 3 or varying.isna().any().any() or varying.shape[1] < 2:
        return pd.Series(np.nan, index=frame.index), float("nan")
    standard = standardised(varying)
    _, lengths, directions = np.linalg.svd(standard.to_numpy(), full_matrices=False)
    direction = directions[0] if directions[0].sum() > 0 else -directions[0]
    return standard @ direction, float(lengths[0] ** 2 / (lengths**2).sum())


def standardised(frame: pd.DataFrame) -> pd.DataFrame:
    """Return columns with mean 0 and standard deviation 1 (ddof 1) over languages.

    Parameters
    ----------
    frame : pandas.DataFrame
        (languages, columns).

    Returns
    -------
    pandas.DataFrame
        Of the same shape; NaN for a column that does not vary.
    """
    return (frame - frame.mean()) / frame.std(ddof=1)


def least_squares(outcome: pd.Series, predictors: pd.DataFrame) -> pd.DataFrame:
    """Fit outcome ~ 1 + predictors by ordinary least squares with HC3 covariance (MacKinnon and White 1985).

    Parameters
    ----------
    outcome : pandas.Series
        (languages,) points.
    predictors : pandas.DataFrame
        (languages, k), standardised, so that a coefficient is points per standard deviation.

    Returns
    -------
    pandas.DataFrame
        One row per term, the intercept first: coefficient, std_error, low, high (95 %, Student's t), p, vif, loo_low,
        loo_high (range of the coefficient when each language is left out) and r2 of the fit.
    """
    design = sm.add_constant(predictors.to_numpy(), has_constant="add")
    model = sm.OLS(outcome.to_numpy(), design)
    fit = model.fit(cov_type="HC3", use_t=True)
    plain = model.fit()
    without = plain.params - plain.get_influence().dfbeta  # (languages, terms)
    limits = fit.conf_int()
    return pd.DataFrame(
        {
            "coefficient": fit.params,
            "std_error": fit.bse,
            "low": limits[:, 0],
            "high": limits[:, 1],
            "p": fit.pvalues,
            "vif": [np.nan, *(variance_inflation_factor(design, term) for term in range(1, design.shape[1]))],
            "loo_low": without.min(axis=0),
            "loo_high": without.max(axis=0),
            "r2": fit.rsquared,
        },
        index=[INTERCEPT, *predictors.columns],
    )


def mixed_model(rows: pd.DataFrame, predictors: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Fit outcome ~ 1 + predictors + (1 | language) on seeds x languages rows, by restricted maximum likelihood.

    Parameters
    ----------
    rows : pandas.DataFrame
        (seeds, languages) differences in points.
    predictors : pandas.DataFrame
        (languages, k), standardised.

    Returns
    -------
    tuple
        A frame (terms; mixed, mixed_low, mixed_high), and the reason if the fit did not converge or is singular, in
        which case all its numbers are NaN.
    """
    terms = [INTERCEPT, *predictors.columns]
    columns = ["mixed", "mixed_low", "mixed_high"]
    failed = pd.DataFrame(np.nan, index=terms, columns=columns)
    if len(rows) < 2:
        return failed, "mixed model: one seed"
    design = sm.add_constant(np.tile(predictors.to_numpy(), (len(rows), 1)), has_constant="add")
    languages = np.tile(np.asarray(rows.columns), len(rows))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = sm.MixedLM(rows.to_numpy().ravel(), design, groups=languages).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError) as error:
            return failed, f"mixed model: {error}"
    if not fit.converged or caught:
        message = str(caught[0].message).split(".")[0].split("\n")[0] if caught else "did not converge"
        return failed, f"mixed model: {message}"
    limits = fit.conf_int()[: len(terms)]
    result = np.column_stack([fit.fe_params, limits])
    return pd.DataFrame(result, index=terms, columns=columns), ""


def regression_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 8: of each contrast, two regressions on distance, script and baseline score.

    The outcome is a contrast by language, mean over seeds and aligners, in points; predictors are standardised over the
    languages of the fit. The set `component` has the first principal component of the five separate distances, the set
    `distances` all five; featural distance, nearly their sum, is in neither.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the language that distances are measured from.

    Returns
    -------
    pandas.DataFrame
        One row per term: see `least_squares` and `mixed_model`; p_holm is Holm over all terms but intercepts, the one
        family of this table; explained is the share of the distances' variance in the component; n counts languages.
    """
    rows = []
    for contrast in contrasts(scores, source):
        component, explained = first_component(contrast.predictors)
        frame = contrast.predictors.assign(**{COMPONENT: component})
        for name, predictors in PREDICTOR_SETS.items():
            fit = _fit(contrast, frame[list(predictors)])
            shared: dict[str, Any] = {
                "predictors": name,
                "explained": explained if name == "component" else float("nan"),
            }
            rows += [
                RegressionRow(**contrast.identity, **shared, **term)
                for term in fit.rename_axis("term").reset_index().to_dict("records")
            ]
    table = table_of(RegressionRow, rows)
    tested = table["p"].where(table["term"] != INTERCEPT).to_numpy(dtype=float)
    return table.assign(p_holm=adjusted(tested, "holm"))


def _fit(contrast: Contrast, predictors: pd.DataFrame) -> pd.DataFrame:
    """Fit both models; every number of a fit that is impossible is NaN, with the reason."""
    rows, outcome = contrast.matrix, contrast.means
    joined = predictors.assign(outcome=outcome)
    size = {"n": len(joined), "n_seeds": len(rows)}
    # One language more than coefficients leaves no residual to estimate an error from.
    reason = why_unusable(joined, len(predictors.columns) + 3)
    if not reason and np.linalg.matrix_rank(standardised(predictors).to_numpy()) < len(predictors.columns):
        reason = "collinear predictors"
    if reason:
        return pd.DataFrame({"reason": reason} | size, index=[INTERCEPT, *predictors.columns])
    predictors = standardised(predictors)
    fit = least_squares(outcome, predictors)
    mixed, reason = mixed_model(rows, predictors)
    return fit.join(mixed).assign(reason=reason, **size)
