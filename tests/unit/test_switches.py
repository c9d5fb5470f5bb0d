"""The table of switches in docs/deviations.md: paper.yaml has the published values, and each changes its own stage."""

import copy
import re

import pytest
import yaml
from snakemake.utils import update_config
from support import ROOT, SHARED

from alignfreeze.experiment.configuration import load

PAPER = yaml.safe_load((ROOT / "experiments" / "paper.yaml").read_text(encoding="utf-8"))
ROW = re.compile(r"\| `(?P<key>[a-z_.]+)` \| `(?P<published>[^`]+)` \| `(?P<default>[^`]+)` \| .+ \|")
# Stages whose settings a switch is part of; what comes after them follows from their files.
STAGES = {
    "tasks.udpos.tokens": {"finetune udpos", "evaluate udpos"},
    "tasks.udpos.evaluation_length": {"evaluate udpos"},
    "tasks.wikiann.evaluation_length": {"evaluate wikiann"},
    "tasks.wikiann.chinese": {"evaluate wikiann"},
    "tasks.xnli.evaluation_length": {"evaluate xnli"},
    "tasks.xquad.prediction": {"evaluate xquad"},
    "aligners.dictionary.matching": {"align_dictionary"},
    "aligners.fastalign.iterations": {"align_fastalign"},
    "aligners.fastalign.lowercase": {"align_fastalign"},
    "data.bitext.sampling": {"build_bitext"},
    "realignment.shuffle": {"realign", "finetune during"},
    "realignment.max_rows": {"encode_pairs"},
    "tasks.udpos.schedule_accumulation": {"finetune udpos"},
    "realignment.layer": {"realign", "finetune during"},
    "realignment.word": {"encode_pairs", "realign", "finetune during"},
    "realignment.freeze_embeddings": {"realign", "finetune during"},
}
OTHER = {
    "tasks.udpos.schedule_accumulation": 4,
    "realignment.layer": "last",
    "realignment.word": "mean",
    "realignment.freeze_embeddings": True,
}


def switches():
    """Key, published value and default of each row of the table."""
    text = (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8")
    table = text.split("## Switches")[1].split("\n## ")[0]
    rows = [ROW.fullmatch(line) for line in table.splitlines() if line.startswith("| `")]
    assert all(rows), "each row has key, published value and default in backticks"
    return [(row["key"], yaml.safe_load(row["published"]), yaml.safe_load(row["default"])) for row in rows]


def experiment(key=None, *value):
    """The paper's experiment, with another value of a key or, if none is given, without the key."""
    config = copy.deepcopy(PAPER)
    if key:
        *path, last = key.split(".")
        section = config
        for name in path:
            section = section[name]
        section.pop(last, None)
        if value:
            section[last] = value[0]
    return load(config, file="paper", base=ROOT)


def value_of(config, key):
    for name in key.split("."):
        config = config[name] if name in ("udpos", "wikiann", "xnli", "xquad") else getattr(config, name)
    return config


def settings(config):
    """What each stage computes with, as the rules hand it over."""
    dump = {
        "build_bitext": config.data.bitext.model_dump(),
        "align_dictionary": config.aligners.dictionary.model_dump(),
        "align_fastalign": config.aligners.fastalign.model_dump(),
        "align_awesome": config.aligners.awesome.model_dump(),
        "encode_pairs": (config.realignment.max_rows, config.realignment.max_length, config.realignment.word),
        "realign": [config.realignment_settings(model, "full").model_dump() for model in config.models],
        "finetune during": [config.realignment_settings(model, "during_back").model_dump() for model in config.models],
    }
    for task in config.tasks.names:
        recipes = [config.finetuning_settings(model, task).model_dump() for model in config.models]
        dump[f"finetune {task}"] = (recipes, config.tasks[task].encoding.for_training())
        dump[f"evaluate {task}"] = config.tasks[task].encoding.model_dump()
    return dump


def test_table_names_every_switch_once():
    keys = [key for key, _, _ in switches()]
    assert len(keys) == len(set(keys))
    assert set(keys) == STAGES.keys()


@pytest.mark.parametrize(("key", "published", "default"), switches(), ids=[key for key, _, _ in switches()])
def test_paper_has_the_published_value_and_others_the_default(key, published, default):
    assert value_of(experiment(), key) == published
    assert value_of(experiment(key), key) == default
    if published != default:
        section = PAPER
        for name in key.split("."):
            section = section[name]
        assert section == published, "stated in the file, not left to the default"


@pytest.mark.parametrize(("key", "published", "default"), switches(), ids=[key for key, _, _ in switches()])
def test_a_switch_changes_the_settings_of_its_stage_and_no_others(key, published, default):
    other = default if published != default else OTHER[key]
    before, after = settings(experiment()), settings(experiment(key, *([] if other is None else [other])))
    assert {stage for stage in before if before[stage] != after[stage]} == STAGES[key]


def test_published_switches_are_those_of_the_table_that_fit_any_experiment():
    """All whose published value is not the default; FastAlign's need that aligner, `max_rows` the paper's models."""
    stated = yaml.safe_load((ROOT / "experiments" / "published_switches.yaml").read_text(encoding="utf-8"))
    wanted = {key: published for key, published, default in switches() if published != default}
    assert leaves(stated) == {
        key: value
        for key, value in wanted.items()
        if key != "realignment.max_rows" and not key.startswith("aligners.fastalign.")
    }


def leaves(section, path=""):
    """Values by dotted key."""
    if not isinstance(section, dict):
        return {path: section}
    parts = (leaves(value, f"{path}.{key}" if path else key) for key, value in section.items())
    return {key: value for part in parts for key, value in part.items()}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data are not beside the checkout")
def test_published_switches_on_top_of_real_data_change_these_keys_alone():
    files = [ROOT / "experiments" / f"{name}.yaml" for name in ("shared_real", "published_switches")]
    below, above = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)
    plain = load(copy.deepcopy(below), file="x", base=ROOT)
    update_config(below, above)  # Snakemake's own merging of two files
    both = load(below, file="x", base=ROOT)
    before, after = (leaves(config.model_dump(mode="json")) for config in (plain, both))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed == leaves(above).keys()


def test_all_tasks_have_the_schedule_of_the_table():
    config = experiment()
    assert {config.tasks[name].schedule_accumulation for name in config.tasks.names} == {1}
