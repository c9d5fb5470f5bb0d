import math
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from support import (
    CPU,
    FAMILIES,
    HIDDEN,
    VOCABULARY,
    assert_same_weights,
    child_environment,
    differing,
    training_state,
    weights,
    wordpiece_tokenizer,
)
from tagging_support import LABELS, tagged_items, tagger
from transformers import AutoModelForTokenClassification

from alignfreeze.encoders.freezing import freeze
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.kinds import load_task
from alignfreeze.metrics.token_classification import predict
from alignfreeze.training.batches import epoch_batches
from alignfreeze.training.finetuning import finetune
from alignfreeze.training.settings import FinetuningSettings
from alignfreeze.training.steps import schedule_steps, total_steps


def run(model, seed=31, state=None, token_ids=None, collate=None, **settings):
    items = tagged_items()
    if token_ids is not None:
        items.token_ids = lambda: token_ids
    items.collate = collate or items.collate
    chosen = FinetuningSettings(**{"learning_rate": 5e-3, "batch_size": 4, "epochs": 2, **settings})
    return finetune(model, items, chosen, seed, CPU, state=state)


def finetune_and_die(state, at):
    """Fine-tune and kill this process at the start of step `at` (for a subprocess)."""
    torch.set_num_threads(1)
    items, seen = tagged_items(), []

    def collate(chosen):
        seen.append(chosen)
        if len(seen) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return items.collate(chosen)

    run(tagger(), state=training_state(state, 3), collate=collate)


@pytest.mark.parametrize(
    ("items", "batch", "epochs", "steps"), [(12544, 32, 5, 1960), (330, 16, 4, 84), (32, 32, 1, 1)]
)
def test_steps_count_the_short_last_batch_of_each_epoch(items, batch, epochs, steps):
    assert total_steps(items, batch, epochs) == steps


@pytest.mark.parametrize(
    ("accumulation", "warmup", "end"),
    [(1, 196, 1965), (4, 786, 7860), (8, 1572, 15720), (16, 3144, 31440)],
)
def test_published_schedule_counts_micro_batches(accumulation, warmup, end):
    """The peak of the published PoS runs: step 786 (DistilmBERT on a small GPU), 1572 (mBERT), never (XLM-R)."""
    items = 12_576  # windows of 96 subwords, as the 1965 steps have them
    assert total_steps(items, 32, 5) == 1965
    assert schedule_steps(items, 32, 5, 0.1, accumulation) == (warmup, end)
    with pytest.raises(ValidationError, match="schedule_accumulation: 3 found; it must divide batch_size, which is 32"):
        FinetuningSettings(schedule_accumulation=3)


