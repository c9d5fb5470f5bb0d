"""The paper's experiment: planned in time, each job once, and one language's share of it."""

import copy
import csv
import math
import re
import resource
import subprocess
import sys

import pytest
import yaml
from analysis_support import PUBLISHED, needs_published
from support import ROOT

from alignfreeze.analysis.published import published_files, published_records
from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.plan import plan

PAPER = ROOT / "experiments" / "paper.yaml"
CONFIG = yaml.safe_load(PAPER.read_text(encoding="utf-8"))
EXPERIMENT = load(CONFIG, file="paper", base=ROOT)
pytestmark = pytest.mark.workflow


def snakemake(folder, *arguments, config=PAPER):
    command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", ROOT / "Snakefile", "--directory", folder]
    finished = subprocess.run(
        [*map(str, command), "--configfile", str(config), "--cores", "1"], capture_output=True, text=True
    )
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-6000:]
    return finished.stdout


def outputs(folder, config=PAPER):
    """Every planned output."""
    return [line.split("\t")[0] for line in snakemake(folder, "--summary", config=config).splitlines()[1:]]


def languages_of(task):
    return CONFIG["language_sets"][CONFIG["tasks"][task].get("evaluate", CONFIG["evaluate"])]


def strategies_of(task):
    return CONFIG["tasks"][task].get("strategies", list(CONFIG["realignment"]["strategies"]))


def expected_jobs():
    """Number of jobs by the beginning of the rule's name."""
    models, seeds, tasks = CONFIG["models"], CONFIG["seeds"], CONFIG["tasks"]
    strategies, pairs = CONFIG["realignment"]["strategies"], CONFIG["language_sets"]["all"]
    before = [name for name, entry in strategies.items() if isinstance(entry, str)]
    cells = sum(1 + len(strategies_of(name)) * len(task["aligners"]) for name, task in tasks.items())
    runs = len(models) * len(seeds) * cells
    used = {aligner for task in tasks.values() for aligner in task["aligners"]}
    # The order of languages differs between tasks, and with it the trajectory; the encoded pairs are the same.
    trajectories = {
        (aligner, *task["realignment_languages"]) for task in tasks.values() for aligner in task["aligners"]
    }
    files = {"hub": 0, "universal_dependencies": 0}
    for name, task in tasks.items():
        # English training and test data (`test_source` where there is one) and a test set for each language.
        files["hub" if "hub" in task["test"] else "universal_dependencies"] += 1 + 1 + len(languages_of(name))
    return {
        "fetch_treebank": files["universal_dependencies"],
        "fetch_dictionary": len(pairs),
        "fetch_dataset": files["hub"] + len(pairs),
        "convert_dataset": files["hub"] + 2 * len(pairs),
        "fetch_model": len(models),
        "build_bitext": len(pairs),
        "build_fit_bitext": len(pairs),
        **{f"align_{aligner}": len(pairs) for aligner in CONFIG["aligners"]},
        "check_encoder": len(models),
        "encode_pairs": len(models) * len(used),
        "realign": len(models) * len(trajectories) * len(before) * len(seeds),
        "finetune": runs,
        "evaluate": runs,
        "record_run": runs,
    }


