"""A small whole chain that is interrupted: killed, out of disk, run twice at once; the bytes are those of an
undisturbed run, or the counts and the first failures are printed.
"""

import json
import subprocess
import sys

import pytest
from support import ROOT, child_environment


def trials(kind, folder, *stride):
    """Interrupt runs in a process of its own, which forks; what it counted."""
    command = [sys.executable, ROOT / "tests" / "whole_chain.py", kind, folder, *stride]
    finished = subprocess.run(command, env=child_environment(), capture_output=True, text=True, timeout=1_500)
    assert finished.returncode == 0, finished.stderr[-3_000:]
    counts = json.loads(finished.stdout.splitlines()[-1])
    if counts["skipped"]:
        pytest.skip(counts["skipped"])
    assert counts["failed"] == []
    return counts


def test_a_few_kills_end_in_the_same_bytes(tmp_path):
    counts = trials("writes", tmp_path / "runs", "50")
    assert counts["kills"] >= 2


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["writes", "random", "full", "sizes", "twice"])
def test_interrupted_runs_end_in_the_same_bytes(kind, tmp_path, record_property):
    counts = trials(kind, tmp_path / "runs")
    record_property("seen", f"{kind}: {counts['runs']} runs, {counts['kills']} kills, all as undisturbed")
    assert counts["runs"] >= 10
