"""Pretended out-of-memory errors: parts get smaller, the batch and its gradients stay the same."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support import (
    CPU,
    FAMILIES,
    HIDDEN,
    assert_same_weights,
    differing,
    realigner,
    tiny_encoder,
    training_state,
    weights,
    write_streams,
)
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from alignfreeze.realignment.interleaved import InterleavedRealignment
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.support.errors import InputError
from alignfreeze.training.finetuning import finetune
from alignfreeze.training.settings import FinetuningSettings


@pytest.fixture
def streams(tmp_path):
    return write_streams(tmp_path / "rows", {"de": 9, "ta": 7})


def pretend():
    raise torch.OutOfMemoryError("pretended")


def allocate_too_much():
    """What PyTorch raises on the CPU: a RuntimeError of no class of its own."""
    torch.empty(1 << 50)


def limit_memory(encoder, rows, fail_once_at=None, fail=pretend):
    """A forward pass of more than `rows` rows fails, and so does one call of the number `fail_once_at`."""
    calls = []

    def check(module, args, kwargs):
        ids = kwargs["input_ids"] if "input_ids" in kwargs else args[0]
        calls.append(len(ids))
        if len(ids) > rows or len(calls) == fail_once_at:
            fail()

    encoder.base_model.register_forward_pre_hook(check, with_kwargs=True)
    return calls


def never_drop(trainer):
    """No dropout in training: parts would draw it in another order than the whole."""
    trainer.modules.eval()
    trainer.modules.train = lambda mode=True: trainer.modules
    return trainer


def gradients(module):
    return {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}


def assert_close(found, expected, rtol=2e-4, atol=2e-6):
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=rtol, atol=atol, msg=lambda m, n=name: f"{n}: {m}")


# Realignment: the loss couples the rows of a batch.


@pytest.mark.parametrize("one_subword", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize(
    "settings",
    [{}, {"freeze": "front", "freeze_embeddings": True}, {"freeze": "back"}, {"head": False, "variant": "weak"}],
)
def test_gradients_in_parts_are_those_of_the_whole_batch(tmp_path, family, size, settings, one_subword):
    """Words of one subword each, and means of several."""
    streams = write_streams(tmp_path, {"de": 9, "ta": 7}, one_subword=one_subword)
    trainer = never_drop(realigner(streams, family, **settings))
    batch = next(trainer.batches(0))
    trainer.loss(batch).backward()
    expected, loss = gradients(trainer.modules), trainer.loss(batch).item()
    trainer.modules.zero_grad(set_to_none=True)
    assert trainer.loss_in_parts(batch, size).item() == pytest.approx(loss, rel=1e-5)
    assert_close(gradients(trainer.modules), expected)
    assert len(expected) > 2 or settings.get("head") is False


def test_sum_of_the_parts_losses_would_be_another_loss(streams):
    """What a naive split does: fewer words compete. The test above can tell the two apart."""
    trainer = never_drop(realigner(streams))
    pairs = [trainer._collate([trainer.streams[lang][row]]) for lang, row in (("de", 0), ("ta", 1))]
    naive = sum(trainer.loss(pair).item() for pair in pairs) / 2
    together = trainer._collate([trainer.streams["de"][0], trainer.streams["ta"][1]])
    assert abs(naive - trainer.loss_in_parts(together, 1).item()) > 0.05


@pytest.mark.parametrize("family", FAMILIES)
def test_with_dropout_both_passes_over_a_part_drop_the_same(streams, family):
    """The oracle holds every part's graph at once, and so runs no part twice."""
    trainer = realigner(streams, family)
    trainer.modules.train()
    batch = next(trainer.batches(0))
    torch.manual_seed(5)
    trainer.loss_in_parts(batch, 3)
    found, after = gradients(trainer.modules), torch.get_rng_state()

    trainer.modules.zero_grad(set_to_none=True)
    torch.manual_seed(5)
    states = []
    for ids, mask in ((batch.source_ids, batch.source_mask), (batch.target_ids, batch.target_mask)):
        owner = trainer.model.transformer if family == "distilbert" else trainer.model.encoder
        blocks, owner.layer = owner.layer, owner.layer[: trainer.layer]
        states.append(
            torch.cat([trainer.model(ids[part], mask[part]).last_hidden_state for part in (slice(0, 3), slice(3, 4))])
        )
        owner.layer = blocks
    trainer.modules["loss"](*states, batch).backward()
    assert_close(found, gradients(trainer.modules), rtol=1e-4, atol=1e-6)
    assert torch.equal(after, torch.get_rng_state())

    trainer.modules.zero_grad(set_to_none=True)
    torch.manual_seed(6)
    trainer.loss_in_parts(batch, 3)
    assert differing(found, gradients(trainer.modules)), "another dropout gives other gradients"


