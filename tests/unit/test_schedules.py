"""Realignment after fine-tuning, and before and during it: what each does, by hand; its place in grid and plan."""

import copy
import json
from functools import partial

import pytest
import torch
import yaml
from support import (
    CPU,
    FAMILIES,
    ROOT,
    assert_same_weights,
    differing,
    sentencepiece_tokenizer,
    tiny_encoder,
    weights,
    wordpiece_tokenizer,
    write_streams,
)

from alignfreeze.analysis.names import is_before, ordered, title
from alignfreeze.analysis.published import parse_method
from alignfreeze.analysis.records import run_record
from alignfreeze.encoders.loading import load_encoder, load_tokenizer
from alignfreeze.experiment import grid
from alignfreeze.experiment.configuration import load
from alignfreeze.experiment.plan import plan
from alignfreeze.jobs.finetune import finetune_on_task
from alignfreeze.jobs.realign import realign
from alignfreeze.jobs.realign_finetuned import realign_finetuned
from alignfreeze.kinds import load_task
from alignfreeze.realignment.interleaved import InterleavedRealignment
from alignfreeze.realignment.objective import Realigner
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.training.finetuning import finetune
from alignfreeze.training.settings import FinetuningSettings

TINY = yaml.safe_load((ROOT / "experiments" / "tiny.yaml").read_text())
STEPS, SEED = 5, 31
REALIGNMENT = {"learning_rate": 1e-2, "batch_size": 4, "head_size": 16}
FINETUNING = FinetuningSettings(batch_size=2, epochs=1, learning_rate=1e-3)
ENCODING = {"max_length": 20}
WORDS = ["a", "b", "abc", "c", "a", "ab"]
TAGS = ["NOUN", "VERB", "X", "NOUN", "ADJ", "VERB"]
LANGUAGES = ["de", "ta"]


@pytest.fixture
def streams(tmp_path):
    return write_streams(tmp_path / "rows", {"de": 9, "ta": 7})


@pytest.fixture
def finetuned(tmp_path, streams):
    """Fine-tune a tiny encoder on tagged sentences; return its folder."""

    def make(name, family="bert", encoder=None, **options):
        start = tmp_path / f"{family}_encoder"
        tiny_encoder(family).save_pretrained(start)
        (sentencepiece_tokenizer() if family == "xlm-roberta" else wordpiece_tokenizer()).save_pretrained(start)
        pairs = zip(WORDS, TAGS, strict=True)
        lines = "".join(f"{i}\t{word}\t_\t{tag}" + "\t_" * 6 + "\n" for i, (word, tag) in enumerate(pairs, 1))
        (tmp_path / "train.conllu").write_text((lines + "\n") * 9)
        finetune_on_task(
            tmp_path / name, task="udpos", kind="udpos", encoder=encoder or start, train=tmp_path / "train.conllu",
            language="en", settings=FINETUNING, encoding=ENCODING, seed=SEED, device=None, state=tmp_path / "state.pt",
            resume_every=0, **options,
        )  # fmt: skip
        return tmp_path / name

    return make


def load_finetuned(folder):
    return load_task("udpos", ENCODING).load_finetuned(folder)


def realign_after(tmp_path, start, name, **changes):
    own = {"resume_every": 2, "state": tmp_path / f"{name}.pt", **changes}
    realign_finetuned(
        tmp_path / name, kind="udpos", encoding=ENCODING, finetuned=start, rows=tmp_path / "rows", languages=LANGUAGES,
        steps=STEPS, settings=RealignmentSettings(**REALIGNMENT, freeze="front"), seed=SEED, device=None, **own,
    )  # fmt: skip
    return tmp_path / name


