"""The whole workflow, killed again and again at random times: the same command suffices, the bytes are the same."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from support import ROOT
from whole_chain import outcome_of, write_inputs
from workflow_support import snakemake

pytestmark = pytest.mark.faults
KILLS = 10
LONGEST = 1_800  # seconds
TARGET = "scores"


def experiment(inputs):
    """A configuration of one language on a tiny encoder: every kind of job from text to scores."""
    for name in ("en", "de"):
        shutil.copy(inputs / "test.conllu", inputs / f"test-{name}.conllu")
    return {
        "experiment": "killed", "seeds": [31], "device": "cpu", "keep": "all", "resume_every": 2,
        "models": {"tiny": {"source": f"path:{inputs}/model"}},
        "language_sets": {"all": ["de"]}, "evaluate": "all",
        "data": {
            "bitext": {"source": f"{inputs}/en.txt", "target": f"{inputs}/{{lang}}.txt"},
            "dictionary": f"{inputs}/dictionary-{{lang}}.txt",
        },
        "aligners": {"dictionary": {}},
        "realignment": {
            "strategies": {"full": "full"}, "languages": "all", "batch_size": 4, "learning_rate": 1e-3,
            "max_length": 20,
        },
        "tasks": {
            "udpos": {
                "train": f"{inputs}/train.conllu", "test": f"{inputs}/test-{{lang}}.conllu",
                "aligners": ["dictionary"], "realignment_steps": 6, "batch_size": 4, "epochs": 2,
                "learning_rate": 1e-3, "max_length": 20,
            }
        },
    }  # fmt: skip


def started(folder, config):
    """A run in a process group of its own."""
    command = [
        sys.executable, "-m", "snakemake", TARGET, "--snakefile", ROOT / "Snakefile", "--directory", folder,
        "--configfile", config, "--cores", "2",
    ]  # fmt: skip
    with (folder / "printed.txt").open("a") as printed:
        return subprocess.Popen(
            [str(part) for part in command], start_new_session=True, stdout=printed, stderr=printed, cwd=folder
        )


def made(folder):
    """Content of everything that a run made, but for what tells the time (Snakemake stamps folders)."""
    files = outcome_of(folder / "results" / "killed")
    return {
        path: checksum
        for path, checksum in files.items()
        if not path.startswith("benchmarks/") and Path(path).name != ".snakemake_timestamp"
    }


def test_killed_workflow_ends_in_the_same_bytes_by_the_same_command(tmp_path, record_property):
    inputs, config, generator = tmp_path / "inputs", tmp_path / "config.yaml", random.Random(0)
    write_inputs(inputs)
    shutil.copy(inputs / "dictionary.txt", inputs / "dictionary-de.txt")
    config.write_text(yaml.safe_dump(experiment(inputs)))
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    for folder in (undisturbed, disturbed):
        folder.mkdir()
    began = time.monotonic()
    snakemake(undisturbed, TARGET, config=config)
    seconds, expected = time.monotonic() - began, made(undisturbed)
    assert len(expected) > 20
    kills, ended = {"with its jobs": 0, "alone": 0}, 0
    while sum(kills.values()) < KILLS or not ended:
        assert time.monotonic() - began < LONGEST, (disturbed / "printed.txt").read_text()[-3_000:]
        run = started(disturbed, config)
        is_last = sum(kills.values()) >= KILLS
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(timeout=LONGEST if is_last else generator.uniform(0, seconds))
        if run.poll() is not None:  # it came to its end before it was killed
            assert run.returncode == 0, (disturbed / "printed.txt").read_text()[-3_000:]
            different = sorted({path for path, _ in {*made(disturbed).items()} ^ {*expected.items()}})
            assert different == []
            ended += 1
            shutil.rmtree(disturbed / "results")
        elif generator.random() < 0.5:
            os.killpg(run.pid, signal.SIGKILL)
            kills["with its jobs"] += 1
        else:  # the jobs outlive it, beside those of its successor
            run.kill()
            kills["alone"] += 1
        run.wait()
    seen = f"snakemake: kills {kills}, {ended} ends, each with the {len(expected)} files of an undisturbed run"
    record_property("seen", seen)
