import math

import numpy as np
import pandas as pd
import pytest
from analysis_support import LANGUAGES, make_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from alignfreeze.analysis.compare import by_the_paper_s_rules, compare_table
from alignfreeze.analysis.counts import chance_of_direction, count_directions, directions
from alignfreeze.analysis.records import run_record, runs_table
from alignfreeze.analysis.tables import (
    best_worst_table,
    counts_table,
    front_vs_full_table,
    main_table,
    noise_table,
    per_language_table,
    source_vs_target_table,
)
from alignfreeze.support.errors import InputError

TABLES = [main_table, counts_table, front_vs_full_table, source_vs_target_table, best_worst_table, noise_table]
MAIN_COLUMNS = [
    *("model", "task", "aligner", "strategy", "metric", "mean", "std", "delta", "delta_std", "delta_low", "delta_high"),
    *("n_up_paper", "n_down_paper", "n_up", "n_down", "english", "n_languages", "n_seeds"),
]
FRONT_COLUMNS = [
    *("model", "task", "aligner", "delta", "delta_std", "delta_low", "delta_high", "n_seeds_better"),
    *("n_languages_better", "n_languages", "p", "p_holm", "slope"),
]


def matrix(rows, languages=("de", "ta")):
    return pd.DataFrame(rows, columns=list(languages), index=range(len(rows)), dtype=float)


def by_strategy(table):
    return table.set_index("strategy")


def test_columns_that_others_rely_on():
    scores = make_scores()
    assert list(main_table(scores))[: len(MAIN_COLUMNS)] == MAIN_COLUMNS
    assert list(front_vs_full_table(scores))[: len(FRONT_COLUMNS)] == FRONT_COLUMNS
    columns = ["language", "strategy", "aligner", "mean", "std", "delta", "q", "n_seeds"]
    assert list(per_language_table(scores, "small", "udpos"))[:8] == columns


def test_main_by_hand():
    scores = make_scores(languages=("de", "ta"), seeds=(1, 2), strategies=("full",))
    value = scores.set_index(["strategy", "seed", "language"])["value"]
    averages = {
        (strategy, seed): 50 * (value[strategy, seed, "de"] + value[strategy, seed, "ta"])
        for strategy in ("baseline", "full")
        for seed in (1, 2)
    }
    row = by_strategy(main_table(scores)).loc["full"]
    deltas = [averages["full", seed] - averages["baseline", seed] for seed in (1, 2)]
    assert row["mean"] == pytest.approx((averages["full", 1] + averages["full", 2]) / 2)
    assert row["delta"] == pytest.approx(np.mean(deltas))
    assert row["delta_std"] == pytest.approx(abs(deltas[0] - deltas[1]) / math.sqrt(2))
    assert row["english"] == pytest.approx(50 * (value["full", 1, "en"] + value["full", 2, "en"]))
    assert row["delta_low"] < row["delta"] < row["delta_high"]


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=3)
@given(random=st.randoms(use_true_random=False))
def test_order_of_rows_and_names_of_seeds_do_not_matter(table, random):
    scores = make_scores()
    order, seeds = list(scores.index), [31, 42, 66]
    random.shuffle(order)
    random.shuffle(seeds)
    renamed = scores.loc[order].assign(
        seed=lambda frame: frame["seed"].map(dict(zip((31, 42, 66), seeds, strict=True)))
    )
    pd.testing.assert_frame_equal(table(scores), table(renamed), rtol=1e-9)


def test_order_of_rows_does_not_matter_by_language():
    scores = make_scores()
    shuffled = scores.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        per_language_table(scores, "small", "udpos"), per_language_table(shuffled, "small", "udpos")
    )


def test_seeds_are_joined_not_matched_by_position():
    scores = make_scores(seeds=(1, 2, 3))
    without = scores[~((scores["strategy"] == "full") & (scores["seed"] == 1))]
    row = by_strategy(main_table(without)).loc["full"]
    value = scores[scores["language"] != "en"].groupby(["strategy", "seed"])["value"].mean() * 100
    assert row["delta"] == pytest.approx(np.mean([value["full", seed] - value["baseline", seed] for seed in (2, 3)]))
    assert row["n_seeds"] == 2


