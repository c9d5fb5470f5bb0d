"""How well the gain of an unseen row, seed, language or genus is predicted: R² by split.

A forest that has seen other seeds of the same language predicts that language well and an unseen one badly; only the
splits by language and by genus say whether distances predict anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from threadpoolctl import threadpool_limits

from alignfreeze.analysis.cells import Scores, language_means
from alignfreeze.analysis.contrasts import Contrast, contrasts
from alignfreeze.analysis.predictors import BASELINE_PREDICTOR, why_unusable
from alignfreeze.analysis.rows import table_of
from alignfreeze.languages.uriel import DISTANCES

FULL_EFFECT = "full effect"
ALL_DISTANCES = (*DISTANCES, "nonlatin")
PREDICTOR_SETS = {
    "syntactic": ("syntactic",),
    BASELINE_PREDICTOR: (BASELINE_PREDICTOR,),
    "distances": ALL_DISTANCES,
    "distances+baseline": (*ALL_DISTANCES, BASELINE_PREDICTOR),
    # Only for front against full: is what freezing changes just a share of what full realignment does?
    FULL_EFFECT: (FULL_EFFECT,),
}
FOREST_SET = "distances+baseline"
SPLITS = ("rows", "seeds", "languages", "genera")
ROW_FOLDS = 5
TREES = 25
SEED = 20250206

Predict = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class GeneralisationRow(NamedTuple):
    """A row of `generalisation_table`."""

    model: str
    task: str
    contrast: str
    predictors: str
    split: str
    r2: float
    n: int
    folds: int
    regressor: str
    metric: str
    realignment_languages: str
    reason: str


def predict_linear(train: np.ndarray, outcome: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predict by ordinary least squares with intercept; NaN if the training rows do not determine the fit.

    Parameters
    ----------
    train, test : numpy.ndarray
        (rows, k) predictors.
    outcome : numpy.ndarray
        (training rows,).

    Returns
    -------
    numpy.ndarray
        (test rows,).
    """
    design = np.column_stack([np.ones(len(train)), train])
    coefficients, _, rank, _ = np.linalg.lstsq(design, outcome, rcond=None)
    if rank < design.shape[1]:
        return np.full(len(test), np.nan)
    return np.column_stack([np.ones(len(test)), test]) @ coefficients


