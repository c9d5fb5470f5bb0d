"""Expected gain of a language that was not realigned, learnt from others: a penalised fit and a jackknife+ interval.

Numbers alone, so that advice needs neither PyTorch nor SciPy. The interval is jackknife+ (Barber, Candès, Ramdas
and Tibshirani 2021, Annals of Statistics 49(1)) with residuals in units of what the baseline leaves to gain.
All gains and scores are in points of per cent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from alignfreeze.analysis.advice_needs import MINIMUM_FOR_INTERVAL
from alignfreeze.analysis.names import BASELINE
from alignfreeze.support.errors import InputError

# Fixed, not tuned: a share of each feature's own sum of squares.
PENALTY = 0.1
NORMAL_QUANTILE = 1.645  # of a two-sided interval of 90 %
# A standard deviation below this, in the unit of the feature, is rounding.
CONSTANT = 1e-9


class Fits(NamedTuple):
    """Several penalised fits: gain = intercept + coefficients · features.

    Attributes
    ----------
    intercepts : numpy.ndarray
        (fits,) in points.
    coefficients : numpy.ndarray
        (fits, features) in points per unit of the feature.
    """

    intercepts: np.ndarray
    coefficients: np.ndarray


def fit_without(features: np.ndarray, gains: np.ndarray, held_out: np.ndarray) -> Fits:
    """Fit gains on features once for each row of `held_out`, without the languages that it marks.

    β = (S + 0.1 · diag S)⁻¹ c with S the centred cross products of the features and c those with the gains; 0 for a
    feature that does not vary.

    Parameters
    ----------
    features : numpy.ndarray
        (languages, features).
    gains : numpy.ndarray
        (languages,) in points.
    held_out : numpy.ndarray
        (fits, languages) bool; at least one language of each row is kept.

    Returns
    -------
    Fits
        One fit for each row of `held_out`.
    """
    weights = (~held_out).astype(float)  # (fits, languages)
    counts = weights.sum(axis=1, keepdims=True)
    mean_features, mean_gains = weights @ features / counts, weights @ gains / counts[:, 0]
    centred = (features[None] - mean_features[:, None]) * weights[..., None]  # (fits, languages, features)
    products = np.einsum("fnk,fnl->fkl", centred, centred)
    cross = np.einsum("fnk,fn->fk", centred, gains[None] - mean_gains[:, None])
    squares = np.einsum("fkk->fk", products)
    constant = np.sqrt(squares / counts) < CONSTANT
    cross[constant] = 0.0
    penalised = products + np.einsum("fk,kl->fkl", PENALTY * squares, np.eye(features.shape[1]))
    penalised[constant[:, :, None] | constant[:, None, :]] = 0.0
    penalised += np.einsum("fk,kl->fkl", constant.astype(float), np.eye(features.shape[1]))
    coefficients = np.linalg.solve(penalised, cross[..., None])[..., 0]
    return Fits(mean_gains - np.einsum("fk,fk->f", coefficients, mean_features), coefficients)


class Estimate(NamedTuple):
    """Expected gain of a language and its 90 % interval, in points; NaN limits where there is no interval."""

    gain: float
    low: float
    high: float

    def widened(self, variance: float) -> Estimate:
        """Widen the interval about its middle for a variance that it does not contain, such as that of new seeds.

        Parameters
        ----------
        variance : float
            In points squared.

        Returns
        -------
        Estimate
            With the same expected gain.
        """
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        half = math.sqrt(half**2 + NORMAL_QUANTILE**2 * variance)
        return Estimate(self.gain, middle - half, middle + half)


@dataclass(frozen=True)
class Rule:
    """What was learnt from n languages: the fit to all of them, and one refit without each (or without its genus).

    Attributes
    ----------
    intercept, coefficients : float, numpy.ndarray
        The fit to all n languages; (features,).
    refits : Fits
        The fit without each language.
    residuals : numpy.ndarray
        (n,) seen minus predicted gain of each language by the fit without it, divided by 100 − baseline where
        there are features, in points where there are none.
    """

    intercept: float
    coefficients: np.ndarray
    refits: Fits
    residuals: np.ndarray

    @property
    def is_scaled(self) -> bool:
        """Whether residuals are shares of 100 − baseline; in set A no baseline is known."""
        return len(self.coefficients) > 0

    def estimate(self, features: np.ndarray, baseline: float = float("nan")) -> Estimate:
        """Return expected gain and 90 % jackknife+ interval of a language, for the seeds that were learnt from.

        Parameters
        ----------
        features : numpy.ndarray
            (features,) of the language.
        baseline : float
            Its baseline in per cent; not used in set A.

        Returns
        -------
        Estimate
            In points; NaN limits if fewer than nine languages were learnt from.
        """
        count = len(self.residuals)
        gain = float(self.intercept + self.coefficients @ features)
        if count < MINIMUM_FOR_INTERVAL:
            return Estimate(gain, float("nan"), float("nan"))
        centres = self.refits.intercepts + self.refits.coefficients @ features
        margins = np.abs(self.residuals) * (100.0 - baseline if self.is_scaled else 1.0)
        # Ranks in tenths, so that no rounding of 0.1 or 0.9 can shift them.
        low, high = (count + 1) // 10, -(-9 * (count + 1) // 10)
        return Estimate(gain, float(np.sort(centres - margins)[low - 1]), float(np.sort(centres + margins)[high - 1]))


def fit_rule(features: np.ndarray, gains: np.ndarray, baselines: np.ndarray, folds: np.ndarray) -> Rule:
    """Learn a rule from languages.

    Parameters
    ----------
    features : numpy.ndarray
        (languages, features).
    gains, baselines : numpy.ndarray
        (languages,) in points and per cent.
    folds : numpy.ndarray
        (languages,) what is left out together in the refits: a number for each language, or for each genus.

    Returns
    -------
    Rule
        See there.

    Raises
    ------
    InputError
        If all languages are in one fold.
    """
    same = folds[:, None] == folds[None, :]
    if same.all():
        raise InputError("advice: one fold holds all languages; it needs at least two")
    everything = fit_without(features, gains, np.zeros((1, len(gains)), dtype=bool))
    refits = fit_without(features, gains, same)
    residuals = gains - refits.intercepts - np.einsum("nk,nk->n", refits.coefficients, features)
    if features.shape[1]:
        residuals = residuals / (100.0 - baselines)
    return Rule(float(everything.intercepts[0]), everything.coefficients[0], refits, residuals)


class SeedVariance(NamedTuple):
    """What seeds do to gains, in points squared, both averaged over full and front.

    Attributes
    ----------
    common : float
        Variance over seeds of the mean gain over languages.
    rest : float
        Mean variance over seeds within a language after that mean is removed.
    """

    common: float
    rest: float

    def of_new_seeds(self, seen: int, new: int) -> float:
        """Return the variance that a mean over `new` seeds adds to what was learnt from `seen` seeds.

        Parameters
        ----------
        seen : int
            Number of seeds that were learnt from.
        new : int
            Number of seeds of the mean that is predicted.

        Returns
        -------
        float
            In points squared.
        """
        return self.common * (1 / seen + 1 / new) + max(0.0, self.rest * (1 / new - 1 / seen))


def seed_variance(gains: Sequence[np.ndarray]) -> SeedVariance:
    """Measure what seeds do to gains.

    Parameters
    ----------
    gains : sequence of numpy.ndarray
        (seeds, languages) in points, one for each strategy.

    Returns
    -------
    SeedVariance
        NaN for a single seed.
    """
    if any(len(matrix) < 2 for matrix in gains):
        return SeedVariance(float("nan"), float("nan"))
    common = [matrix.mean(axis=1) for matrix in gains]
    rest = [(matrix - mean[:, None]).var(axis=0, ddof=1).mean() for matrix, mean in zip(gains, common, strict=True)]
    return SeedVariance(float(np.mean([mean.var(ddof=1) for mean in common])), float(np.mean(rest)))


def decide(gains: dict[str, float]) -> str:
    """Return the strategy with the largest expected gain, the baseline (no realignment) if none is above 0.

    Parameters
    ----------
    gains : dict from str to float
        Expected gain of each strategy with realignment, in points.

    Returns
    -------
    str
        Name of the strategy.
    """
    best = max(gains, key=lambda strategy: gains[strategy])
    return best if gains[best] > 0 else BASELINE
