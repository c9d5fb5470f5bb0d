"""Fine-tuning in the evaluated language itself: which languages, how many runs, and what it is compared with."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml
from analysis_support import make_scores
from support import ROOT

from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.compare import compare_table
from alignfreeze.analysis.latex import per_language_latex
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


def test_it_is_in_no_other_table():
    plain, scores = bounded()
    for make in (main_table, deltas_table):
        assert make(scores).equals(make(plain))
    assert compare_table(scores, plain).equals(compare_table(plain, plain))
    assert "in_language" not in {cell.strategy for cell in read_experiment(scores).cells(all_metrics=True)}