@pytest.mark.parametrize("family", FAMILIES)
def test_after_is_the_fine_tuned_encoder_realigned_with_its_head_put_on_again(tmp_path, streams, finetuned, family):
    start = finetuned("start", family)
    folder = realign_after(tmp_path, start, "after")
    found, before = load_finetuned(folder), load_finetuned(start)

    encoder = load_encoder(start)
    Realigner(encoder, streams, RealignmentSettings(**REALIGNMENT, freeze="front"), SEED, CPU).run([STEPS])
    by_hand = load_finetuned(start)
    own = {name: value for name, value in encoder.state_dict().items() if not name.startswith("pooler.")}
    by_hand.base_model.load_state_dict(own)
    assert_same_weights(weights(found), weights(by_hand))

    head = {name for name in found.state_dict() if not name.startswith(found.base_model_prefix)}
    changed = differing(weights(before), weights(found))
    assert head
    assert not head & changed
    assert any("layer.2" in name for name in changed)
    assert not any("layer.0" in name or "layer.1" in name for name in changed), "frozen"
    assert len(load_tokenizer(folder)) == len(load_tokenizer(start))
    record = json.loads((folder / "run.json").read_text())
    assert (record["steps"], record["pairs_seen"], record["frozen_blocks"]) == (STEPS, 19, [0, 1])


def test_stopped_realignment_after_fine_tuning_resumes_with_the_same_weights(tmp_path, finetuned, monkeypatch):
    start = finetuned("start")
    undisturbed = realign_after(tmp_path, start, "undisturbed")
    loss, seen = Realigner.loss, []

    def stops(self, batch):
        seen.append(batch)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return loss(self, batch)

    monkeypatch.setattr(Realigner, "loss", stops)
    with pytest.raises(KeyboardInterrupt):
        realign_after(tmp_path, start, "stopped")
    assert not (tmp_path / "stopped").exists()
    realign_after(tmp_path, start, "stopped")
    assert len(seen) == 4 + 3, "from the state after two steps"
    assert_same_weights(*(weights(load_finetuned(folder)) for folder in (undisturbed, tmp_path / "stopped")))


def test_before_and_during_is_during_from_the_realigned_encoder(tmp_path, streams, finetuned):
    chosen = RealignmentSettings(**REALIGNMENT, freeze="back")
    finetuned("plain")
    realign(
        tmp_path / "realigned", model=tmp_path / "bert_encoder", rows=tmp_path / "rows", languages=LANGUAGES,
        steps=[2, STEPS], settings=chosen, seed=SEED, device=None, state=tmp_path / "state.pt", resume_every=0,
    )  # fmt: skip
    start = tmp_path / "realigned" / f"steps{STEPS}"
    own = chosen.model_dump(mode="json", exclude={"learning_rate", "precision", "trim_vocabulary"})
    meanwhile = {"settings": own, "weight": 0.3, "languages": LANGUAGES, "folder": tmp_path / "rows"}
    found = load_finetuned(finetuned("both", encoder=start, realignment=meanwhile))

    encoder = load_encoder(tmp_path / "bert_encoder")
    Realigner(encoder, streams, chosen, SEED, CPU).run([STEPS])
    encoder.save_pretrained(tmp_path / "by_hand")
    task = load_task("udpos", ENCODING)
    examples = task.read_first(tmp_path / "train.conllu", "en", None)
    task = task.for_training(examples)
    tokenizer = task.tokenizer(load_tokenizer(start), encoder.config)
    torch.manual_seed(SEED)
    model = task.load_new(tmp_path / "by_hand")
    loss = InterleavedRealignment(model.base_model, streams, chosen, 0.3, SEED, CPU)
    finetune(model, task.items(examples, tokenizer), FINETUNING, SEED, CPU, auxiliary=[loss])
    assert_same_weights(weights(found), weights(model))
    # Neither stage is without effect.
    for other in (finetuned("before", encoder=start), finetuned("during", realignment=meanwhile)):
        assert differing(weights(load_finetuned(other)), weights(found))


def loaded(configured, **task):
    config = copy.deepcopy(TINY)
    config["realignment"]["strategies"] = configured
    config["tasks"]["udpos"] |= task
    return load(config, file="x", base=ROOT)


FULL, BOTH = {"freeze": "full"}, {"freeze": "full", "schedule": "before+during"}
AFTER = {"freeze": "front", "schedule": "after"}


