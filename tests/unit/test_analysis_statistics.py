import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from analysis_support import make_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from alignfreeze.analysis.correlations import correlations_table, mean_spearman
from alignfreeze.analysis.generalisation import generalisation_table, held_out_r2, predict_linear
from alignfreeze.analysis.intervals import adjusted, paired_p, two_way_interval, welch_interval, welch_p
from alignfreeze.analysis.regression import first_component, least_squares, mixed_model, regression_table
from alignfreeze.languages.uriel import DISTANCES, language_table

CORRELATION_COLUMNS = ["model", "task", "contrast", "predictor", "rho", "p", "p_holm", "n"]
GENERALISATION_COLUMNS = ["model", "task", "contrast", "predictors", "split", "r2", "n"]


def differences(generator, seeds, languages, by_seed, by_language, noise, effect=1.5):
    values = effect + by_seed * generator.normal(size=(seeds, 1)) + by_language * generator.normal(size=(1, languages))
    return values + noise * generator.normal(size=(seeds, languages))


# --- intervals


def test_interval_is_seeded_and_contains_the_mean():
    values = differences(np.random.default_rng(0), 5, 34, 0.5, 2, 1)
    interval = two_way_interval(values)
    assert interval == two_way_interval(values)
    assert interval != two_way_interval(values, seed=1)
    assert interval.low < values.mean() < interval.high


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_interval_ignores_order_of_seeds_and_languages(random):
    values = differences(np.random.default_rng(0), 5, 8, 0.5, 2, 1)
    rows, columns = list(range(5)), list(range(8))
    random.shuffle(rows)
    random.shuffle(columns)
    np.testing.assert_allclose(two_way_interval(values[rows][:, columns]), two_way_interval(values), rtol=1e-9)


@given(st.floats(-50, 50), st.floats(0.1, 10))
def test_interval_moves_and_scales_with_the_data(shift, scale):
    values = differences(np.random.default_rng(0), 4, 6, 0.5, 2, 1)
    low, high = two_way_interval(values)
    moved = two_way_interval(scale * values + shift)
    np.testing.assert_allclose(moved, (scale * low + shift, scale * high + shift), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (0, 0), (1, 1)])
def test_interval_needs_two_of_both(shape):
    assert all(np.isnan(two_way_interval(np.ones(shape))))


def test_interval_with_a_gap_is_missing_and_a_constant_has_no_width():
    values = np.ones((3, 4))
    assert two_way_interval(values) == (1.0, 1.0)
    values[0, 0] = np.nan
    assert all(np.isnan(two_way_interval(values)))


def test_seeds_and_languages_both_widen_the_interval():
    generator = np.random.default_rng(0)
    narrow, by_seed, by_language = (
        np.ptp(two_way_interval(differences(generator, 5, 34, *spread, 0.1))) for spread in ((0, 0), (2, 0), (0, 9))
    )
    assert by_seed > 10 * narrow
    assert by_language > 10 * narrow


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seeds", "languages", "by_seed", "by_language", "noise", "lowest"),
    [
        (5, 34, 0.3, 2.0, 1.0, 0.93),
        (5, 34, 1.0, 0.0, 1.0, 0.91),
        (5, 34, 0.0, 0.0, 1.0, 0.93),
        (5, 11, 0.5, 2.0, 1.0, 0.93),
        (5, 34, 1.0, 6.0, 1.0, 0.93),
        (3, 14, 1.0, 1.0, 1.0, 0.89),
        (3, 14, 0.3, 2.0, 1.0, 0.92),
    ],
)
def test_interval_covers_as_often_as_it_claims(seeds, languages, by_seed, by_language, noise, lowest):
    generator = np.random.default_rng(1)
    simulations = 3000
    covered = 0
    for simulation in range(simulations):
        values = differences(generator, seeds, languages, by_seed, by_language, noise)
        low, high = two_way_interval(values, draws=2000, seed=simulation)
        covered += low <= 1.5 <= high
    print(f"{seeds} seeds, {languages} languages, sd {by_seed}/{by_language}/{noise}: {covered / simulations:.3f}")
    assert lowest <= covered / simulations <= 0.985