def predict_forest(train: np.ndarray, outcome: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predict by a random forest of 25 trees with a fixed seed.

    Parameters
    ----------
    train, test : numpy.ndarray
        (rows, k) predictors.
    outcome : numpy.ndarray
        (training rows,).

    Returns
    -------
    numpy.ndarray
        (test rows,).
    """
    forest = RandomForestRegressor(n_estimators=TREES, random_state=SEED, n_jobs=1)
    return forest.fit(train, outcome).predict(test)


REGRESSORS: dict[str, Predict] = {"ols": predict_linear, "forest": predict_forest}


def held_out_r2(predictors: np.ndarray, outcome: np.ndarray, folds: np.ndarray, predict: Predict) -> float:
    """Return R² of predictions for held-out folds: 1 - SSE / SST, the SST about the mean of the training rows.

    Parameters
    ----------
    predictors : numpy.ndarray
        (rows, k).
    outcome : numpy.ndarray
        (rows,).
    folds : numpy.ndarray
        (rows,) the fold in which each row is held out.
    predict : Predict
        Regression to fit on the other rows.

    Returns
    -------
    float
        At most 1; negative where the training mean predicts better; NaN if any fold cannot be fitted.
    """
    predicted, mean = np.empty(len(outcome)), np.empty(len(outcome))
    for fold in np.unique(folds):
        held_out = folds == fold
        predicted[held_out] = predict(predictors[~held_out], outcome[~held_out], predictors[held_out])
        mean[held_out] = outcome[~held_out].mean()
    total = ((outcome - mean) ** 2).sum()
    return float(1.0 - ((outcome - predicted) ** 2).sum() / total) if total > 0 else float("nan")


def _row_folds(matrix: pd.DataFrame) -> np.ndarray:
    """Deal (seeds x languages) rows into random folds, (seeds, languages).

    Within a language the rows are dealt by rank of their value, so that the names of seeds do not matter.
    """
    seeds, languages = matrix.shape
    dealt = np.random.default_rng(SEED).permutation(seeds * languages) % ROW_FOLDS
    ranks = matrix.to_numpy().argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return np.take_along_axis(dealt.reshape(seeds, languages), ranks, axis=0)


def _problem(
    split: str, matrix: pd.DataFrame, frame: pd.DataFrame, genera: pd.Series
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return predictors, outcome and folds of a split.

    Rows and seeds split the seeds x languages differences; languages and genera split the language means.
    """
    if split in ("rows", "seeds"):
        seeds = len(matrix)
        folds = _row_folds(matrix) if split == "rows" else np.tile(np.arange(seeds)[:, None], (1, matrix.shape[1]))
        return np.tile(frame.to_numpy(), (seeds, 1)), matrix.to_numpy().ravel(), folds.ravel()
    folds = np.arange(len(frame)) if split == "languages" else pd.factorize(genera.loc[frame.index], sort=True)[0]
    return frame.to_numpy(), language_means(matrix).to_numpy(), folds


def _reason(split: str, matrix: pd.DataFrame, frame: pd.DataFrame, folds: int) -> str:
    reason = why_unusable(frame.assign(outcome=language_means(matrix)), len(frame.columns) + 3)
    if reason:
        return reason
    if split in ("rows", "seeds") and len(matrix) < 2:
        return "one seed"
    return "" if folds > 1 else f"one fold: nothing is held out by {split}"


def _contrast_rows(contrast: Contrast, splits: Sequence[str], regressors: Sequence[str]) -> list[GeneralisationRow]:
    """Return the rows of one contrast: each regression on each set of predictors, by split."""
    frame = contrast.predictors
    if contrast.full_effect is not None:
        frame = frame.assign(**{FULL_EFFECT: contrast.full_effect})
    models = [("ols", name) for name in PREDICTOR_SETS if name != FULL_EFFECT or FULL_EFFECT in frame]
    rows = []
    for regressor, name in [*models, ("forest", FOREST_SET)]:
        if regressor not in regressors:
            continue
        chosen = frame[list(PREDICTOR_SETS[name])]
        for split in splits:
            predictors, outcome, folds = _problem(split, contrast.matrix, chosen, contrast.genera)
            reason = _reason(split, contrast.matrix, chosen, len(np.unique(folds)))
            r2 = float("nan") if reason else held_out_r2(predictors, outcome, folds, REGRESSORS[regressor])
            if not reason and np.isnan(r2):
                reason = "a fold leaves a predictor constant or collinear"
            rows.append(
                GeneralisationRow(
                    **contrast.identity,
                    predictors=name if regressor == "ols" else f"{regressor}({name})",
                    regressor=regressor,
                    split=split,
                    r2=r2,
                    n=len(outcome),
                    folds=len(np.unique(folds)),
                    reason=reason,
                )
            )
    return rows


def generalisation_table(
    scores: Scores,
    source: str = "en",
    splits: Sequence[str] = SPLITS,
    regressors: Sequence[str] = tuple(REGRESSORS),
    workers: int = 1,
) -> pd.DataFrame:
    """Return table 9: R² on held-out data of regressions on distance, by what is held out.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the language that distances are measured from.
    splits : sequence of str
        `rows` (five random folds of seeds x languages), `seeds` (one seed held out), `languages` and
        `genera` (one held out, on language means).
    regressors : sequence of str
        `ols` and `forest`.
    workers : int
        Processes to spread the forests over; the numbers do not depend on it.

    Returns
    -------
    pandas.DataFrame
        predictors : their set; least squares, or `forest(...)` for the random forest. r2 : see `held_out_r2`.
        n : rows of data. folds : how many times something is held out.
    """
    rows_of = partial(_contrast_rows, splits=splits, regressors=regressors)
    chosen = list(contrasts(scores, source))
    if workers > 1 and len(chosen) > 1:
        with ProcessPoolExecutor(workers, initializer=threadpool_limits, initargs=(1,)) as pool:
            blocks = list(pool.map(rows_of, chosen))
    else:
        blocks = [rows_of(contrast) for contrast in chosen]
    return table_of(GeneralisationRow, (row for block in blocks for row in block))
