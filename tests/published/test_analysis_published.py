"""The published results, recomputed: every number of expected.json within its tolerance."""

import json

import pytest
from analysis_support import PUBLISHED, needs_published

from alignfreeze.analysis.correlations import correlations_table
from alignfreeze.analysis.generalisation import generalisation_table
from alignfreeze.analysis.published import published_files, published_scores
from alignfreeze.analysis.tables import best_worst_table, front_vs_full_table, main_table

pytestmark = needs_published

COUNTS = {"n_up": "n_up_paper", "n_down": "n_down_paper", "n_up_ddof1": "n_up", "n_down_ddof1": "n_down"}
ALIGNERS = {"dico": "dictionary"}


@pytest.fixture(scope="module")
def expected():
    return json.loads((PUBLISHED / "expected.json").read_text())


@pytest.fixture(scope="module")
def scores():
    return published_scores(published_files(PUBLISHED))


@pytest.fixture(scope="module")
def main(scores):
    return main_table(scores).set_index(["model", "task", "aligner", "strategy", "metric"]).sort_index()


def key_of(name, *rest):
    model, task, aligner, *others = name.split("/")
    return (model, task, ALIGNERS.get(aligner, aligner), *others, *rest)


def test_every_cell(main, expected):
    for name, cell in expected["cells"].items():
        row = main.loc[key_of(name)[:4] + (cell["metric"],)]
        for field in ("mean", "std", "delta", "delta_std", "english"):
            if field in cell:
                assert row[field] == pytest.approx(cell[field], abs=1e-6), (name, field)
        for field in ("n_languages", "n_seeds"):
            assert row[field] == cell[field], (name, field)
        for field, column in COUNTS.items():
            if field in cell:
                assert row[column] == cell[field], (name, field)


def test_best_and_worst_language(scores, expected):
    table = best_worst_table(scores).set_index(["model", "task", "aligner", "strategy", "side", "place"]).sort_index()
    checked = 0
    for name, cell in expected["cells"].items():
        if "best" not in cell or cell["metric"] == "em":
            continue
        for side in ("best", "worst"):
            row = table.loc[(*key_of(name)[:4], side, 1)]
            assert row["language"] == cell[side], (name, side)
            assert row["delta"] == pytest.approx(cell[f"{side}_delta"], abs=1e-6)
            checked += 1
    assert checked > 100


def test_seven_more_languages(main, expected):
    front, full = (main.loc[("xlmr", "udpos", "dictionary", strategy, "accuracy")] for strategy in ("front", "full"))
    assert front["n_up_paper"] - full["n_up_paper"] == 7
    assert list(expected["claims"].values()) == [{"dico": 7}]


def test_front_minus_full(scores, expected):
    table = front_vs_full_table(scores).set_index(["model", "task", "aligner"])
    assert len(table) == 18
    for name, cell in expected["front_minus_full"].items():
        row = table.loc[key_of(name)]
        assert row["delta"] == pytest.approx(cell["delta"], abs=1e-6)
        assert row["delta_std"] == pytest.approx(cell["delta_std"], abs=1e-6)
        assert row["n_languages_better"] == cell["n_languages_front_better"]


def test_every_correlation(scores, expected):
    table = correlations_table(scores).set_index(["model", "task", "contrast", "predictor"])["rho"]
    for name, rho in expected["spearman"].items():
        assert table[tuple(name.split("/"))] == pytest.approx(rho, abs=1e-4), name


def test_every_language_split(scores, expected):
    table = generalisation_table(scores, splits=["languages"], regressors=["ols"])
    table = table.set_index(["model", "task", "contrast", "predictors"])["r2"]
    for name, r2 in expected["lolo_r2_ols"].items():
        assert table[tuple(name.split("/"))] == pytest.approx(r2, abs=1e-3), name
