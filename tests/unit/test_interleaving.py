import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from support import (
    CPU,
    FAMILIES,
    assert_same_weights,
    child_environment,
    differing,
    training_state,
    weights,
    write_streams,
)
from tagging_support import tagged_items, tagger

from alignfreeze.encoders.vocabulary import TrimmedVocabulary
from alignfreeze.realignment.interleaved import InterleavedRealignment
from alignfreeze.realignment.objective import Realigner, stream_token_ids
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.training.finetuning import finetune
from alignfreeze.training.settings import FinetuningSettings

SIZES = {"de": 9, "ta": 7}


def settings_of(**settings):
    return RealignmentSettings(**{"batch_size": 4, "head_size": 16, **settings})


def interleaved(streams, model, weight, **settings):
    return InterleavedRealignment(model.base_model, streams, settings_of(**settings), weight, 31, CPU)


def run(streams, model, weight=0.1, state=None, collate=None, **settings):
    """Fine-tune on 22 items for two epochs, realigning meanwhile unless `weight` is None."""
    items = tagged_items()
    items.collate = collate or items.collate
    auxiliary = [] if weight is None else [interleaved(streams, model, weight, **settings)]
    chosen = FinetuningSettings(learning_rate=5e-3, batch_size=4, epochs=2)
    return finetune(model, items, chosen, 31, CPU, auxiliary=auxiliary, state=state)


def interleave_and_die(rows, state, at):
    """Kill this process at the start of step `at` (for a subprocess)."""
    torch.set_num_threads(1)
    items, seen = tagged_items(), []

    def collate(chosen):
        seen.append(chosen)
        if len(seen) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return items.collate(chosen)

    run(write_streams(rows, SIZES), tagger(), freeze="front", state=training_state(state, 3), collate=collate)


@pytest.mark.parametrize("family", FAMILIES)
def test_weight_zero_is_plain_finetuning_bit_for_bit(family, tmp_path):
    """Dropout included: realignment draws from random numbers of its own."""
    streams = write_streams(tmp_path, SIZES)
    models, logs = [], []
    for weight in (0.0, None):
        model = tagger(family)
        logs.append(run(streams, model, weight).log)
        models.append(weights(model))
    assert_same_weights(*models)
    assert logs[0] == logs[1]
    other = tagger(family)
    run(streams, other, 0.1)
    assert differing(models[0], weights(other))


