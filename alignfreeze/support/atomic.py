"""Outputs that appear whole or not at all: written beside, flushed to disk, then renamed."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alignfreeze.support.space import space_for


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True


def _beside(path: Path, name: str, suffix: str) -> Path:
    """Hidden path of this process beside `path`, after removing what killed processes left there for the same output.

    The host is in the name: on a shared file system another host's process cannot be seen, and its files stay.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    start = f".{name}.{platform.node()}."
    pattern = re.compile(rf"{re.escape(start)}(\d+)\.(?:tmp|old){re.escape(suffix)}")
    for other in path.parent.iterdir():
        match = pattern.fullmatch(other.name)
        if not match or _is_alive(int(match[1])):
            continue
        if other.is_dir():
            shutil.rmtree(other, ignore_errors=True)
        else:
            other.unlink(missing_ok=True)
    return path.with_name(f"{start}{os.getpid()}.tmp{suffix}")


def _flush(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` if the block succeeds.

    Parameters
    ----------
    path : str or Path
        Where the file shall appear; its folder is made if it is missing.

    Yields
    ------
    Path
        Write here.

    Raises
    ------
    InputError
        The disk is full.
    """
    path = Path(path)
    with space_for(path):
        # The suffix stays last: writers such as matplotlib choose the format by it.
        temporary = _beside(path, path.stem, path.suffix)
        try:
            yield temporary
            _flush(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; it replaces `path`, whole, if the block succeeds.

    Parameters
    ----------
    path : str or Path
        Where the folder shall appear; what is there is replaced.

    Yields
    ------
    Path
        An empty folder: write into it.

    Raises
    ------
    InputError
        The disk is full.
    """
    path = Path(path)
    with space_for(path, "this folder"):
        temporary = _beside(path, path.name, "")
        old = temporary.with_suffix(".old")
        for leftover in (temporary, old):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    _flush(file)
            if path.exists():
                path.replace(old)
            temporary.replace(path)
        finally:
            for leftover in (temporary, old):
                shutil.rmtree(leftover, ignore_errors=True)
