import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support import CPU, tiny_encoder

from alignfreeze.encoders.prediction import outputs
from alignfreeze.support.errors import InputError

LENGTHS = [5, 2, 4, 2, 3]
# The first subword of an item is 10 + its number.
ITEMS = [SimpleNamespace(ids=[10 + i] + [5] * (length - 1)) for i, length in enumerate(LENGTHS)]


def pad(items):
    longest = max(len(item.ids) for item in items)
    mask = torch.tensor([[1] * len(item.ids) + [0] * (longest - len(item.ids)) for item in items])
    ids = torch.tensor([item.ids + [0] * (longest - len(item.ids)) for item in items])
    return {"input_ids": ids, "attention_mask": mask}


def run(rows_that_fit, batch_size):
    """Calls (item numbers) and the state of each item's first subword."""
    model, calls = tiny_encoder("bert"), []

    def check(module, args, kwargs):
        calls.append((kwargs["input_ids"][:, 0] - 10).tolist())
        if len(calls[-1]) > rows_that_fit:
            torch.empty(1 << 50)  # what PyTorch raises on the CPU is a plain RuntimeError

    model.register_forward_pre_hook(check, with_kwargs=True)
    states = np.zeros((len(LENGTHS), model.config.hidden_size), np.float32)
    for chosen, output in outputs(model, ITEMS, pad, CPU, batch_size):
        assert not output.last_hidden_state.requires_grad
        states[chosen] = output.last_hidden_state[:, 0].numpy()
    return calls, states


def test_batches_hold_every_item_once_shortest_first():
    calls, _ = run(99, 2)
    assert calls == [[1, 3], [4, 2], [0]]


def test_no_items_no_batches():
    assert list(outputs(tiny_encoder("bert"), [], pad, CPU, 2)) == []


def test_out_of_memory_halves_the_batch_and_loses_no_item(caplog):
    _, expected = run(99, 1)
    with caplog.at_level(logging.WARNING):
        calls, states = run(2, 4)
    assert calls == [[1, 3, 4, 2], [1, 3], [4, 2], [0]]
    assert caplog.messages == ["out of memory with 4 items at a time: going on with 2"]
    np.testing.assert_allclose(states, expected, atol=1e-5)


def test_item_that_does_not_fit_is_an_error_in_one_line():
    with pytest.raises(InputError, match="out of memory with one item of 2 subwords; take a device with more memory"):
        run(0, 2)