def test_one_seed_gives_no_spread_and_no_interval():
    table = by_strategy(main_table(make_scores(seeds=(31,))))
    row = table.loc["full"]
    assert row["delta"] == row["delta"]
    assert row[["std", "delta_std", "delta_low", "delta_high", "n_up", "n_down", "n_up_paper"]].isna().all()
    assert "one seed" in row["reason"]
    counts = counts_table(make_scores(seeds=(31,)))
    assert counts[["n_up", "expected_by_chance"]].isna().all().all()
    front = front_vs_full_table(make_scores(seeds=(31,))).iloc[0]
    assert front[["delta_std", "p", "p_holm", "delta_low"]].isna().all()
    languages = per_language_table(make_scores(seeds=(31,)), "small", "udpos")
    assert languages[["std", "q", "p"]].isna().all().all()


def test_one_language_gives_no_interval():
    row = by_strategy(main_table(make_scores(languages=("ta",)))).loc["full"]
    assert row[["delta_low", "delta_high"]].isna().all()
    assert row["delta_std"] > 0
    assert "one language" in row["reason"]
    assert np.isnan(front_vs_full_table(make_scores(languages=("ta",))).iloc[0]["slope"])


def test_missing_language_makes_the_average_missing_and_is_named():
    scores = make_scores()
    gap = (scores["strategy"] == "front") & (scores["language"] == "ta") & (scores["seed"] == 42)
    table = by_strategy(main_table(scores[~gap]))
    assert table.loc["front", ["mean", "delta", "delta_low", "n_up"]].isna().all()
    assert "ta (seed 42)" in table.loc["front", "reason"]
    assert table.loc["front", "n_languages"] == len(LANGUAGES) - 1
    assert table.loc["full", "delta"] == table.loc["full", "delta"]
    front = front_vs_full_table(scores[~gap]).iloc[0]
    assert front[["delta", "n_languages_better", "p", "slope"]].isna().all()


def test_missing_language_in_the_baseline_is_named():
    scores = make_scores()
    table = main_table(scores[~((scores["strategy"] == "baseline") & (scores["language"] == "ta"))])
    row = by_strategy(table).loc["full"]
    assert row["mean"] == row["mean"]
    assert np.isnan(row["delta"])
    assert "baseline lacks ta" in row["reason"]


def test_no_baseline():
    scores = make_scores()
    row = by_strategy(main_table(scores[scores["strategy"] != "baseline"])).loc["full"]
    assert row[["delta", "delta_low", "n_up"]].isna().all()
    assert "no baseline" in row["reason"]


def test_no_source_language():
    scores = make_scores()
    scores = scores[scores["language"] != "en"]
    assert main_table(scores)["english"].isna().all()
    assert source_vs_target_table(scores)["gap"].isna().all()
    assert source_vs_target_table(scores)["reason"].str.contains("no score on en").all()
    with pytest.raises(InputError, match="only the source language"):
        main_table(make_scores().query("language == 'en'"))


def test_two_experiments_are_refused():
    with pytest.raises(InputError, match="one at a time"):
        main_table(pd.concat([make_scores(), make_scores().assign(experiment="other")]))


def test_main_metric_and_second_metric():
    f1, em = (make_scores(task="xquad", metric=metric) for metric in ("f1", "em"))
    table = main_table(pd.concat([f1, em, make_scores(task="xquad", metric="precision")]))
    assert set(table["metric"]) == {"f1", "em"}
    assert set(source_vs_target_table(pd.concat([f1, em]))["metric"]) == {"f1"}


def test_two_realignment_language_sets_stay_apart():
    scores = make_scores()
    other = scores[scores["strategy"] != "baseline"].assign(realignment_languages="few", value=0.5)
    table = main_table(pd.concat([scores, other]))
    assert len(table) == 7
    few = table[table["realignment_languages"] == "few"]
    assert few["mean"].to_numpy() == pytest.approx(50.0)
    assert few["delta"].notna().all()


def test_strategies_of_the_configuration():
    table = main_table(make_scores(strategies=("full", "lowest", "front")))
    assert list(table["strategy"]) == ["baseline", "full", "front", "lowest"]


