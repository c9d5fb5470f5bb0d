"""Advice for a language without results: no realignment, full or front, and the expected gain of each.

What was learnt from results is kept in one JSON file: fits and residuals, not scores. The one from the paper's
published results comes with the package, so that advice needs no download, no PyTorch and no results of one's own.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alignfreeze.analysis.advice_needs import (
    LARGEST_SHARE,
    MINIMUM_FOR_INTERVAL,
    MINIMUM_LANGUAGES,
    POS_LANGUAGES,
    STRATEGIES,
)
from alignfreeze.analysis.gain_rule import Estimate, Fits, Rule, SeedVariance, decide
from alignfreeze.analysis.names import BASELINE, main_metric, ordered, title
from alignfreeze.data.table import decimal_numbers, place, read_text_table
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError, quoted

if TYPE_CHECKING:
    from alignfreeze.analysis.advice_data import Results

PACKAGED_FIT = Path(__file__).with_name("advice_fit.json")
NEW_ENCODER = "gap, other encoders"
NEW_ENCODER_MEAN = "mean, other encoders"
SEEDS = 5  # that a user is assumed to run
DIGITS = 8  # significant, in the file
# An interval must become shorter by this share for a measurement to be worth naming.
WORTH = 0.05
FEATURES_SAY = {
    "A": "nothing known of the language: the mean of the others",
    "B": "its own baseline and its distance to the source language",
    "B+": "its gap: the best baseline of all encoders minus its own",
    "C": "its realigned scores under other encoders",
    NEW_ENCODER: "its gap, by the runs of other encoders",
    NEW_ENCODER_MEAN: "the mean gain of other encoders",
}


class RuleKey(NamedTuple):
    """What a rule is for: `others` are the other encoders whose scores must be known, joined by spaces."""

    model: str
    task: str
    strategy: str
    features: str
    others: str


class HeldOut(NamedTuple):
    """Advice for a language of the results as if it had none, and the gain that was seen, in points."""

    gain: float
    low: float
    high: float
    seen: float


class PooledFit(NamedTuple):
    """Gain by gap over the rows of all encoders, for an encoder without results; points."""

    intercept: float
    coefficient: float
    mean: float


@dataclass(frozen=True)
class AdviceFit:
    """What was learnt from results.

    Attributes
    ----------
    provenance : dict
        Where the results come from and how the fit was made.
    source : str
        Code of the source language.
    languages : dict
        By "model task": the languages learnt from.
    component : dict
        means, deviations and weights of the first component of the six distances.
    rules : dict
        By `RuleKey`.
    held_out : dict
        By (model, task, strategy, features): by language.
    seeds : dict
        By (model, task): number of seeds and what they do to gains.
    pooled : dict
        By (task, strategy).
    """

    provenance: dict[str, Any]
    source: str
    languages: dict[tuple[str, str], list[str]]
    component: dict[str, list[float]]
    rules: dict[RuleKey, Rule]
    held_out: dict[tuple[str, str, str, str], dict[str, HeldOut]]
    seeds: dict[tuple[str, str], tuple[int, SeedVariance]]
    pooled: dict[tuple[str, str], PooledFit]

    @property
    def models(self) -> list[str]:
        """The encoders learnt from."""
        return ordered("model", (model for model, _ in self.languages))

    @property
    def tasks(self) -> list[str]:
        """The tasks learnt from."""
        return ordered("task", (task for _, task in self.languages))

    def width(self, model: str, task: str, features: str) -> float:
        """Return the mean width of the intervals of languages held out, in points; NaN where there are none.

        Parameters
        ----------
        model, task : str
            A cell of the results.
        features : str
            A set of features, such as `A` or `B+`.

        Returns
        -------
        float
        """
        widths = [
            one.high - one.low
            for strategy in STRATEGIES
            for one in self.held_out.get((model, task, strategy, features), {}).values()
        ]
        return float(np.mean(widths)) if widths else float("nan")

    def coverage(self, features: str) -> tuple[float, float]:
        """Return the share of intervals that held the seen gain, languages held out and the same seeds.

        Parameters
        ----------
        features : str
            A set of features, such as `A` or `B+`.

        Returns
        -------
        everywhere : float
            0 to 1, over all models, tasks, strategies and languages; NaN where there are no intervals.
        largest : float
            The same over the fifth of the languages of each with the largest gains.
        """
        everywhere: list[bool] = []
        largest: list[bool] = []
        for (*_, own), rows in self.held_out.items():
            known = sorted((one for one in rows.values() if np.isfinite(one.low)), key=lambda one: -one.seen)
            if own == features and known:
                covered = [one.low <= one.seen <= one.high for one in known]
                everywhere += covered
                largest += covered[: -(-len(known) // LARGEST_SHARE)]
        all_of_them, of_largest = (float(np.mean(part)) if part else float("nan") for part in (everywhere, largest))
        return all_of_them, of_largest

    def mean_gains(self, model: str, task: str, features: str) -> dict[str, float]:
        """Return the mean gain over the languages of the results of each strategy, and of following the advice.

        Each language is held out when it is advised; the seeds are the same.

        Parameters
        ----------
        model, task : str
            A cell of the results.
        features : str
            A set of features, such as `A` or `B+`.

        Returns
        -------
        dict from str to float
            `full`, `front` and `advice`, in points; empty if no language was held out.
        """
        rows = [self.held_out.get((model, task, strategy, features), {}) for strategy in STRATEGIES]
        languages = [language for language in rows[0] if language in rows[1]]
        if not languages:
            return {}
        seen = np.array([[0.0] * len(languages), *([one[name].seen for name in languages] for one in rows)])
        expected = np.array([[0.0] * len(languages), *([one[name].gain for name in languages] for one in rows)])
        followed = seen[expected.argmax(axis=0), np.arange(len(languages))]
        means = (*seen[1:].mean(axis=1), followed.mean())
        return dict(zip((*STRATEGIES, "advice"), (float(mean) for mean in means), strict=True))


def fit_advice(results: Results, provenance: Mapping[str, Any]) -> AdviceFit:
    """Learn from results all that advice needs.

    Parameters
    ----------
    results : Results
        Baselines and gains, as `alignfreeze.analysis.advice_data.read_results` arranges them.
    provenance : mapping
        Where the results come from; copied into the fit.

    Returns
    -------
    AdviceFit

    Raises
    ------
    InputError
        If there are too few languages for any rule.
    """
    from alignfreeze.analysis import advice_data

    rules, held_out, languages, seeds, pooled = {}, {}, {}, {}, {}
    for model, task in results.cells():
        languages[model, task] = list(results.gain_means(model, task, "full").index)
        seeds[model, task] = (len(results.seeds(model, task)), results.seed_variance(model, task))
        for strategy, features in itertools.product(STRATEGIES, advice_data.FEATURE_SETS):
            everyone = results.others(model, task, features)
            subsets = [
                list(some) for size in range(1, len(everyone) + 1) for some in itertools.combinations(everyone, size)
            ]
            for others in subsets or [[]]:
                problem = advice_data.problem_of(results, model, task, strategy, features, others)
                if advice_data.why_refused(problem, features, others):
                    continue
                rules[RuleKey(model, task, strategy, features, " ".join(others))] = problem.rule()
                if others == everyone:
                    estimates = advice_data.held_out_estimates(problem)[["gain", "low", "high"]].to_numpy()
                    held_out[model, task, strategy, features] = {
                        language: HeldOut(*(float(value) for value in (*estimate, seen)))
                        for language, estimate, seen in zip(problem.languages, estimates, problem.gains, strict=True)
                    }
    if not rules:
        raise InputError(
            f"advice: too few languages; at least {MINIMUM_LANGUAGES + 1} with a baseline and both "
            "strategies are needed for a model and task"
        )
    for task, strategy in itertools.product(results.tasks, STRATEGIES):
        models = [model for model, own in results.cells() if own == task]
        if len(models) > 1:
            problems = advice_data.pooled_problem(results, task, strategy, models, models)
            pooled[task, strategy] = PooledFit(*advice_data.fit_pooled(problems))
    component = {name: values.tolist() for name, values in asdict(results.component).items()}
    return AdviceFit(dict(provenance), results.source, languages, component, rules, held_out, seeds, pooled)


def _plain(values: Any) -> Any:
    """Turn arrays into lists of numbers with few digits; NaN becomes null."""
    if isinstance(values, np.ndarray):
        return [_plain(value) for value in values]
    if isinstance(values, tuple | list):
        return [_plain(value) for value in values]
    if isinstance(values, float | np.floating):
        return float(f"{values:.{DIGITS}g}") if np.isfinite(values) else None
    return values


def write_fit(fit: AdviceFit, path: str | Path) -> None:
    """Write a fit as JSON, one rule a line, atomically.

    Parameters
    ----------
    fit : AdviceFit
    path : str or Path
        The file; `read_fit` reads it.
    """
    parts: dict[str, list[Any]] = {
        "languages": [[*key, *codes] for key, codes in fit.languages.items()],
        "rules": [
            [
                *key,
                _plain(rule.intercept),
                _plain(rule.coefficients),
                _plain(rule.refits.intercepts),
                _plain(rule.refits.coefficients),
                _plain(rule.residuals),
            ]
            for key, rule in fit.rules.items()
        ],
        "held_out": [
            [*key, {language: _plain(one) for language, one in rows.items()}] for key, rows in fit.held_out.items()
        ],
        "seeds": [[*key, count, _plain(variance)] for key, (count, variance) in fit.seeds.items()],
        "pooled": [[*key, *_plain(one)] for key, one in fit.pooled.items()],
    }
    lines = [f'"provenance": {json.dumps(fit.provenance, indent=1, ensure_ascii=False)}']
    lines += [f'"source": {json.dumps(fit.source)}', f'"component": {json.dumps(fit.component)}']
    for name, rows in parts.items():
        lines.append(f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]")
    with atomic_file(path) as temporary:
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def read_fit(path: str | Path = PACKAGED_FIT) -> AdviceFit:
    """Read a fit; by default the one that comes with the package.

    Parameters
    ----------
    path : str or Path
        A file that `write_fit` wrote.

    Returns
    -------
    AdviceFit
        Numbers have eight significant digits.

    Raises
    ------
    InputError
        If the file is missing or no such fit.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        rules = {}
        for *key, intercept, coefficients, intercepts, refits, residuals in data["rules"]:
            count = len(coefficients)
            rules[RuleKey(*key)] = Rule(
                float(intercept),
                np.array(coefficients, dtype=float),
                Fits(np.array(intercepts, dtype=float), np.array(refits, dtype=float).reshape(len(intercepts), count)),
                np.array(residuals, dtype=float),
            )
        return AdviceFit(
            data["provenance"],
            data["source"],
            {(model, task): codes for model, task, *codes in data["languages"]},
            data["component"],
            rules,
            {
                (model, task, strategy, features): {
                    language: HeldOut(*map(_number, one)) for language, one in rows.items()
                }
                for model, task, strategy, features, rows in data["held_out"]
            },
            {
                (model, task): (count, SeedVariance(*map(_number, variance)))
                for model, task, count, variance in data["seeds"]
            },
            {(task, strategy): PooledFit(*map(_number, one)) for task, strategy, *one in data["pooled"]},
        )
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a fit that `alignfreeze fit-advice` wrote") from None
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(
            f"{path}: not a fit of advice ({quoted(error)}); make it with `alignfreeze fit-advice`"
        ) from None