@pytest.mark.parametrize("fail", [pretend, allocate_too_much])
def test_realignment_goes_on_with_smaller_parts_and_says_so(streams, caplog, fail):
    expected, trainer = never_drop(realigner(streams)), never_drop(realigner(streams))
    limit_memory(trainer.model, 1, fail=fail)
    with caplog.at_level(logging.WARNING):
        report = trainer.run([5])
    assert [line for line in caplog.messages if "memory" in line] == [
        "out of memory at step 1 with 4 items at a time: going on with 2; a batch is still 4 items",
        "out of memory at step 1 with 2 items at a time: going on with 1; a batch is still 4 items",
    ]
    assert report.micro_batch == 1
    undisturbed = expected.run([5])
    assert undisturbed.micro_batch is None
    np.testing.assert_allclose([loss for _, loss in report.log], [loss for _, loss in undisturbed.log], rtol=2e-3)


def test_failure_in_the_middle_of_the_parts_leaves_no_gradient_behind(streams):
    trainer, reference = never_drop(realigner(streams)), never_drop(realigner(streams))
    # Calls: 1 fails (4 rows); parts of 2: calls 2 to 5 without a graph, 6 with one; 7 fails with gradients half done.
    calls = limit_memory(trainer.model, 2, fail_once_at=7)
    assert trainer.run([1]).micro_batch == 1
    assert calls[:8] == [4, 2, 2, 2, 2, 2, 2, 1]
    reference.run([1])
    assert_close(gradients(trainer.modules), gradients(reference.modules))


def test_other_errors_end_the_run(streams):
    trainer = realigner(streams)

    def fail():
        raise RuntimeError("the shapes do not fit")

    limit_memory(trainer.model, 0, fail=fail)
    with pytest.raises(RuntimeError, match="the shapes do not fit"):
        trainer.run([3])


def test_one_item_that_does_not_fit_is_an_error_in_one_line(streams):
    trainer = realigner(streams)
    limit_memory(trainer.model, 0)
    with pytest.raises(InputError, match="out of memory at step 1 with one item at a time; write a smaller max_length"):
        trainer.run([3])


class StopError(Exception):
    """Stands for whatever ends a job early."""


def test_resumed_run_computes_in_the_same_parts_with_the_same_dropout(streams, tmp_path):
    undisturbed = realigner(streams)
    limit_memory(undisturbed.model, 2)
    undisturbed.run([9])

    def stop(count, write):
        raise StopError

    killed = realigner(streams)
    limit_memory(killed.model, 2)
    with pytest.raises(StopError):
        killed.run([7, 9], stop, training_state(tmp_path / "state.pt", 3))
    resumed = realigner(streams)  # with memory to spare: it must split all the same
    assert resumed.run([9], state=training_state(tmp_path / "state.pt", 3)).micro_batch == 2
    assert_same_weights(weights(resumed.model), weights(undisturbed.model))


# Fine-tuning: the loss is a mean over labels or items.

KINDS = {
    "tokens": AutoModelForTokenClassification,
    "pairs": AutoModelForSequenceClassification,
    "spans": AutoModelForQuestionAnswering,
}