def test_paper_rule_by_hand():
    baseline = matrix([[50.00, 50.0], [51.00, 50.0]])
    # de: baseline 50.5 and deviation 0.5 (ddof 0); 51.04 rounds to the limit itself, 51.06 above it.
    assert directions(matrix([[51.04, 50.04]]), baseline, "paper").tolist() == [0, 0]
    assert directions(matrix([[51.06, 49.94]]), baseline, "paper").tolist() == [1, -1]
    # The plain deviation of de is 0.707.
    assert directions(matrix([[51.06, 50.01]]), baseline, "plain").tolist() == [0, 1]
    assert count_directions(matrix([[51.06, 49.94]]), baseline, "paper") == (1, 1)
    with pytest.raises(ValueError, match="paper, plain"):
        directions(baseline, baseline, "other")


def test_counts_by_chance_match_a_simulation():
    generator = np.random.default_rng(0)
    method, baseline = generator.normal(size=(2, 5, 200_000))
    up = method.mean(0) > baseline.mean(0) + baseline.std(0, ddof=1)
    assert chance_of_direction(5, 5, "plain") == pytest.approx(up.mean(), abs=0.003)
    up = method.mean(0) > baseline.mean(0) + baseline.std(0, ddof=0)
    assert chance_of_direction(5, 5, "paper") == pytest.approx(up.mean(), abs=0.003)
    assert math.isnan(chance_of_direction(5, 1, "plain"))


def test_best_is_decided_by_number_and_ties_are_all_marked():
    scores = make_scores(languages=("de",), seeds=(1, 2))
    scores["value"] = scores["value"].mask(scores["language"] == "de", 0.5)
    scores.loc[(scores["strategy"] == "full") & (scores["language"] == "de"), "value"] = 0.0999
    table = per_language_table(scores, "small", "udpos").set_index("strategy")
    assert not table.loc["full", "best"]
    assert table.drop(index="full")["best"].all()
    assert np.isnan(table.loc["front", "q"])


def test_per_language_of_an_absent_cell_is_empty():
    assert per_language_table(make_scores(), "small", "xnli").empty


def test_best_and_worst_share_no_language():
    table = best_worst_table(make_scores(languages=("de", "ta", "th")))
    for _, cell in table.groupby("strategy"):
        assert cell["language"].is_unique
        assert (cell.groupby("side").size() <= 3).all()


def test_noise_by_hand():
    scores = make_scores(languages=("de", "ta"), strategies=("full",))
    table = noise_table(scores).set_index("language")
    row = table.loc["de"]
    assert row["std_unpaired"] == pytest.approx(np.hypot(row["std"], row["std_baseline"]))
    assert row["gain"] == pytest.approx(row["std_unpaired"] / row["std_paired"])
    assert "average" in table.index


def test_compare_pairs_equal_seeds():
    ours, theirs = make_scores(seeds=(1, 2, 3), seed=1), make_scores(seeds=(3, 2, 1), seed=2)
    row = compare_table(ours, theirs).set_index("strategy").loc["full"]
    means = [
        100 * side[(side["strategy"] == "full") & (side["language"] != "en")].groupby("seed")["value"].mean()
        for side in (ours, theirs)
    ]
    difference = means[0] - means[1]
    limits = stats.ttest_1samp(difference, 0).confidence_interval(0.95)
    assert row["interval"] == "paired"
    assert (row["low"], row["high"]) == pytest.approx((limits.low, limits.high))
    fewer = compare_table(ours[ours["seed"] != 3], theirs).set_index("strategy").loc["full"]
    assert fewer["interval"] == "Welch"


