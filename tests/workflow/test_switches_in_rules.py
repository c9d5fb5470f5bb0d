"""Each switch of docs/deviations.md reaches the jobs of its own stage, and changes the parameters of no other."""

import copy
import functools
import re

import pytest
import yaml
from support import ROOT
from workflow_support import jobs_of

pytestmark = pytest.mark.workflow
PAPER = yaml.safe_load((ROOT / "experiments" / "paper.yaml").read_text(encoding="utf-8"))
LANGUAGES = ("de", "ta", "zh")  # in all four tasks, the one that runs out, the one with words in place of characters
OF_REALIGNMENT = {"realign", "finetune udpos during"}
# Another value of each switch, and the jobs that take notice of it.
SWITCHES = {
    "tasks.udpos.tokens": ("words", {"finetune udpos", "finetune udpos during", "evaluate udpos"}),
    "tasks.udpos.evaluation_length": (None, {"evaluate udpos"}),
    "tasks.wikiann.evaluation_length": (None, {"evaluate wikiann"}),
    "tasks.wikiann.chinese": ("characters", {"evaluate wikiann"}),
    "tasks.xnli.evaluation_length": (None, {"evaluate xnli"}),
    "tasks.xquad.prediction": ("ours", {"evaluate xquad"}),
    "aligners.dictionary.matching": ("casefolded", {"align_dictionary"}),
    "aligners.fastalign.iterations": (5, {"align_fastalign"}),
    "aligners.fastalign.lowercase": (True, {"align_fastalign"}),
    "data.bitext.sampling": ("uniform", {"build_bitext", "build_fit_bitext"}),
    "realignment.shuffle": ("whole", OF_REALIGNMENT),
    "realignment.max_rows": ({}, {"encode_pairs dictionary"}),
    "tasks.udpos.schedule_accumulation": (4, {"finetune udpos", "finetune udpos during"}),
    "tasks.wikiann.schedule_accumulation": (4, {"finetune wikiann"}),
    "tasks.xnli.schedule_accumulation": (4, {"finetune xnli"}),
    "tasks.xquad.schedule_accumulation": (4, {"finetune xquad"}),
    "realignment.word": (
        "mean",
        OF_REALIGNMENT | {f"encode_pairs {aligner}" for aligner in ("fastalign", "awesome", "dictionary")},
    ),
    # These two are tried on the encoder before any training.
    "realignment.layer": ("last", OF_REALIGNMENT),
    "realignment.freeze_embeddings": (True, OF_REALIGNMENT),
}


def small():
    """The paper's experiment with one model, one seed and three languages."""
    config = copy.deepcopy(PAPER)
    config["seeds"], model = [31], "mbert"
    config["models"] = {model: config["models"][model]}
    config["language_sets"] = {
        name: [code for code in languages if code in LANGUAGES] for name, languages in PAPER["language_sets"].items()
    }
    limits = config["realignment"]["max_rows"]
    config["realignment"]["max_rows"] = {aligner: {model: own[model]} for aligner, own in limits.items()}
    for task in config["tasks"].values():
        if isinstance(steps := task["realignment_steps"], dict):
            task["realignment_steps"] = {model: steps[model]}
    treebanks = config["tasks"]["udpos"]["test"]["treebanks"]
    config["tasks"]["udpos"]["test"]["treebanks"] = {code: treebanks[code] for code in ("en", *LANGUAGES)}
    return config


@pytest.fixture(scope="module")
def parameters(tmp_path_factory):
    """Function: parameters of every job, by rule and wildcards, with another value of a switch."""
    folder = tmp_path_factory.mktemp("switches")

    @functools.cache
    def of(key=None):
        config = small()
        if key:
            *path, last = key.split(".")
            section = functools.reduce(dict.__getitem__, path, config)
            if (value := SWITCHES[key][0]) is None:
                del section[last]
            else:
                section[last] = value
        file = folder / "config.yaml"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        jobs = jobs_of(file, folder, "scores")
        return {(name_of(job), *sorted(job.wildcards_dict.items())): dict(job.params.items()) for job in jobs}

    return of


def name_of(job):
    """Rule of a job, with what is apart in the table of switches: task, aligner, a realignment meanwhile."""
    wildcards = job.wildcards_dict
    if job.rule.name.startswith("align_fastalign"):
        return "align_fastalign"
    apart = [wildcards.get("task"), "during" if wildcards.get("strategy", "").startswith("during") else None]
    if job.rule.name == "evaluate":
        apart = apart[:1]
    if job.rule.name == "encode_pairs":
        apart = [wildcards["aligner"]]
    return " ".join([job.rule.name, *filter(None, apart)])


def test_every_switch_of_the_table_is_here():
    table = (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8").split("## Switches")[1].split("\n## ")[0]
    keys = set(re.findall(r"^\| `([a-z_.]+)` \|", table, re.MULTILINE))
    assert keys
    assert keys <= SWITCHES.keys()
    assert SWITCHES.keys() - keys == {f"tasks.{name}.schedule_accumulation" for name in ("wikiann", "xnli", "xquad")}


@pytest.mark.parametrize("key", SWITCHES)
def test_a_switch_changes_the_parameters_of_its_own_jobs_and_of_no_others(key, parameters):
    before, after = parameters(), parameters(key)
    assert before.keys() == after.keys()
    assert {job[0] for job in before if before[job] != after[job]} == SWITCHES[key][1]
    of_stage = [job for job in before if job[0] in SWITCHES[key][1]]
    if key != "realignment.max_rows":
        assert all(before[job] != after[job] for job in of_stage), "every job of the stage"
