"""experiments/tiny_sets.yaml with a small encoder: two language sets, a quality filter, fine-tuning in the language."""

import csv

import pyarrow.parquet as pq
import pytest
import yaml
from support import ROOT
from workflow_support import planned, small_model, snakemake

from alignfreeze.data.filtering import read_pair_scores, threshold

SETS = ROOT / "experiments" / "tiny_sets.yaml"
CONFIG = yaml.safe_load(SETS.read_text(encoding="utf-8"))
LANGUAGES, SEEDS = CONFIG["language_sets"]["all"], CONFIG["seeds"]
BITEXTS = CONFIG["tasks"]["udpos"]["realignment_languages"]
PERCENTILE = CONFIG["data"]["bitext"]["filter"]["percentile"][0]
pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("sets")


@pytest.fixture(scope="module")
def config(workspace):
    """The experiment's file with a small random encoder under the embedded one's name."""
    path = workspace / "sets.yaml"
    path.write_text(yaml.safe_dump(CONFIG | {"models": {"e5small": small_model(workspace / "small")}}))
    return path


@pytest.fixture(scope="module")
def finished(workspace, config):
    """The whole experiment but its page and the figures that others have, too."""
    tables = (
        "realignment_languages",
        "in_language",
        "filter_percentiles",
        "runs",
        "per_language_e5small_udpos",
        "main",
    )
    figures = ("realignment_languages", "in_language", "filter_percentiles", "bitext_filter")
    targets = [f"results/tiny_sets/tables/all/{name}.csv" for name in tables]
    targets += [f"results/tiny_sets/figures/all/{name}.png" for name in figures]
    snakemake(workspace, *targets, config=config)
    return workspace / "results" / "tiny_sets"


def rows(path):
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_what_can_be_shared_is(workspace):
    plan = planned(snakemake(workspace, "-n", config=SETS))
    runs = len(SEEDS) * (1 + len(BITEXTS))
    assert plan["finetune"] == plan["evaluate"] == plan["record_run"] == runs, "one baseline for all"
    in_language = len(SEEDS) * len(LANGUAGES)
    assert plan["finetune_in_language"] == plan["evaluate_in_language"] == plan["record_in_language"] == in_language
    # The smaller set's rows are the larger one's; those that the filter leaves are aligned anew.
    assert (plan["build_bitext"], plan["align_dictionary"], plan["encode_pairs"]) == (2, 4, 2)
    assert plan["score_pairs_by_margin"] == plan["filter_bitext"] == len(LANGUAGES)
    assert plan["realign"] == len(SEEDS) * len(BITEXTS)
    assert "compare_filter_percentiles" in plan


def test_filter_leaves_the_best_pairs_and_its_scores_can_be_looked_at(finished):
    for language in LANGUAGES:
        scores = rows(finished / "pair_scores" / "margin" / f"{language}.csv")
        whole = pq.read_table(finished / "bitext" / f"{language}.parquet").to_pylist()
        kept = pq.read_table(finished / "bitext" / f"percentile_{PERCENTILE}" / f"{language}.parquet").to_pylist()
        assert [row["source"] for row in scores] == [" ".join(row["source_tokens"]) for row in whole]
        values = read_pair_scores(finished / "pair_scores" / "margin" / f"{language}.csv")
        limit = threshold(values, PERCENTILE)
        assert kept == [row for row, value in zip(whole, values, strict=True) if value >= limit]
        assert 0 < len(kept) < len(whole)
        links = finished / "alignments" / f"percentile_{PERCENTILE}" / "dictionary" / f"{language}.txt"
        assert len(links.read_text().splitlines()) == len(kept)
    assert (finished / "figures" / "all" / "bitext_filter.png").stat().st_size > 10_000


def test_sets_and_percentiles_are_compared(finished):
    tables = finished / "tables" / "all"
    (row,) = rows(tables / "realignment_languages.csv")
    assert (row["realignment_languages"], row["reference"], row["n_seeds"]) == ("all", "de", str(len(SEEDS)))
    main = {row["realignment_languages"]: row for row in rows(tables / "main.csv")}
    assert main.keys() == {"none", *BITEXTS}
    difference = float(main["all"]["mean"]) - float(main["de"]["mean"])
    assert float(row["delta"]) == pytest.approx(difference)
    assert int(float(row["distinct_pairs"])) == 6 * 8
    whole, filtered = rows(tables / "filter_percentiles.csv")
    assert (float(whole["percentile"]), float(filtered["percentile"])) == (0, PERCENTILE)
    assert whole["delta"] == ""
    left = f"all_percentile_{PERCENTILE}"
    assert float(filtered["delta"]) == pytest.approx(float(main[left]["mean"]) - float(main["all"]["mean"]))
    assert {row["realignment_languages"] for row in rows(tables / "runs.csv")} == {"none", *BITEXTS}
    for name in ("realignment_languages", "filter_percentiles"):
        assert (finished / "figures" / "all" / f"{name}.png").stat().st_size > 10_000


def test_upper_bound_is_in_tables_records_and_figure(finished):
    tables = finished / "tables" / "all"
    by_language = rows(tables / "per_language_e5small_udpos.csv")
    bound = {row["language"]: float(row["mean"]) for row in by_language if row["strategy"] == "in_language"}
    base = {row["language"]: float(row["mean"]) for row in by_language if row["strategy"] == "baseline"}
    assert bound.keys() == set(LANGUAGES)
    for row in rows(tables / "in_language.csv"):
        assert float(row["gap"]) == pytest.approx(sum(bound[code] - base[code] for code in LANGUAGES) / len(LANGUAGES))
        assert (row["languages"], row["n_seeds_in_language"]) == (" ".join(LANGUAGES), str(len(SEEDS)))
        if row["share"]:
            assert float(row["share"]) == pytest.approx(float(row["delta"]) / float(row["gap"]))
        else:
            assert "noise" in row["reason"] or "no gap" in row["reason"]
    runs = [row for row in rows(tables / "runs.csv") if row["strategy"] == "in_language"]
    assert [row["trained_on"] for row in runs] == LANGUAGES
    assert {(row["n_seeds"], float(row["realignment_steps"])) for row in runs} == {(str(len(SEEDS)), 0.0)}
    assert all(float(row["wall_time"]) > 0 for row in runs)
    assert (finished / "figures" / "all" / "in_language.png").stat().st_size > 5_000
