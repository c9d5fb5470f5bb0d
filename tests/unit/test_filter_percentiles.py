"""Several percentiles of the quality filter in one experiment, side by side with all pairs."""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import yaml
from analysis_support import make_scores
from support import ROOT

from alignfreeze.analysis import figures
from alignfreeze.analysis.latex import latex_table
from alignfreeze.analysis.names import Filtered
from alignfreeze.analysis.published_files import file_facts
from alignfreeze.analysis.realignment_languages import filter_percentiles_table, realignment_languages_table
from alignfreeze.analysis.records import RECORD_COLUMNS
from alignfreeze.experiment import grid
from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.plan import plan
from alignfreeze.support.errors import InputError

TINY = yaml.safe_load((ROOT / "experiments" / "tiny.yaml").read_text())


def loaded(percentile, languages="all", sets=None, **task):
    config = copy.deepcopy(TINY)
    config["language_sets"] |= {"two": ["tr", "de"]} | (sets or {})
    config["data"]["bitext"]["filter"] = {"percentile": percentile}
    config["realignment"]["languages"] = languages
    config["tasks"]["udpos"] |= task
    return load(config, file="x", base=ROOT)


def test_percentiles_stand_beside_all_pairs_with_one_baseline():
    config, names = loaded([25, 62.5], ["all", "two"]), ["all", "two"]
    names += [f"{name}_percentile_{percentile}" for percentile in (25, 62.5) for name in ("all", "two")]
    assert config.bitexts == names
    seeds, strategies = len(TINY["seeds"]), len(TINY["realignment"]["strategies"])
    assert len(grid.runs(config)) == seeds * (1 + strategies * len(names))
    assert config.languages_of("two_percentile_62.5") == ["tr", "de"]
    assert [config.percentile_of(name) for name in names] == [None, None, 25, 25, 62.5, 62.5]
    # What is left of a smaller set is among what is left of the larger one, at the same percentile.
    encoded = [grid.encoded_with(config, name) for name in names]
    assert encoded == ["all", "all", *[f"all_percentile_{percentile}" for percentile in (25, 25, 62.5, 62.5)]]
    # One percentile filters the whole experiment.
    assert loaded(50, ["all", "two"]).bitexts == ["all", "two"]
    some = loaded([25, 50], ["all", "two"], realignment_languages=["two", "all_percentile_50"])
    assert {run.realignment_languages for run in grid.runs(some)} == {"none", "two", "all_percentile_50"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"percentile": [50, 50]}, r"percentile: \[50, 50\] found; allowed are a number above 0 and below 100 or a"),
        ({"percentile": []}, r"percentile: \[\] found; "),
        ({"percentile": [0]}, r"percentile: \[0\] found; "),
        ({"percentile": [50], "sets": {"all_percentile_50": ["de"]}}, "language_sets.all_percentile_50: this names"),
        (
            {"percentile": [50], "realignment_languages": ["all_percentile_55"]},
            r"realignment_languages: 'all_percentile_55' found \(did you mean all_percentile_50\?\)",
        ),
    ],
)  # fmt: skip
def test_wrong_percentiles_are_named(settings, said):
    with pytest.raises(InputError, match=said):
        loaded(**settings)


def test_plan_counts_each_part_of_the_bitext():
    whole, filtered = plan(load(TINY, file="x", base=ROOT), ROOT), plan(loaded([25, 50]), ROOT)
    jobs = [{stage.name: stage.jobs for stage in found.stages} for found in (whole, filtered)]
    assert jobs[1]["align_dictionary"] == 3 * jobs[0]["align_dictionary"]
    # No task realigns on these: they are aligned for the diagnostics alone, which take all pairs.
    assert jobs[1]["align_awesome"] == jobs[0]["align_awesome"]
    assert (jobs[0]["encode_pairs"], jobs[1]["encode_pairs"]) == (1, 3)
    assert (jobs[1]["score_pairs"], jobs[1]["filter_bitext"]) == (3, 6)
    assert filtered.realign.steps == 3 * whole.realign.steps
    seconds = [{stage.name: stage.core_seconds for stage in found.stages} for found in (whole, filtered)]
    pairs = 3 * np.array([60, math.ceil(0.75 * 60), 30])
    assert seconds[1]["encode_pairs"] / seconds[0]["encode_pairs"] == pytest.approx(pairs.sum() / pairs[0])


