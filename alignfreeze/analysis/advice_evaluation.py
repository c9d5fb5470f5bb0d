"""How good the advice is: predicted against seen gains, and what following it would have brought on other seeds.

Every number is for a language that the rule has not seen, and the regret also for seeds that it has not seen: it
learns from some seeds and is judged by the others, over every way of choosing them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from alignfreeze.analysis.advice_data import (
    FEATURE_SETS,
    Results,
    fit_pooled,
    held_out_estimates,
    pooled_problem,
    problem_of,
    why_refused,
)
from alignfreeze.analysis.advice_needs import LARGEST_SHARE, POS_LANGUAGES, STRATEGIES
from alignfreeze.analysis.cells import RESOLUTION_DIGITS
from alignfreeze.analysis.gain_rule import Estimate
from alignfreeze.analysis.names import BASELINE
from alignfreeze.analysis.rows import table_of
from alignfreeze.support.errors import InputError

ALL = "all"
OWN_RUNS = "own runs"
ORACLE = "oracle"
NEW_ENCODER_GAP = "new encoder, gap"
NEW_ENCODER_MEAN = "new encoder, mean"
POLICIES = (BASELINE, *STRATEGIES, *FEATURE_SETS, OWN_RUNS, ORACLE, NEW_ENCODER_GAP, NEW_ENCODER_MEAN)
# Of five seeds the rule learns from three.
TRAINING_SHARE = 0.6
UNKNOWN = float("nan")


class AdviceRow(NamedTuple):
    """A row of `advice_table`."""

    model: str
    task: str
    strategy: str
    features: str
    language: str
    gain: float = UNKNOWN
    low: float = UNKNOWN
    high: float = UNKNOWN
    seen: float = UNKNOWN
    n: int | None = None
    reason: str = ""


class RegretRow(NamedTuple):
    """A row of `regret_table`."""

    model: str
    task: str
    policy: str
    gain: float = UNKNOWN
    regret: float = UNKNOWN
    largest_regret: float = UNKNOWN
    largest_regret_language: str = ""
    coverage: float = UNKNOWN
    coverage_large_gap: float = UNKNOWN
    r2_full: float = UNKNOWN
    r2_front: float = UNKNOWN
    n_languages: int | None = None
    n_splits: int | None = None
    seeds_learnt_from: int | None = None
    seeds_judged_by: int | None = None
    reason: str = ""


def advice_table(results: Results) -> pd.DataFrame:
    """Return the advice for each language as if it had no results, beside the gain that was seen.

    Parameters
    ----------
    results : Results
        Baselines and gains.

    Returns
    -------
    pandas.DataFrame
        One row per model, task, strategy, set of features and language: gain, low, high : expected, with its 90 %
        interval, in points. seen : mean over all seeds. n : languages learnt from. reason : why there is none.
    """
    rows = []
    for model, task in results.cells():
        for strategy, features in itertools.product(STRATEGIES, FEATURE_SETS):
            identity = (model, task, strategy, features)
            problem = problem_of(results, model, task, strategy, features)
            if reason := why_refused(problem, features, results.others(model, task, features)):
                rows.append(AdviceRow(*identity, "", n=len(problem.languages), reason=reason))
                continue
            reason = ""
            if task == "udpos" and len(problem.languages) <= POS_LANGUAGES:
                reason = f"PoS tagging needs about {POS_LANGUAGES} languages to learn from"
            estimates = held_out_estimates(problem)
            for place, language in enumerate(problem.languages):
                gain, low, high, _, count = estimates.loc[language]
                seen = float(problem.gains[place])
                rows.append(AdviceRow(*identity, language, gain, low, high, seen, int(count), reason))
    return table_of(AdviceRow, rows)


class Split(NamedTuple):
    """Seeds that the rule learns from, and the others that it is judged by."""

    learnt: tuple[int, ...]
    judged: tuple[int, ...]


def splits_of(seeds: Sequence[int]) -> list[Split]:
    """Return every way to learn from three fifths of the seeds; none if there are fewer than two.

    Parameters
    ----------
    seeds : sequence of int
        Seeds that there are.

    Returns
    -------
    list of Split
        At least one seed is learnt from and one judged by.
    """
    if len(seeds) < 2:
        return []
    size = min(max(1, round(TRAINING_SHARE * len(seeds))), len(seeds) - 1)
    return [
        Split(chosen, tuple(seed for seed in seeds if seed not in chosen))
        for chosen in itertools.combinations(sorted(seeds), size)
    ]


def _outcomes(
    results: Results, model: str, task: str, split: Split, by_genus: bool, feature_sets: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield, for each policy and language, what following it would have brought on the seeds judged by."""
    known = results.of_seeds(split.learnt)
    seen = {strategy: results.of_seeds(split.judged).gain_means(model, task, strategy) for strategy in STRATEGIES}
    own = {strategy: known.gain_means(model, task, strategy) for strategy in STRATEGIES}
    languages = [name for name in own["full"].index if all(name in part for part in (*seen.values(), own["front"]))]
    truth = np.array([np.zeros(len(languages)), *(seen[strategy].loc[languages] for strategy in STRATEGIES)])
    variances = {}
    for language in languages:
        variance = known.seed_variance(model, task, without=[language])
        variances[language] = variance.of_new_seeds(len(split.learnt), len(split.judged))

    def outcome(policy: str, expected: np.ndarray, **more: np.ndarray) -> Iterator[dict[str, Any]]:
        """Take the strategy with the largest expected gain, `expected` being (2, languages)."""
        choices = np.argmax(np.vstack([np.zeros(len(languages)), expected]), axis=0)
        for place, language in enumerate(languages):
            yield {
                "policy": policy,
                "language": language,
                "gain": truth[choices[place], place],
                "regret": truth[:, place].max() - truth[choices[place], place],
            } | {name: values[place] for name, values in more.items()}

    for policy, constant in ((BASELINE, (-1.0, -1.0)), ("full", (1.0, 0.0)), ("front", (0.0, 1.0))):
        yield from outcome(policy, np.tile(np.array(constant)[:, None], len(languages)))
    yield from outcome(OWN_RUNS, np.array([own[strategy].loc[languages] for strategy in STRATEGIES]))
    yield from outcome(ORACLE, truth[1:])
    for features in feature_sets:
        estimates = {}
        for strategy in STRATEGIES:
            problem = problem_of(known, model, task, strategy, features, by_genus=by_genus)
            if not why_refused(problem, features, known.others(model, task, features)):
                estimates[strategy] = held_out_estimates(problem).reindex(languages)
        if len(estimates) < len(STRATEGIES):
            continue
        more = {}
        for strategy, frame in estimates.items():
            observed = seen[strategy].loc[languages].to_numpy()
            limits = np.array(
                [
                    Estimate(*row).widened(variances[language])[1:]
                    for language, row in zip(languages, frame[["gain", "low", "high"]].to_numpy(), strict=True)
                ]
            )
            covered = ((observed >= limits[:, 0]) & (observed <= limits[:, 1])).astype(float)
            more[f"covered_{strategy}"] = np.where(np.isfinite(limits).all(axis=1), covered, np.nan)
            more[f"error_{strategy}"] = (observed - frame["gain"].to_numpy()) ** 2
            if features == "B+":
                own_problem = problem_of(known, model, task, strategy, features)
                by_language = pd.Series(own_problem.features[:, 0], list(own_problem.languages))
                more["gap"] = by_language.reindex(languages).to_numpy()
            more[f"spread_{strategy}"] = (observed - frame["mean"].to_numpy()) ** 2
        yield from outcome(features, np.array([estimates[name]["gain"] for name in STRATEGIES]), **more)
    others = [name for name, own_task in known.cells() if own_task == task and name != model]
    if not others or "B+" not in feature_sets:
        return
    gaps = dict(zip(languages, problem_of(known, model, task, "full", "B+").features[:, 0], strict=True))
    expected = np.empty((2, len(STRATEGIES), len(languages)))
    for number, strategy in enumerate(STRATEGIES):
        problems = pooled_problem(known, task, strategy, others, [model, *others])
        for place, language in enumerate(languages):
            intercept, coefficient, mean = fit_pooled(problems, without=language)
            expected[:, number, place] = intercept + coefficient * gaps[language], mean
    yield from outcome(NEW_ENCODER_GAP, expected[0])
    yield from outcome(NEW_ENCODER_MEAN, expected[1])