def test_welch_against_scipy():
    left, right = np.array([1.0, 2.0, 4.0]), np.array([3.0, 3.5, 5.0, 6.0])
    reference = stats.ttest_ind(left, right, equal_var=False)
    limits = reference.confidence_interval(0.95)
    np.testing.assert_allclose(welch_interval(left, right), (limits.low, limits.high))
    assert welch_p(left, right) == pytest.approx(reference.pvalue)
    assert np.isnan(welch_p(left[:1], right))
    assert np.isnan(welch_p(np.ones(3), np.ones(3)))


def test_paired_p_and_adjustment():
    assert paired_p(np.array([1.0, 1.2, 0.9])) == pytest.approx(stats.ttest_1samp([1.0, 1.2, 0.9], 0).pvalue)
    assert np.isnan(paired_p(np.array([1.0])))
    assert np.isnan(paired_p(np.array([1.0, 1.0])))
    np.testing.assert_allclose(adjusted(np.array([0.01, np.nan, 0.04]), "holm"), [0.02, np.nan, 0.04])
    assert np.isnan(adjusted(np.array([np.nan]), "fdr_bh")).all()


# --- correlations


def test_spearman_and_its_permutation_p():
    generator = np.random.default_rng(0)
    x = generator.normal(size=20)
    y = x + generator.normal(size=20)
    result = mean_spearman([x], [y])
    reference = stats.spearmanr(x, y)
    assert result.rho == pytest.approx(reference.statistic)
    assert result.p == pytest.approx(reference.pvalue, rel=0.3, abs=2e-4)
    assert mean_spearman([x], [generator.normal(size=20)]).p > 0.05


def test_exact_p_of_few_languages():
    x = np.arange(5.0)
    # 2 of 120 orders give |rho| = 1.
    assert mean_spearman([x], [x]).p == pytest.approx(2 / 120, abs=0.004)


def test_correlations_table_columns_and_order_of_rows():
    scores = make_scores()
    table = correlations_table(scores)
    assert list(table)[:8] == CORRELATION_COLUMNS
    assert list(dict.fromkeys(table["contrast"])) == ["full-base", "front-base", "front-full"]
    pd.testing.assert_frame_equal(table, correlations_table(scores.sample(frac=1, random_state=0)))
    seeds = dict(zip((31, 42, 66), (66, 31, 42), strict=True))
    pd.testing.assert_frame_equal(table, correlations_table(scores.assign(seed=scores["seed"].map(seeds))))


def test_other_seeds_remove_regression_to_the_mean():
    """Pure noise in the baseline correlates with the difference to it, unless other seeds measure the baseline."""
    generator = np.random.default_rng(0)
    naive, honest = [], []
    for repetition in range(6):
        scores = make_scores(seeds=(1, 2, 3, 4), strategies=("full",), seed=repetition)
        scores["value"] = np.clip(0.5 + generator.normal(0, 0.05, len(scores)), 0, 1)
        rho = correlations_table(scores).set_index("predictor")["rho"]
        naive.append(rho["baseline"])
        honest.append(rho["baseline_other_seeds"])
    assert np.mean(naive) < -0.4
    assert abs(np.mean(honest)) < 0.25


def test_degenerate_correlations_say_why():
    few = correlations_table(make_scores(languages=("de", "ta", "th")))
    assert few[["rho", "p", "p_holm"]].isna().all().all()
    assert few["reason"].str.contains("3 languages").all()
    latin = correlations_table(make_scores(languages=("de", "es", "fi", "vi", "tr"))).set_index("predictor")
    assert (latin.loc["nonlatin", "reason"] == "constant: predictor").all()
    assert latin.loc["syntactic", "rho"].notna().all()
    one = correlations_table(make_scores(seeds=(31,))).set_index("predictor")
    assert one.loc["baseline_other_seeds", "rho"].isna().all()
    assert one.loc["baseline_other_seeds", "reason"].str.contains("one seed").all()
    scores = make_scores()
    gap = correlations_table(scores[~((scores["language"] == "ta") & (scores["strategy"] == "front"))])
    front = gap[gap["contrast"] == "front-base"]
    assert front["rho"].isna().all()
    assert front["reason"].str.contains("ta").all()
    assert gap.loc[gap["contrast"] == "full-base", "rho"].notna().all()


