"""Say which disk is full and how much is needed, whatever error a writer raises."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alignfreeze.support.errors import InputError

FULL = (errno.ENOSPC, errno.EDQUOT)
# Writers in other languages put the system's error into their message.
FULL_MESSAGES = tuple(f"os error {number}" for number in FULL)


def _is_full(error: BaseException | None) -> bool:
    """Whether an error, or the one that it comes from, is the system's: no space left, or quota exceeded."""
    if error is None:
        return False
    own = isinstance(error, OSError) and error.errno in FULL
    return own or any(text in str(error) for text in FULL_MESSAGES) or _is_full(error.__cause__ or error.__context__)


def mount_point(path: Path) -> Path:
    """Where the file system of a path is mounted; the path need not exist.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Path
    """
    path = path.resolve()
    while not path.is_mount():
        path = path.parent
    return path


@contextmanager
def space_for(path: str | Path, what: str | None = None, needed: int | None = None) -> Iterator[None]:
    """Turn the error of a full disk into one line.

    Parameters
    ----------
    path : str or Path
        Where the block writes.
    what : str, optional
        What is written, such as `the training state`; a file by default.
    needed : int, optional
        Bytes that it takes, where they are known.

    Yields
    ------
    None

    Raises
    ------
    InputError
        The disk, or the user's quota on it, is full.
    """
    try:
        yield
    except Exception as error:
        if not _is_full(error):
            raise
        disk = mount_point(Path(path))
        free = f"{shutil.disk_usage(disk).free / 1e9:.3g} GB are free (a quota may allow less)"
        size = "" if needed is None else f"{needed / 1e9:.3g} GB are needed, "
        raise InputError(
            f"{path}: no space left for {what or 'this file'} on the disk mounted at {disk}: {size}{free}; "
            "make room, then run the same command again"
        ) from error


def require_space(path: str | Path, what: str, needed: int) -> None:
    """Compare what will be written with the space that is left.

    Parameters
    ----------
    path : str or Path
        Where it will be written; it need not exist.
    what : str
        What is written.
    needed : int
        Bytes that it takes.

    Raises
    ------
    InputError
        The disk has less.
    """
    disk = mount_point(Path(path))
    free = shutil.disk_usage(disk).free
    if needed > free:
        raise InputError(
            f"{path}: {what} will take {needed / 1e9:.3g} GB, but {free / 1e9:.3g} GB are free on the disk mounted at "
            f"{disk}; make room, or let fewer checkpoints stay (keep); to start all the same: --no-hooks"
        )
