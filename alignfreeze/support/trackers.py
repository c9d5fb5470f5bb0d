"""Trackers of training (TensorBoard, Weights & Biases, trackio): optional, beside the logs, without effect on a number.

A tracker sees the points of the training log: step, mean loss since the point before, learning rate. What goes wrong in
it is a warning, and the training goes on without it. A run that is resumed has the same numbers, so that points that
were reported before are not reported again.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError

logger = logging.getLogger(__name__)
TrackerName = Literal["tensorboard", "wandb", "trackio"]
Values = Mapping[str, float]


class Tracker(Protocol):
    """What the training loop calls."""

    def start(self, first: int) -> None:
        """Begin.

        Parameters
        ----------
        first : int
            Steps that are done already, by a process before; 0 begins a new run.
        """

    def report(self, step: int, values: Values) -> None:
        """Take a point of the log.

        Parameters
        ----------
        step : int
            Optimiser steps until now.
        values : mapping of str to float
            `loss`, the mean since the point before, and `learning_rate`.
        """

    def close(self) -> None:
        """End; everything that was reported is written."""


@dataclass(frozen=True)
class TrackedRun:
    """What a tracking library is told about a run.

    Attributes
    ----------
    project, name : str
        The experiment, and the run's path below its results.
    identity : str
        The same for all processes of a run.
    folder : Path
        Where the library's files go.
    is_resumed : bool
    """

    project: str
    name: str
    identity: str
    folder: Path
    is_resumed: bool


@dataclass(frozen=True)
class Writer:
    """What a tracking library offers for a run: `write` takes a step and its values, `close` ends."""

    write: Callable[[int, Values], None]
    close: Callable[[], None]


def _tensorboard(run: TrackedRun) -> Writer:
    events = importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(run.folder))

    def write(step: int, values: Values) -> None:
        for name, value in values.items():
            events.add_scalar(name, value, step)
        events.flush()

    return Writer(write, events.close)


def _wandb(run: TrackedRun) -> Writer:
    settings: dict[str, Any] = {"resume": "allow" if run.is_resumed else "never", "dir": str(run.folder)}
    online = importlib.import_module("wandb").init(project=run.project, name=run.name, id=run.identity, **settings)
    return Writer(lambda step, values: online.log(dict(values), step=step), online.finish)


def _trackio(run: TrackedRun) -> Writer:
    trackio = importlib.import_module("trackio")
    own = trackio.init(
        project=run.project, name=f"{run.name} {run.identity[:8]}", resume="allow" if run.is_resumed else "never"
    )
    return Writer(lambda step, values: own.log(dict(values), step=step), own.finish)


WRITERS: dict[str, Callable[[TrackedRun], Writer]] = {
    "tensorboard": _tensorboard,
    "wandb": _wandb,
    "trackio": _trackio,
}


def require_installed(names: Iterable[str]) -> None:
    """Refuse trackers whose package is not there.

    Parameters
    ----------
    names : iterable of str
        Trackers that the configuration asks for.

    Raises
    ------
    InputError
        Names the first of them and what to install.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise InputError(f"trackers: {name} is not installed; type: pip install {name} (or leave it out)")


class RunTracker:
    """A tracking library for one run: what it was told before is not told again, what it raises is a warning.

    Parameters
    ----------
    library : str
        A key of `WRITERS`.
    project, name : str
        The experiment, and the run's path below its results.
    folder : Path
        The run's own, for the library's files and for what was reported already.
    """

    def __init__(self, library: str, project: str, name: str, folder: Path) -> None:
        self.library, self.project, self.name, self.folder = library, project, name, folder
        self.writer: Writer | None = None
        self.identity, self.reported = "", 0

    @property
    def _memory(self) -> Path:
        return self.folder / "reported.json"

    def start(self, first: int) -> None:
        """Open the library's run: the one of the process before where steps are done already.

        Parameters
        ----------
        first : int
            Steps that are done already, by a process before; 0 begins a new run.
        """
        with _warned(self):
            if first and self._memory.exists():
                known = json.loads(self._memory.read_text(encoding="utf-8"))
                self.identity, self.reported = known["identity"], known["step"]
            else:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.identity, self.reported = uuid.uuid4().hex, 0
            self.folder.mkdir(parents=True, exist_ok=True)
            run = TrackedRun(self.project, self.name, self.identity, self.folder, is_resumed=self.reported > 0)
            self.writer = WRITERS[self.library](run)

    def report(self, step: int, values: Values) -> None:
        """Tell the library a point that it does not know yet.

        Parameters
        ----------
        step : int
            Optimiser steps until now.
        values : mapping of str to float
            `loss`, the mean since the point before, and `learning_rate`.
        """
        if self.writer is None or step <= self.reported:
            return
        with _warned(self):
            self.reported = step
            # Before the point itself: a process that is killed in between loses a point and doubles none.
            with atomic_file(self._memory) as temporary:
                temporary.write_text(json.dumps({"identity": self.identity, "step": step}), encoding="utf-8")
            self.writer.write(step, values)

    def close(self) -> None:
        """End the library's run."""
        if self.writer is not None:
            with _warned(self):
                self.writer.close()
        self.writer = None


@contextmanager
def _warned(tracker: RunTracker) -> Iterator[None]:
    """Turn any error of a tracker into a warning, after which it is left alone."""
    try:
        yield
    except Exception as error:
        tracker.writer = None
        logger.warning("tracker %s: %s: %s; training goes on without it", tracker.library, type(error).__name__, error)


def trackers_of(names: Sequence[str], output: str | Path) -> list[RunTracker]:
    """Return the trackers of a run.

    Parameters
    ----------
    names : sequence of str
        Trackers that the configuration asks for.
    output : path
        What the run makes, `results/{experiment}/{run}`; files go to `results/{experiment}/trackers/{tracker}/{run}`.

    Returns
    -------
    list of RunTracker
        One a name.
    """
    root, experiment, *run = Path(output).parts
    folder = Path(root, experiment, "trackers")
    return [RunTracker(name, experiment, "/".join(run), folder.joinpath(name, *run)) for name in names]
