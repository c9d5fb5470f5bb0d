"""One device per job: local jobs take a free GPU through a file lock, SLURM's assignment is respected.

This module must run before PyTorch looks for devices, and so never imports it at the top.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock, Timeout

from alignfreeze.support.errors import InputError

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)
DeviceChoice = Literal["auto", "cpu", "cuda"]
POLL_SECONDS = 1.0
NO_DEVICE = ("", "-1", "NoDevFiles")  # how users, and old SLURM, write that there is none
LOCK_FOLDER = Path(tempfile.gettempdir()) / f"alignfreeze-devices-{os.getuid()}"


def visible_devices() -> list[str]:
    """GPUs that this process may use, by the name that CUDA_VISIBLE_DEVICES takes; none on a machine without one.

    CUDA_VISIBLE_DEVICES decides where it is set. In a SLURM job what the scheduler assigned is all there is, whatever
    else the node has. Elsewhere the driver is asked; of a GPU that is cut into MIG devices these are meant.
    """
    assigned = os.environ.get("CUDA_VISIBLE_DEVICES")
    if assigned is None and "SLURM_JOB_ID" in os.environ:
        assigned = os.environ.get("SLURM_STEP_GPUS", os.environ.get("SLURM_JOB_GPUS", ""))
    if assigned is not None:
        return [name.strip() for name in assigned.split(",") if name.strip() not in NO_DEVICE]
    try:
        listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True, timeout=60)
    except (FileNotFoundError, subprocess.SubprocessError):
        return []
    names: list[str] = []
    for line in listing.stdout.splitlines():
        if gpu := re.match(r"GPU (\d+):", line):
            names.append(gpu[1])
        elif part := re.search(r"\(UUID: (MIG-[^)]+)\)", line):
            if names[-1].isdecimal():
                names.pop()
            names.append(part[1])
    return names


def pytorch_sees_cuda() -> bool:
    """Whether this PyTorch can compute on the GPU that CUDA_VISIBLE_DEVICES names."""
    import torch

    return torch.cuda.is_available()


@contextmanager
def claimed_device(choice: DeviceChoice, lock_folder: Path = LOCK_FOLDER) -> Iterator[str | None]:
    """Hold one GPU for this process and make it the only one that PyTorch will see.

    Parameters
    ----------
    choice : `auto` takes a GPU if there is one; `cuda` insists; `cpu` takes none.
    lock_folder : where the locks lie; shared by all jobs of this machine.

    Yields
    ------
    the GPU's name, or None for the CPU. Where all GPUs are taken, waits for one.

    Raises
    ------
    InputError : `cuda`, but no GPU is visible or PyTorch cannot use it.
    """
    names = [] if choice == "cpu" else visible_devices()
    if not names:
        if choice == "cuda":
            raise InputError("device: 'cuda', but no GPU is visible; write device: auto or cpu")
        if choice == "auto" and "SLURM_JOB_ID" in os.environ:
            logger.warning("SLURM assigned no GPU to this job: running on the CPU")
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        yield None
    else:
        # What the scheduler gave to a SLURM job is shared among the processes of that job only.
        slurm_job = os.environ.get("SLURM_JOB_ID")
        lock, name = _first_free(names, lock_folder / f"slurm-{slurm_job}" if slurm_job else lock_folder)
        os.environ["CUDA_VISIBLE_DEVICES"] = name
        logger.info("using GPU %s", name)
        try:
            if not pytorch_sees_cuda():
                if choice == "cuda":
                    raise InputError(
                        f"device: 'cuda', but PyTorch sees no CUDA device at GPU {name}; "
                        "install a CUDA build of torch that fits the driver, or write device: auto or cpu"
                    )
                logger.warning("PyTorch sees no CUDA device at GPU %s: running on the CPU", name)
                name = None
            yield name
        finally:
            lock.release()


def _first_free(names: list[str], folder: Path) -> tuple[FileLock, str]:
    folder.mkdir(parents=True, exist_ok=True)
    waiting = False
    while True:
        for name in names:
            lock = FileLock(folder / f"gpu-{name.replace('/', '_')}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return lock, name
        if not waiting:
            logger.info("all GPUs (%s) are taken, waiting for one", ", ".join(names))
            waiting = True
        time.sleep(POLL_SECONDS)


def torch_device(name: str | None) -> torch.device:
    """The device inside this process, after `claimed_device`."""
    import torch

    return torch.device("cpu" if name is None else "cuda:0")
