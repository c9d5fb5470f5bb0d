"""Advice: fits and intervals against slow and obvious ones, decisions, refusals, and what may not change a number."""

import math

import numpy as np
import pandas as pd
import pytest
from analysis_support import LANGUAGES, make_scores
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from alignfreeze.analysis.advice_data import (
    FEATURE_SETS,
    features_of,
    first_component,
    held_out_estimates,
    join_scores,
    problem_of,
    read_results,
)
from alignfreeze.analysis.advice_evaluation import advice_table, outcomes_table, regret_table, splits_of
from alignfreeze.analysis.advice_figure import draw_advice
from alignfreeze.analysis.advice_needs import what_is_missing
from alignfreeze.analysis.gain_rule import Estimate, SeedVariance, decide, fit_rule, fit_without, seed_variance
from alignfreeze.analysis.latex import latex_table
from alignfreeze.languages.uriel import DISTANCES, uriel_distances
from alignfreeze.support.errors import InputError


def random_problem(seed, languages, features):
    generator = np.random.default_rng(seed)
    values = generator.normal(5, 3, (languages, features))
    gains = values.sum(axis=1) + generator.normal(0, 2, languages)
    return values, gains, generator.uniform(30, 90, languages)


def slow_fit(values, gains):
    """The formula of the issue, one number after the other."""
    count, features = values.shape
    means = [sum(values[:, column]) / count for column in range(features)]
    mean = sum(gains) / count
    products, cross = np.zeros((features, features)), np.zeros(features)
    for row, gain in zip(values, gains, strict=True):
        for i in range(features):
            cross[i] += (row[i] - means[i]) * (gain - mean)
            for j in range(features):
                products[i, j] += (row[i] - means[i]) * (row[j] - means[j])
    for i in range(features):
        products[i, i] *= 1.1
    slopes = np.linalg.inv(products) @ cross if features else np.zeros(0)
    return mean - sum(slopes[i] * means[i] for i in range(features)), slopes


def slow_interval(values, gains, baselines, folds, new, baseline):
    lows, highs = [], []
    for i in range(len(gains)):
        kept = [j for j in range(len(gains)) if folds[j] != folds[i]]
        intercept, slopes = slow_fit(values[kept], gains[kept])
        residual = abs(gains[i] - intercept - slopes @ values[i])
        margin = residual / (100 - baselines[i]) * (100 - baseline) if values.shape[1] else residual
        lows.append(intercept + slopes @ new - margin)
        highs.append(intercept + slopes @ new + margin)
    places = len(gains) + 1
    return sorted(lows)[math.floor(places / 10) - 1], sorted(highs)[math.ceil(9 * places / 10) - 1]


@pytest.mark.parametrize("features", [0, 1, 2])
def test_fits_equal_the_formula(features):
    values, gains, _ = random_problem(features, 12, features)
    held_out = np.eye(12, dtype=bool)
    fits = fit_without(values, gains, held_out)
    for row, intercept, coefficients in zip(held_out, *fits, strict=True):
        expected = slow_fit(values[~row], gains[~row])
        assert intercept == pytest.approx(expected[0], abs=1e-9)
        assert coefficients == pytest.approx(expected[1], abs=1e-9)


@pytest.mark.parametrize("features", [0, 1, 2])
@pytest.mark.parametrize("languages", [9, 14, 19, 20, 33])
@pytest.mark.parametrize("by_fold", [False, True])
def test_intervals_equal_the_formula(features, languages, by_fold):
    values, gains, baselines = random_problem(7 + languages, languages, features)
    folds = np.arange(languages) // 2 if by_fold else np.arange(languages)
    new = np.full(features, 4.0)
    rule = fit_rule(values, gains, baselines, folds)
    assert rule.estimate(new, 55.0)[1:] == pytest.approx(slow_interval(values, gains, baselines, folds, new, 55.0))


def test_a_feature_that_does_not_vary_has_no_slope():
    values, gains, _ = random_problem(1, 10, 2)
    values[:, 1] = 0.1 + 0.2
    fit = fit_without(values, gains, np.zeros((1, 10), dtype=bool))
    alone = fit_without(values[:, :1], gains, np.zeros((1, 10), dtype=bool))
    assert fit.coefficients[0, 1] == 0
    assert fit.coefficients[0, 0] == pytest.approx(alone.coefficients[0, 0])
    assert fit.intercepts == pytest.approx(alone.intercepts)


def test_eight_languages_give_a_gain_without_an_interval():
    values, gains, baselines = random_problem(2, 9, 1)
    assert np.isfinite(fit_rule(values, gains, baselines, np.arange(9)).estimate(values[0], 50.0)).all()
    estimate = fit_rule(values[:8], gains[:8], baselines[:8], np.arange(8)).estimate(values[0], 50.0)
    assert np.isfinite(estimate.gain)
    assert np.isnan([estimate.low, estimate.high]).all()