def parts(streams, family, freeze, freeze_embeddings=False):
    """A tagger without dropout, its interleaved realignment, a batch of each."""
    model = tagger(family).eval()
    items = tagged_items()
    vocabulary = TrimmedVocabulary(model, np.union1d(items.token_ids(), stream_token_ids(streams)))
    realignment = interleaved(streams, model, 0.1, freeze=freeze, freeze_embeddings=freeze_embeddings)
    realignment.prepare(vocabulary, "fp32")
    tensors = items.collate([0, 1, 2, 3])
    task = tensors | {"input_ids": vocabulary.map(tensors["input_ids"])}
    return model, realignment, task, next(realignment.batches(0))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("freeze", "freeze_embeddings", "frozen"),
    [
        ("full", False, ()),
        ("front", False, ("layer.0.", "layer.1.")),
        ("back", False, ("layer.2.", "layer.3.")),
        ("front", True, ("layer.0.", "layer.1.", "embeddings.")),
        ((1, 2), False, ("layer.1.",)),
    ],
)
def test_gradients_are_the_sum_of_the_two_and_only_the_task_moves_what_is_frozen(
    family, freeze, freeze_embeddings, frozen, tmp_path
):
    """Against two separate backward passes, the realignment's gradient of frozen parameters thrown away by name.

    In float64, so that the order in which a processor adds does not show.
    """
    streams = write_streams(tmp_path, SIZES)
    model, realignment, task, batch = parts(streams, family, freeze, freeze_embeddings)
    model.double()
    realignment.module.double()
    (model(**task).loss + realignment.loss(batch, 0)).backward()
    found = {name: p.grad for name, p in model.named_parameters()}
    assert all(p.requires_grad for p in model.parameters())
    head = [p.grad.clone() for p in realignment.module.parameters()]

    model.zero_grad()
    realignment.module.zero_grad()
    model(**task).loss.backward()
    expected = {name: torch.zeros_like(p) if p.grad is None else p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    realignment.objective.loss(batch).backward()
    moved = set()
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and not any(part in name for part in frozen):
            expected[name] += 0.1 * parameter.grad
            moved.add(name)
    for name, gradient in expected.items():
        actual = torch.zeros_like(gradient) if found[name] is None else found[name]
        torch.testing.assert_close(actual, gradient, rtol=1e-9, atol=1e-15, msg=name)
    for actual, parameter in zip(head, realignment.module.parameters(), strict=True):
        torch.testing.assert_close(actual, 0.1 * parameter.grad, rtol=1e-9, atol=1e-15)
    # The paper's layer is the last but one, so that no realignment moves the last block.
    assert {number for name in moved for number in range(4) if f"layer.{number}." in name} == {
        number for number in range(3) if f"layer.{number}." not in frozen
    }
    assert any("embeddings." in name for name in moved) is not freeze_embeddings


def test_batches_are_those_of_a_realignment_before_finetuning(tmp_path):
    """One batch a step, on through the epochs, from the same stream; the head starts from the same weights."""
    streams = write_streams(tmp_path, SIZES)
    _, realignment, *_ = parts(streams, "bert", "full")
    before = Realigner(tagger().base_model, streams, settings_of(trim_vocabulary=False), 31, CPU)
    assert_same_weights(weights(realignment.module), weights(before.modules["loss"]))
    first, second = realignment.batches(2), before.batches(2)
    for _ in range(9):
        assert torch.equal(next(first).source_index, next(second).source_index)


def test_loss_of_a_step_is_the_tasks_and_the_realignments_share(tmp_path):
    streams = write_streams(tmp_path, SIZES)
    plain, both = run(streams, tagger(), None), run(streams, tagger(), 0.1)
    assert both.steps == plain.steps
    seen = interleaved(streams, tagger(), 0.1).seen(both.steps)
    assert 0 < seen["distinct_pairs"] <= sum(SIZES.values()) < seen["pairs_seen"] <= 4 * both.steps
    assert both.tokens > plain.tokens
    model, realignment, _, batch = parts(streams, "bert", "full")
    model.train()
    share = float(realignment.loss(batch, 0).detach())
    assert both.log[0][1] - plain.log[0][1] == pytest.approx(share, rel=1e-5)
    assert float(realignment.loss(batch, 0).detach()) == share
    assert float(realignment.loss(batch, 1).detach()) != share


@pytest.mark.parametrize("family", FAMILIES)
def test_projection_head_is_trained_and_not_saved(family, tmp_path):
    streams = write_streams(tmp_path, SIZES)
    names = set(tagger(family).state_dict())
    model = tagger(family)
    run(streams, model, freeze="back")
    model.save_pretrained(tmp_path / "model")
    assert set(model.state_dict()) == names
    from safetensors.torch import load_file

    saved = load_file(tmp_path / "model" / "model.safetensors")
    assert set(saved) == {name for name in names if not name.endswith("position_ids")}
    assert_same_weights(saved, {name: weights(model)[name] for name in saved})


def test_killed_run_resumes_with_the_same_numbers(tmp_path):
    streams = write_streams(tmp_path, SIZES)
    undisturbed = tagger()
    expected = run(streams, undisturbed, freeze="front")
    code = f"import test_interleaving as t; t.interleave_and_die({str(tmp_path)!r}, {str(tmp_path / 'state')!r}, 9)"
    killed = subprocess.run([sys.executable, "-c", code], env=child_environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "state").exists()
    resumed = tagger()
    report = run(streams, resumed, freeze="front", state=training_state(tmp_path / "state", 3))
    assert report.log == expected.log
    assert report.tokens < expected.tokens
    assert_same_weights(weights(undisturbed), weights(resumed))
