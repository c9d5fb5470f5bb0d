"""Raw bitext in one file, FastAlign fitted on more than the sample, every schedule of realignment: for real.

Words are means of their subwords, and one strategy compares sentences, without an aligner.
"""

import copy
import csv
import json

import pyarrow.parquet as pq
import pytest
import yaml
from support import ROOT
from workflow_support import CONFIG, planned, small_model, snakemake

from alignfreeze.realignment.word_pairs import PairRows

pytestmark = pytest.mark.workflow
LANGUAGES = ["de", "ja"]
STRATEGIES = ["full", "during_front", "after_front", "before_during_full", "sentences"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("scale")


@pytest.fixture(scope="module")
def config(workspace):
    """The tiny experiment, changed; Japanese without its spaces."""
    english = (ROOT / "data" / "demo" / "bitext" / "en.txt").read_text(encoding="utf-8").splitlines()
    for language in LANGUAGES:
        lines = (ROOT / "data" / "demo" / "bitext" / f"{language}.txt").read_text(encoding="utf-8").splitlines()
        sides = zip(english, (line.replace(" ", "") if language == "ja" else line for line in lines), strict=True)
        text = "".join(f"{source}\t{target}\n" for source, target in sides)
        (workspace / f"en-{language}.tsv").write_text(text, encoding="utf-8")
    changed = copy.deepcopy(CONFIG) | {"experiment": "scale", "seeds": [31], "language_sets": {"all": LANGUAGES}}
    del changed["data"]["gold"], changed["data"]["dictionary"], changed["diagnostics"]["representation"]
    changed["models"] = {"small": small_model(workspace / "small")}
    changed["data"]["bitext"] = {"pairs": str(workspace / "en-{lang}.tsv"), "segmented": False, "sample": 60}
    changed["aligners"] = {"fastalign": {"fit_pairs": 100}}
    changed["realignment"]["strategies"] = {
        "full": "full",
        "unused": "back",
        "during_front": {"freeze": "front", "schedule": "during", "weight": 0.2},
        "after_front": {"freeze": "front", "schedule": "after"},
        "before_during_full": {"freeze": "full", "schedule": "before+during"},
        "sentences": {"freeze": "front", "schedule": "during", "objective": "sentences"},
    }
    changed["realignment"]["word"] = "mean"
    changed["tasks"]["udpos"] |= {"aligners": ["fastalign", "none"], "strategies": STRATEGIES}
    path = workspace / "scale.yaml"
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")
    return path


def test_what_realigns_meanwhile_is_not_realigned_before(workspace, config):
    plan = planned(snakemake(workspace, "-n", "results/scale/tables/all/scores.csv", config=config))
    assert plan["evaluate"] == 1 + len(STRATEGIES)
    # The one after fine-tuning is the baseline's, realigned.
    assert plan["finetune"] == len(STRATEGIES)
    # One trajectory for both that realign before fine-tuning and freeze the same.
    assert plan["realign"] == plan["realign_finetuned"] == plan["check_encoder"] == 1
    assert plan["encode_pairs"] == 2
    assert plan["build_bitext"] == plan["build_fit_bitext"] == plan["align_fastalign"] == len(LANGUAGES)
    for strategy in ("during_front", "before_during_full"):
        run = f"results/scale/realigned/small/{strategy}/fastalign/all/seed31"
        assert "MissingRuleException" in snakemake(workspace, "-n", run, config=config, check=False)
    refused = snakemake(
        workspace, "-n", "results/scale/realigned/small/unused/fastalign/all/seed31", config=config, check=False
    )
    assert "no task starts from unused realignment on word pairs of fastalign" in refused


def test_run_from_raw_text_to_records(workspace, config):
    snakemake(workspace, "results/scale/tables/all/run_records.csv", config=config)
    results = workspace / "results" / "scale"
    japanese = pq.read_table(results / "bitext" / "ja.parquet").to_pylist()
    assert len(japanese) == 60
    assert sum(len(row["target_tokens"]) for row in japanese) > 300
    assert not list((results / "fit_bitext").glob("*.parquet"))
    run = "small/during_front/fastalign/all/udpos/seed31"
    record = json.loads((results / "finetuned" / run / "run.json").read_text())
    (realignment,) = record["settings"]["realignment"]
    assert realignment["weight"] == 0.2
    assert realignment["settings"]["freeze"] == "front"
    assert realignment["rows"].keys() == set(LANGUAGES)
    with (results / "tables" / "all" / "run_records.csv").open(encoding="utf-8") as handle:
        records = {row["strategy"]: row for row in csv.DictReader(handle)}
    assert records.keys() == {"baseline", *STRATEGIES}
    assert records["baseline"]["realignment_steps"] == "0"
    assert records["during_front"]["realignment_steps"] == records["during_front"]["finetuning_steps"]
    assert records["during_front"]["pairs_seen"] == str(record["interleaved"]["pairs_seen"])
    seen = json.loads((results / "checked" / "small.json").read_text())
    assert (seen["blocks"], seen["hidden"], seen["longest_input"]) == (4, 32, 512)
    # Words are means of several subwords; a sentence is the mean of all of them.
    words, sentences = (
        PairRows(results / "encoded/small" / of / "all" / "de.arrow")[0] for of in ("fastalign", "none")
    )
    assert (words.source_end > words.source_start).all()
    assert (words.target_end - words.target_start).max() > 1
    assert (sentences.target_start.tolist(), sentences.target_end.tolist()) == ([0], [len(sentences.target_ids)])
    run_record = results / "finetuned/small/sentences/none/all/udpos/seed31/run.json"
    (realignment,) = json.loads(run_record.read_text())["settings"]["realignment"]
    assert (realignment["settings"]["objective"], realignment["settings"]["word"]) == ("sentences", "mean")
    # Fine-tuned from the pretrained encoder, on other numbers than the baseline.
    aligners = dict.fromkeys(STRATEGIES, "fastalign") | {"sentences": "none"}
    folders = {
        name: results / f"finetuned/small/{name}/{aligner}/all/udpos/seed31" for name, aligner in aligners.items()
    }
    folders["baseline"] = results / "finetuned" / "small/baseline/none/none/udpos/seed31"
    runs = {name: json.loads((folder / "run.json").read_text()) for name, folder in folders.items()}
    assert record["settings"]["encoder"] == runs["baseline"]["settings"]["encoder"]
    logs = {name: (folder / "training_log.csv").read_text() for name, folder in folders.items()}
    assert len(set(logs.values())) == len(logs)
    # After fine-tuning: the baseline's model, whose own record counts beside that of its realignment.
    after = runs["after_front"]
    assert after["settings"]["finetuned"] == {
        name: checksum for name, checksum in runs["baseline"]["files"].items() if name.endswith(".safetensors")
    }
    assert (after["steps"], after["frozen_blocks"]) == (6, list(range(2)))
    row = records["after_front"]
    assert (row["finetuning_steps"], row["realignment_steps"]) == (records["baseline"]["finetuning_steps"], "6")
    assert float(row["wall_time"]) > float(records["baseline"]["wall_time"])
    # Before and during: from the encoder that `full` starts from, and a batch of pairs in each step.
    both = runs["before_during_full"]
    assert both["settings"]["encoder"] == runs["full"]["settings"]["encoder"] != runs["baseline"]["settings"]["encoder"]
    steps = int(records["full"]["realignment_steps"]) + both["interleaved"]["steps"]
    assert records["before_during_full"]["realignment_steps"] == str(steps)


def test_other_way_to_fit_leaves_the_bitext_alone(workspace, config):
    snakemake(workspace, "results/scale/tables/all/run_records.csv", config=config)
    changed = yaml.safe_load(config.read_text())
    changed["aligners"]["fastalign"]["iterations"] = 3
    path = workspace / "other.yaml"
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")
    plan = planned(snakemake(workspace, "-n", "results/scale/tables/all/scores.csv", config=path))
    assert "build_bitext" not in plan
    assert plan["build_fit_bitext"] == plan["align_fastalign"] == len(LANGUAGES)