@given(st.integers(0, 1000), st.floats(-10, 10), st.floats(0.01, 100))
def test_units_of_a_feature_do_not_matter(seed, shift, scale):
    values, gains, baselines = random_problem(seed, 12, 2)
    rule = fit_rule(values, gains, baselines, np.arange(12))
    other = fit_rule(values * scale + shift, gains, baselines, np.arange(12))
    new = np.array([3.0, 8.0])
    assert other.estimate(new * scale + shift, 40.0) == pytest.approx(rule.estimate(new, 40.0), rel=1e-6, abs=1e-6)


def test_one_fold_is_refused():
    values, gains, baselines = random_problem(0, 10, 1)
    with pytest.raises(InputError, match="two"):
        fit_rule(values, gains, baselines, np.zeros(10))


def test_jackknife_covers():
    generator = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        values = generator.normal(0, 1, (21, 1))
        gains = 2 * values[:, 0] + generator.normal(0, 1, 21)
        rule = fit_rule(values[:20], gains[:20], np.full(20, 50.0), np.arange(20))
        _, low, high = rule.estimate(values[20], 50.0)
        covered.append(low <= gains[20] <= high)
    assert 0.86 < np.mean(covered) < 0.97


def test_seed_variance_separates_what_seeds_share():
    common = np.array([-1.0, 0.0, 1.0])
    matrix = np.tile(common[:, None], (1, 5)) + np.arange(5)
    variance = seed_variance([matrix, matrix])
    assert variance == pytest.approx((1.0, 0.0))
    assert variance.of_new_seeds(3, 2) == pytest.approx(1 / 3 + 1 / 2)
    assert SeedVariance(0.0, 6.0).of_new_seeds(3, 2) == pytest.approx(1.0)
    assert SeedVariance(0.0, 6.0).of_new_seeds(3, 5) == 0
    assert all(np.isnan(seed_variance([matrix[:1], matrix])))


def test_widening_keeps_the_middle():
    assert Estimate(3.0, 1.0, 7.0).widened(16 / 1.645**2) == pytest.approx((3.0, -1.0, 9.0))
    assert Estimate(3.0, 1.0, 7.0).widened(0.0) == (3.0, 1.0, 7.0)


def test_decision():
    assert decide({"full": 1.0, "front": 2.0}) == "front"
    assert decide({"full": 1.0, "front": 1.0}) == "full"
    assert decide({"full": -1.0, "front": 0.0}) == "baseline"


def test_component_is_the_first_of_scikit_learn():
    distances = uriel_distances("en", LANGUAGES)
    ours = first_component(distances).of(distances).to_numpy()
    theirs = PCA(1, svd_solver="full").fit_transform(StandardScaler().fit_transform(distances.to_numpy()))[:, 0]
    assert abs(ours @ theirs) == pytest.approx((theirs**2).sum())
    assert np.abs(ours) == pytest.approx(np.abs(theirs), abs=1e-9)
    assert first_component(distances).weights.sum() > 0
    gap = distances.copy()
    gap.loc["ta", DISTANCES[0]] = np.nan
    assert first_component(gap).of(gap).isna().to_dict()["ta"]


def two_models(**options):
    """Scores of two encoders whose gains agree by language, so that the one can be learnt from the other."""
    frames = [make_scores(model=name, seed=3, **options) for name in ("small", "large")]
    frames[1] = frames[1].assign(value=frames[1]["value"] * 0.9)
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def results():
    return read_results(two_models())


def test_gap_and_realigned_scores_are_what_they_say(results):
    small, large = (results.baseline_means(name, "udpos") for name in ("small", "large"))
    gap = features_of(results, "large", "udpos", "full", "B+")["gap"]
    assert gap.to_dict() == pytest.approx((np.maximum(small, large) - large).to_dict())
    elsewhere = features_of(results, "large", "udpos", "full", "C").iloc[:, 0]
    realigned = small + results.gain_means("small", "udpos", "full")
    assert elsewhere.to_dict() == pytest.approx((realigned - large).to_dict())


def test_a_held_out_language_does_not_touch_its_own_prediction(results):
    scores = two_models()
    mine = (scores["language"] == "ta") & (scores["strategy"] != "baseline") & (scores["model"] == "small")
    changed = read_results(scores.assign(value=scores["value"].where(~mine, 0.99)))
    for features in ("A", "B", "B+"):
        before, after = (
            held_out_estimates(problem_of(one, "small", "udpos", "full", features)) for one in (results, changed)
        )
        assert tuple(after.loc["ta"]) == pytest.approx(tuple(before.loc["ta"]))
        assert after.loc["de", "gain"] != pytest.approx(before.loc["de", "gain"])


