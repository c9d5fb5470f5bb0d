"""Locks that end with their process, however it ends: the system lifts them (flock)."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alignfreeze.support.space import space_for

logger = logging.getLogger(__name__)
BOOT = Path("/proc/sys/kernel/random/boot_id")
_BUSY = (errno.EAGAIN, errno.EACCES)
# Working directories that this process holds, and the open file of each lock.
_held: dict[Path, int] = {}


def _try_exclusive(descriptor: int) -> bool | None:
    """Whether the lock was taken; None where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _BUSY else None
    return True


@contextmanager
def only_one(path: str | Path, work: str) -> Iterator[None]:
    """Let one process at a time do some work: another one waits.

    The jobs of a workflow that was killed can outlive it, and the same command starts them a second time.

    Parameters
    ----------
    path : str or Path
        File of the lock; it goes with the work.
    work : str
        What is done, for the log.

    Yields
    ------
    None
    """
    path = Path(path)
    with space_for(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _exclusive(path, work)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _exclusive(path: Path, work: str) -> int:
    """Open and lock a file; who held it before may have removed it meanwhile, which makes its lock nobody's."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if _try_exclusive(descriptor) is False:
            logger.warning("%s: another process is at it, of an earlier run perhaps; waiting for its end", work)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def hold_working_directory(folder: Path) -> None:
    """Say that this process works here, until it ends, and remove the locks that killed runs of the workflow left.

    Snakemake's locks name files, not processes, and outlive a killed run. So every run holds a shared lock of the
    system's beside them. Whoever finds that nobody holds it knows that they are left over.

    Not every shared file system shows one host's locks to another. So they are removed only where this host (or this
    boot of it, in a container with a name of its own) wrote the first of them.

    Parameters
    ----------
    folder : Path
        Snakemake's own folder in the working directory, `.snakemake`.
    """
    folder = folder.absolute()
    if folder in _held:
        return
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "alignfreeze.lock", os.O_RDWR | os.O_CREAT, 0o644)
    alone = _try_exclusive(descriptor)
    if alone is None:  # no locks on this file system; Snakemake's message stands
        os.close(descriptor)
        return
    _held[folder] = descriptor
    if alone:
        left = sorted((folder / "locks").glob("*.lock"))
        if not left:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, "\n".join(_identity()).encode(), 0)
        elif _identity() & set(os.pread(descriptor, 4096, 0).decode(errors="replace").split("\n")):
            for lock in left:
                lock.unlink(missing_ok=True)
            logger.warning("a run that was killed left its locks in %s; they are removed", folder / "locks")
        else:
            logger.warning(
                "locks in %s are another host's; if no run is left there, type: snakemake --unlock", folder / "locks"
            )
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def _identity() -> set[str]:
    """Name of the host, and its boot where the system tells it."""
    boot = {BOOT.read_text(encoding="ascii").strip()} if BOOT.is_file() else set()
    return {platform.node(), *boot}
