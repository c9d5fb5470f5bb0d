"""One training loop for realignment and fine-tuning; stopped at any step, it goes on with the same numbers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from alignfreeze.support.atomic import atomic_file
from alignfreeze.training.memory import Gradients, MovableBatch
from alignfreeze.training.settings import Precision
from alignfreeze.training.state import TrainingState, restore, snapshot

logger = logging.getLogger(__name__)
LOG_POINTS = 50  # rows of a training log, about


@dataclass
class TrainingReport:
    """What the loop saw: `log` has rows (step, mean loss since the last row), times are seconds.

    micro_batch : items that are computed at a time, where memory did not suffice for a whole batch.
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


def adam(
    parameters: Iterable[nn.Parameter] | list[dict], learning_rate: float, device: torch.device
) -> torch.optim.Adam:
    """Adam as in the paper (β 0.9 0.999, ε 1e-8, no weight decay), fused."""
    return torch.optim.Adam(parameters, lr=learning_rate, betas=(0.9, 0.999), eps=1e-8, fused=True)


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """bf16 autocast over float32 weights, or nothing; tf32 is switched on for matrix products."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


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
    checkpoints: dict[int, Callable[[], None]] | None = None,
    state: TrainingState | None = None,
    description: str = "training",
) -> TrainingReport:
    """Run `steps` optimiser steps.

    Parameters
    ----------
    modules : everything that is trained; its state is what a resumed run needs.
    batches : from a step number, the batches from that step on (deterministic, so that a resumed run sees the same).
    loss_of : loss of a batch on the device.
    tokens_of : subwords of a batch (on the CPU), for the rate in the report.
    in_parts : from a batch and a number of items, adds the whole batch's gradients to the parameters, computed so many
        items at a time, and returns the loss without a graph. After an out-of-memory error the loop goes on with half
        as many items at a time; the batch that a step sees stays the same. None: such an error ends the run.
    checkpoints : called after the given number of steps.
    state : where to keep the state for a resumed run; the caller clears it when its outputs have their names.

    Returns
    -------
    TrainingReport
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
    log_every = max(1, steps // LOG_POINTS)
    recent: list[torch.Tensor] = saved["recent"] if saved else []  # losses since the last row of the log
    started = time.perf_counter()
    # disable=None: a bar on a terminal, none in a file; the job's log has a line at each log point.
    progress = tqdm(batches(first), total=steps, initial=first, desc=description, unit="step", disable=None)
    for step, batch in enumerate(progress, first + 1):
        if step > steps:
            break
        report.tokens += tokens_of(batch)
        loss = gradients(batch.to(device), step)
        optimiser.step()
        if schedule:
            schedule.step()
        recent.append(loss)
        if step % log_every == 0 or step == steps:
            # The only place that waits for the device.
            report.log.append((step, float(torch.stack(recent).mean())))
            logger.info("%s: step %d of %d, loss %.4f", description, step, steps, report.log[-1][1])
            progress.set_postfix(loss=f"{report.log[-1][1]:.3f}", refresh=False)
            recent.clear()
        if checkpoints and step in checkpoints:
            checkpoints[step]()
        if state and state.every and step % state.every == 0 and step < steps:
            state.save(
                step=step,
                log=report.log,
                recent=recent,
                micro_batch=gradients.micro_batch,
                **snapshot(modules, optimiser, schedule),
            )
        if step == steps:
            break
    progress.close()
    report.steps, report.seconds = steps, time.perf_counter() - started
    report.micro_batch = gradients.micro_batch
    return report


def write_log(path: str | Path, log: Iterable[tuple[int, float]]) -> None:
    """Write a training log: step, mean loss since the row before."""
    with atomic_file(path) as temporary:
        temporary.write_text("step,loss\n" + "".join(f"{step},{loss:.6g}\n" for step, loss in log), encoding="utf-8")