@dataclass(frozen=True)
class Measured:
    """What the user knows of the language on the task, in per cent.

    Attributes
    ----------
    baselines : dict
        By encoder: fine-tuned on the source language, no realignment.
    realigned : dict
        By (encoder, strategy).
    """

    baselines: dict[str, float] = field(default_factory=dict)
    realigned: dict[tuple[str, str], float] = field(default_factory=dict)


def read_measured(path: str | Path, task: str, language: str) -> Measured:
    """Read what the user measured in a language on a task from a CSV file.

    Parameters
    ----------
    path : str or Path
        Columns model, task, language, value (0..1); optional: strategy (baseline by default), metric, and the other
        columns of the long table of scores. Several rows of an encoder and strategy are averaged.
    task, language : str
        The rows that are read.

    Returns
    -------
    Measured
        In per cent.

    Raises
    ------
    InputError
        If a column is missing, a value is no number between 0 and 1, or no row is about the task and language.
    """
    table = read_text_table(path)
    missing = [name for name in ("model", "task", "language", "value") if name not in table.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; needed are model, task, language and value (0..1)")
    values = decimal_numbers(table, "value", str(path))
    wrong = ~values.between(0.0, 1.0)
    if wrong.any():
        raise InputError(f"{place(str(path), table, wrong)}: value is not between 0 and 1; scores are fractions")
    rows = table.assign(value=100.0 * values)
    rows = rows[(rows["task"] == task) & (rows["language"] == language)]
    if "strategy" not in rows:
        rows = rows.assign(strategy=BASELINE)
    if "metric" in rows and not rows.empty:
        rows = rows[rows["metric"] == main_metric(rows["metric"])]
    if rows.empty:
        raise InputError(f"{path}: no score of task {task} in {language}; add one, or leave --scores out")
    means = rows.groupby(["model", "strategy"])["value"].mean()
    return Measured(
        {model: value for (model, strategy), value in means.items() if strategy == BASELINE},
        {key: value for key, value in means.items() if key[1] in STRATEGIES},
    )


@dataclass(frozen=True)
class Advice:
    """What to do for a language.

    Attributes
    ----------
    model, task, language : str
        What was asked.
    decision : str
        `baseline`, `full` or `front`.
    features : str
        What of the language was used; a key of `FEATURES_SAY`.
    estimates : dict
        By strategy: expected gain and interval for the seeds of the results, in points.
    new_seeds : dict
        The same for a mean over `seeds` new seeds.
    seeds : int
        Number of new seeds.
    seen : dict
        By strategy: the gain that was measured, if the language is one of the results.
    rests_on : str
        Where the advice comes from.
    next_measurement : str
        What one cheap measurement would tell most.
    notes : list of str
        Limits, the most important first.
    """

    model: str
    task: str
    language: str
    decision: str
    features: str
    estimates: dict[str, Estimate]
    new_seeds: dict[str, Estimate]
    seeds: int
    seen: dict[str, float]
    rests_on: str
    next_measurement: str
    notes: list[str]


def advise(
    fit: AdviceFit,
    model: str,
    task: str,
    language: str,
    measured: Measured | None = None,
    features: str | None = None,
    seeds: int = SEEDS,
) -> Advice:
    """Advise for a language.

    Parameters
    ----------
    fit : AdviceFit
        What was learnt; see `read_fit`.
    model, task : str
        A task of the results. An encoder that is not in them gets advice from the others', without an interval.
    language : str
        Code of the language. One of the results is treated as if it had none, and what was seen is told.
    measured : Measured, optional
        What is known of the language.
    features : str, optional
        `A`, `B`, `B+` or `C`; by default whatever uses most of what is known.
    seeds : int
        Number of new seeds that the user will run.

    Returns
    -------
    Advice

    Raises
    ------
    InputError
        If the task is unknown, the language is the source language, or what `features` needs is not known.
    """
    measured = measured or Measured()
    if task not in fit.tasks:
        raise InputError(f"advice: no results on task {task}; known are {', '.join(fit.tasks)}")
    if language == fit.source:
        raise InputError(f"advice: {language} is the source language; advice is for target languages")
    if features is not None and features not in ("A", "B", "B+", "C"):
        raise InputError(f"advice: no set of features {features!r}; known are A, B, B+ and C")
    if (model, task) not in fit.languages:
        return _for_new_encoder(fit, model, task, language, measured, features, seeds)
    if language in fit.languages[model, task]:
        return _for_known_language(fit, model, task, language, features, seeds)
    notes: list[str] = []
    chosen, others, values = _most_known(fit, model, task, language, measured, features, notes)
    estimates = {
        strategy: fit.rules[RuleKey(model, task, strategy, chosen, others)].estimate(
            values[strategy], measured.baselines.get(model, float("nan"))
        )
        for strategy in STRATEGIES
    }
    return _advice(fit, model, task, language, chosen, estimates, seeds, notes=notes)


def _candidates(
    fit: AdviceFit, model: str, task: str, language: str, measured: Measured, notes: list[str], wanted: str | None
) -> dict[str, tuple[str, dict[str, np.ndarray]]]:
    """Return for each set of features that is known: the other encoders it uses and the features by strategy."""
    own = measured.baselines.get(model)
    known: dict[str, tuple[str, dict[str, np.ndarray]]] = {"A": ("", dict.fromkeys(STRATEGIES, np.empty(0)))}
    if own is None:
        return known
    others = [name for name in fit.models if name != model and name in measured.baselines]
    if others:
        gap = max(measured.baselines[name] for name in [model, *others]) - own
        known["B+"] = (" ".join(others), dict.fromkeys(STRATEGIES, np.array([gap])))
    complete = [name for name in fit.models if name != model]
    complete = [name for name in complete if all((name, strategy) in measured.realigned for strategy in STRATEGIES)]
    if complete:
        known["C"] = (
            " ".join(complete),
            {
                strategy: np.array([np.mean([measured.realigned[name, strategy] for name in complete]) - own])
                for strategy in STRATEGIES
            },
        )
    # Distances are looked up only where nothing better is known.
    if wanted == "B" or len(known) == 1:
        component = _component(fit, language)
        if np.isfinite(component):
            known["B"] = ("", dict.fromkeys(STRATEGIES, np.array([own, component])))
        else:
            notes.append(f"URIEL has no distances of {language}: its baseline alone is not used.")
    return {
        name: (joined, values)
        for name, (joined, values) in known.items()
        if all(RuleKey(model, task, strategy, name, joined) in fit.rules for strategy in STRATEGIES)
    }


def _component(fit: AdviceFit, language: str) -> float:
    """Return the first component of a language's distances; NaN where URIEL does not know it."""
    from alignfreeze.analysis.advice_data import Component
    from alignfreeze.languages.registry import is_known
    from alignfreeze.languages.uriel import uriel_distances

    if not is_known(language):
        return float("nan")
    component = Component(**{name: np.array(values) for name, values in fit.component.items()})
    return float(component.of(uriel_distances(fit.source, [language])).iloc[0])


def _most_known(
    fit: AdviceFit,
    model: str,
    task: str,
    language: str,
    measured: Measured,
    wanted: str | None,
    notes: list[str],
) -> tuple[str, str, dict[str, np.ndarray]]:
    candidates = _candidates(fit, model, task, language, measured, notes, wanted)
    if not candidates or (wanted is not None and wanted not in candidates):
        needs = {
            "B": f"the baseline of {model} in {language}, and a language that URIEL knows",
            "B+": f"baselines of {model} and of another of {', '.join(fit.models)} in {language}",
            "C": f"the baseline of {model} and full and front scores of another of {', '.join(fit.models)}",
        }
        raise InputError(
            f"advice: {wanted or 'A'} for {model} on {task} needs {needs.get(wanted or '', 'more languages')}"
        )
    chosen = wanted or next(name for name in ("C", "B+", "B", "A") if name in candidates)
    return (chosen, *candidates[chosen])


def _for_known_language(fit: AdviceFit, model: str, task: str, language: str, wanted: str | None, seeds: int) -> Advice:
    """Return what would have been advised without this language's results, and decide by what was seen."""
    rows = {
        name: {strategy: fit.held_out[model, task, strategy, name][language] for strategy in STRATEGIES}
        for name in ("C", "B+", "B", "A")
        if all(language in fit.held_out.get((model, task, strategy, name), {}) for strategy in STRATEGIES)
    }
    if not rows or (wanted is not None and wanted not in rows):
        raise InputError(f"advice: no {wanted or ''} estimate of {language} for {model} on {task} in these results")
    chosen = wanted or next(iter(rows))
    estimates = {strategy: Estimate(*one[:3]) for strategy, one in rows[chosen].items()}
    seen = {strategy: one.seen for strategy, one in rows[chosen].items()}
    return _advice(fit, model, task, language, chosen, estimates, seeds, seen=seen)


def _for_new_encoder(
    fit: AdviceFit,
    model: str,
    task: str,
    language: str,
    measured: Measured,
    wanted: str | None,
    seeds: int,
) -> Advice:
    for known in fit.models:
        if known != model and model.casefold() in (known.casefold(), title(known).casefold()):
            raise InputError(f"advice: no encoder {model!r} in the results; did you mean {known}?")
    if wanted in ("B", "C"):
        raise InputError(f"advice: no results of {model} on {task}; only A and B+ can be had from other encoders")
    if any((task, strategy) not in fit.pooled for strategy in STRATEGIES):
        raise InputError(f"advice: no results of {model}; advice from others needs two encoders on {task}")
    own = measured.baselines.get(model)
    others = [name for name in fit.models if name in measured.baselines and name != model]
    if wanted == "B+" and (own is None or not others):
        raise InputError(f"advice: B+ needs baselines of {model} and of one of {', '.join(fit.models)} in {language}")
    by_gap = own is not None and bool(others) and wanted != "A"
    estimates = {}
    for strategy in STRATEGIES:
        pooled = fit.pooled[task, strategy]
        gain = pooled.mean
        if by_gap and own is not None:
            gap = max(own, *(measured.baselines[name] for name in others)) - own
            gain = pooled.intercept + pooled.coefficient * gap
        estimates[strategy] = Estimate(gain, float("nan"), float("nan"))
    learnt_from = sum(own_task == task for _, own_task in fit.languages)
    notes = [
        f"{model} is not in the results: no interval is shown, because the error for an unseen encoder is far larger "
        f"than for an unseen language and {learnt_from} encoders are too few to measure it."
    ]
    chosen = NEW_ENCODER if by_gap else NEW_ENCODER_MEAN
    return _advice(fit, model, task, language, chosen, estimates, seeds, notes=notes)


def _advice(
    fit: AdviceFit,
    model: str,
    task: str,
    language: str,
    features: str,
    estimates: dict[str, Estimate],
    seeds: int,
    seen: dict[str, float] | None = None,
    notes: Sequence[str] = (),
) -> Advice:
    """Put advice together: widen for new seeds, decide, and say what it rests on."""
    known = (model, task) in fit.languages
    new_seeds = {}
    if known:
        count, variance = fit.seeds[model, task]
        new_seeds = {name: one.widened(variance.of_new_seeds(count, seeds)) for name, one in estimates.items()}
    expected = seen or {strategy: one.gain for strategy, one in estimates.items()}
    every = {code for codes in fit.languages.values() for code in codes}
    others = len(fit.languages[model, task]) - bool(seen) if known else 0
    rests = (
        f"{FEATURES_SAY[features]}; {model} on {task} in {others} other languages, {fit.seeds[model, task][0]} seeds"
        if known
        else FEATURES_SAY[features]
    )
    limits = [
        f"{len(every)} languages, {len(fit.models)} encoder{'s' * (len(fit.models) > 1)}, "
        f"{fit.provenance.get('labs', 'one lab')}: a new language is assumed to be like these, and to be among those "
        "realigned on.",
        "Most of this is known from the model and the task; the language adds little"
        f"{_shown_by(fit, model, task, features)}.",
        *_coverage_says(fit, features, estimates),
        *notes,
    ]
    if known and task == "udpos" and others < POS_LANGUAGES:
        limits.append(f"PoS tagging needs about {POS_LANGUAGES} languages to learn from; here are {others}.")
    if known and np.isnan([one.low for one in estimates.values()]).any():
        limits.append(f"No interval: it needs {MINIMUM_FOR_INTERVAL} languages to learn from; here are {others}.")
    return Advice(
        model,
        task,
        language,
        decide(expected),
        features,
        estimates,
        new_seeds,
        seeds,
        seen or {},
        rests,
        _next_measurement(fit, model, task, language, features, bool(seen)),
        limits,
    )


def _coverage_says(fit: AdviceFit, features: str, estimates: dict[str, Estimate]) -> list[str]:
    """Say how often such intervals held, and that they hold less often where gains are large."""
    if np.isnan([one.low for one in estimates.values()]).any():
        return []
    everywhere, largest = fit.coverage(features)
    if np.isnan(everywhere):
        return []
    return [
        f"Intervals held {100 * everywhere:.0f} of 100 gains of held-out languages (same seeds), "
        f"{100 * largest:.0f} of 100 in the fifth of languages with the largest gains."
    ]


def _shown_by(fit: AdviceFit, model: str, task: str, features: str) -> str:
    """Say what following the advice would have brought the languages of the results, beside one choice for all."""
    gains = fit.mean_gains(model, task, features)
    if not gains:
        return ""
    parts = ", ".join(f"always {strategy} {_signed(gains[strategy])}" for strategy in STRATEGIES)
    return f": over the languages of the results, {parts}, advice for each held out {_signed(gains['advice'])} points"


def _next_measurement(fit: AdviceFit, model: str, task: str, language: str, features: str, is_known: bool) -> str:
    """Say which baseline would shorten the interval most, by the languages of the results."""
    if is_known:
        return "none: the gain was measured."
    if features in (NEW_ENCODER, NEW_ENCODER_MEAN):
        first = "" if features == NEW_ENCODER else f"the baselines of {model} and {', '.join(fit.models)} first; then "
        return f"{first}one realignment of {model} with full and front, in a few languages that have test data."
    order = ["A", "B", "B+", "C"]
    now = fit.width(model, task, features)
    later = {
        name: fit.width(model, task, name)
        for name in order[order.index(features) + 1 :]
        if fit.width(model, task, name) < (1 - WORTH) * now
    }
    cheap = {name: width for name, width in later.items() if name != "C"}
    others = ", ".join(name for name in fit.models if name != model)
    from alignfreeze.languages.registry import facts_of

    source = facts_of(fit.source).name
    costs = {
        "B": f"the baseline of {model} in {language} (fine-tuned on {source}, not realigned)",
        "B+": f"baselines in {language} of {model} and {others} (fine-tuned on {source}, not realigned)",
        "C": f"full and front scores of {others} in {language}",
    }
    if not later:
        return f"none: in these results nothing but realigning {model} itself tells more about a language."
    best = min(cheap or later, key=lambda name: later[name])
    prefix = "" if cheap else "no baseline tells more; "
    return f"{prefix}{costs[best]}: intervals become {later[best]:.1f} points wide on average, from {now:.1f}."


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _limits(estimate: Estimate) -> str:
    if np.isnan(estimate.low):
        return "no interval"
    return f"[{_signed(estimate.low)}, {_signed(estimate.high)}]"


def advice_text(advice: Advice) -> str:
    """Write advice as plain text.

    Parameters
    ----------
    advice : Advice
        As `advise` returns it.

    Returns
    -------
    str
        Several lines.
    """
    what = {BASELINE: "no realignment", "full": "full realignment", "front": "front (lower half frozen)"}
    lines = [f"{title(advice.model)}, {title(advice.task)}, {advice.language}: {what[advice.decision]}", ""]
    heading = "As if it had no results, expected" if advice.seen else "Expected"
    lines.append(f"{heading} gain over no realignment, points, with 90 % interval:")
    for strategy, estimate in advice.estimates.items():
        line = f"  {strategy:5} {_signed(estimate.gain)} {_limits(estimate)}"
        if strategy in advice.new_seeds and np.isfinite(advice.new_seeds[strategy].low):
            line += f"; for {advice.seeds} new seeds {_limits(advice.new_seeds[strategy])}"
        if strategy in advice.seen:
            line += f"; measured {_signed(advice.seen[strategy])}"
        lines.append(line)
    lines += ["", f"Rests on: {advice.rests_on}.", f"A cheap measurement that tells most: {advice.next_measurement}"]
    lines += ["Limits:", *(f"- {note}" for note in advice.notes)]
    return "\n".join(lines)
