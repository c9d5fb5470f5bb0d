"""Raw bitext in one file, FastAlign fitted on more than the sample, realignment during fine-tuning: for real."""

import copy
import csv
import json

import pyarrow.parquet as pq
import pytest
import yaml
from support import ROOT
from workflow_support import CONFIG, planned, snakemake

pytestmark = pytest.mark.workflow
LANGUAGES = ["de", "ja"]


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
    del changed["data"]["gold"], changed["data"]["dictionary"]
    changed["data"]["bitext"] = {"pairs": str(workspace / "en-{lang}.tsv"), "segmented": False, "sample": 60}
    changed["aligners"] = {"fastalign": {"fit_pairs": 100}}
    changed["realignment"]["strategies"] = {
        "full": "full",
        "unused": "back",
        "during_front": {"freeze": "front", "schedule": "during", "weight": 0.2},
    }
    changed["tasks"]["udpos"] |= {"aligners": ["fastalign"], "strategies": ["full", "during_front"]}
    path = workspace / "scale.yaml"
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")
    return path


def test_what_realigns_meanwhile_is_not_realigned_before(workspace, config):
    plan = planned(snakemake(workspace, "-n", "results/scale/tables/all/scores.csv", config=config))
    assert plan["finetune"] == plan["evaluate"] == 3
    assert plan["realign"] == plan["encode_pairs"] == 1
    assert plan["build_bitext"] == plan["build_fit_bitext"] == plan["align_fastalign"] == len(LANGUAGES)
    refused = snakemake(
        workspace, "-n", "results/scale/realigned/e5small/during_front/fastalign/all/seed31",
        config=config, check=False,
    )  # fmt: skip
    assert "MissingRuleException" in refused
    refused = snakemake(
        workspace, "-n", "results/scale/realigned/e5small/unused/fastalign/all/seed31", config=config, check=False
    )
    assert "no task starts from unused realignment on word pairs of fastalign" in refused


def test_run_from_raw_text_to_scores(workspace, config):
    snakemake(
        workspace, "results/scale/tables/all/scores.csv", "results/scale/tables/all/run_records.csv", config=config
    )
    results = workspace / "results" / "scale"
    japanese = pq.read_table(results / "bitext" / "ja.parquet").to_pylist()
    assert len(japanese) == 60
    assert sum(len(row["target_tokens"]) for row in japanese) > 300
    assert not list((results / "fit_bitext").glob("*.parquet"))
    with (results / "tables" / "all" / "scores.csv").open(encoding="utf-8") as handle:
        strategies = {row["strategy"] for row in csv.DictReader(handle)}
    assert strategies == {"baseline", "full", "during_front"}
    run = "e5small/during_front/fastalign/all/udpos/seed31"
    record = json.loads((results / "finetuned" / run / "run.json").read_text())
    (realignment,) = record["settings"]["realignment"]
    assert realignment["weight"] == 0.2
    assert realignment["settings"]["freeze"] == "front"
    assert realignment["rows"].keys() == set(LANGUAGES)
    with (results / "tables" / "all" / "run_records.csv").open(encoding="utf-8") as handle:
        records = {row["strategy"]: row for row in csv.DictReader(handle)}
    assert records["baseline"]["realignment_steps"] == "0"
    assert records["during_front"]["realignment_steps"] == records["during_front"]["finetuning_steps"]
    assert records["during_front"]["pairs_seen"] == str(record["interleaved"]["pairs_seen"])
    # Fine-tuned from the pretrained encoder, on other numbers than the baseline.
    baseline = json.loads((results / "finetuned" / "e5small/baseline/none/none/udpos/seed31" / "run.json").read_text())
    assert record["settings"]["encoder"] == baseline["settings"]["encoder"]
    log, plain = (
        (results / "finetuned" / path / "training_log.csv").read_text()
        for path in (run, "e5small/baseline/none/none/udpos/seed31")
    )
    assert log != plain


def test_other_way_to_fit_leaves_the_bitext_alone(workspace, config):
    snakemake(
        workspace, "results/scale/tables/all/scores.csv", "results/scale/tables/all/run_records.csv", config=config
    )
    changed = yaml.safe_load(config.read_text())
    changed["aligners"]["fastalign"]["iterations"] = 3
    path = workspace / "other.yaml"
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")
    plan = planned(snakemake(workspace, "-n", "results/scale/tables/all/scores.csv", config=path))
    assert "build_bitext" not in plan
    assert plan["build_fit_bitext"] == plan["align_fastalign"] == len(LANGUAGES)