def test_compare_over_shared_languages_and_missing_cells():
    ours = make_scores(languages=("de", "ta", "th"), strategies=("full", "lowest"), seeds=(1, 2), seed=1)
    theirs = make_scores(languages=("de", "ta", "ru"), strategies=("full", "front"), seeds=(3, 4, 5), seed=2)
    table = compare_table(ours.assign(realignment_languages="few"), theirs).set_index("strategy")
    row = table.loc["full"]
    assert row["n_languages"] == 2
    expected = ours[(ours["strategy"] == "full") & ours["language"].isin(["de", "ta"])]["value"].mean() * 100
    assert row["mean_ours"] == pytest.approx(expected)
    assert row["difference"] == pytest.approx(row["mean_ours"] - row["mean_published"])
    assert row["low"] < row["difference"] < row["high"]
    assert row["interval"] == "Welch"
    assert (row["n_seeds_ours"], row["n_seeds_published"], row["seeds_published"]) == (2, 3, "3 4 5")
    assert np.isnan(table.loc["front", "mean_ours"])
    assert table.loc["front", "reason"] == "not in ours"
    assert set(table["other_experiment"]) == {"demo"}
    assert np.isnan(table.loc["lowest", "difference"])
    assert table.loc["lowest", "reason"] == "not in published"
    single = compare_table(ours[ours["seed"] == 1], theirs).set_index("strategy").loc["full"]
    assert np.isnan(single["low"])
    assert "one seed" in single["reason"]
    by_language = compare_table(ours, theirs, by_language=True)
    assert set(by_language.query("strategy == 'full'")["language"]) == {"de", "ta"}
    apart = compare_table(make_scores(languages=("de",)), make_scores(languages=("ta",))).set_index("strategy")
    assert np.isnan(apart.loc["full", "mean_ours"])
    assert "no language in common" in apart.loc["full", "reason"]


def test_question_answering_beside_published_results_is_scored_by_the_paper_s_rules():
    published = make_scores(seed=3).assign(task="xquad", metric="f1")
    standard = published.assign(value=published["value"] - 0.1)
    ours = pd.concat([standard, published.assign(metric="paper_f1"), standard.assign(task="udpos", metric="accuracy")])
    table = compare_table(ours, published)
    answers = table[table["task"] == "xquad"]
    assert set(answers["metric"]) == {"paper_f1"}
    assert answers["difference"].abs().max() < 1e-9
    assert set(answers["n_seeds_ours"]) == set(answers["n_seeds_published"]) != {0}
    assert set(table.loc[table["task"] == "udpos", "metric"]) == {"accuracy"}
    # Two runs of this project have both variants: as they are.
    table = compare_table(ours, ours)
    assert set(table.loc[table["task"] == "xquad", "metric"]) == {"f1"}


def test_paper_s_variant_of_a_metric_takes_the_place_of_that_metric_alone():
    published = make_scores(seed=3).assign(task="wikiann", metric="f1")
    precision = published.assign(metric="precision")
    other = published["value"] - 0.2
    ours = pd.concat([published.assign(metric="paper_f1"), published.assign(value=other), precision])
    chosen, replaced = by_the_paper_s_rules(ours, pd.concat([published, precision]))
    assert replaced == {("wikiann", "f1")}
    assert set(chosen["metric"]) == {"f1", "precision"}
    pd.testing.assert_frame_equal(chosen[chosen["metric"] == "f1"], published)


def test_runs_table():
    identity = {
        "model": "small",
        "task": "udpos",
        "strategy": "full",
        "aligner": "awesome",
        "realignment_languages": "all",
    }
    after = {"steps": 84, "wall_seconds": 10.0, "device": "cpu"}
    before = {"steps": 40, "wall_seconds": 5.0, "device": "cpu", "distinct_pairs": 600, "pairs_seen": 640}
    facts = [run_record({**identity, "seed": seed}, after, before) for seed in (2, 1)]
    facts.append(run_record({**identity, "strategy": "baseline", "aligner": "none", "seed": 1}, after, None))
    during = after | {"interleaved": {"steps": 84, "distinct_pairs": 700, "pairs_seen": 1344}}
    facts.append(run_record({**identity, "strategy": "during_full", "seed": 1}, during, None))
    table = runs_table(pd.DataFrame(facts)).set_index("strategy")
    assert table.loc["full", "seeds"] == "1 2"
    assert table.loc["full", "wall_time"] == 15.0
    assert table.loc["full", "pairs_seen"] == 640
    assert table.loc["baseline", "realignment_steps"] == table.loc["baseline", "pairs_seen"] == 0
    assert table.loc["during_full", ["realignment_steps", "distinct_pairs", "pairs_seen"]].tolist() == [84, 700, 1344]
    assert table.loc["during_full", "wall_time"] == 10.0
    assert np.isnan(table.loc["baseline", "wall_time_std"])
    with pytest.raises(InputError, match="no column device"):
        runs_table(pd.DataFrame(facts).drop(columns="device"))