@pytest.mark.parametrize("bucketing", ["none", "window"])
def test_an_epoch_holds_every_item_once_in_its_own_order(bucketing):
    lengths = np.random.default_rng(0).integers(3, 50, 70)
    epochs = [epoch_batches(lengths, 8, bucketing, 31, epoch) for epoch in (0, 0, 1)]
    for batches in epochs:
        assert sorted(item for batch in batches for item in batch) == list(range(70))
        assert len(batches) == total_steps(70, 8, 1)
    assert epochs[0] == epochs[1] != epochs[2]
    assert epoch_batches(lengths, 8, bucketing, 42, 0) != epochs[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_whole_model_is_trained_whatever_was_frozen_before(family):
    model = tagger(family)
    before = weights(model)
    freeze(model, "back", freeze_embeddings=True)
    run(model)
    untouched = set(before) - differing(before, weights(model))
    # Key biases shift all scores of a row alike: their gradient is nothing but rounding.
    assert {name for name in untouched if "key.bias" not in name and "k_lin.bias" not in name} == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_trimmed_run_equals_the_untrimmed_one(family, tmp_path):
    logs, models = [], []
    for number, used in enumerate((None, np.arange(VOCABULARY))):
        model = tagger(family)
        logs.append(run(model, token_ids=used).log)
        model.save_pretrained(tmp_path / str(number))
        models.append(weights(load_task("udpos").load_finetuned(tmp_path / str(number))))
        assert_same_weights(models[-1], weights(model))  # and the model in memory is what was saved
    assert logs[0] == logs[1]
    assert_same_weights(*models)
    assert len(tagged_items().token_ids()) < VOCABULARY / 2


def test_rate_rises_over_the_warm_up_falls_to_zero_and_the_head_has_its_own(monkeypatch):
    rates = []
    original = torch.optim.Adam.step

    def step(self, *args, **kwargs):
        rates.append([group["lr"] for group in self.param_groups])
        sizes.append([sum(p.numel() for p in group["params"]) for group in self.param_groups])
        return original(self, *args, **kwargs)

    sizes = []
    monkeypatch.setattr(torch.optim.Adam, "step", step)
    run(tagger(), learning_rate=1e-3, head_learning_rate=4e-3, warmup_ratio=0.25)
    steps = total_steps(22, 4, 2)
    warm = int(0.25 * steps)
    expected = [i / warm if i < warm else (steps - i) / (steps - warm) for i in range(steps)]
    np.testing.assert_allclose(rates, [[1e-3 * share, 4e-3 * share] for share in expected], rtol=1e-9)
    rates.clear()
    run(tagger(), learning_rate=1e-3, warmup_ratio=0.25, schedule_accumulation=4)
    warm = int(0.25 * 22 * 2)  # items of one, 22 an epoch
    np.testing.assert_allclose([rate for rate, _ in rates], [1e-3 * i / warm for i in range(steps)], rtol=1e-9)
    assert sizes[0][1] == HIDDEN * len(LABELS) + len(LABELS)


def test_batch_of_the_loop_is_the_paper_s_optimiser_by_hand():
    """Three steps of Adam written out, without dropout, against the loop."""
    model = tagger()
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.0
    config = model.config
    torch.manual_seed(1)
    model, reference = (AutoModelForTokenClassification.from_config(config) for _ in range(2))
    reference.load_state_dict(model.state_dict())
    items = tagged_items(12)
    settings = FinetuningSettings(learning_rate=1e-2, batch_size=4, epochs=1, warmup_ratio=0.0)
    finetune(model, items, settings, 31, CPU)

    moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in reference.named_parameters()}
    for step, chosen in enumerate(epoch_batches(items.lengths(), 4, "none", 31, 0), 1):
        reference.zero_grad()
        reference(**items.collate(chosen)).loss.backward()
        rate = 1e-2 * (3 - (step - 1)) / 3
        with torch.no_grad():
            for name, p in reference.named_parameters():
                first, second = moments[name]
                first.mul_(0.9).add_(0.1 * p.grad)
                second.mul_(0.999).add_(0.001 * p.grad**2)
                p -= rate * (first / (1 - 0.9**step)) / (torch.sqrt(second / (1 - 0.999**step)) + 1e-8)
    for name, p in model.named_parameters():
        if "key.bias" not in name:  # its gradient is rounding, which Adam blows up
            torch.testing.assert_close(p, dict(reference.named_parameters())[name], rtol=1e-3, atol=2e-5)


class StopError(Exception):
    """Stands for whatever ends a job early."""


@pytest.mark.parametrize("bucketing", ["none", "window"])
def test_stopped_run_resumes_and_ends_with_the_same_weights(tmp_path, bucketing):
    undisturbed, resumed = tagger(), tagger()
    expected = run(undisturbed, bucketing=bucketing)
    items, seen = tagged_items(), []

    def collate(chosen):
        seen.append(chosen)
        if len(seen) == 9:
            raise StopError
        return items.collate(chosen)

    path = tmp_path / "state.pt"
    with pytest.raises(StopError):
        run(tagger(), state=training_state(path, 4), collate=collate, bucketing=bucketing)
    assert torch.load(path, weights_only=True)["step"] == 8  # in the second epoch
    report = run(resumed, state=training_state(path, 4), bucketing=bucketing)
    assert_same_weights(weights(resumed), weights(undisturbed))
    assert report.log == expected.log
    assert path.exists(), "until the model is saved"


def test_killed_process_resumes_and_ends_with_the_same_weights(tmp_path):
    path = tmp_path / "state.pt"
    code = f"import test_finetuning; test_finetuning.finetune_and_die({str(path)!r}, 8)"
    killed = subprocess.run([sys.executable, "-c", code], env=child_environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert torch.load(path, weights_only=True)["step"] == 6
    undisturbed, resumed = tagger(), tagger()
    run(undisturbed)
    run(resumed, state=training_state(path, 3))
    assert_same_weights(weights(resumed), weights(undisturbed))


def test_same_seed_gives_the_same_weights_and_another_does_not():
    models = []
    for seed in (31, 31, 42):
        models.append(tagger())
        run(models[-1], seed=seed)
    first, again, other = map(weights, models)
    assert_same_weights(first, again)
    assert differing(first, other)


def test_tagger_learns_its_training_sentences():
    model = tagger()
    run(model, epochs=12, learning_rate=1e-2)
    words = [["a", "b", "cdab"], ["abcd", "c"]]
    assert predict(model, words, WordTokenizer(wordpiece_tokenizer(), 20), CPU) == [
        ["NOUN", "VERB", "X"],
        ["VERB", "NOUN"],
    ]


def test_report_counts_subwords_without_padding():
    report = run(tagger())
    assert report.tokens == 2 * int(tagged_items().lengths().sum())
    assert report.steps == total_steps(22, 4, 2) == len(report.log)
    assert all(math.isfinite(loss) for _, loss in report.log)
