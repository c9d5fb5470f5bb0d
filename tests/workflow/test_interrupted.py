"""A run of the workflow that is killed: the same command suffices; a run that is alive keeps its locks."""

import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest
from support import ROOT
from workflow_support import TINY, snakemake

pytestmark = pytest.mark.workflow
TARGET = "results/tiny/bitext/de.parquet"


def killed_run(folder):
    """Start a run and kill it, with its jobs, as soon as Snakemake has written its locks; their files."""
    command = [
        sys.executable, "-m", "snakemake", TARGET, "--snakefile", ROOT / "Snakefile", "--directory", folder,
        "--configfile", TINY, "--cores", "1",
    ]  # fmt: skip
    run = subprocess.Popen(
        [str(part) for part in command], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    locks = folder / ".snakemake" / "locks"
    while not [*locks.glob("*.output.lock")]:
        assert run.poll() is None, "the run was over before it could be killed"
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    return sorted(locks.glob("*.lock"))


def test_same_command_suffices_after_a_kill_and_a_living_run_is_respected(tmp_path):
    left = killed_run(tmp_path)
    assert left, "Snakemake's locks outlive the run"
    with (tmp_path / ".snakemake" / "alignfreeze.lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # as another run holds it
        assert "cannot be locked" in snakemake(tmp_path, TARGET, check=False)
        assert sorted(left[0].parent.glob("*.lock")) == left
    output = snakemake(tmp_path, TARGET)
    assert "a run that was killed left its locks" in output
    assert (tmp_path / TARGET).is_file()
    assert not [*left[0].parent.glob("*.lock")]


def test_locks_of_another_host_stay_and_the_way_out_is_named(tmp_path):
    left = killed_run(tmp_path)
    (tmp_path / ".snakemake" / "alignfreeze.lock").write_text("another host")
    output = snakemake(tmp_path, TARGET, check=False)
    assert "another host's; if no run is left there, type: snakemake --unlock" in output
    assert sorted(left[0].parent.glob("*.lock")) == left
    snakemake(tmp_path, "--unlock")
    snakemake(tmp_path, TARGET)