FILTERED = {one.name: one for one in (Filtered("all", 25.0), Filtered("all", 50.0), Filtered("some", 50.0))}


def scores_and_records():
    """All pairs, two percentiles, and another set that is filtered only; one seed is missing, and order is random."""
    scores = make_scores(seed=1)
    parts = [scores]
    for number, name in enumerate(FILTERED, start=2):
        part = make_scores(seed=number)
        part = part[part["strategy"] != "baseline"].assign(realignment_languages=name)
        parts.append(part[~((part["strategy"] == "back") & (part["seed"] == 42))])
    scores = pd.concat(parts).sample(frac=1, random_state=3)
    records = scores.drop_duplicates(["strategy", "realignment_languages", "seed"]).reindex(columns=RECORD_COLUMNS)
    number = records["realignment_languages"].map({"none": 0, "all": 900, "all_percentile_25": 675}).fillna(450)
    return scores, records.assign(distinct_pairs=number + records["seed"] % 2)


def test_differences_to_all_pairs_are_paired_by_seed(tmp_path):
    scores, records = scores_and_records()
    table = filter_percentiles_table(scores, records, FILTERED)
    assert len(table) == 3 * 3 + 3, "each strategy: all pairs and two percentiles, and one of the other set"
    for row in table.itertuples():
        name = f"{row.realignment_languages}_percentile_{row.percentile:g}" if row.percentile else "all"
        own = scores[(scores["strategy"] == row.strategy) & (scores["language"] != "en")]
        own = own[own["realignment_languages"] == name]
        by_seed = {seed: 100 * rows["value"].mean() for seed, rows in own.groupby("seed")}
        assert row.mean == pytest.approx(np.mean(list(by_seed.values())))
        assert row.std == pytest.approx(np.std(list(by_seed.values()), ddof=1))
        assert row.n_languages == (0 if row.realignment_languages == "some" else 14)
        if not row.percentile or row.realignment_languages == "some":
            assert math.isnan(row.delta)
            assert math.isnan(row.p)
            assert row.reason == ("" if not row.percentile else "no some with the same seed")
            assert row.n_seeds == (0 if row.percentile else 3)
            continue
        whole = scores[(scores["strategy"] == row.strategy) & (scores["language"] != "en")]
        whole = whole[whole["realignment_languages"] == "all"]
        deltas = [value - 100 * whole[whole["seed"] == seed]["value"].mean() for seed, value in by_seed.items()]
        assert row.delta == pytest.approx(np.mean(deltas))
        assert row.delta_std == pytest.approx(np.std(deltas, ddof=1))
        assert row.n_seeds == len(deltas) == (2 if row.strategy == "back" else 3)
        assert row.delta_low < row.delta < row.delta_high
        assert row.distinct_pairs == pytest.approx((675 if row.percentile == 25 else 450) + np.mean(
            [seed % 2 for seed in by_seed]
        ))  # fmt: skip
    assert table["p_holm"].notna().sum() == table["p"].notna().sum() == 6
    text = latex_table("filter_percentiles", table)
    assert "Percentile" in text
    assert "all pairs" in text
    figures.save_figure(figures.filter_percentiles(table), tmp_path / "figure.png")
    figures.save_figure(figures.filter_percentiles(table[table["percentile"] == 0]), tmp_path / "nothing.png")


def test_sets_are_compared_at_the_same_percentile():
    scores, records = scores_and_records()
    table = realignment_languages_table(scores, records, ["all", "some"], filtered=FILTERED)
    assert set(zip(table["realignment_languages"], table["reference"], strict=True)) == {
        ("all_percentile_50", "some_percentile_50")
    }


def test_facts_in_names_of_published_files():
    facts = file_facts("distilbert-base-multilingual-cased__udpos__opus100__filtered_percent_37.csv")
    assert (facts.realigned_on, facts.filtered, facts.trained_in) == ("all_percentile_37", ("all", 37.0), None)
    assert file_facts("x__xnli__opus100__12_languages.csv").realigned_on == "12_languages"
    assert file_facts("x__udpos__in_language_de.csv").trained_in == "de"
    assert file_facts("x__opus100__udpos.csv") == ("all", None, None)
