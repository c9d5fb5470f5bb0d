"""All four tasks on the public samples, cut down: from their files to the tables, then one language by its target."""

import copy
import csv
import random
from collections import Counter

import pytest
import yaml
from support import ROOT
from workflow_support import planned, snakemake

from alignfreeze.data.squad import read_squad
from alignfreeze.data.treebank import read_treebank
from alignfreeze.metrics.answers import f1

CONFIG = yaml.safe_load((ROOT / "experiments" / "shared_real.yaml").read_text(encoding="utf-8"))
DATA = ROOT.parent / "shared" / "data"
LANGUAGES = ["de", "th"]  # German is in all tasks, Thai has no named entities here
METRICS = {"udpos": 1, "wikiann": 5, "xnli": 1, "xquad": 2}
# Minutes, which the suite has not: test_any_language.py runs every kind of task with a small encoder.
pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the public samples are not beside this checkout"),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("tasks")


@pytest.fixture(scope="module")
def config(workspace):
    """Fewer languages, items and steps; else as it is."""
    changed = copy.deepcopy(CONFIG)
    changed["language_sets"] |= {"all": LANGUAGES, "ner": ["de"], "nli": LANGUAGES, "qa": LANGUAGES}
    changed["data"]["bitext"]["sample"] = 30
    changed["realignment"]["strategies"] = {"front": "front"}
    for task in changed["tasks"].values():
        task |= {"max_train_items": 16, "max_test_items": 3, "realignment_steps": 2, "epochs": 1}
    path = workspace / "few.yaml"
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")
    return path


def test_chance_is_what_the_docs_say():
    """docs/four_tasks.md: the most frequent tag; random spans of one to five words."""
    tasks = CONFIG["tasks"]
    tags = read_treebank(DATA / "ud" / "en.test.conllu").first(tasks["udpos"]["max_test_items"]).tags
    counts = Counter(tag for sentence in tags for tag in sentence)
    rng, spans = random.Random(0), []
    for question in read_squad(DATA / "xquad" / "xquad.en.json").first(tasks["xquad"]["max_test_items"]):
        words, gold = question.context.split(), [answer.text for answer in question.answers]
        for _ in range(1000):
            start, length = rng.randrange(len(words)), rng.randint(1, 5)
            spans.append(f1(" ".join(words[start : start + length]), gold))
    chance = [100 * max(counts.values()) / counts.total(), 100 * sum(spans) / len(spans)]
    text = " ".join((ROOT / "docs" / "four_tasks.md").read_text(encoding="utf-8").split())
    stated = (
        "chance is {:.0f} % (the most frequent tag), near 0, 33 % and {:.0f} % (a random span of one to five words)"
    )
    assert stated.format(*chance) in text


def scores(workspace, languages):
    with (workspace / "results" / "shared_real" / "tables" / languages / "scores.csv").open() as handle:
        return list(csv.DictReader(handle))


def test_whole_experiment_has_every_task_strategy_and_language_once(tmp_path):
    """As many jobs as its own lists say."""
    plan = planned(snakemake(tmp_path, "-n", config=ROOT / "experiments" / "shared_real.yaml"))
    assert plan["finetune"] == plan["evaluate"] == plan["record_run"] == 4 * (1 + 3)
    assert plan["build_bitext"] == plan["align_dictionary"] == 34
    assert plan["realign"] == 3


def test_from_files_to_tables_of_all_four_tasks(workspace, config):
    snakemake(workspace, config=config)
    rows = scores(workspace, "all")
    found = {(row["task"], row["strategy"], row["language"], row["metric"]) for row in rows}
    languages = {task: 3 if task != "wikiann" else 2 for task in METRICS}  # English with them
    assert len(found) == len(rows) == sum(2 * METRICS[task] * languages[task] for task in METRICS)
    tables = workspace / "results" / "shared_real" / "tables" / "all"
    with (tables / "main.csv").open() as handle:
        main = list(csv.DictReader(handle))
    assert {row["task"] for row in main} == METRICS.keys()


def test_one_language_is_scored_anew_by_its_target_without_training(workspace, config):
    snakemake(workspace, config=config)
    target = "results/shared_real/tables/th/scores.csv"
    plan = planned(snakemake(workspace, "-n", target, config=config))
    assert plan == {"evaluate": 6, "collect_scores": 1}
    snakemake(workspace, target, config=config)
    whole = [row for row in scores(workspace, "all") if row["language"] == "th"]
    alone = [row for row in scores(workspace, "th") if row["language"] == "th"]
    assert sorted(map(str, alone)) == sorted(map(str, whole))
