"""One device per job: local jobs take a free GPU through a file lock, SLURM's assignment is respected.

This module must run before PyTorch looks for devices, and so never imports it at the top.
"""

from __future__ import annotations

import logging
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import pynvml
from filelock import FileLock, Timeout

from alignfreeze.support.errors import InputError

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)
DeviceChoice = Literal["auto", "cpu", "cuda"]
POLL_SECONDS = 1.0
NO_DEVICE = ("", "-1", "NoDevFiles")  # how users, and old SLURM, write that there is none
# Not XDG_RUNTIME_DIR: that folder goes when its user logs out, with the locks of jobs that go on.
LOCK_FOLDER = Path(tempfile.gettempdir()) / f"alignfreeze-devices-{os.getuid()}"
_OWN_FOLDER = "remove it, or set TMPDIR to a folder of your own"
KERNEL_DRIVER = Path("/proc/driver/nvidia/version")


class VisibleDevices(NamedTuple):
    """GPUs that this process may use, and who says so.

    Parameters
    ----------
    names : list of str
        Names as CUDA_VISIBLE_DEVICES takes them.
    reason : str
        Where the list comes from, for the log.
    """

    names: list[str]
    reason: str


def visible_devices() -> VisibleDevices:
    """Find the GPUs that this process may use.

    CUDA_VISIBLE_DEVICES decides where it is set. In a SLURM job what the scheduler assigned is all there is, whatever
    else the node has. Elsewhere the driver is asked (NVML); of a GPU that is cut into MIG devices these are meant. A
    driver that does not answer is a warning.

    Returns
    -------
    VisibleDevices
        No names on a machine without a GPU.
    """
    for variable in ("CUDA_VISIBLE_DEVICES", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS"):
        if variable in os.environ and (variable == "CUDA_VISIBLE_DEVICES" or "SLURM_JOB_ID" in os.environ):
            names = [name.strip() for name in os.environ[variable].split(",") if name.strip() not in NO_DEVICE]
            return VisibleDevices(names, f"{variable} is {os.environ[variable]!r}")
    if "SLURM_JOB_ID" in os.environ:
        return VisibleDevices([], "SLURM assigned no GPU to this job")
    return _driver_devices()


def _driver_devices() -> VisibleDevices:
    """Ask the driver, which must not start PyTorch."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError_LibraryNotFound:
        if KERNEL_DRIVER.exists():
            logger.warning("the kernel has NVIDIA's driver, but its library libnvidia-ml.so.1 cannot be loaded")
        return VisibleDevices([], "no NVIDIA driver on this machine")
    except pynvml.NVMLError as error:
        logger.warning("NVIDIA's driver does not answer (%s); see what nvidia-smi says", error)
        return VisibleDevices([], f"NVIDIA's driver does not answer ({error})")
    names: list[str] = []
    try:
        for number in range(pynvml.nvmlDeviceGetCount()):
            try:
                names += _names_of_gpu(number)
            except (pynvml.NVMLError, UnicodeDecodeError) as error:
                logger.warning("GPU %d cannot be used: NVIDIA's driver says %s", number, error)
    except pynvml.NVMLError as error:
        logger.warning("NVIDIA's driver does not say how many GPUs there are (%s); see what nvidia-smi says", error)
    finally:
        pynvml.nvmlShutdown()
    return VisibleDevices(names, f"NVIDIA's driver lists {', '.join(names) or 'no GPU'}")


def _names_of_gpu(number: int) -> list[str]:
    """Name a GPU by its number, or each of its MIG devices."""
    gpu = pynvml.nvmlDeviceGetHandleByIndex(number)
    try:
        is_cut, _ = pynvml.nvmlDeviceGetMigMode(gpu)
    except pynvml.NVMLError:  # a GPU or a driver that knows no MIG
        is_cut = False
    if not is_cut:
        return [str(number)]
    names = []
    for place in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(gpu)):
        try:
            names.append(pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, place)))
        except pynvml.NVMLError_NotFound:
            continue
    if not names:
        logger.warning("GPU %d is in MIG mode, but not cut into devices: it cannot be used", number)
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
    choice : {"auto", "cpu", "cuda"}
        `auto` takes a GPU if there is one; `cuda` insists; `cpu` takes none.
    lock_folder : Path
        Where the locks lie; shared by all jobs of this user on this machine.

    Yields
    ------
    str or None
        The GPU's name, or None for the CPU. Where all GPUs are taken, waits for one.

    Raises
    ------
    InputError
        `cuda`, but no GPU is visible or PyTorch cannot use it; or the folder of the locks is not this user's own.
    """
    names, reason = VisibleDevices([], "device is cpu") if choice == "cpu" else visible_devices()
    if not names:
        if choice == "cuda":
            raise InputError(f"device: 'cuda', but no GPU is visible ({reason}); write device: auto or cpu")
        unexpected = choice == "auto" and "SLURM_JOB_ID" in os.environ
        logger.log(logging.WARNING if unexpected else logging.INFO, "%s: running on the CPU", reason)
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        yield None
    else:
        # What the scheduler gave to a SLURM job is shared among the processes of that job only.
        slurm_job = os.environ.get("SLURM_JOB_ID")
        _make_own_folder(lock_folder)
        lock, taken = _first_free(names, lock_folder / f"slurm-{slurm_job}" if slurm_job else lock_folder)
        os.environ["CUDA_VISIBLE_DEVICES"] = taken
        logger.info("using GPU %s, the first free one (%s)", taken, reason)
        try:
            usable = pytorch_sees_cuda()
            if not usable:
                if choice == "cuda":
                    raise InputError(
                        f"device: 'cuda', but PyTorch sees no CUDA device at GPU {taken}; "
                        "install a CUDA build of torch that fits the driver, or write device: auto or cpu"
                    )
                logger.warning("PyTorch sees no CUDA device at GPU %s: running on the CPU", taken)
            yield taken if usable else None
        finally:
            lock.release()


def _make_own_folder(folder: Path) -> None:
    """Make the folder of the locks, or refuse what another user put at its path: a folder, a file, a link."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror}); {_OWN_FOLDER}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise InputError(
            f"{folder}: not a folder that you alone can write to, as the locks of GPUs need; {_OWN_FOLDER}"
        )


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
    """The device inside this process, after `claimed_device`.

    Parameters
    ----------
    name : str or None
        What `claimed_device` yielded; None is the CPU.

    Returns
    -------
    torch.device
        A claimed GPU is the only one that the process sees, so it is always number 0.
    """
    import torch

    return torch.device("cpu" if name is None else "cuda:0")
