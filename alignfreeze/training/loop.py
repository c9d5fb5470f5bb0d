"""One training loop for realignment and fine-tuning; stopped at any step, it goes on with the same numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError
from alignfreeze.support.progress import progress_bar
from alignfreeze.support.trackers import Tracker
from alignfreeze.training.memory import Gradients, MovableBatch
from alignfreeze.training.settings import Precision
from alignfreeze.training.state import TrainingState, restore, snapshot

LOG_POINTS = 50  # rows of a training log, about


@dataclass
class TrainingReport:
    """What the loop saw.

    Attributes
    ----------
    steps : int
        Optimiser steps, those before a resumption included.
    tokens : int
        Subwords without padding, of this process.
    seconds : float
        Of this process.
    micro_batch : int or None
        Items that are computed at a time, where memory did not suffice for a whole batch.
    log : list of (int, float)
        Step, and mean loss since the row before.
    """

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0
    micro_batch: int | None = None
    log: list[tuple[int, float]] = field(default_factory=list)

    @property
    def tokens_per_second(self) -> float:
        """Subwords without padding, over the steps of this process."""
        return self.tokens / self.seconds if self.seconds else float("nan")


def adam(parameters: Iterable[nn.Parameter] | list[dict[str, Any]], learning_rate: float) -> torch.optim.Adam:
    """Adam as in the paper (β 0.9 0.999, ε 1e-8, no weight decay), fused.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter or list of dict from str to object
        Parameters, or groups of them with a learning rate of their own, as PyTorch's optimisers take them.
    learning_rate : float
        Of the parameters whose group has none.

    Returns
    -------
    torch.optim.Adam
    """
    return torch.optim.Adam(parameters, lr=learning_rate, betas=(0.9, 0.999), eps=1e-8, fused=True)


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """bf16 autocast over float32 weights, or nothing; tf32 is switched on for matrix products.

    Parameters
    ----------
    device : torch.device
    precision : Precision
        `fp32`, `tf32` (matrix products in TensorFloat-32, on a GPU) or `bf16`.

    Returns
    -------
    torch.autocast
        To be entered around the forward pass. The choice of TensorFloat-32 outlasts it.
    """
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def waits_at_each_step(device: torch.device) -> bool:
    """Whether reading a number from the device costs nothing, because it is computed already: so on a CPU.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    bool
    """
    return device.type == "cpu"


class _Finiteness:
    """Remember the first step whose loss or gradient is not finite, without waiting for the device at each step.

    On the CPU each step is checked before the optimiser moves a weight; on a GPU where the loop waits anyway: at points
    of the log and before anything is written, so that what is kept on disk is the last good state.
    """

    def __init__(self, modules: nn.Module, device: torch.device, name_of_batch: Callable[[int], str]) -> None:
        self.modules, self.name_of_batch = modules, name_of_batch
        self.at_each_step = waits_at_each_step(device)
        self.first_bad = torch.zeros((), dtype=torch.int64, device=device)

    def note(self, loss: torch.Tensor, step: int) -> None:
        """Look at a step's loss and at the norm of the gradients that it left."""
        norm = nn.utils.get_total_norm([p.grad for p in self.modules.parameters() if p.grad is not None])
        bad = ~(loss.isfinite() & norm.isfinite())
        self.first_bad = torch.where((self.first_bad == 0) & bad, step, self.first_bad)
        if self.at_each_step:
            self.check()

    def check(self) -> None:
        """Stop the run if a step was bad.

        Raises
        ------
        InputError
            Names the step, its batch and what to do.
        """
        step = int(self.first_bad)
        if step:
            raise InputError(
                f"step {step}: the loss or its gradient is not a finite number (batch: {self.name_of_batch(step)}); "
                "the training diverged: write a smaller learning_rate or a longer warm-up, precision: fp32 in place of "
                "bf16, or look for damaged weights or data"
            )


