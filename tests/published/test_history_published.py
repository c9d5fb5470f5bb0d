"""Result files that the authors removed later: 34 against 12 realignment languages, in-language, filtered bitext."""

import csv
import re
import statistics

import pandas as pd
import pytest
from analysis_support import PUBLISHED

from alignfreeze.analysis import figures
from alignfreeze.analysis.in_language import in_language_table
from alignfreeze.analysis.latex import latex_table
from alignfreeze.analysis.published import published_records, published_scores
from alignfreeze.analysis.published_files import file_facts
from alignfreeze.analysis.realignment_languages import filter_percentiles_table, realignment_languages_table
from alignfreeze.analysis.records import runs_table
from alignfreeze.analysis.tables import main_table, per_language_table

HISTORY = PUBLISHED / "history"
POS = PUBLISHED / "distilbert-base-multilingual-cased__opus100__udpos.csv"
DISTILMBERT_NLI = PUBLISHED / "distilbert-base-multilingual-cased__opus100__xnli.csv"
pytestmark = pytest.mark.skipif(not (HISTORY / "README.md").is_file(), reason=f"no earlier result files in {HISTORY}")
SETS = ("34_languages", "12_languages")
# Points, of the folder's README.
EXPECTED = {
    "distilmbert": {"full": -1.53, "front": -1.14, "back": -1.26},
    "mbert": {"full": 0.54, "front": 1.03, "back": 0.57},
    "xlmr": {"full": 0.30, "front": 0.15, "back": -0.26},
}


def test_34_against_12_languages(tmp_path):
    files = sorted(HISTORY.glob("*_languages.csv"))
    table = realignment_languages_table(published_scores(files), published_records(files), SETS)
    assert {(row.model, row.strategy) for row in table.itertuples()} == {
        (model, strategy) for model, own in EXPECTED.items() for strategy in own
    }
    for row in table.itertuples():
        assert row.delta == pytest.approx(EXPECTED[row.model][row.strategy], abs=0.01)
        assert (row.realignment_languages, row.reference, row.aligner) == (*SETS, "dictionary")
        assert (row.distinct_pairs, row.distinct_pairs_reference) == (17678 if row.model == "xlmr" else 19786, 392704)
        assert (row.n_seeds, row.n_languages, row.reason) == (5, 12, "")
    text = latex_table("realignment_languages", table)
    assert "392704" in text
    assert "34\\_languages" in text
    figures.save_figure(figures.realignment_languages(table), tmp_path / "figure.png")


def test_share_of_the_gap_to_fine_tuning_in_the_language_itself():
    # Empty files: languages without a training set.
    files = [path for path in HISTORY.glob("*__in_language_*.csv") if path.stat().st_size]
    scores = published_scores([POS, *files])
    table = per_language_table(scores, "distilmbert", "udpos")
    bound = table[table["strategy"] == "in_language"].set_index("language")
    assert len(bound) == len(files) == 30
    assert bound.loc["de", "mean"] == pytest.approx(94.94, abs=0.01)
    # Slowly, from the long table.
    mean = scores.groupby(["strategy", "aligner", "language"])["value"].mean()
    for row in table[table["aligner"] != "none"].itertuples():
        if row.language not in bound.index:
            assert row.gap_share != row.gap_share
            assert "no fine-tuning in the language itself" in row.reason
            continue
        own, base = mean[row.strategy, row.aligner, row.language], mean["baseline", "none", row.language]
        assert row.gap_share == pytest.approx((own - base) / (mean["in_language", "none", row.language] - base))
    # It changes nothing else: neither the cells nor what is best, nor the family of tests.
    plain = per_language_table(published_scores([POS]), "distilmbert", "udpos")
    rest = table[table["strategy"] != "in_language"].reset_index(drop=True)
    assert rest.drop(columns=["gap_share", "reason"]).equals(plain.drop(columns="reason"))
    assert main_table(scores).equals(main_table(published_scores([POS])))


def raw_averages(file, method, languages=None):
    """Language average by seed in per cent, straight from the columns of a published file; empty ones are left out."""
    with file.open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["method"] == method]
    columns = [f"eval_{language}_accuracy" for language in languages or ()]
    columns = columns or [name for name in rows[0] if re.fullmatch("eval_[a-z]{2}_accuracy", name) and rows[0][name]]
    return {int(row["seed"]): 100 * statistics.fmean(float(row[name]) for name in columns) for row in rows}