def test_constant_contrast_is_stated():
    scores = make_scores(strategies=("full",))
    scores["value"] = 0.5
    scores.loc[scores["strategy"] == "full", "value"] = 0.6
    table = correlations_table(scores)
    assert table["rho"].isna().all()
    assert table["reason"].str.contains("constant").all()


# --- regression


def test_least_squares_against_a_known_slope():
    generator = np.random.default_rng(0)
    predictors = pd.DataFrame(generator.normal(size=(200, 2)), columns=["a", "b"])
    outcome = 1.0 + 2.0 * predictors["a"] - 0.5 * predictors["b"] + generator.normal(0, 0.3, 200)
    fit = least_squares(outcome, predictors)
    np.testing.assert_allclose(fit["coefficient"], [1.0, 2.0, -0.5], atol=0.1)
    assert (fit["low"] < fit["coefficient"]).all()
    assert fit.loc["a", "vif"] == pytest.approx(1.0, abs=0.05)
    without = [
        np.linalg.lstsq(np.column_stack([np.ones(199), predictors.drop(index=i)]), outcome.drop(index=i), rcond=None)[0]
        for i in range(200)
    ]
    np.testing.assert_allclose(fit["loo_low"], np.min(without, axis=0), atol=1e-10)
    np.testing.assert_allclose(fit["loo_high"], np.max(without, axis=0), atol=1e-10)


def test_mixed_model_agrees_with_least_squares_on_balanced_data():
    generator = np.random.default_rng(0)
    languages = [f"l{number}" for number in range(40)]
    predictors = pd.DataFrame({"a": generator.normal(size=40)}, index=languages)
    truth = 1.0 + 2.0 * predictors["a"].to_numpy() + generator.normal(0, 1.0, 40)
    rows = pd.DataFrame(truth + generator.normal(0, 0.5, (4, 40)), columns=languages)
    fixed, reason = mixed_model(rows, predictors)
    assert reason == ""
    np.testing.assert_allclose(fixed["mixed"], least_squares(rows.mean(), predictors)["coefficient"], rtol=1e-4)


def test_singular_mixed_model_is_missing_with_a_reason():
    generator = np.random.default_rng(0)
    languages = [f"l{number}" for number in range(20)]
    rows = pd.DataFrame(generator.normal(size=(4, 20)), columns=languages)
    rows = rows - rows.mean() + 1.0
    fixed, reason = mixed_model(rows, pd.DataFrame({"a": generator.normal(size=20)}, index=languages))
    assert fixed.isna().all().all()
    assert reason.startswith("mixed model: ")


def test_first_component_follows_distance():
    table = language_table("en").set_index("language")
    component, share = first_component(table)
    assert 0.3 < share < 1
    assert component["ja"] > component["de"]
    assert np.corrcoef(component, table["syntactic"])[0, 1] > 0.5


def test_regression_table_and_its_degenerate_cases():
    table = regression_table(make_scores())
    assert not table.duplicated(["model", "task", "contrast", "predictors", "term"]).any()
    assert "featural" not in set(table["term"])
    component = table[table["predictors"] == "component"]
    assert component["coefficient"].notna().all()
    assert component.loc[component["term"] != "intercept", ["vif", "p_holm", "loo_low"]].notna().all().all()
    few = regression_table(make_scores(languages=("de", "ta", "th", "ru")))
    assert few["coefficient"].isna().all()
    assert few["reason"].str.contains("4 languages, at least").all()
    latin = regression_table(make_scores(languages=("de", "es", "fi", "vi", "tr", "fr", "it", "pl", "pt", "ro", "sv")))
    assert latin["reason"].str.contains("constant: nonlatin").all()
    one = regression_table(make_scores(seeds=(31,)))
    assert one["mixed"].isna().all()
    assert one["reason"].str.contains("one seed").all()


