"""Several sets of realignment languages in one experiment."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml
from analysis_support import make_scores
from support import ROOT

from alignfreeze.analysis import figures
from alignfreeze.analysis.compare import compare_table
from alignfreeze.analysis.latex import latex_table
from alignfreeze.analysis.realignment_languages import realignment_languages_table
from alignfreeze.analysis.records import RECORD_COLUMNS
from alignfreeze.analysis.tables import main_table
from alignfreeze.experiment import grid
from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.plan import plan
from alignfreeze.support.errors import InputError

TINY = yaml.safe_load((ROOT / "experiments" / "tiny.yaml").read_text())


def loaded(**realignment):
    config = copy.deepcopy(TINY)
    config["language_sets"] |= {"two": ["tr", "de"], "other": ["fi", "de"]}
    own = realignment.pop("task", None)
    config["realignment"] |= realignment
    if own:
        config["tasks"]["udpos"]["realignment_languages"] = own
    return load(config, file="x", base=ROOT)


def test_one_baseline_for_all_sets():
    one, both = loaded(), loaded(languages=["all", "two"])
    seeds, strategies = len(TINY["seeds"]), len(TINY["realignment"]["strategies"])
    assert len(grid.runs(both)) == seeds * (1 + 2 * strategies)
    assert set(grid.runs(one)) < set(grid.runs(both))
    assert grid.runs(loaded(languages=["all"])) == grid.runs(one)
    assert {run.realignment_languages for run in grid.realignments(both)} == {"all", "two"}
    assert both.realignment_languages == ["de", "tr", "ja"]


def test_a_task_may_have_some_of_the_sets():
    found = loaded(languages=["all", "two"], task=["two"])
    assert {run.realignment_languages for run in grid.runs(found)} == {"two", "none"}
    assert grid.steps_of(found, "e5small", "full", "dictionary", "all") == []
    with pytest.raises(InputError, match=r"tasks.udpos.realignment_languages: 'twp' found \(did you mean two"):
        loaded(languages=["all", "two"], task=["twp"])


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        ([], r"realignment.languages: \[\] found; allowed are the name of a language set or a list of different names"),
        (["all", "all"], "realignment.languages: .* a list of different names"),
        (["all", "twoo"], r"realignment.languages: 'twoo' found \(did you mean two\?\)"),
    ],
)
def test_wrong_sets_are_named(languages, said):
    with pytest.raises(InputError, match=said):
        loaded(languages=languages)


def test_rows_of_a_smaller_set_are_those_of_the_larger():
    config = loaded(languages=["all", "two", "other"])
    assert [grid.encoded_with(config, name) for name in ("all", "two", "other")] == ["all", "all", "other"]
    # A set that is added behind another one does not change what that one is made of.
    assert grid.encoded_with(loaded(languages=["two", "all"]), "two") == "two"


def test_another_order_of_the_same_languages_is_another_trajectory_under_the_same_name():
    config = copy.deepcopy(TINY)
    config["language_sets"] |= {"turned": TINY["language_sets"]["all"][::-1], "fewer": ["tr", "de"]}
    config["realignment"]["languages"] = ["all", "turned", "fewer"]
    config["tasks"]["udpos"]["realignment_languages"] = ["turned", "fewer"]
    found = load(config, file="x", base=ROOT)
    assert {run.realignment_languages for run in grid.realignments(found)} == {"turned", "fewer"}
    assert [grid.languages_as(found, name) for name in ("all", "turned", "fewer", "none")] == [
        "all", "all", "fewer", "none"
    ]  # fmt: skip
    assert grid.scored_sets(found) == ["all", "fewer"]
    assert grid.encoded_with(found, "turned") == "all"
    for own in (["all", "turned"], None):
        config["tasks"]["udpos"]["realignment_languages"] = own
        if own is None:
            del config["tasks"]["udpos"]["realignment_languages"]
        with pytest.raises(InputError, match=r"tasks.udpos.realignment_languages: all and turned have the same langua"):
            load(config, file="x", base=ROOT)


def test_plan_counts_each_language_once_and_each_trajectory_apart():
    one, both = plan(loaded(), ROOT), plan(loaded(languages=["all", "two"]), ROOT)
    assert (one.taken, one.available) == (both.taken, both.available)
    assert both.realign.steps == 2 * one.realign.steps
    jobs = [{stage.name: stage.jobs for stage in found.stages} for found in (one, both)]
    assert jobs[0]["encode_pairs"] == jobs[1]["encode_pairs"] == 1
    assert jobs[1]["finetune"] == 2 * (1 + 2 * 2)
    # Two languages share the sentence pairs of a trajectory, not three.
    assert both.consumed == 6 * 8 / 2


def two_sets():
    """Scores of two sets, and records in which a set has its number of pairs."""
    first, second = make_scores(seed=1), make_scores(seed=2)
    second = second[second["strategy"] != "baseline"].assign(realignment_languages="some")
    # Shuffled and with a seed that the other lacks: nothing may be paired by position.
    scores = pd.concat([first, second[~((second["strategy"] == "back") & (second["seed"] == 42))]])
    records = scores.drop_duplicates(["strategy", "realignment_languages", "seed"])
    records = records.reindex(columns=RECORD_COLUMNS)
    pairs = records["realignment_languages"].map({"all": 900, "some": 5000, "none": 0}).astype(float)
    return scores.sample(frac=1, random_state=3), records.assign(distinct_pairs=pairs + records["seed"] % 2)


def test_differences_between_sets_are_paired_by_seed():
    scores, records = two_sets()
    table = realignment_languages_table(scores, records, ["some", "all"]).set_index("strategy")
    assert (table["realignment_languages"] == "some").all()
    for strategy, row in table.iterrows():
        own = scores[(scores["strategy"] == strategy) & (scores["language"] != "en")]
        by_seed = []
        for seed in (31, 66) if strategy == "back" else (31, 42, 66):
            of_seed = own[own["seed"] == seed]
            some, everything = (of_seed[of_seed["realignment_languages"] == name] for name in ("some", "all"))
            by_seed.append(100 * (some["value"].mean() - everything["value"].mean()))
        assert row["delta"] == pytest.approx(np.mean(by_seed))
        assert row["delta_std"] == pytest.approx(np.std(by_seed, ddof=1))
        assert row["n_seeds"] == len(by_seed)
    assert table.loc["full", "distinct_pairs"] == pytest.approx(5000 + 1 / 3)
    assert table.loc["full", "distinct_pairs_reference"] == pytest.approx(900 + 1 / 3)
    assert table.loc["back", "reason"] == ""
    reverse = realignment_languages_table(scores, records, ["all", "some"]).set_index("strategy")
    assert reverse["delta"].to_numpy() == pytest.approx(-table["delta"].to_numpy())
    assert reverse.loc["back", "reason"] == "2 of 3 seeds paired with some"


def test_one_set_has_no_differences_and_unknown_pairs_are_missing(tmp_path):
    scores, records = two_sets()
    alone = realignment_languages_table(scores[scores["realignment_languages"] != "some"], records)
    assert alone.empty
    unknown = realignment_languages_table(scores, records.assign(distinct_pairs=float("nan")), ["all", "some"])
    assert unknown["distinct_pairs"].isna().all()
    for name, table in (("alone", alone), ("unknown", unknown)):
        latex_table("realignment_languages", table)
        figures.save_figure(figures.realignment_languages(table), tmp_path / f"{name}.png")


def test_tables_of_cells_say_which_set():
    scores, _ = two_sets()
    assert "Realigned on" in latex_table("main", main_table(scores))
    assert "Realigned on" not in latex_table("main", main_table(make_scores()))


def test_comparison_with_another_table_takes_the_set_that_both_have():
    scores, _ = two_sets()
    other = make_scores(seed=5)
    alone = compare_table(scores[scores["realignment_languages"] != "some"], other)
    assert compare_table(scores, other).equals(alone)
    with pytest.raises(InputError, match="several realignment language sets"):
        compare_table(scores, other.assign(realignment_languages=other["realignment_languages"].replace("all", "x")))