def test_filter_percentiles(tmp_path):
    """Realigned on pairs of which the worst are left out, beside the newest commit's files, which leave none out."""
    files = [*HISTORY.glob("*__filtered_percent_*.csv"), POS, DISTILMBERT_NLI]
    filtered = {facts.filtered.name: facts.filtered for file in files if (facts := file_facts(file.name)).filtered}
    assert [int(one.percentile) for one in sorted(filtered.values())] == [25, 37, 50, 62, 75]
    table = filter_percentiles_table(published_scores(files), published_records(files), filtered)
    methods = {("full", "fastalign"): "before_fastalign", ("front", "dictionary"): "freeze_realign_unfreeze_dico"}
    seen = 0
    for row in table[table["percentile"] > 0].itertuples():
        if (row.strategy, row.aligner) not in methods or pd.isna(row.delta):
            continue
        method, seen = methods[row.strategy, row.aligner], seen + 1
        name = f"distilbert-base-multilingual-cased__{row.task}__opus100__filtered_percent_{row.percentile:g}.csv"
        own = raw_averages(HISTORY / name, method)
        whole = raw_averages(POS if row.task == "udpos" else DISTILMBERT_NLI, method)
        assert own.keys() == whole.keys() == {31, 42, 66, 23, 17}
        deltas = [own[seed] - whole[seed] for seed in own]
        assert row.mean == pytest.approx(statistics.fmean(own.values()), abs=0.01)
        assert row.delta == pytest.approx(statistics.fmean(deltas), abs=0.01)
        assert row.delta_std == pytest.approx(statistics.stdev(deltas), abs=0.01)
        assert (row.n_seeds, row.reason) == (5, "")
    assert seen == 5 * 2 + 1, "PoS tagging at five percentiles; NLI at one, whose newest file has dictionary pairs only"
    at_fifty = table[(table["percentile"] == 50) & (table["aligner"] == "dictionary") & (table["task"] == "udpos")]
    assert set(at_fifty["distinct_pairs"]) >= {10058}
    figures.save_figure(figures.filter_percentiles(table), tmp_path / "figure.png")
    assert "Percentile" in latex_table("filter_percentiles", table)


def test_share_of_the_gap_on_average_over_languages(tmp_path):
    files = [path for path in HISTORY.glob("*__in_language_*.csv") if path.stat().st_size]
    table = in_language_table(published_scores([POS, *files]))
    languages = sorted(file_facts(file.name).trained_in for file in files)
    bound = {seed: statistics.fmean(
        raw_averages(file, "baseline", [file_facts(file.name).trained_in])[seed] for file in files
    ) for seed in (31, 42, 66, 23, 17)}  # fmt: skip
    base = raw_averages(POS, "baseline", languages)
    gap = statistics.fmean(bound.values()) - statistics.fmean(base.values())
    row = table[(table["strategy"] == "full") & (table["aligner"] == "fastalign")].iloc[0]
    own = raw_averages(POS, "before_fastalign", languages)
    deltas = {seed: own[seed] - base[seed] for seed in own}
    assert row["gap"] == pytest.approx(gap, abs=0.01)
    assert row["delta"] == pytest.approx(statistics.fmean(deltas.values()), abs=0.01)
    assert row["share"] == pytest.approx(statistics.fmean(deltas.values()) / gap, abs=1e-4)
    shares = [deltas[seed] / (bound[seed] - base[seed]) for seed in deltas]
    assert row["share_std"] == pytest.approx(statistics.stdev(shares), abs=1e-4)
    assert (row["n_languages"], row["n_seeds"], row["n_seeds_in_language"], row["reason"]) == (30, 5, 5, "")
    assert len(table) == 3 * 6
    assert table["share"].between(0, 1).all()
    figures.save_figure(figures.in_language(table), tmp_path / "figure.png")


def test_runs_of_fine_tuning_in_the_language_itself():
    files = [POS, HISTORY / "distilbert-base-multilingual-cased__udpos__in_language_de.csv"]
    runs = runs_table(published_records(files))
    assert runs.loc[runs["strategy"] == "in_language", ["trained_on", "finetuning_steps"]].to_numpy().tolist() == [
        ["de", 2170]
    ]
    assert set(runs.loc[runs["strategy"] != "in_language", "trained_on"]) == {"en"}
    plain = runs_table(published_records([POS]))
    rest = runs[runs["strategy"] != "in_language"].drop(columns="trained_on").reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, plain)