def test_paper_is_planned_in_a_minute_with_the_number_of_jobs_that_it_has(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    dry_run = snakemake(tmp_path, "-n")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time: the wall clock of a busy machine says little.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 60
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", dry_run.split("Job stats:")[1], re.M)}
    total = counts.pop("total")
    expected = expected_jobs()
    found = {name: sum(count for rule, count in counts.items() if rule.startswith(name)) for name in expected}
    assert found == expected
    others = {rule: count for rule, count in counts.items() if not rule.startswith(tuple(expected))}
    assert set(others.values()) == {1}, "collecting and analysing are one job each"
    assert total == sum(expected.values()) + len(others)
    # The plan of costs, which reads the configuration alone, counts the same jobs.
    for stage in plan(EXPERIMENT, ROOT).stages:
        assert stage.jobs == sum(count for rule, count in counts.items() if rule.startswith(stage.name)), stage.name


def test_paper_plans_nothing_twice_and_a_dropped_language_takes_only_its_own_along(tmp_path):
    config = copy.deepcopy(CONFIG)
    for languages in config["language_sets"].values():
        if "th" in languages:
            languages.remove("th")
    fewer = tmp_path / "fewer.yaml"
    fewer.write_text(yaml.safe_dump(config))
    full, less = outputs(tmp_path), outputs(tmp_path, fewer)
    assert len(full) == len(set(full))
    # English question answering is scored on SQuAD, as the published results are; its XQuAD file is not fetched.
    assert {path for path in full if re.search(r"squad\.json$", path) and "xquad." not in path} == {
        f"resources/datasets/rajpurkar/squad/plain_text/{split}.squad.json" for split in ("train", "validation")
    }
    assert not [path for path in full if "xquad.en" in path]
    assert set(less) < set(full)
    of_thai = {path for path in full if re.search(r"(?<![a-z])th(?![a-z])|Thai", path)}
    assert set(full) - set(less) == of_thai
    assert len(of_thai) > 8


def test_every_set_of_the_paper_is_the_papers():
    """Read from the published result files' own columns (see experiments/published.yaml)."""
    published = yaml.safe_load((ROOT / "experiments" / "published.yaml").read_text(encoding="utf-8"))
    assert set(CONFIG["language_sets"]["all"]) == set(published["language_sets"]["all"])
    # Languages take turns in the orders of the published scripts: those that a task evaluates, then the others.
    order = "bg cs de es lv af ar ca da el fa fi fr he hi hu it ja ko lt no pl pt ro ru sk sl sv ta th tr uk vi zh"
    assert CONFIG["language_sets"]["all"] == order.split()
    for name, task in CONFIG["tasks"].items():
        (realigned,) = task["realignment_languages"]
        evaluated = languages_of(name)
        rest = [code for code in order.split() if code not in evaluated]
        assert CONFIG["language_sets"][realigned] == evaluated + rest, name
    assert CONFIG["seeds"] == [31, 42, 66, 23, 17]
    treebanks = CONFIG["tasks"]["udpos"]["test"]["treebanks"]
    assert treebanks.keys() == {"en", *CONFIG["language_sets"]["all"]}
    assert all(isinstance(code, str) for code in treebanks)


def test_strategies_during_finetuning_are_the_papers():
    during = {name: entry for name, entry in CONFIG["realignment"]["strategies"].items() if isinstance(entry, dict)}
    assert during == {
        f"during_{freeze}": {"freeze": freeze, "schedule": "during", "weight": 0.1}
        for freeze in ("full", "front", "back")
    }


def test_epochs_are_the_ones_that_a_task_takes_by_itself():
    without = copy.deepcopy(CONFIG)
    for task in without["tasks"].values():
        del task["epochs"]
    tasks = load(without, file="paper", base=ROOT).tasks
    assert {name: task["epochs"] for name, task in CONFIG["tasks"].items()} == {x: tasks[x].epochs for x in tasks.names}


@needs_published
def test_epochs_fit_the_published_steps():
    """Five epochs of question answering do not."""
    steps = {}
    for path in PUBLISHED.glob("*.csv"):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                steps.setdefault(row["task"], set()).add(int(row["finetuning_steps"]))
    assert steps == {"udpos": {1965, 1970}, "wikiann": {3130}, "xnli": {24544}, "xquad": {18010, 20228}}
    assert all(count % EXPERIMENT.tasks[task].epochs == 0 for task, counts in steps.items() for count in counts)
    assert math.gcd(*steps["xquad"]) == 2


@needs_published
def test_cells_are_the_published_ones_by_name():
    """So that `compare_with` finds each; but two strategies of XLM-R, which docs/deviations.md names."""
    planned = {
        (model, name, strategy, aligner)
        for model in CONFIG["models"]
        for name, task in CONFIG["tasks"].items()
        for strategy, aligner in [
            ("baseline", "none"),
            *((strategy, aligner) for strategy in strategies_of(name) for aligner in task["aligners"]),
        ]
    }
    runs = published_records(published_files(PUBLISHED))
    published = set(runs[["model", "task", "strategy", "aligner"]].itertuples(index=False, name=None))
    assert published < planned
    assert planned - published == {
        ("xlmr", "udpos", strategy, aligner)
        for strategy in ("during_front", "during_back")
        for aligner in CONFIG["tasks"]["udpos"]["aligners"]
    }
