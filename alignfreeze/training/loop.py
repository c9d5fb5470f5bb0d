"""One training loop for realignment and fine-tuning; stopped at any step, it goes on with the same numbers."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from tqdm import tqdm

from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError
from alignfreeze.training.settings import Precision

logger = logging.getLogger(__name__)
LOG_POINTS = 50  # rows of a training log, about


class MovableBatch(Protocol):
    """What the loop asks of a batch; its length is its number of items."""

    def __len__(self) -> int: ...

    def to(self, device: torch.device) -> Any: ...  # noqa: D102


def fingerprint(settings: dict) -> str:
    """SHA-256 of everything that decides a training run's numbers."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


@dataclass
class TrainingState:
    """Where a run's last state lies between checkpoints, so that a killed job resumes.

    path : a file outside the declared outputs (a workflow engine deletes those of a failed job).
    fingerprint : the state is used only if it was written under an equal one.
    every : optimiser steps between two states; 0 keeps none.
    """

    path: Path
    fingerprint: str
    every: int

    def load(self, device: torch.device) -> dict | None:
        """The last state, or None if there is none that fits."""
        if not self.path.exists():
            return None
        state = torch.load(self.path, map_location=device, weights_only=True)
        if state["fingerprint"] != self.fingerprint:
            logger.warning("%s: written under other settings, inputs or code, starting over", self.path)
            return None
        logger.info("%s: resuming at step %d", self.path, state["step"])
        return state

    def save(self, **state: Any) -> None:
        """Write the state, atomically."""
        with atomic_file(self.path) as temporary:
            torch.save({"fingerprint": self.fingerprint, **state}, temporary)

    def clear(self) -> None:
        """Remove the state: the run is finished."""
        self.path.unlink(missing_ok=True)


@dataclass
class TrainingReport:
    """What the loop saw: `log` has rows (step, mean loss since the last row), times are seconds.

    micro_batch : items that are computed at a time, where memory did not suffice for a whole batch.
    pairs_seen, distinct_pairs : sentence pairs of a realignment during fine-tuning, repeated and not.
    """

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0
    micro_batch: int | None = None
    log: list[tuple[int, float]] = field(default_factory=list)
    pairs_seen: int = 0
    distinct_pairs: int = 0

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


RandomState = tuple[torch.Tensor, torch.Tensor | None]


def random_state(device: torch.device) -> RandomState:
    """What decides the dropout of the next forward pass on a device."""
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def set_random_state(state: RandomState, device: torch.device) -> None:
    """Make the next forward pass draw the dropout that it would have drawn at `random_state`."""
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)


class _Gradients:
    """Gradients of a batch, in as large parts as memory allows."""

    def __init__(
        self,
        modules: nn.Module,
        whole: Callable[[Any], torch.Tensor],
        in_parts: Callable[[Any, int], torch.Tensor] | None,
        device: torch.device,
        micro_batch: int | None,
    ) -> None:
        self.modules, self.whole, self.in_parts = modules, whole, in_parts
        self.device, self.micro_batch = device, micro_batch

    def __call__(self, batch: MovableBatch, step: int) -> torch.Tensor:
        """Leave the batch's gradients at the parameters.

        Returns
        -------
        the batch's loss, without a graph.

        Raises
        ------
        InputError : memory does not suffice for one item.
        """
        before = random_state(self.device)
        while True:
            self.modules.zero_grad(set_to_none=True)
            size = min(self.micro_batch or len(batch), len(batch))
            try:
                return self._compute(batch, size)
            except torch.OutOfMemoryError as error:
                if self.in_parts is None:
                    raise
                if size == 1:
                    raise InputError(
                        f"out of memory at step {step} with one item at a time; write a smaller max_length or "
                        "precision: bf16, or take a device with more memory"
                    ) from error
            # Past the except clause nothing holds the tensors of the failed pass any more.
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            self.micro_batch = size // 2
            set_random_state(before, self.device)
            logger.warning(
                "out of memory at step %d with %d items at a time: going on with %d; a batch is still %d items",
                step, size, self.micro_batch, len(batch),
            )  # fmt: skip

    def _compute(self, batch: Any, size: int) -> torch.Tensor:
        if size < len(batch):
            return self.in_parts(batch, size)
        loss = self.whole(batch)
        loss.backward()
        return loss.detach()


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
    state : where to keep the state for a resumed run.

    Returns
    -------
    TrainingReport
    """
    modules.train()
    report, first = TrainingReport(), 0
    saved = state.load(device) if state else None
    if saved:
        first, report.log = saved["step"], [tuple(row) for row in saved["log"]]
        _restore(saved, modules, optimiser, schedule)

    def whole(batch: Any) -> torch.Tensor:
        with autocast(device, precision):
            return loss_of(batch)

    gradients = _Gradients(modules, whole, in_parts, device, saved["micro_batch"] if saved else None)
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
                **_snapshot(modules, optimiser, schedule),
            )
        if step == steps:
            break
    progress.close()
    report.steps, report.seconds = steps, time.perf_counter() - started
    report.micro_batch = gradients.micro_batch
    if state:
        state.clear()
    return report


def _snapshot(modules: nn.Module, optimiser: Any, schedule: Any) -> dict:
    return {
        "modules": modules.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict() if schedule else None,
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _restore(saved: dict, modules: nn.Module, optimiser: Any, schedule: Any) -> None:
    modules.load_state_dict(saved["modules"])
    optimiser.load_state_dict(saved["optimiser"])
    if schedule:
        schedule.load_state_dict(saved["schedule"])
    torch.set_rng_state(saved["random"].cpu())
    if saved["random_cuda"]:
        torch.cuda.set_rng_state_all([state.cpu() for state in saved["random_cuda"]])


def write_log(path: str | Path, log: Iterable[tuple[int, float]]) -> None:
    """Write a training log: step, mean loss since the row before."""
    with atomic_file(path) as temporary:
        temporary.write_text("step,loss\n" + "".join(f"{step},{loss:.6g}\n" for step, loss in log), encoding="utf-8")