def test_strategies_that_freeze_the_same_share_a_trajectory():
    config = loaded({"full": FULL, "both": BOTH, "late": AFTER, "meanwhile": FULL | {"schedule": "during"}})
    assert grid.strategies_before(config) == ["full", "both"]
    assert grid.strategies_during(config) == ["both", "meanwhile"]
    assert grid.strategies_after(config) == ["late"]
    assert grid.trajectory_of(config, "both") == "full"
    seeds = len(TINY["seeds"])
    assert {run.strategy for run in grid.runs(config)} == {"baseline", "full", "both", "late", "meanwhile"}
    assert [run.strategy for run in grid.realignments(config)] == ["full"] * seeds
    # A task that runs one of them alone starts from the same trajectory.
    config = loaded({"full": FULL, "both": BOTH}, strategies=["both"])
    assert [run.strategy for run in grid.realignments(config)] == ["full"] * seeds
    assert grid.steps_of(config, "e5small", "full", "dictionary", "all") == [6]
    # The order of the configuration does not matter between the two.
    assert grid.trajectory_of(loaded({"both": BOTH, "full": FULL}), "both") == "full"
    # With frozen embeddings it is another one.
    config = loaded({"full": FULL, "both": BOTH | {"freeze_embeddings": True}})
    assert grid.trajectory_of(config, "both") == "both"
    frozen = [config.realignment_settings("e5small", name).freeze_embeddings for name in ("full", "both")]
    assert frozen == [False, True], "by strategy"
    assert len(grid.realignments(config)) == 2 * seeds


def test_plan_fine_tunes_the_baseline_once_for_what_is_realigned_after_it():
    seeds = len(TINY["seeds"])
    found = {name: plan(loaded(strategies), ROOT) for name, strategies in {
        "full": {"full": FULL}, "after": {"full": FULL, "late": AFTER}, "both": {"full": FULL, "both": BOTH},
    }.items()}  # fmt: skip
    jobs = {name: {stage.name: stage.jobs for stage in own.stages} for name, own in found.items()}
    assert jobs["full"]["finetune"] == jobs["after"]["finetune"] == 2 * seeds
    assert jobs["both"]["finetune"] == jobs["both"]["evaluate"] == jobs["after"]["evaluate"] == 3 * seeds
    assert "realign_finetuned" not in jobs["full"]
    (stage,) = (stage for stage in found["after"].stages if stage.name == "realign_finetuned")
    assert (stage.jobs, stage.steps) == (seeds, 6 * seeds)
    assert stage.operations > 0
    assert jobs["full"]["realign"] == jobs["both"]["realign"] == seeds
    assert found["after"].disk.finetuned == found["both"].disk.finetuned == 1.5 * found["full"].disk.finetuned


def test_record_of_both_stages_adds_them_up():
    identity = {"model": "m", "task": "t", "strategy": "both"}
    realignment = {"steps": 5, "distinct_pairs": 18, "pairs_seen": 20, "wall_seconds": 2.0}
    finetuning = {"steps": 7, "wall_seconds": 3.0, "device": "cpu"}
    record = partial(run_record, identity)
    after = record(finetuning, realignment)
    assert (after["finetuning_steps"], after["realignment_steps"], after["wall_time"]) == (7, 5, 5.0)
    both = record(finetuning | {"interleaved": {"steps": 7, "distinct_pairs": 25, "pairs_seen": 28}}, realignment)
    # The second stage takes the same pairs in the same order, and more of them.
    assert (both["realignment_steps"], both["distinct_pairs"], both["pairs_seen"]) == (12, 25, 48)
    plain = record(finetuning, None)
    assert (plain["realignment_steps"], plain["distinct_pairs"], plain["pairs_seen"]) == (0, 0, 0)


def test_names_of_the_published_library():
    assert parse_method("after_dico") == ("after_full", "dictionary")
    assert parse_method("before+during_awesome") == ("before_during_full", "awesome")
    names = ["before_during_full", "after_full", "during_full", "full"]
    assert ordered("strategy", names) == ["full", "during_full", "after_full", "before_during_full"]
    assert [is_before(name) for name in names] == [False, False, False, True]
    assert title("before_during_front") == "before and during, front"
