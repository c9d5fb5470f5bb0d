"""Snakemake on earlier result files: sets of realignment languages, filter percentiles, in-language fine-tuning."""

import csv
import hashlib
import shutil

import pytest
import yaml
from analysis_support import PUBLISHED
from support import ROOT
from workflow_support import snakemake

HISTORY = PUBLISHED / "history"
FILES = [
    PUBLISHED / "distilbert-base-multilingual-cased__opus100__udpos.csv",
    HISTORY / "distilbert-base-multilingual-cased__udpos__opus100__filtered_percent_50.csv",
    HISTORY / "distilbert-base-multilingual-cased__udpos__in_language_de.csv",
    HISTORY / "distilbert-base-multilingual-cased__udpos__in_language_ja.csv",
    HISTORY / "distilbert-base-multilingual-cased__xnli__opus100__12_languages.csv",
    HISTORY / "distilbert-base-multilingual-cased__xnli__opus100__34_languages.csv",
]
pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(not HISTORY.is_dir(), reason=f"no earlier result files in {HISTORY}"),
]


def test_tables_that_the_files_have_numbers_for(tmp_path):
    config = yaml.safe_load((ROOT / "experiments" / "published.yaml").read_text(encoding="utf-8"))
    folder = tmp_path / "files"
    folder.mkdir()
    for file in FILES:
        shutil.copy(file, folder)
    config |= {"experiment": "history", "published_source": str(folder)}
    config["published"] |= {
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FILES},
        "models": ["distilmbert"],
        "tasks": ["udpos", "xnli"],
        "realignment_languages": ["34_languages", "12_languages", "all"],
    }
    (tmp_path / "history.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    names = ("realignment_languages", "filter_percentiles", "in_language")
    targets = [f"results/history/tables/all/{name}.csv" for name in names]
    snakemake(tmp_path, *targets, config=tmp_path / "history.yaml")
    found = {}
    for name, target in zip(names, targets, strict=True):
        with (tmp_path / target).open(encoding="utf-8") as handle:
            found[name] = list(csv.DictReader(handle))
    sets = {row["strategy"]: float(row["delta"]) for row in found["realignment_languages"]}
    assert sets == pytest.approx({"full": -1.53, "front": -1.14, "back": -1.26}, abs=0.01)  # the folder's README
    assert {float(row["percentile"]) for row in found["filter_percentiles"]} == {0, 50}
    assert len(found["filter_percentiles"]) == 2 * 3 * 6
    assert {row["languages"] for row in found["in_language"]} == {"de ja"}
    for kind in ("tables", "figures"):
        made = {path.stem for path in (tmp_path / "results" / "history" / kind / "all").iterdir()}
        assert made >= set(names)
