import logging
import subprocess
import sys

import pytest
import torch
from support import (
    BLOCKS,
    FAMILIES,
    assert_same_weights,
    child_environment,
    differing,
    realigner,
    tiny_encoder,
    training_state,
    weights,
    write_streams,
)

from alignfreeze.encoders.loading import load_encoder
from alignfreeze.support.errors import InputError


@pytest.fixture
def streams(tmp_path):
    return write_streams(tmp_path / "rows", {"de": 9, "ta": 7})


def block_of(name):
    """Number of the block that a parameter belongs to, or None."""
    parts = name.split(".")
    return int(parts[parts.index("layer") + 1]) if "layer" in parts else None


def test_first_loss_is_that_of_the_untrained_model_read_at_the_last_block_but_one(streams):
    trainer = realigner(streams)
    # No dropout: the expected value is computed without the training loop.
    for module in trainer.modules.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for block in trainer.model.encoder.layer:
        block.attention.self.dropout.p = 0.0
    batch = next(trainer.batches(0))
    model = trainer.model
    states = [
        model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[BLOCKS - 1]
        for ids, mask in ((batch.source_ids, batch.source_mask), (batch.target_ids, batch.target_mask))
    ]
    expected = trainer.modules["loss"](*states, batch).item()
    assert trainer.run([1]).log == [(1, pytest.approx(expected, rel=1e-6))]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("freeze", "frozen"), [("full", []), ("front", [0, 1]), ("back", [2, 3]), ([1, 2], [1]), ([1, 4], [1, 2, 3])]
)
def test_frozen_blocks_are_bit_identical_and_the_others_change(streams, family, freeze, frozen):
    before = weights(tiny_encoder(family))
    trainer = realigner(streams, family, freeze=freeze)
    trainer.run([3])
    after = weights(trainer.model)
    changed = differing(before, after)
    for name in before:
        block = block_of(name)
        if block in frozen or "pooler" in name:
            assert name not in changed
        elif block is None:
            # Positions and token types that occur are a part of the table; the table differs as a whole.
            assert name in changed
        elif block == BLOCKS - 1:
            assert name not in changed, "the loss reads the last block but one: the last one is never trained"
        elif "key.bias" not in name and "k_lin.bias" not in name:  # softmax ignores a shift: no gradient but noise
            assert name in changed


@pytest.mark.parametrize("family", FAMILIES)
def test_last_block_is_trained_with_layer_last_only(streams, family):
    before = weights(tiny_encoder(family))
    trainer = realigner(streams, family, layer="last")
    trainer.run([2])
    changed = differing(before, weights(trainer.model))
    assert {block_of(name) for name in changed} == {None, *range(BLOCKS)}


def test_layer_below_trains_the_blocks_below_only(streams):
    trainer = realigner(streams, layer=2)
    before = weights(tiny_encoder("bert"))
    trainer.run([2])
    assert {block_of(name) for name in differing(before, weights(trainer.model))} == {None, 0, 1}


@pytest.mark.parametrize("family", FAMILIES)
def test_embeddings_stay_if_they_are_frozen(streams, family):
    before = weights(tiny_encoder(family))
    trainer = realigner(streams, family, freeze="front", freeze_embeddings=True)
    trainer.run([2])
    changed = differing(before, weights(trainer.model))
    assert {block_of(name) for name in changed} == {2}


def test_head_is_trained_and_not_saved(streams, tmp_path):
    trainer = realigner(streams)
    before = weights(trainer.modules["loss"])
    trainer.run([2], lambda count, write: write(tmp_path / "out"))
    assert differing(before, weights(trainer.modules["loss"])) == set(before)
    assert weights(load_encoder(tmp_path / "out")).keys() == weights(tiny_encoder("bert")).keys()


def test_freezing_that_freezes_nothing_is_refused(streams):
    with pytest.raises(InputError, match="an encoder of 4 blocks has"):
        realigner(streams, freeze=[6, 12])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("freeze", "one_subword"), [("full", True), ("front", True), ("full", False)])
