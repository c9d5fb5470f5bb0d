import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support import CPU, assert_same_weights, training_state, weights
from torch import nn

from alignfreeze.support.errors import InputError
from alignfreeze.training.loop import TrainingReport, train, write_log
from alignfreeze.training.state import fingerprint


class Numbers:
    """A batch that is one tensor."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def to(self, device):
        return self


def run(steps, state=None, checkpoints=None, fail_at=None, losses=None, spoil=lambda loss, step: loss):
    torch.manual_seed(0)
    modules = nn.ModuleDict({"model": nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))})
    optimiser = torch.optim.Adam(modules.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 / (1 + step))

    number = [0]

    def batches(first):
        for step in range(first, 10_000):
            if step == fail_at:
                raise KeyboardInterrupt
            number[0] = step
            yield Numbers(torch.randn(5, 3, generator=torch.Generator().manual_seed(step)))

    def loss_of(batch):
        loss = modules["model"](batch.x).square().mean()
        if losses is not None:
            losses.append(loss.detach().item())
        return spoil(loss, number[0])

    report = train(
        modules, batches, loss_of, lambda batch: batch.x.numel(), optimiser, steps, CPU,
        schedule=schedule, checkpoints=checkpoints, state=state,
    )  # fmt: skip
    return modules, report


def test_checkpoints_are_called_after_their_steps():
    seen = []
    _, report = run(7, checkpoints={count: lambda count=count: seen.append(count) for count in (7, 2)})
    assert seen == [2, 7]
    assert report.steps == 7
    assert report.tokens == 7 * 15


@pytest.mark.parametrize("steps", [5, 100, 260])
def test_log_has_the_mean_loss_since_the_row_before_and_ends_with_the_last_step(steps):
    losses = []
    _, report = run(steps, losses=losses)
    assert len(losses) == steps
    assert report.log[-1][0] == steps
    assert len(report.log) <= 53
    start = 0
    for step, loss in report.log:
        assert loss == pytest.approx(sum(losses[start:step]) / (step - start), rel=1e-5)
        start = step


@pytest.mark.parametrize("stopped_at", [1, 4, 11, 19])
@pytest.mark.parametrize("every", [1, 3, 7])
def test_run_that_is_stopped_anywhere_ends_with_the_same_numbers(tmp_path, stopped_at, every):
    expected, report = run(20)
    state = training_state(tmp_path / "state" / "run.pt", every)
    with pytest.raises(KeyboardInterrupt):
        run(20, state, fail_at=stopped_at)
    assert state.path.exists() == (stopped_at >= every)
    resumed, second = run(20, state)
    assert_same_weights(weights(resumed), weights(expected))
    assert second.log == report.log
    state.clear()
    assert list(state.path.parent.iterdir()) == []


def test_out_of_memory_error_ends_a_run_that_cannot_be_split():
    def loss_of(batch):
        raise torch.OutOfMemoryError("pretended")

    modules = nn.ModuleDict({"model": nn.Linear(3, 1)})
    optimiser = torch.optim.Adam(modules.parameters(), 0.01)
    with pytest.raises(torch.OutOfMemoryError):
        train(modules, lambda first: iter([Numbers(torch.ones(4, 3))]), loss_of, len, optimiser, 1, CPU)


def test_no_state_is_kept_where_every_is_zero(tmp_path):
    state = training_state(tmp_path / "run.pt", 0)
    with pytest.raises(KeyboardInterrupt):
        run(20, state, fail_at=15)
    assert not state.path.exists()


def test_state_under_another_fingerprint_is_not_used(tmp_path, caplog):
    with pytest.raises(KeyboardInterrupt):
        run(20, training_state(tmp_path / "run.pt", 2, "old"), fail_at=15)
    resumed, _ = run(20, training_state(tmp_path / "run.pt", 2, "new"))
    assert "run.pt: written under other settings, inputs or code, starting over" in caplog.text
    assert_same_weights(weights(resumed), weights(run(20)[0]))


def test_state_is_not_unpickled_freely(tmp_path, caplog):
    class Bomb:
        def __reduce__(self):
            return open, (str(tmp_path / "executed"), "w")

    torch.save({"fingerprint": training_state(tmp_path, 1).fingerprint, "step": Bomb()}, tmp_path / "run.pt")
    assert training_state(tmp_path / "run.pt", 1).load(CPU) is None
    assert "unreadable" in caplog.text
    assert not (tmp_path / "executed").exists()


def damaged_states(path):
    """Contents of a state file that was written, then cut, zeroed, emptied or replaced."""
    whole, middle = path.read_bytes(), path.stat().st_size // 2
    yield whole[:-100]
    yield whole[:middle]
    yield whole[:middle] + bytes(100) + whole[middle + 100 :]
    yield b""
    yield np.random.default_rng(0).bytes(len(whole))
    yield b'{"step": 4}'
    for other in ([1, 2], torch.ones(3), {"fingerprint": 1}, {"step": "4", "fingerprint": "x"}):
        torch.save(other, path)
        yield path.read_bytes()


def test_unreadable_state_is_set_aside_and_the_run_starts_over(tmp_path, caplog):
    expected, _ = run(20)
    path = tmp_path / "run.pt"
    with pytest.raises(KeyboardInterrupt):
        run(20, training_state(path, 2), fail_at=15)
    contents = list(damaged_states(path))
    assert len(contents) == 10
    for content in contents:
        caplog.clear()
        path.write_bytes(content)
        found, _ = run(20, training_state(path, 0))
        assert_same_weights(weights(found), weights(expected))
        assert f"{path}: unreadable (" in caplog.text
        assert "set aside as run.pt.unreadable, starting over" in caplog.text
        assert (tmp_path / "run.pt.unreadable").read_bytes() == content
        assert not path.exists()


def test_full_disk_is_one_line_that_names_disk_and_need(full_disk):
    """A file system of one megabyte; the state takes more."""
    state = training_state(full_disk / "state" / "run.pt", 1)
    with pytest.raises(InputError, match="no space left for the training state on the disk mounted at ") as error:
        state.save(step=1, weights=torch.zeros(1_000_000))
    assert f"at {full_disk}: 0.004 GB are needed, 0.00" in str(error.value)
    assert list((full_disk / "state").iterdir()) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("place", ["loss", "gradient"])
def test_run_stops_at_a_loss_or_gradient_that_is_not_finite_and_keeps_the_state_before(tmp_path, bad, place):
    seen = []

    def spoil(loss, step):
        if step != 11:
            return loss
        if place == "loss":
            return loss * bad
        loss.register_hook(lambda gradient: gradient * bad)  # the loss itself stays finite
        return loss * 1.0

    state = training_state(tmp_path / "run.pt", 4)
    with pytest.raises(InputError, match=r"step 12: .* not a finite number \(batch: number 12\); .*learning_rate"):
        run(20, state, spoil=spoil, checkpoints={12: lambda: seen.append(12), 13: lambda: seen.append(13)})
    assert seen == []
    saved = torch.load(state.path, weights_only=True)
    assert saved["step"] == 8
    assert all(value.isfinite().all() for value in saved["modules"].values())


def test_where_the_loop_does_not_wait_a_bad_step_is_found_before_anything_is_written(tmp_path, monkeypatch):
    """As on a GPU: checked at points of the log (every 20th of 1,000 steps), states and checkpoints only."""
    monkeypatch.setattr("alignfreeze.training.loop.waits_at_each_step", lambda device: False)
    state, losses = training_state(tmp_path / "run.pt", 8), []
    with pytest.raises(InputError, match=r"step 12: "):
        run(1000, state, losses=losses, spoil=lambda loss, step: loss * (math.nan if step == 11 else 1.0))
    assert len(losses) == 16, "found when the state of step 16 would have been written"
    assert torch.load(state.path, weights_only=True)["step"] == 8


def test_fingerprint_depends_on_values_not_on_order():
    assert fingerprint({"a": 1, "b": [2, 3]}) == fingerprint({"b": [2, 3], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert fingerprint({"a": [1, 2]}) != fingerprint({"a": [2, 1]})


def test_log_file(tmp_path):
    write_log(tmp_path / "log.csv", [(3, 1.5), (6, 0.1234567)])
    assert (tmp_path / "log.csv").read_text() == "step,loss\n3,1.5\n6,0.123457\n"


def test_speed_of_a_run_that_did_nothing_is_not_a_number():
    assert str(TrainingReport().tokens_per_second) == "nan"


def test_log_says_how_much_time_is_left(caplog, monkeypatch):
    now = iter(range(0, 1000, 10))
    monkeypatch.setattr("alignfreeze.support.progress.time", SimpleNamespace(monotonic=lambda: next(now)))
    with caplog.at_level("INFO", "alignfreeze.support.progress"):
        run(4)
    lines = [record.message for record in caplog.records if "left" in record.message]
    # The clock moves on by ten seconds at each look, and the loop looks once a step.
    assert [re.search(r"\S+ so far, about \S+ left", line)[0] for line in lines] == [
        "0:00:10 so far, about 0:00:30 left",
        "0:00:20 so far, about 0:00:20 left",
        "0:00:30 so far, about 0:00:10 left",
        "0:00:40 so far, about 0:00:00 left",
    ]
