"""The diff in CONTRIBUTING.md adds a kind of task: it is applied to a copy of the library, trained with and scored."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from support import ROOT, tiny_encoder, wordpiece_tokenizer

RUN = """
import json
from pathlib import Path
from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.plan import plan
from alignfreeze.jobs.evaluate import evaluate
from alignfreeze.jobs.finetune import finetune_on_task
import yaml
config = load(yaml.safe_load(Path("x.yaml").read_text()), file="x.yaml", base=Path("."))
task = config.tasks["news"]
assert task.epochs == 3 and task.kind == "documents"
assert plan(config, Path(".")).stages
finetune_on_task(
    "out", task="news", kind=task.kind, encoder="tiny", train="en.tsv", language="en",
    settings=config.finetuning_settings("tiny", "news"), encoding=task.encoding.for_training(), seed=1, device=None,
    state="state.pt", resume_every=0,
)
print(json.dumps(evaluate(
    "out", task=task.kind, tests={"sw": "sw.tsv"}, source="en", encoding=task.encoding.model_dump(), device=None
)))
"""


@pytest.fixture
def checkout(tmp_path):
    shutil.copytree(ROOT / "alignfreeze", tmp_path / "alignfreeze", ignore=shutil.ignore_patterns("__pycache__"))
    tiny_encoder("bert").save_pretrained(tmp_path / "tiny")
    wordpiece_tokenizer().save_pretrained(tmp_path / "tiny")
    rows = ["a\ta b c\tx", "b\tb b\ty"] * 4
    (tmp_path / "news.tsv").write_text("title\ttext\tlabel\n" + "\n".join(rows) + "\n")
    for language in ("en", "sw"):
        (tmp_path / f"{language}.txt").write_text("a b\nb c\n")
        shutil.copy(tmp_path / "news.tsv", tmp_path / f"{language}.tsv")
    config = yaml.safe_load((ROOT / "experiments" / "tiny.yaml").read_text())
    config["models"] = {"tiny": {"source": "path:tiny"}}
    config["data"] = {"bitext": {"source": "en.txt", "target": "{lang}.txt"}}
    config["language_sets"], config["aligners"] = {"all": ["sw"]}, {"fastalign": {}}
    config["realignment"]["max_length"] = 60
    config["tasks"] = {
        "news": {
            "kind": "documents", "train": "en.tsv", "test": "{lang}.tsv", "aligners": ["fastalign"],
            "realignment_steps": 1, "batch_size": 4, "max_length": 60,
        },
    }  # fmt: skip
    del config["diagnostics"]
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def test_one_file_and_one_entry_add_a_kind_of_task(checkout):
    (diff,) = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
    files = re.findall(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE)
    assert len(files) == 2, "one entry, one file"
    subprocess.run(
        ["git", "apply", "-"], cwd=checkout, input=diff, text=True, check=True,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(checkout.parent)},
    )  # fmt: skip
    finished = subprocess.run(
        [sys.executable, "-c", RUN], cwd=checkout, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-3000:]
    rows = {row["metric"]: row for row in yaml.safe_load(finished.stdout.splitlines()[-1])}
    assert list(rows) == ["accuracy", "macro_f1", "majority"]
    assert rows["majority"]["value"] == 0.5
    assert {row["n"] for row in rows.values()} == {8}
