"""Fine-tuning in the evaluated language itself: which languages, how many runs, and what it is compared with."""

import copy
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from analysis_support import make_scores
from support import ROOT
from test_task_scripts import load_script

from alignfreeze.analysis import figures
from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.compare import compare_table
from alignfreeze.analysis.in_language import in_language_table
from alignfreeze.analysis.latex import latex_table, per_language_latex
from alignfreeze.analysis.records import read_records, run_record, runs_table
from alignfreeze.analysis.tables import deltas_table, main_table, per_language_table
from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.plan import plan
from alignfreeze.support.errors import InputError

TINY = yaml.safe_load((ROOT / "experiments" / "tiny.yaml").read_text())
BANKS = {"universal_dependencies": "r2.7", "split": "train", "treebanks": {"tr": "UD_Turkish-IMST"}}


def loaded(entry, absent=(), **sections):
    config = copy.deepcopy(TINY) | sections
    config["tasks"]["udpos"]["train_in_language"] = entry
    return load(config, file="x", base=ROOT, exists=lambda path: path not in absent)


def test_languages_are_those_with_training_data():
    config = loaded("data/{lang}.conllu", absent=("data/ja.conllu",))
    there = lambda path: path != "data/ja.conllu"  # noqa: E731
    assert config.trained_in_language("udpos", "all", there) == ["de", "tr"]
    assert config.trained_in_language("udpos", "tr", there) == ["tr"]
    assert config.trained_in_language("udpos", "en", there) == []
    assert loaded(BANKS).trained_in_language("udpos", "all", there) == ["tr"]
    with pytest.raises(InputError, match="train_in_language: no evaluated language has training data there"):
        loaded(BANKS | {"treebanks": {"fi": "UD_Finnish-TDT"}})
    with pytest.raises(InputError, match="train_in_language: dictionary found; a source here must give conllu"):
        loaded({"muse": "full"})
    with pytest.raises(InputError, match="strategies.in_language: this names fine-tuning in the language itself"):
        loaded(BANKS, realignment=TINY["realignment"] | {"strategies": {"in_language": "front"}})


def test_plan_counts_them():
    plain, more = plan(load(TINY, file="x", base=ROOT), ROOT), plan(loaded(BANKS), ROOT)
    jobs = [{stage.name: stage.jobs for stage in found.stages} for found in (plain, more)]
    for stage in ("finetune", "evaluate"):
        assert jobs[1][stage] == jobs[0][stage] + len(TINY["seeds"])
    assert jobs[1]["realign"] == jobs[0]["realign"]
    assert more.disk.finetuned > plain.disk.finetuned


def bounded():
    """Scores with fine-tuning in de (better than the baseline), es (worse) and nowhere else."""
    scores = make_scores()
    baseline = scores[scores["strategy"] == "baseline"]
    rows = baseline[baseline["language"].isin(["de", "es"])]
    gain = np.where(rows["language"] == "de", 0.1, -0.05)
    return scores, pd.concat([scores, rows.assign(strategy="in_language", value=rows["value"] + gain)])


def test_share_of_the_gap_that_is_closed():
    plain, scores = bounded()
    table = per_language_table(scores, "small", "udpos").set_index(["language", "strategy"])
    full = table.xs("full", level="strategy")
    assert full.loc["de", "gap_share"] == pytest.approx(full.loc["de", "delta"] / 10.0)
    assert full["gap_share"].notna().sum() == 1
    assert "no better than the baseline: no gap to close" in full.loc["es", "reason"]
    assert "no fine-tuning in the language itself" in full.loc["fi", "reason"]
    assert table.loc[("de", "in_language"), "delta"] == pytest.approx(10.0)
    assert not table.loc[("de", "in_language"), "best"]
    assert ("fi", "in_language") not in table.index
    text = per_language_latex(table.reset_index(), "small", "udpos")
    assert "in-language fine-tuning" in text
    assert "gap_share" not in per_language_table(plain, "small", "udpos")