def test_trimmed_run_equals_the_untrimmed_one(family, freeze, one_subword, tmp_path):
    streams = write_streams(tmp_path / "rows", {"de": 9, "ta": 7}, one_subword=one_subword)
    logs, saved = [], []
    for trim in (True, False):
        trainer = realigner(streams, family, freeze=freeze, trim_vocabulary=trim)
        logs.append(trainer.run([6], lambda count, write, trim=trim: write(tmp_path / str(trim))).log)
        saved.append(weights(load_encoder(tmp_path / str(trim))))
    assert len(logs[0]) == 6
    assert logs[0] == logs[1]
    assert_same_weights(*saved)


def test_trimmed_run_trains_a_smaller_table(streams):
    trainer = realigner(streams)
    table = trainer.model.get_input_embeddings().weight
    assert len(table) < 70
    assert id(table) in {id(p) for group in trainer.optimiser.param_groups for p in group["params"]}


@pytest.mark.parametrize("bucketing", ["none", "window"])
def test_checkpoint_of_a_longer_run_equals_a_shorter_run(streams, tmp_path, bucketing):
    longer = realigner(streams, bucketing=bucketing)
    longer.run([3, 5, 8], lambda count, write: write(tmp_path / f"long{count}"))
    for steps in (3, 5):
        shorter = realigner(streams, bucketing=bucketing)
        shorter.run([steps], lambda count, write: write(tmp_path / f"short{count}"))
        assert_same_weights(
            weights(load_encoder(tmp_path / f"long{steps}")), weights(load_encoder(tmp_path / f"short{steps}"))
        )
    assert differing(weights(load_encoder(tmp_path / "long5")), weights(load_encoder(tmp_path / "long8")))


def run_to_the_end(streams, **settings):
    trainer = realigner(streams, **settings)
    report = trainer.run([9])
    return weights(trainer.model), report.log


def test_same_seed_gives_the_same_weights_and_another_does_not(streams):
    first, again, other = (run_to_the_end(streams, seed=seed) for seed in (31, 31, 42))
    assert_same_weights(first[0], again[0])
    assert first[1] == again[1]
    assert first[1] != other[1]
    assert differing(first[0], other[0])


class StopError(Exception):
    """Stands for whatever ends a job early."""


@pytest.mark.parametrize("every", [2, 3])
@pytest.mark.parametrize("bucketing", ["none", "window"])
def test_stopped_run_resumes_and_ends_with_the_same_weights(streams, tmp_path, every, bucketing):
    expected, log = run_to_the_end(streams, bucketing=bucketing)

    def stop(count, write):
        raise StopError

    path = tmp_path / "state.pt"
    with pytest.raises(StopError):
        realigner(streams, bucketing=bucketing).run([7, 9], stop, training_state(path, every))
    assert torch.load(path, weights_only=True)["step"] == 6
    resumed = realigner(streams, bucketing=bucketing)
    torch.manual_seed(999)  # whatever happens to the random numbers between
    report = resumed.run([9], state=training_state(path, every))
    assert_same_weights(weights(resumed.model), expected)
    assert report.log == log
    assert path.exists(), "until the caller's outputs are in place"


def test_log_of_a_resumed_run_equals_the_undisturbed_one_between_log_points(streams, tmp_path):
    """150 steps: a log point each 3, the state at 4 lies between two of them."""
    path = tmp_path / "state.pt"

    def stop(count, write):
        raise StopError

    undisturbed = realigner(streams, layer=1).run([150])
    with pytest.raises(StopError):
        realigner(streams, layer=1).run([5, 150], stop, training_state(path, 4))
    resumed = realigner(streams, layer=1).run([150], state=training_state(path, 200))
    assert len(undisturbed.log) == 50
    assert resumed.log == undisturbed.log