def outcomes_table(
    results: Results, by_genus: bool = False, feature_sets: Sequence[str] = FEATURE_SETS
) -> pd.DataFrame:
    """Return what each policy would have brought to each language on seeds that it has not seen.

    Parameters
    ----------
    results : Results
        Baselines and gains.
    by_genus : bool
        Whether all languages of its genus are held out with a language.
    feature_sets : sequence of str
        Sets to learn from.

    Returns
    -------
    pandas.DataFrame
        One row per model, task, split of the seeds, policy and language: gain and regret (points, on the seeds
        judged by), and for the sets of features covered_, error_ and spread_ of each strategy: whether the interval
        held the gain, the squared error, and the squared difference from the mean of the gains learnt from.

    Raises
    ------
    InputError
        If no model and task has two seeds.
    """
    blocks = []
    for model, task in results.cells():
        for number, split in enumerate(splits_of(results.seeds(model, task))):
            block = pd.DataFrame(_outcomes(results, model, task, split, by_genus, feature_sets))
            sizes = {"seeds_learnt_from": len(split.learnt), "seeds_judged_by": len(split.judged)}
            blocks.append(block.assign(model=model, task=task, split=number, **sizes))
    if not blocks:
        raise InputError("advice: one seed; judging advice needs at least two, better five")
    return pd.concat(blocks, ignore_index=True)


