import pickle

import pytest
import torch
from support import CPU, assert_same_weights, training_state, weights
from torch import nn

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


def run(steps, state=None, checkpoints=None, fail_at=None, losses=None):
    torch.manual_seed(0)
    modules = nn.ModuleDict({"model": nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))})
    optimiser = torch.optim.Adam(modules.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 / (1 + step))

    def batches(first):
        for step in range(first, 10_000):
            if step == fail_at:
                raise KeyboardInterrupt
            yield Numbers(torch.randn(5, 3, generator=torch.Generator().manual_seed(step)))

    def loss_of(batch):
        loss = modules["model"](batch.x).square().mean()
        if losses is not None:
            losses.append(loss.detach().item())
        return loss

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


def test_state_is_not_unpickled_freely(tmp_path):
    class Bomb:
        def __reduce__(self):
            return open, (str(tmp_path / "executed"), "w")

    torch.save({"fingerprint": training_state(tmp_path, 1).fingerprint, "step": Bomb()}, tmp_path / "run.pt")
    with pytest.raises(pickle.UnpicklingError):
        training_state(tmp_path / "run.pt", 1).load(CPU)
    assert not (tmp_path / "executed").exists()


def test_fingerprint_depends_on_values_not_on_order():
    assert fingerprint({"a": 1, "b": [2, 3]}) == fingerprint({"b": [2, 3], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert fingerprint({"a": [1, 2]}) != fingerprint({"a": [2, 1]})


def test_log_file(tmp_path):
    write_log(tmp_path / "log.csv", [(3, 1.5), (6, 0.1234567)])
    assert (tmp_path / "log.csv").read_text() == "step,loss\n3,1.5\n6,0.123457\n"


def test_speed_of_a_run_that_did_nothing_is_not_a_number():
    assert str(TrainingReport().tokens_per_second) == "nan"
