"""Trackers: each point once, however often the run is resumed; no number changes; an error of theirs is a warning."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from support import CPU, assert_same_weights, training_state, weights
from torch import nn

from alignfreeze.support import trackers
from alignfreeze.support.errors import InputError
from alignfreeze.support.trackers import RunTracker, Writer, require_installed, trackers_of
from alignfreeze.training.loop import train

STEPS = 20


class Numbers:
    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def to(self, device):
        return self


class Recorder:
    """A tracker that keeps what it is told."""

    def __init__(self):
        self.first, self.points, self.closed = [], [], 0

    def start(self, first):
        self.first.append(first)

    def report(self, step, values):
        self.points.append((step, values))

    def close(self):
        self.closed += 1


def run(told, state=None, fail_at=None):
    torch.manual_seed(0)
    modules = nn.ModuleDict({"model": nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))})
    optimiser = torch.optim.Adam(modules.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 / (1 + step))

    def batches(first):
        for step in range(first, 10_000):
            if step == fail_at:
                raise KeyboardInterrupt
            yield Numbers(torch.randn(5, 3, generator=torch.Generator().manual_seed(step)))

    report = train(
        modules, batches, lambda batch: modules["model"](batch.x).square().mean(), len, optimiser, STEPS, CPU,
        schedule=schedule, state=state, trackers=told,
    )  # fmt: skip
    return modules, report


def test_a_tracker_sees_the_log_and_the_rate_of_each_step_and_changes_no_weight():
    recorder = Recorder()
    modules, report = run([recorder])
    plain, _ = run([])
    assert_same_weights(weights(modules), weights(plain))
    assert [(step, values["loss"]) for step, values in recorder.points] == report.log
    rates = [values["learning_rate"] for _, values in recorder.points]
    assert rates == pytest.approx([0.01 / (1 + step) for step in range(STEPS)])
    assert (recorder.first, recorder.closed) == ([0], 1)


@pytest.fixture
def told(monkeypatch):
    """What a library that is no library was told, by run."""
    found = {}

    def open_run(run):
        points = found.setdefault(run.identity, [])
        return Writer(lambda step, values: points.append((step, values["loss"])), lambda: points.append("end"))

    monkeypatch.setitem(trackers.WRITERS, "tensorboard", open_run)
    return found


def test_a_resumed_run_goes_on_and_doubles_no_point(told, tmp_path):
    state = training_state(tmp_path / "state.pt", 8)
    (tracker,) = trackers_of(["tensorboard"], "results/demo/realigned/e5/full")
    assert tracker.folder == Path("results/demo/trackers/tensorboard/realigned/e5/full")

    def again():
        return RunTracker("tensorboard", "demo", "realigned/e5/full", tmp_path / "trackers")

    with pytest.raises(KeyboardInterrupt):
        run([again()], state, fail_at=13)  # steps 9 to 13 will be computed a second time
    _, report = run([again()], state)
    (points,) = told.values()
    assert points == [*report.log, "end"]
    # A run that starts over is another one.
    state.clear()
    run([again()], state)
    assert len(told) == 2
    assert points == [*report.log, "end"]


@pytest.mark.parametrize("fails_at", ["open", "write", "close"])
def test_an_error_of_a_tracker_is_one_warning(fails_at, monkeypatch, tmp_path, caplog):
    def fail(*_):
        raise OSError("no route to host")

    def open_run(run):
        if fails_at == "open":
            fail()
        return Writer(fail if fails_at == "write" else lambda *_: None, fail if fails_at == "close" else lambda: None)

    monkeypatch.setitem(trackers.WRITERS, "wandb", open_run)
    modules, _ = run([RunTracker("wandb", "demo", "run", tmp_path)])
    assert_same_weights(weights(modules), weights(run([])[0]))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["tracker wandb: OSError: no route to host; training goes on without it"]


def test_a_package_that_is_missing_is_said_before_the_first_job(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "trackio" else "found")
    require_installed(["wandb"])
    with pytest.raises(
        InputError, match=r"^trackers: trackio is not installed; type: pip install trackio \(or leave it out\)$"
    ):
        require_installed(["wandb", "trackio"])


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="pip install tensorboard to run this")
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_what_was_reported(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    state = training_state(tmp_path / "state.pt", 8)
    folder = tmp_path / "trackers"
    with pytest.raises(KeyboardInterrupt):
        run([RunTracker("tensorboard", "demo", "run", folder)], state, fail_at=13)
    _, report = run([RunTracker("tensorboard", "demo", "run", folder)], state)
    events = EventAccumulator(str(folder))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [
        (step, pytest.approx(loss, rel=1e-6)) for step, loss in report.log
    ]
    assert len(events.Scalars("learning_rate")) == len(report.log)
    assert json.loads((folder / "reported.json").read_text())["step"] == STEPS