def _r2(outcomes: pd.DataFrame, strategy: str) -> float:
    """Return R² of the expected gains about the mean of those learnt from; NaN where a policy expects nothing."""
    if f"error_{strategy}" not in outcomes:
        return UNKNOWN
    total = float(outcomes[f"spread_{strategy}"].sum(skipna=False))
    value = 1.0 - float(outcomes[f"error_{strategy}"].sum(skipna=False)) / total if total > 0 else UNKNOWN
    # The mean itself (set A) has R² 0, not a rounding error.
    return round(value, RESOLUTION_DIGITS) + 0.0


def _large_gap_coverage(outcomes: pd.DataFrame) -> float:
    """Coverage in the fifth of languages (rounded) with the largest gap on the seeds learnt from; NaN without gaps."""
    if "gap" not in outcomes or outcomes["gap"].isna().all():
        return UNKNOWN
    ranks = outcomes.groupby("split")["gap"].rank(method="first", ascending=False)
    sizes = outcomes.groupby("split")["gap"].transform("count")
    largest = outcomes[ranks <= (sizes / LARGEST_SHARE).round()]
    return float(largest[[f"covered_{strategy}" for strategy in STRATEGIES]].to_numpy(float).mean())


def _summary(model: str, task: str, policy: str, outcomes: pd.DataFrame) -> RegretRow:
    """Summarise the outcomes of one policy for one model and task."""
    regrets = outcomes.groupby("language")["regret"].mean()
    covered = outcomes.reindex(columns=[f"covered_{strategy}" for strategy in STRATEGIES]).to_numpy(float)
    return RegretRow(
        model,
        task,
        policy,
        gain=outcomes["gain"].mean(),
        regret=outcomes["regret"].mean(),
        largest_regret=regrets.max(),
        largest_regret_language=str(regrets.idxmax()),
        coverage=float(covered.mean()),
        coverage_large_gap=_large_gap_coverage(outcomes),
        r2_full=_r2(outcomes, "full"),
        r2_front=_r2(outcomes, "front"),
        n_languages=outcomes["language"].nunique(),
        n_splits=outcomes["split"].nunique(),
        seeds_learnt_from=int(outcomes["seeds_learnt_from"].iloc[0]),
        seeds_judged_by=int(outcomes["seeds_judged_by"].iloc[0]),
    )


def _overall(policy: str, cells: Sequence[RegretRow]) -> RegretRow:
    """Summarise a policy over its models and tasks, each counting alike."""
    if not cells:
        reason = "too few languages" if policy in ("A", "B") else "needs a second encoder on the same task"
        return RegretRow(ALL, ALL, policy, reason=reason)
    frame = table_of(RegretRow, cells)
    worst = cells[int(frame["largest_regret"].argmax())]
    return RegretRow(
        ALL,
        ALL,
        policy,
        gain=frame["gain"].mean(),
        regret=frame["regret"].mean(),
        largest_regret=worst.largest_regret,
        largest_regret_language=worst.largest_regret_language,
        coverage=frame["coverage"].mean(skipna=False),
        coverage_large_gap=frame["coverage_large_gap"].mean(skipna=False),
        n_languages=int(frame["n_languages"].max()),
        n_splits=int(frame["n_splits"].max()),
        seeds_learnt_from=int(frame["seeds_learnt_from"].max()),
        seeds_judged_by=int(frame["seeds_judged_by"].max()),
    )


def regret_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return what each policy brings over never realigning, and what it loses against the best choice.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        As `outcomes_table` returns them.

    Returns
    -------
    pandas.DataFrame
        One row per model, task and policy, and one per policy over all (`all`, each model and task counting alike).
        gain, regret : points on the seeds judged by, mean over languages and splits. largest_regret : of a language,
        mean over splits. coverage : share of 90 % intervals that held the gain; coverage_large_gap : of B+, in
        the fifth of languages with the largest gap. r2_full, r2_front : of predictions for held-out languages on the
        seeds judged by, about the mean of the gains learnt from.
    """
    rows = []
    for policy in POLICIES:
        own = outcomes[outcomes["policy"] == policy]
        cells = [
            _summary(model, task, policy, block) for (model, task), block in own.groupby(["model", "task"], sort=False)
        ]
        rows += [_overall(policy, cells), *cells]
    return table_of(RegretRow, rows)