def test_share_of_an_average_over_languages_by_hand(tmp_path):
    """By seed, from the long table; only languages with training data of their own count."""
    _, scores = bounded()
    table = in_language_table(scores).set_index("strategy")
    mean = scores[scores["language"].isin(["de", "es"])].groupby(["strategy", "seed"])["value"].mean() * 100
    gaps = mean["in_language"] - mean["baseline"]
    for strategy, row in table.iterrows():
        deltas = mean[strategy] - mean["baseline"]
        assert row["gap"] == pytest.approx(gaps.mean())
        assert row["delta"] == pytest.approx(deltas.mean())
        assert row["delta_std"] == pytest.approx(deltas.std(ddof=1))
        assert row["share"] == pytest.approx(deltas.mean() / gaps.mean())
        assert row["share_std"] == pytest.approx((deltas / gaps).std(ddof=1))
        assert (row["n_languages"], row["languages"], row["n_seeds"]) == (2, "de es", 3)
        assert row["gap_low"] < row["gap"] < row["gap_high"]
    assert set(table.index) == {"full", "front", "back"}
    text = latex_table("in_language", in_language_table(scores))
    assert "Share" in text
    figures.save_figure(figures.in_language(in_language_table(scores)), tmp_path / "figure.png")


@pytest.mark.parametrize(
    ("gain", "seeds", "said"),
    [
        (lambda seed: -0.05, (31, 42, 66), "no better than the baseline: no gap to close"),
        (lambda seed: {31: 0.30, 42: -0.20, 66: 0.05}[seed], (31, 42, 66), "within the noise of seeds"),
        (lambda seed: 0.1, (31,), "one seed: whether the gap"),
    ],
)
def test_share_of_a_gap_that_may_be_none_is_missing(tmp_path, gain, seeds, said):
    plain = make_scores(seeds=seeds)
    rows = plain[(plain["strategy"] == "baseline") & (plain["language"] == "de")]
    value = (rows["value"] + rows["seed"].map(gain)).clip(0, 1)
    scores = pd.concat([plain, rows.assign(strategy="in_language", value=value)])
    table = in_language_table(scores)
    assert table["share"].isna().all()
    assert table["share_std"].isna().all()
    assert table["gap"].notna().all()
    assert table["reason"].str.contains(said).all()
    by_language = per_language_table(scores, "small", "udpos")
    of_german = by_language[(by_language["language"] == "de") & (by_language["aligner"] != "none")]
    assert of_german["gap_share"].isna().all()
    assert of_german["reason"].str.contains(said).all()
    figures.save_figure(figures.in_language(table), tmp_path / "nothing.png")


def test_records_have_a_row_by_language(tmp_path):
    identity = {"model": "small", "task": "udpos", "aligner": "none", "realignment_languages": "none"}
    stage = {"steps": 84, "wall_seconds": 10.0, "device": "cpu"}
    rows = [run_record({**identity, "strategy": "baseline", "seed": 1}, stage, None)]
    for language, steps in (("de", 20), ("tr", 30)):
        for seed in (1, 2):
            own = run_record({**identity, "strategy": "in_language", "seed": seed}, stage | {"steps": steps}, None)
            rows.append(own | {"trained_on": language})
    for number, row in enumerate(rows):
        (tmp_path / f"{number}.json").write_text(json.dumps(row))
    job = SimpleNamespace(
        input=SimpleNamespace(records=[str(tmp_path / f"{number}.json") for number in range(len(rows))]),
        output=[str(tmp_path / "records.csv")], log=[str(tmp_path / "log")], params=SimpleNamespace(source="en"),
    )  # fmt: skip
    load_script("collect_records").main(job)
    table = runs_table(read_records(tmp_path / "records.csv"))
    own = table[table["strategy"] == "in_language"]
    assert own[["trained_on", "finetuning_steps", "n_seeds", "seeds"]].to_numpy().tolist() == [
        ["de", 20, 2, "1 2"], ["tr", 30, 2, "1 2"],
    ]  # fmt: skip
    assert table.loc[table["strategy"] == "baseline", "trained_on"].tolist() == ["en"]
    assert "Turkish" in latex_table("runs", table)
    # Without such runs there is no such column.
    job.input.records = job.input.records[:1]
    load_script("collect_records").main(job)
    assert "trained_on" not in runs_table(read_records(tmp_path / "records.csv"))


def test_it_is_in_no_other_table():
    plain, scores = bounded()
    for make in (main_table, deltas_table):
        assert make(scores).equals(make(plain))
    assert compare_table(scores, plain).equals(compare_table(plain, plain))
    assert "in_language" not in {cell.strategy for cell in read_experiment(scores).cells(all_metrics=True)}
