"""Snakemake, run for real on experiments/tiny.yaml, and what a dry run plans."""

import os
import re
import subprocess
import sys

import yaml
from support import ROOT

TINY = ROOT / "experiments" / "tiny.yaml"
CONFIG = yaml.safe_load(TINY.read_text())


def snakemake(folder, *arguments, config=TINY, check=True):
    """Run snakemake with its outputs below `folder`."""
    command = [
        sys.executable, "-m", "snakemake", *arguments,
        "--snakefile", ROOT / "Snakefile", "--directory", folder, "--configfile", config, "--cores", "2",
    ]  # fmt: skip
    finished = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=folder, env=os.environ | {"COLUMNS": "200"}
    )
    output = finished.stdout + finished.stderr
    if check:
        assert finished.returncode == 0, output[-6000:]
    return output


def planned(output):
    """Number of jobs by rule in a dry run, without the total."""
    table = output.split("Job stats:")[-1]
    counts = dict(re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE))
    counts.pop("total", None)
    return {rule: int(count) for rule, count in counts.items()}
