"""The state of a training run on disk: a run that is stopped at any step goes on with the same numbers."""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from alignfreeze.encoders.memory import is_out_of_memory
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import SHOWN
from alignfreeze.support.space import space_for

logger = logging.getLogger(__name__)


def fingerprint(settings: dict[str, Any]) -> str:
    """SHA-256 of everything that decides a training run's numbers.

    Parameters
    ----------
    settings : dict from str to object
        Settings, checksums of inputs and of code; what JSON cannot hold counts as its `str`.

    Returns
    -------
    str
        64 hexadecimal digits, the same for any order of the keys.
    """
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
        """The last state, or None if there is none that fits; one that cannot be read is set aside.

        Parameters
        ----------
        device : torch.device
            Where its tensors are to be.

        Returns
        -------
        dict from str to object or None
            `step`, `fingerprint` and what `save` was given.
        """
        if not self.path.exists():
            return None
        try:
            state = self._read(device)
        except Exception as error:  # damaged bytes can make any error; none of them may block a run for good
            if is_out_of_memory(error):
                raise
            aside = self.path.with_name(f"{self.path.name}.unreadable")
            self.path.replace(aside)
            logger.warning(
                "%s: unreadable (%s), set aside as %s, starting over",
                self.path, " ".join(str(error).split())[:SHOWN] or type(error).__name__, aside.name,
            )  # fmt: skip
            return None
        if state["fingerprint"] != self.fingerprint:
            logger.warning("%s: written under other settings, inputs or code, starting over", self.path)
            return None
        logger.info("%s: resuming at step %d", self.path, state["step"])
        return state

    def _read(self, device: torch.device) -> dict[str, Any]:
        # PyTorch does not compare the checksums that it writes into its archive.
        with zipfile.ZipFile(self.path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise ValueError(f"{damaged} in it is damaged")
        state = torch.load(self.path, map_location=device, weights_only=True)
        if not isinstance(state, dict) or not isinstance(state.get("step"), int) or "fingerprint" not in state:
            raise ValueError("not a training state")
        return state

    def save(self, **state: Any) -> None:
        """Write the state, atomically.

        Parameters
        ----------
        **state : object
            Everything to keep, by name; tensors, numbers and strings, in dictionaries and lists.

        Raises
        ------
        InputError
            The disk is full.
        """
        # A Python file raises the system's own error; PyTorch's writer knows no errno.
        with (
            space_for(self.path, "the training state", tensor_bytes(state)),
            atomic_file(self.path) as temporary,
            temporary.open("wb") as handle,
        ):
            torch.save({"fingerprint": self.fingerprint, **state}, handle)

    def clear(self) -> None:
        """Remove the state; only after the run's outputs have their names."""
        self.path.unlink(missing_ok=True)


def tensor_bytes(state: Any) -> int:
    """Bytes of all tensors in nested dictionaries and lists.

    Parameters
    ----------
    state : object
        A tensor, or dictionaries, lists and tuples that hold some; anything else counts as 0.

    Returns
    -------
    int
        Number of bytes.
    """
    if isinstance(state, torch.Tensor):
        return state.nbytes
    if isinstance(state, dict):
        return sum(map(tensor_bytes, state.values()))
    return sum(map(tensor_bytes, state)) if isinstance(state, (list, tuple)) else 0


def snapshot(modules: nn.Module, optimiser: torch.optim.Optimizer, schedule: Any) -> dict[str, Any]:
    """What a resumed run needs: weights, optimiser, learning rate schedule and random numbers.

    Parameters
    ----------
    modules : torch.nn.Module
        Everything that is trained.
    optimiser : torch.optim.Optimizer
    schedule : LRScheduler or None

    Returns
    -------
    dict from str to object
        `modules`, `optimiser`, `schedule`, `random` and `random_cuda`, which `restore` takes.
    """
    return {
        "modules": modules.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict() if schedule else None,
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore(saved: dict[str, Any], modules: nn.Module, optimiser: torch.optim.Optimizer, schedule: Any) -> None:
    """Set everything back to a `snapshot`.

    Parameters
    ----------
    saved : dict from str to object
        What `snapshot` returned.
    modules : torch.nn.Module
        As those of the snapshot; changed in place.
    optimiser : torch.optim.Optimizer
        As that of the snapshot; changed in place.
    schedule : LRScheduler or None
        As that of the snapshot; changed in place.
    """
    modules.load_state_dict(saved["modules"])
    optimiser.load_state_dict(saved["optimiser"])
    if schedule:
        schedule.load_state_dict(saved["schedule"])
    torch.set_rng_state(saved["random"].cpu())
    if saved["random_cuda"]:
        torch.cuda.set_rng_state_all([state.cpu() for state in saved["random_cuda"]])
