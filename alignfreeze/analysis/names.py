"""Names of models, tasks, aligners, strategies, metrics and predictors: their order, and how they are written.

The order is the same in every table and figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

BASELINE = "baseline"
"""Strategy of a run that is fine-tuned without realignment."""
IN_LANGUAGE = "in_language"
"""Strategy of a run that is fine-tuned in the evaluated language itself, without realignment: an upper bound."""
NONE = "none"
"""Aligner and realignment languages of a run without realignment; aligner of one that compares sentences."""


class Filtered(NamedTuple):
    """What a quality filter leaves of the bitext of a language set: pairs at or above a percentile of the scores."""

    languages: str
    percentile: float

    @property
    def name(self) -> str:
        """Name in the column of realignment languages, and of folders."""
        return f"{self.languages}_percentile_{self.percentile:.12g}"


MODELS = ("distilmbert", "mbert", "xlmr")
TASKS = ("udpos", "wikiann", "xnli", "xquad")
ALIGNERS = (NONE, "fastalign", "awesome", "dictionary")
FROZEN = ("full", "front", "back")
NOT_BEFORE = ("during", "after", "before_during")
"""What the names of strategies begin with that do not realign before fine-tuning alone."""
STRATEGIES = (BASELINE, *FROZEN, *(f"{schedule}_{name}" for schedule in NOT_BEFORE for name in FROZEN), IN_LANGUAGE)
# The first metric that a task has is the one that its tables and figures are about.
METRICS = ("f1", "accuracy", "em")
# Reported beside the main metric in the table of cells; others (precision, recall) stay in the scores.
SECOND_METRICS = ("em",)

KNOWN = {"model": MODELS, "task": TASKS, "aligner": ALIGNERS, "strategy": STRATEGIES, "metric": METRICS}

TITLES = {
    "distilmbert": "DistilmBERT",
    "mbert": "mBERT",
    "xlmr": "XLM-R",
    "udpos": "PoS tagging",
    "wikiann": "NER",
    "xnli": "NLI",
    "xquad": "QA",
    "fastalign": "FastAlign",
    "awesome": "AWESOME-align",
    "dictionary": "dictionary",
    NONE: "no aligner",
    BASELINE: "fine-tuning only",
    IN_LANGUAGE: "in-language fine-tuning",
    **{name: name for name in FROZEN},
    **{f"during_{name}": f"during, {name}" for name in FROZEN},
    **{f"after_{name}": f"after, {name}" for name in FROZEN},
    **{f"before_during_{name}": f"before and during, {name}" for name in FROZEN},
    "em": "exact match",
    "f1": "F1",
    "accuracy": "accuracy",
}


def is_before(strategy: str) -> bool:
    """Whether a strategy realigns before fine-tuning alone.

    Parameters
    ----------
    strategy : str
        Its name, which tells it.

    Returns
    -------
    bool
    """
    return not strategy.startswith(tuple(f"{schedule}_" for schedule in NOT_BEFORE))


def rank(kind: str, name: str) -> tuple[int, str]:
    """Return a sort key: known names in the order above, then the others by name.

    Parameters
    ----------
    kind : str
        `model`, `task`, `aligner`, `strategy` or `metric`; names of any other kind are sorted as text.
    name : str

    Returns
    -------
    tuple of int and str
    """
    known = KNOWN.get(kind, ())
    return (known.index(name) if name in known else len(known), name)


def ordered(kind: str, names: Iterable[str]) -> list[str]:
    """Return the distinct names of a kind (`model`, `task`, ...) in display order.

    Parameters
    ----------
    kind : str
        See `rank`.
    names : iterable of str
        In any order, with repetitions.

    Returns
    -------
    list of str
    """
    return sorted(set(names), key=lambda name: rank(kind, name))


_labels: dict[str, str] = {}


def use_labels(labels: Mapping[str, str]) -> None:
    """Write names as the configuration has them, for the whole process, as a job does.

    Parameters
    ----------
    labels : mapping from str to str
        Name of a model, a task or a strategy -> how it is written; an empty mapping takes the last one back.
    """
    _labels.clear()
    _labels.update(labels)


def title(name: str) -> str:
    """Return how a name is written in tables and figures: the user's label, ours, or the name itself.

    Parameters
    ----------
    name : str
        A model, task, aligner, strategy or metric.

    Returns
    -------
    str
    """
    return _labels.get(name) or TITLES.get(name, name)


def main_metric(metrics: Iterable[str]) -> str:
    """Return the metric that a task's tables and figures are about.

    Parameters
    ----------
    metrics : iterable of str
        Names of metrics that a task has, at least one.

    Returns
    -------
    str
        The first of `METRICS` that there is.
    """
    return ordered("metric", metrics)[0]


CONTRAST_TITLES = {
    "full-base": "Δ full",
    "front-base": "Δ front",
    "front-full": "front − full",
}
# Predictors, their sets and the terms of a regression; none is called by the name of a strategy.
PREDICTOR_TITLES = {
    "baseline": "baseline score",
    "baseline_other_seeds": "baseline score, other seeds",
    "nonlatin": "non-Latin script",
    "syntactic": "syntactic distance",
    "phonological": "phonological distance",
    "inventory": "inventory distance",
    "genetic": "genetic distance",
    "geographic": "geographic distance",
    "featural": "featural distance",
    "distance_component": "distance component",
    "intercept": "intercept",
    "component": "distance component, script, baseline score",
    "distances": "all distances, script",
    "distances+baseline": "all distances, script, baseline score",
    "full effect": "Δ of full realignment",
}


def contrast_title(name: str) -> str:
    """Return how a contrast is written.

    Parameters
    ----------
    name : str
        A key of `CONTRASTS`; any other name is returned as it stands.

    Returns
    -------
    str
    """
    return CONTRAST_TITLES.get(name, name)


def predictors_title(name: str) -> str:
    """Return how a predictor or a set of predictors is written; a forest says so.

    Parameters
    ----------
    name : str
        A predictor, a set of predictors or `forest(SET)`; any other name is returned as it stands.

    Returns
    -------
    str
    """
    if name.startswith("forest("):
        return f"{PREDICTOR_TITLES.get(name[7:-1], name[7:-1])} (random forest)"
    return PREDICTOR_TITLES.get(name, name)
