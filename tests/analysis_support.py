"""Scores made in memory for the tests of the analysis, and the published ones where they are at hand."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alignfreeze.analysis.scores import COLUMNS

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "published-results"
LANGUAGES = ("de", "es", "ru", "el", "ar", "hi", "tr", "fi", "zh", "ja", "ko", "vi", "th", "ta")

needs_published = pytest.mark.skipif(
    not (PUBLISHED / "expected.json").is_file(), reason=f"no published results in {PUBLISHED}"
)


def make_scores(
    languages=LANGUAGES,
    seeds=(31, 42, 66),
    strategies=("full", "front", "back"),
    aligners=("awesome",),
    model="small",
    task="udpos",
    metric="accuracy",
    effect=0.02,
    seed=0,
):
    """Scores with a language effect, a seed effect and noise; English is the source language."""
    generator = np.random.default_rng(seed)
    level = {language: generator.uniform(0.4, 0.8) for language in languages} | {"en": 0.9}
    gain = {language: generator.normal(effect, 0.02) for language in languages} | {"en": 0.0}
    shift = {number: generator.normal(0, 0.005) for number in seeds}
    runs = [("baseline", "none", "none"), *((s, a, "all") for s, a in itertools.product(strategies, aligners))]
    rows = []
    for (strategy, aligner, pairs), number, language in itertools.product(runs, seeds, ("en", *languages)):
        value = level[language] + shift[number] + generator.normal(0, 0.003)
        if strategy != "baseline":
            value += gain[language] * {"full": 1.0, "front": 0.6}.get(strategy, 0.3)
        rows.append(
            ("demo", model, task, strategy, aligner, pairs, number, language, metric, min(max(value, 0.0), 1.0), 100)
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))