def train(
    modules: nn.ModuleDict,
    batches: Callable[[int], Iterator[MovableBatch]],
    loss_of: Callable[[Any], torch.Tensor],
    tokens_of: Callable[[Any], int],
    optimiser: torch.optim.Optimizer,
    steps: int,
    device: torch.device,
    *,
    in_parts: Callable[[Any, int], torch.Tensor] | None = None,
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
    precision: Precision = "fp32",
    checkpoints: Mapping[int, Callable[[], None]] | None = None,
    state: TrainingState | None = None,
    description: str = "training",
    trackers: Sequence[Tracker] = (),
    name_of_batch: Callable[[int], str] = "number {}".format,
) -> TrainingReport:
    """Run `steps` optimiser steps.

    Parameters
    ----------
    modules : torch.nn.ModuleDict
        Everything that is trained; its state is what a resumed run needs.
    batches : callable
        From a number of steps that are done, the batches that follow (deterministic, so that a resumed run sees the
        same).
    loss_of : callable
        Loss of a batch on the device.
    tokens_of : callable
        Subwords of a batch (on the CPU), for the rate in the report.
    optimiser : torch.optim.Optimizer
    steps : int
    device : torch.device
    in_parts : callable, optional
        From a batch and a number of items, adds the whole batch's gradients to the parameters, computed so many items
        at a time, and returns the loss without a graph. After an out-of-memory error the loop goes on with half as
        many items at a time; the batch that a step sees stays the same. None: such an error ends the run.
    schedule : LRScheduler, optional
        Moved on after each step.
    precision : {"fp32", "tf32", "bf16"}
    checkpoints : mapping from int to callable, optional
        Called after the given number of steps.
    state : TrainingState, optional
        Where to keep the state for a resumed run; the caller clears it when its outputs have their names.
    description : str
        Name of the run in logs and on the progress bar.
    trackers : sequence of Tracker
        Told the points of the log, too.
    name_of_batch : callable
        What a step's batch holds, in words, for the message about a loss that is not finite; steps count from 1.

    Returns
    -------
    TrainingReport

    Raises
    ------
    InputError
        Memory does not suffice for one item, a loss or gradient is not finite, or the disk is full.
    """
    modules.train()
    report, first = TrainingReport(), 0
    saved = state.load(device) if state else None
    if saved:
        first, report.log = saved["step"], [tuple(row) for row in saved["log"]]
        restore(saved, modules, optimiser, schedule)

    def whole(batch: Any) -> torch.Tensor:
        with autocast(device, precision):
            return loss_of(batch)

    gradients = Gradients(modules, whole, in_parts, device, saved["micro_batch"] if saved else None)
    finiteness = _Finiteness(modules, device, name_of_batch)
    log_every = max(1, steps // LOG_POINTS)
    recent: list[torch.Tensor] = saved["recent"] if saved else []  # losses since the last row of the log
    started = time.perf_counter()
    for tracker in trackers:
        tracker.start(first)
    with progress_bar(description, steps, first, unit="step") as advance:
        for step, batch in enumerate(batches(first), first + 1):
            if step > steps:
                break
            report.tokens += tokens_of(batch)
            loss = gradients(batch.to(device), step)
            finiteness.note(loss, step)
            optimiser.step()
            rate = optimiser.param_groups[0]["lr"]
            if schedule:
                schedule.step()
            recent.append(loss)
            note = None
            if step % log_every == 0 or step == steps:
                finiteness.check()
                report.log.append((step, float(torch.stack(recent).mean())))
                note = f"loss {report.log[-1][1]:.4f}"
                for tracker in trackers:
                    tracker.report(step, {"loss": report.log[-1][1], "learning_rate": float(rate)})
                recent.clear()
            advance(note=note)
            if checkpoints and step in checkpoints:
                finiteness.check()
                checkpoints[step]()
            if state and state.every and step % state.every == 0 and step < steps:
                finiteness.check()
                state.save(
                    step=step,
                    log=report.log,
                    recent=recent,
                    micro_batch=gradients.micro_batch,
                    **snapshot(modules, optimiser, schedule),
                )
            if step == steps:
                break
    for tracker in trackers:
        tracker.close()
    report.steps, report.seconds = steps, time.perf_counter() - started
    report.micro_batch = gradients.micro_batch
    return report


def write_log(path: str | Path, log: Iterable[tuple[int, float]]) -> None:
    """Write a training log as CSV, atomically: step, and mean loss since the row before.

    Parameters
    ----------
    path : str or Path
        The file.
    log : iterable of (int, float)
        The rows, in order.
    """
    with atomic_file(path) as temporary:
        temporary.write_text("step,loss\n" + "".join(f"{step},{loss:.6g}\n" for step, loss in log), encoding="utf-8")
