"""Snakemake on the published results: the plan, and the tables of one language, made for real."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from analysis_support import PUBLISHED, needs_published

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.workflow


def snakemake(folder, *arguments, source=None, check=True):
    options = ["--config", f"published_source={source}"] if source else []
    command = [
        *(sys.executable, "-m", "snakemake", *arguments, "--snakefile", ROOT / "Snakefile", "--directory", folder),
        *("--configfile", ROOT / "experiments" / "published.yaml", "--cores", "2", *options),
    ]
    environment = os.environ | {"COLUMNS": "200"}
    finished = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    if check:
        assert finished.returncode == 0, (finished.stdout + finished.stderr)[-6000:]
    return finished.stdout + finished.stderr


def test_files_are_fetched_once_unless_they_are_local(tmp_path):
    assert "fetch_published" in snakemake(tmp_path, "-n")


@needs_published
def test_one_language_from_a_local_folder(tmp_path):
    target = "results/published/tables/ta/main.csv"
    plan = snakemake(tmp_path, target, "-n", source=PUBLISHED)
    assert "fetch_published" not in plan
    snakemake(tmp_path, target, source=PUBLISHED)
    with (tmp_path / target).open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["n_languages"] for row in rows} == {"1"}
    assert {row["task"] for row in rows} == {"udpos", "wikiann"}
    assert all(row["delta_low"] == "" and "one language" in row["reason"] for row in rows)
    per_language = tmp_path / "results/published/tables/ta/per_language_xlmr_xnli.csv"
    assert len(per_language.read_text(encoding="utf-8").splitlines()) == 1


@needs_published
def test_wrong_folder_is_named(tmp_path):
    output = snakemake(tmp_path, "-n", source=tmp_path / "nowhere", check=False)
    assert "nowhere" in output
    assert "MissingInputException" in output
