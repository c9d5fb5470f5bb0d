"""What reruns a job: modules behind its script, by their source and in a plan."""

import copy
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
import yaml
from support import ROOT
from workflow_support import CONFIG, jobs_of

from alignfreeze.support.imports import LIBRARY, imported_names, modules_behind

SCRIPTS = ROOT / "workflow_scripts"


def test_names_are_read_wherever_they_are_imported(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("""
import os, numpy.linalg
from typing import TYPE_CHECKING
from alignfreeze.analysis import tables as t
if TYPE_CHECKING:
    import torch
def f():
    if True:
        from alignfreeze.realignment.loss import RealignmentLoss
""")
    assert imported_names(path) == {
        "os", "numpy.linalg", "typing", "typing.TYPE_CHECKING", "alignfreeze.analysis", "alignfreeze.analysis.tables",
        "alignfreeze.realignment.loss", "alignfreeze.realignment.loss.RealignmentLoss",
    }  # fmt: skip
    found = modules_behind(path)
    assert {
        "analysis/__init__",
        "analysis/tables",
        "analysis/cells",
        "realignment/loss",
        "realignment/batches",
        "data/text",
    } <= set(found)
    assert "realignment/loss" not in modules_behind(path, without=["realignment/loss"])
    assert "realignment/batches" not in modules_behind(path, without=["realignment/loss"]), "nothing else imports it"
    assert set(modules_behind(path, ["kinds/questions"])) - set(found) >= {
        "kinds/questions",
        "kinds/kind",
        "data/squad",
    }


@pytest.mark.parametrize(
    "module", ["training.finetuning", "kinds.questions", "aligners.awesome", "analysis.retrieval", "sources.download"]
)
def test_nothing_is_loaded_that_the_source_does_not_tell(module):
    code = (
        f"import sys, alignfreeze.{module}; print(*(name for name in sys.modules if name.startswith('alignfreeze.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    names = {name.removeprefix("alignfreeze.").replace(".", "/") for name in loaded.split()}
    packages = {path.parent.relative_to(LIBRARY).as_posix() for path in LIBRARY.glob("*/__init__.py")}
    path = module.replace(".", "/")
    names = {name for name in names - packages if not name.startswith("support/")}
    assert names <= {path, *modules_behind(LIBRARY / f"{path}.py")}


def everything(folder):
    """The tiny experiment with all tasks, schedules, a hub's data and a comparison."""
    config = copy.deepcopy(CONFIG)
    config["language_sets"] = {"all": ["de"]}
    config["realignment"]["strategies"]["during"] = {"freeze": "front", "schedule": "during"}
    config["realignment"]["strategies"]["after"] = {"freeze": "front", "schedule": "after"}
    for name in ("wikiann", "xnli", "xquad"):
        for language in ("en", "de"):
            (folder / f"{name}.{language}").touch()
        files = {"train": str(folder / f"{name}.en"), "test": str(folder / f"{name}.{{lang}}")}
        config["tasks"][name] = config["tasks"]["udpos"] | files
    config["tasks"]["xnli"]["test"] = {"hub": "owner/nli", "subset": "{lang}", "split": "test", "format": "nli"}
    config["compare_with"] = str(folder / "scores.csv")
    (folder / "scores.csv").touch()
    path = folder / "everything.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def code_of_jobs(folder, config):
    """Output -> (rule, scripts, modules behind its checksums of code) of everything that is planned."""
    found = {}
    with mock.patch("alignfreeze.support.checksums.code_checksums", side_effect=list):
        for job in jobs_of(config, folder):
            if job.is_norun:
                continue
            files = job.params.get("code", [])
            library = [path.relative_to(LIBRARY) for path in files if path.is_relative_to(LIBRARY)]
            scripts = {path.stem for path in files if not path.is_relative_to(LIBRARY)}
            modules = {path.with_suffix("").as_posix() for path in library}
            found |= dict.fromkeys(job.output, (job.rule, scripts, modules))
    return found


@pytest.mark.workflow
@pytest.mark.parametrize("name", ["everything", "published"])
def test_every_job_depends_on_the_code_that_decides_its_result(tmp_path, name):
    own = name == "everything"
    planned = code_of_jobs(tmp_path, everything(tmp_path) if own else ROOT / "experiments" / "published.yaml")
    without = {rule.name for rule, scripts, modules in planned.values() if not modules}
    # What has been fetched is kept and checked, whatever fetches it.
    assert without == ({"fetch_dataset"} if own else {"fetch_published"})
    for output, (rule, scripts, modules) in planned.items():
        assert scripts == (set() if rule.name in without else {Path(rule.script).stem}), "its own script is code, too"
        assert not [module for module in modules if module.startswith("support/")], output
    if not own:
        return

    def modules_of(part):
        return planned[f"results/tiny/{part}"][2]

    plain = modules_of("finetuned/e5small/baseline/none/none/xquad/seed31")
    assert plain == modules_of("finetuned/e5small/full/dictionary/all/xquad/seed31")
    assert {
        "training/finetuning",
        "training/batches",
        "encoders/loading",
        "training/loop",
        "kinds/questions",
        "tasks/question_answering",
        "data/text",
    } <= plain
    during = modules_of("finetuned/e5small/during/dictionary/all/xquad/seed31")
    assert during - plain == {
        "realignment/batches",
        "realignment/interleaved",
        "realignment/settings",
        "realignment/objective",
        "realignment/loss",
        "encoders/freezing",
        "encoders/blocks",
        "realignment/word_pairs",
        "encoders/pooling",
        "data/bitext",
        "data/settings",
        "data/pharaoh",
    }
    after = modules_of("finetuned/e5small/after/dictionary/all/xquad/seed31")
    assert {"jobs/realign_finetuned", "realignment/objective", "kinds/questions", "encoders/freezing"} <= after
    assert "training/finetuning" not in after, "another fine-tuning is another model to start from"
    score = modules_of("scores/e5small/baseline/none/none/xquad/seed31/all.csv")
    assert score - plain == {
        "jobs/evaluate",
        "metrics/answers",
        "metrics/question_answering",
        "encoders/prediction",
    }, "another metric evaluates anew and trains nothing"
    assert {module for module in score if module.startswith("kinds/")} == {"kinds/kind", "kinds/questions"}
    realigned = modules_of("realigned/e5small/full/dictionary/all/seed31")
    assert {
        "realignment/objective",
        "realignment/loss",
        "encoders/freezing",
        "realignment/batches",
        "encoders/vocabulary",
        "training/loop",
    } <= realigned
    assert not realigned & {"training/finetuning", "tasks/token_classification"}
    assert "tasks/token_classification" not in modules_of("alignments/awesome/de.txt")
    assert "data/segmentation" not in modules_of("bitext/de.parquet"), "its words are separated already"
    assert "languages/uriel" in modules_of("regression/all/regression.csv")