def test_killed_process_resumes_and_ends_with_the_same_weights(streams, tmp_path):
    path = tmp_path / "state.pt"
    code = f"import support; support.realign_and_die({str(tmp_path / 'rows')!r}, {str(path)!r}, 6)"
    killed = subprocess.run([sys.executable, "-c", code], env=child_environment(), check=False)
    assert killed.returncode == -9
    assert torch.load(path, weights_only=True)["step"] == 4
    resumed = realigner(streams)
    resumed.run([12], state=training_state(path, 4))
    undisturbed = realigner(streams)
    undisturbed.run([12])
    assert_same_weights(weights(resumed.model), weights(undisturbed.model))


def test_state_of_other_settings_is_not_used(streams, tmp_path, caplog):
    expected, log = run_to_the_end(streams)

    def stop(count, write):
        raise StopError

    path = tmp_path / "state.pt"
    with pytest.raises(StopError):
        realigner(streams, learning_rate=0.5).run([7], stop, training_state(path, 3, "other settings"))
    assert path.exists()
    trainer = realigner(streams)
    with caplog.at_level(logging.WARNING):
        report = trainer.run([9], state=training_state(path, 3))
    assert f"{path}: written under other settings, inputs or code, starting over" in caplog.text
    assert report.log == log
    assert_same_weights(weights(trainer.model), expected)


def test_realigned_model_takes_ordinary_ids_again(streams, tmp_path):
    """In a notebook the model is used on: it must not be left with the trimmed table."""
    trainer = realigner(streams)
    trainer.run([2], lambda count, write: write(tmp_path / "out"))
    ids = torch.tensor([[2, 88, 17, 3]])
    expected = load_encoder(tmp_path / "out")(ids).last_hidden_state
    assert torch.equal(trainer.model.eval()(ids).last_hidden_state, expected)
    trainer.save(tmp_path / "again")
    assert_same_weights(weights(load_encoder(tmp_path / "again")), weights(load_encoder(tmp_path / "out")))


def test_loss_falls(streams):
    log = realigner(streams, learning_rate=3e-3).run([60]).log
    assert sum(loss for _, loss in log[-5:]) < 0.7 * sum(loss for _, loss in log[:5])


def test_bf16_trains_float32_weights(streams):
    trainer = realigner(streams, precision="bf16")
    trainer.run([2])
    assert {p.dtype for p in trainer.model.parameters()} == {torch.float32}


@pytest.mark.parametrize("change", [{"variant": "weak"}, {"head": False}, {"temperature": 0.5}])
def test_switches_of_the_loss_are_used(streams, change):
    trainer = realigner(streams, **change)
    loss = trainer.modules["loss"]
    settings = {"variant": "strong", "head": True, "temperature": 0.1} | change
    assert (loss.variant, loss.temperature) == (settings["variant"], settings["temperature"])
    assert bool(list(loss.parameters())) is settings["head"]
    assert trainer.run([2]).log != realigner(streams).run([2]).log


def test_report_counts_subwords_without_padding(streams):
    trainer = realigner(streams, batch_size=14)  # one pass: 7 rounds of two languages
    report = trainer.run([1])
    batch = next(realigner(streams, batch_size=14).batches(0))
    assert report.tokens == int(batch.source_mask.sum() + batch.target_mask.sum())
    assert report.steps == 1
    assert report.tokens_per_second > 0


def test_pairs_seen_counts_short_batches_and_repeats(streams):
    # A pass has 2 languages x 7 rounds and one more of the first = 15 pairs in batches of 4, 4, 4 and 3; the next pass
    # may bring new ones.
    realigned = realigner(streams)
    assert realigned.pairs_seen(3) == (12, 12)
    assert realigned.pairs_seen(4) == (15, 15)
    seen, distinct = realigned.pairs_seen(6)
    assert seen == 23
    assert 15 <= distinct <= 16, "9 pairs of one language and 7 of the other exist"