def items_of(kind):
    """Eight items of ragged length; of the tokens' labels most are ignored, and one item has none."""
    rng = np.random.default_rng(0)
    ids = torch.from_numpy(rng.integers(5, 60, (8, 10)))
    mask = torch.from_numpy((np.arange(10) < rng.integers(4, 11, 8)[:, None]).astype(np.int64))
    if kind == "tokens":
        labels = torch.from_numpy(rng.integers(0, 3, (8, 10)))
        labels[torch.from_numpy(rng.random((8, 10)) < 0.6)] = -100
        labels[3] = -100
        answers = {"labels": labels}
    elif kind == "pairs":
        answers = {"labels": torch.from_numpy(rng.integers(0, 3, 8))}
    else:
        answers = {f"{end}_positions": torch.from_numpy(rng.integers(0, 10, 8)) for end in ("start", "end")}
    tensors = {"input_ids": ids, "attention_mask": mask} | answers
    return SimpleNamespace(
        lengths=lambda: np.full(8, 10),
        token_ids=lambda: np.arange(90),
        collate=lambda chosen: {name: tensor[list(chosen)] for name, tensor in tensors.items()},
    )


def model_of(kind, family="bert"):
    config = tiny_encoder(family).config
    config.num_labels = 2 if kind == "spans" else 3
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout", "qa_dropout"):
        if hasattr(config, name):
            setattr(config, name, 0.0)
    config.seq_classif_dropout = 0.0
    torch.manual_seed(1)
    return KINDS[kind].from_config(config)


def finetune_in_parts(kind, family, rows, epochs=1, realigned=None):
    """Fine-tune, realigning meanwhile by the arguments `realigned` of InterleavedRealignment."""
    model = model_of(kind, family)
    auxiliary = [InterleavedRealignment(model.base_model, *realigned, 31, CPU)] if realigned else []
    calls = limit_memory(model, rows)
    settings = FinetuningSettings(learning_rate=1e-3, batch_size=8, epochs=epochs, warmup_ratio=0.0)
    report = finetune(model, items_of(kind), settings, 31, CPU, auxiliary=auxiliary)
    return model, report, calls


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 3, 4])
def test_finetuning_in_parts_has_the_whole_batch_s_loss_and_gradients(kind, family, rows):
    expected, whole, _ = finetune_in_parts(kind, family, 8)
    model, report, calls = finetune_in_parts(kind, family, rows)
    assert report.micro_batch == {1: 1, 3: 2, 4: 4}[rows]
    assert max(calls[1:]) <= 4
    assert report.log[0][1] == pytest.approx(whole.log[0][1], rel=1e-5)
    assert_close(gradients(model), gradients(expected), atol=2e-7)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("freeze", ["full", "front", "back"])
@pytest.mark.parametrize(("pairs", "one_subword"), [(4, True), (12, True), (12, False)])
def test_realignment_during_finetuning_is_split_with_the_task(tmp_path, family, freeze, pairs, one_subword):
    """With fewer and with more sentence pairs than items of the task in a batch."""
    streams = write_streams(tmp_path, {"de": 9, "ta": 7}, one_subword=one_subword)
    during = (streams, RealignmentSettings(freeze=freeze, batch_size=pairs, head_size=16), 0.5)
    expected, whole, _ = finetune_in_parts("tokens", family, 99, realigned=during)
    model, report, calls = finetune_in_parts("tokens", family, 2, realigned=during)
    alone, _, _ = finetune_in_parts("tokens", family, 99)
    assert (whole.micro_batch, report.micro_batch) == (None, {4: 2, 12: 1}[pairs])
    assert max(calls[4:]) <= 2
    assert report.log[0][1] == pytest.approx(whole.log[0][1], rel=1e-5)
    assert_close(gradients(model), gradients(expected), atol=2e-7)
    assert differing(gradients(alone), gradients(expected)), "the realignment has a share"


def test_finetuned_head_is_the_same_after_several_steps():
    expected, _, _ = finetune_in_parts("tokens", "bert", 8, epochs=4)
    model, _, calls = finetune_in_parts("tokens", "bert", 2, epochs=4)
    assert calls[:2] == [8, 4]
    assert calls[2:] == [2] * 4 * 4
    torch.testing.assert_close(model.classifier.weight, expected.classifier.weight, rtol=1e-3, atol=1e-5)
    assert model.classifier.weight.shape == (3, HIDDEN)
