"""The workflow on a terminal: its line, its jobs' lines, errors in full; and the same as text in a file."""

import copy
import os
import re
import subprocess
import sys

import pytest
import yaml
from pseudo_terminal import run_on_terminal, screen
from support import ROOT
from workflow_support import CONFIG

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """An experiment whose German sides do not pair; Turkish is in order."""
    folder = tmp_path_factory.mktemp("terminal")
    config = copy.deepcopy(CONFIG)
    for language in ("de", "tr", "ja"):
        text = (ROOT / f"data/demo/bitext/{language}.txt").read_text(encoding="utf-8").splitlines()
        kept = text[:-1] if language == "de" else text
        (folder / f"{language}.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
    config["data"]["bitext"]["target"] = str(folder / "{lang}.txt")
    path = folder / "damaged.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def command(config, *arguments):
    targets = [f"results/tiny/alignments/dictionary/{language}.txt" for language in ("de", "tr")]
    snakemake = [sys.executable, "-m", "snakemake", *targets, "--cores", "2", "--snakefile", ROOT / "Snakefile"]
    return [*snakemake, "--directory", config.parent, "--configfile", config, *arguments]


def test_a_run_on_a_terminal(damaged):
    """Whatever the display does, what went wrong stands there whole, and the exit code is that of Snakemake."""
    environment = os.environ | {"TERM": "xterm"}
    code, written = run_on_terminal(command(damaged, "--quiet", "host"), columns=100, env=environment)
    assert code == 1
    for told in ("0 of 4 jobs", "of 4 jobs, 1 failed"):
        assert told in written, written[-3000:]
    assert re.search(r"  build_bitext (de|tr): 0:00:\d\d", written), "a line for a job at work"
    lines = screen(written)
    assert any(line.startswith("[1/4] ") for line in lines)
    assert any("ERROR" in line and "de.txt" in line for line in lines), "what the job itself says on the terminal"
    log = (damaged.parent / "results/tiny/logs/bitext/de.log").read_text().strip()
    shown = "\n".join(lines)
    assert log in shown, "show-failed-logs: the whole log"
    assert "Error in rule build_bitext:" in shown
    assert "so far, about" not in shown, "nothing of the display is left"


def test_the_same_in_a_file_says_how_much_time_is_left(damaged):
    finished = subprocess.run(map(str, command(damaged, "--forceall")), capture_output=True, text=True)
    assert finished.returncode == 1
    assert "\x1b" not in finished.stderr
    (line,) = [line for line in finished.stderr.splitlines() if line.startswith("1 of 4 steps (25%) done")]
    assert "so far, about 0:00:" in line