def test_order_of_rows_does_not_matter(results):
    shuffled = read_results(two_models().sample(frac=1.0, random_state=4))
    pd.testing.assert_frame_equal(advice_table(results), advice_table(shuffled))


def test_genus_holds_out_relatives():
    languages = (*LANGUAGES, "fr", "it", "pt")
    results = read_results(make_scores(languages=languages))
    by_genus = held_out_estimates(problem_of(results, "small", "udpos", "full", "A", by_genus=True))
    by_language = held_out_estimates(problem_of(results, "small", "udpos", "full", "A"))
    romance = ["es", "fr", "it", "pt"]
    assert set(by_genus.loc[romance, "n"]) == {len(languages) - 4}
    assert set(by_language["n"]) == {len(languages) - 1}
    gains = results.gain_means("small", "udpos", "full")
    assert by_genus.loc["fr", "gain"] == pytest.approx(gains.drop(romance).mean())


def test_one_model_has_no_second_encoder():
    results = read_results(make_scores())
    table = advice_table(results)
    refused = table[table["language"] == ""]
    assert set(refused["features"]) == {"B+", "C"}
    assert refused["reason"].str.contains("second encoder").all()
    told = table[(table["language"] != "") & (table["task"] == "udpos")]
    assert told["reason"].str.contains("about 20 languages").all()
    regret = regret_table(outcomes_table(results))
    absent = regret[regret["policy"].isin(["B+", "C"])]
    assert absent["gain"].isna().all()
    assert absent["reason"].str.contains("second encoder").all()


def test_regret_is_gain_lost_against_the_best(results):
    table = regret_table(outcomes_table(results))
    overall = table[table["model"] == "all"].set_index("policy")
    oracle = overall.loc["oracle", "gain"]
    assert overall.loc["oracle", "regret"] == 0
    assert (overall["gain"] + overall["regret"]).to_numpy() == pytest.approx(np.full(len(overall), oracle))
    assert overall.loc["baseline", "gain"] == 0
    assert (overall["gain"].drop("oracle") <= oracle).all()
    assert set(overall["n_splits"]) == {3}
    assert not overall.loc[list(FEATURE_SETS), "coverage"].isna().any()


def test_splits():
    assert len(splits_of([1, 2, 3, 4, 5])) == 10
    assert all(len(learnt) == 3 and not set(learnt) & set(judged) for learnt, judged in splits_of([1, 2, 3, 4, 5]))
    assert splits_of([1, 2]) == [((1,), (2,)), ((2,), (1,))]
    assert splits_of([1]) == []


def test_refusals():
    with pytest.raises(InputError, match="baseline and full and front"):
        read_results(make_scores(strategies=("full",)))
    with pytest.raises(InputError, match="at least two"):
        outcomes_table(read_results(make_scores(seeds=(31,))))
    few = advice_table(read_results(make_scores(languages=("de", "es", "ru", "el", "ar"))))
    assert few["reason"].str.contains("at least 6 needed|second encoder").all()
    mixed = pd.concat([make_scores(), make_scores().query("strategy != 'baseline'").assign(realignment_languages="de")])
    with pytest.raises(InputError, match="small on udpos was realigned on all, de"):
        read_results(mixed)


def test_tables_of_several_experiments_join():
    ours = make_scores(model="ours").assign(experiment="mine")
    joined = read_results(join_scores([two_models(), ours]))
    assert joined.models == ["large", "ours", "small"]
    assert joined.others("ours", "udpos", "B+") == ["large", "small"]


def test_what_an_experiment_lacks():
    assert what_is_missing(["full", "front", "back"], 3, 5, 34, ["udpos"]) == []
    assert what_is_missing(["full", "front"], 2, 2, 10, ["xnli"]) == []
    assert what_is_missing(["full"], 1, 3, 14, ["udpos"]) == [
        "strategy front",
        "languages: 14, at least 21 needed",
        "models: 1, at least 2 needed",
    ]


def test_the_figure_shows_every_language_that_has_an_estimate(results):
    table = advice_table(results)
    figure = draw_advice(table)
    shown = sum(len(points.get_offsets()) for axes in figure.axes for points in axes.collections[:2])
    assert shown == len(table[(table["features"] == "B+") & table["gain"].notna()])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["large, PoS tagging", "small, PoS tagging"]
    assert draw_advice(table[table["language"] == ""]).axes[0].texts


def test_latex_has_both_strategies_beside_each_other_and_every_policy(results):
    advice = latex_table("advice", advice_table(results))
    row = next(line for line in advice.splitlines() if "Tamil" in line)
    assert row.count("[") == 2
    regret = latex_table("regret", regret_table(outcomes_table(results)))
    assert "oracle" in regret