# --- generalisation


def test_held_out_r2_by_hand():
    outcome = np.array([1.0, 2.0, 4.0])
    predictors = np.array([[1.0], [2.0], [3.0]])
    # Lines through the two other points: 0, 2.5 and 3.
    errors = (1 - 0) ** 2 + (2 - 2.5) ** 2 + (4 - 3) ** 2
    total = (1 - 3) ** 2 + (2 - 2.5) ** 2 + (4 - 1.5) ** 2
    r2 = held_out_r2(predictors, outcome, np.arange(3), predict_linear)
    assert r2 == pytest.approx(1 - errors / total)
    assert held_out_r2(predictors, 2 * predictors.ravel() + 1, np.arange(3), predict_linear) == pytest.approx(1.0)


def test_undetermined_fit_is_missing():
    predictors = np.array([[0.0], [0.0], [1.0]])
    assert np.isnan(held_out_r2(predictors, np.array([1.0, 2.0, 3.0]), np.arange(3), predict_linear))


def test_generalisation_table():
    scores = make_scores()
    table = generalisation_table(scores, splits=["rows", "seeds"])
    assert list(table)[:7] == GENERALISATION_COLUMNS
    assert not table.duplicated(GENERALISATION_COLUMNS[:5]).any()
    assert (table["r2"].dropna() <= 1).all()
    assert set(table["regressor"]) == {"ols", "forest"}
    seeds = dict(zip((31, 42, 66), (66, 31, 42), strict=True))
    shuffled = scores.sample(frac=1, random_state=0).assign(seed=lambda frame: frame["seed"].map(seeds))
    linear = generalisation_table(scores, regressors=["ols"])
    assert set(linear["split"]) == {"rows", "seeds", "languages", "genera"}
    pd.testing.assert_frame_equal(linear, generalisation_table(shuffled, regressors=["ols"]))


def test_workers_change_nothing():
    scores = pd.concat([make_scores(task=task) for task in ("udpos", "wikiann")])
    alone, together = (generalisation_table(scores, splits=["seeds"], workers=workers) for workers in (1, 2))
    pd.testing.assert_frame_equal(alone, together)


def test_degenerate_generalisation_says_why():
    few = generalisation_table(make_scores(languages=("de", "ta", "th")))
    assert few["r2"].isna().all()
    assert few["reason"].str.contains("3 languages").all()
    one = generalisation_table(make_scores(seeds=(31,)), regressors=["ols"]).set_index("split")
    assert one.loc["seeds", "r2"].isna().all()
    assert (one.loc["seeds", "reason"] == "one seed").all()
    assert one.loc["languages", "r2"].notna().any()
    germanic = generalisation_table(
        make_scores(languages=("af", "da", "de", "no", "sv")), regressors=["ols"], splits=["genera"]
    ).set_index("predictors")
    assert germanic.loc["syntactic", "reason"].str.contains("one fold").all()


# --- the whole path


def test_no_torch_on_the_analysis_path():
    code = (
        "import sys, pkgutil, importlib, alignfreeze.analysis as package, alignfreeze.analysis.published\n"
        "for module in pkgutil.iter_modules(package.__path__):\n"
        "    importlib.import_module(f'alignfreeze.analysis.{module.name}')\n"
        "heavy = {'torch', 'transformers', 'datasets', 'tokenizers'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_predictors_of_any_source_language():
    scores = make_scores()
    english = correlations_table(scores).set_index(["contrast", "predictor"])["rho"]
    japanese = correlations_table(scores[scores["language"] != "en"], source="ja").set_index(["contrast", "predictor"])
    assert english["full-base", "syntactic"] != japanese.loc[("full-base", "syntactic"), "rho"]
    assert set(japanese["n"]) == {13}
    assert set(DISTANCES) <= set(japanese.index.get_level_values("predictor"))
