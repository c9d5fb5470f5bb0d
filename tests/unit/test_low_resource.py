"""experiments/low_resource.yaml against a server on loopback: every dataset in its layout, from there to examples."""

import json
import os
import subprocess
import sys

import datasets
import pytest
import yaml
from hub_server import HubServer
from support import ROOT

from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.plan import plan
from alignfreeze.kinds import load_kind, load_task
from alignfreeze.sources.formats import CONVERTED
from alignfreeze.sources.settings import HubDataset

PATH = ROOT / "experiments" / "low_resource.yaml"
CONFIG = load(yaml.safe_load(PATH.read_text(encoding="utf-8")), file=PATH.name, base=ROOT)
TEXT, NUMBER, WORDS = datasets.Value("string"), datasets.Value("int64"), datasets.List(datasets.Value("string"))


def classes(names):
    return datasets.List(datasets.ClassLabel(names=names))


BIO = ["O", *(f"{side}-{name}" for name in ("PER", "ORG", "LOC", "DATE") for side in "BI")]
# Features as the cards and scripts of the datasets have them, and a row.
LAYOUTS = {
    "masakhane/mafand": (
        {"translation": datasets.Translation(languages=["en", "swa"])}, {"translation": {"en": "a", "swa": "Habari"}},
    ),
    "masakhane/masakhaner2": (
        {"id": TEXT, "tokens": WORDS, "ner_tags": classes(BIO)}, {"id": "0", "tokens": ["Lagos"], "ner_tags": [5]},
    ),
    "unimelb-nlp/wikiann": (
        {"tokens": WORDS, "ner_tags": classes(BIO[:-2]), "langs": WORDS, "spans": WORDS},
        {"tokens": ["London"], "ner_tags": [5], "langs": ["en"], "spans": ["LOC: London"]},
    ),
    "masakhane/afrixnli": (
        {"premise": TEXT, "hypothesis": TEXT, "label": NUMBER}, {"premise": "a", "hypothesis": "b", "label": 2},
    ),
    "facebook/xnli": (
        {
            "premise": TEXT, "hypothesis": TEXT,
            "label": datasets.ClassLabel(names=["entailment", "neutral", "contradiction"]),
        },
        {"premise": "a", "hypothesis": "b", "label": 0},
    ),
    "Davlan/sib200": (
        {"index_id": NUMBER, "category": TEXT, "text": TEXT},
        {"index_id": 1, "category": "science/technology", "text": "Habari ya leo"},
    ),
}  # fmt: skip
SUBSETS = {
    "masakhane/mafand": {"en-swa"}, "masakhane/masakhaner2": {"swa"},
    "unimelb-nlp/wikiann": {"en"}, "masakhane/afrixnli": {"swa", "eng"}, "facebook/xnli": {"en"},
    "Davlan/sib200": {"swh_Latn", "eng_Latn"},
}  # fmt: skip
MASAKHAPOS = (
    "https://raw.githubusercontent.com/masakhane-io/masakhane-pos/a42273eb27d37f3dedfc3914bfccb88199e10454/"
    "data/swa/test.txt"
)
FETCH = """
import json, sys
from pathlib import Path
from alignfreeze.sources.download import fetch_dataset, fetch_file
from alignfreeze.sources.hub import convert
from alignfreeze.sources.lock import ResourcesLock
plain, wanted = json.load(sys.stdin)
for url, file in plain:
    fetch_file(url, "unversioned", file, Path("resources", file), ResourcesLock("lock.json", "resources"))
for name, subset, split, revision, ending, file, rows in wanted:
    folder = Path("resources", "datasets", name, subset, split)
    if not folder.exists():
        key = str(folder.relative_to("resources"))
        fetch_dataset(name, subset, split, revision, key, folder, ResourcesLock("lock.json", "resources"))
    convert(folder, Path("resources", file), ending, rows["columns"], rows["labels"])
"""


