"""The state of a training run on disk: a run that is stopped at any step goes on with the same numbers."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from alignfreeze.support.atomic import atomic_file

logger = logging.getLogger(__name__)


def fingerprint(settings: dict[str, Any]) -> str:
    """SHA-256 of everything that decides a training run's numbers."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


@dataclass
class TrainingState:
    """Where a run's last state lies between checkpoints, so that a killed job resumes.

    Parameters
    ----------
    path : Path
        A file outside the declared outputs (a workflow engine deletes those of a failed job).
    fingerprint : str
        The state is used only if it was written under an equal one.
    every : int
        Optimiser steps between two states; 0 keeps none.
    """

    path: Path
    fingerprint: str
    every: int

    def load(self, device: torch.device) -> dict[str, Any] | None:
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
        """Remove the state; only after the run's outputs have their names."""
        self.path.unlink(missing_ok=True)


def snapshot(modules: nn.Module, optimiser: torch.optim.Optimizer, schedule: Any) -> dict[str, Any]:
    """What a resumed run needs: weights, optimiser, learning rate schedule and random numbers."""
    return {
        "modules": modules.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict() if schedule else None,
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore(saved: dict[str, Any], modules: nn.Module, optimiser: torch.optim.Optimizer, schedule: Any) -> None:
    """Set everything back to a `snapshot`."""
    modules.load_state_dict(saved["modules"])
    optimiser.load_state_dict(saved["optimiser"])
    if schedule:
        schedule.load_state_dict(saved["schedule"])
    torch.set_rng_state(saved["random"].cpu())
    if saved["random_cuda"]:
        torch.cuda.set_rng_state_all([state.cpu() for state in saved["random_cuda"]])