def entries():
    """Key, entry and language of everything that Swahili and English need of the hub."""
    for side, entry in CONFIG.data.bitext.sides.items():
        yield f"bitext.{side}", entry, "sw"
    for name in CONFIG.tasks.names:
        task = CONFIG.tasks[name]
        yield f"{name}.train", task.train, "en"
        yield f"{name}.test", task.test, "sw"
        yield f"{name}.test_source", task.test_data(True), "en"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("low_resource")
    wanted = {}
    for key, entry, language in entries():
        if isinstance(entry, HubDataset):
            file = entry.file_of(language, "en")
            subset, (split, ending) = file.split("/")[3], file.split("/")[4].split(".", 1)
            wanted[key] = (entry.hub, subset, split, entry.revision, ending, file, entry.rows())
    subsets = {}
    for hub, subset, split, revision, *_ in wanted.values():
        features, row = LAYOUTS[hub]
        top = folder / "hub" / ("converted/datasets" if revision == CONVERTED else "datasets") / hub
        path = top / subset / (f"{split}/0000.parquet" if revision else f"{split}-00000-of-00001.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        datasets.Dataset.from_list([row] * 3, features=datasets.Features(features)).to_parquet(path)
        subsets.setdefault(hub, set()).add(subset)
    assert subsets == SUBSETS, "the names of the datasets' own subsets"
    text = folder / "hub" / "raw" / MASAKHAPOS.partition("://")[2]
    text.parent.mkdir(parents=True)
    text.write_text("Habari NOUN\n. PUNCT\n\n" * 3)
    file = CONFIG.tasks["masakhapos"].test.file_of("sw", "en")
    with HubServer(folder / "hub") as server:
        plain = [(f"{server.url}/raw/{MASAKHAPOS.partition('://')[2]}", file)]
        environment = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "HF_TOKEN")}
        environment |= {"HF_ENDPOINT": server.url, "PYTHONPATH": str(ROOT), "HF_HOME": str(folder / "home")}
        subprocess.run(
            [sys.executable, "-c", FETCH], input=json.dumps([plain, list(wanted.values())]), text=True, check=True,
            cwd=folder, env=environment | {"USE_TORCH": "0"},
        )  # fmt: skip
    locked = json.loads((folder / "lock.json").read_text())
    assert all(len(entry["revision"]) == 40 for entry in locked.values() if entry["revision"] != "unversioned")
    assert locked[file]["source"].endswith("/data/swa/test.txt")
    return folder


def test_it_is_planned():
    stages = {stage.name: stage for stage in plan(CONFIG, ROOT).stages}
    assert stages["realign"].steps == 2 * 5 * 3 * 1000, "two models, five seeds, three strategies, shared by the tasks"
    topics = load_kind("sentences").corpus.train
    assert stages["finetune"].steps > 2 * 5 * 4 * 20 * (topics // 32)


def test_address_of_masakhapos():
    """Its folders have codes of three letters; the path is the address, which the rule fetches it from."""
    file = CONFIG.tasks["masakhapos"].test.file_of("sw", "en")
    assert file == f"files/{MASAKHAPOS.replace('://', '/')}.tags"


def test_both_sides_of_the_bitext(folder):
    read = [
        (folder / "resources" / entry.file_of("sw", "en")).read_text() for entry in CONFIG.data.bitext.sides.values()
    ]
    assert read == ["a\n" * 3, "Habari\n" * 3]


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("masakhapos", {"NOUN", "PUNCT"}),
        ("masakhaner", {"B-LOC"}),
        ("afrixnli", {"contradiction"}),
        ("sib200", {"science/technology"}),
    ],
)
def test_examples_of_every_task(folder, task, labels):
    settings = CONFIG.tasks[task]
    kind = load_task(settings.kind, settings.encoding.model_dump())
    examples = kind.read(folder / "resources" / settings.test.file_of("sw", "en"), "sw")
    assert len(examples) == 3
    found = getattr(examples, "tags", None) or [examples.labels]
    assert {label for labels in found for label in labels} == labels
    if isinstance(settings.train, HubDataset):
        train = kind.read(folder / "resources" / settings.train.file_of("en", "en"), "en")
        assert len(train) == 3
        assert kind.for_training(train).labels
