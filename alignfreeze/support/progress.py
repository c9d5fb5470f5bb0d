"""How far a long piece of work is: lines in the log, and a bar for a process that has the terminal to itself.

Jobs of a workflow share the terminal and leave it to the workflow's own line, which reads their logs
(`support.terminal`).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

logger = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 10.0
_LINE = re.compile(r".*: (?P<state>\w[\w ]* \d+ of \d+\b.*, about .+ left)")
_TAIL_BYTES = 4096
_terminal = {"shared": False}


def share_terminal() -> None:
    """Show no bars from now on: those of several processes overwrite each other."""
    _terminal["shared"] = True


def clock(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds: 0:01:05.

    Parameters
    ----------
    seconds : float
        Rounded to whole ones.

    Returns
    -------
    str
    """
    return str(timedelta(seconds=round(seconds)))


@contextmanager
def progress_bar(description: str, total: int, done: int = 0, unit: str = "item") -> Iterator[Callable[..., None]]:
    """Say how far the block is while it runs: in the log, and on a terminal that is this process's own as a bar.

    Parameters
    ----------
    description : str
        What is done; of jobs of a workflow also by which model, strategy and seed.
    total, done : int
        Number of items, and how many are done already.
    unit : str
        What an item is.

    Yields
    ------
    callable
        Call it with the number of items that are done since the last call. What is given as `note` stands in the log
        at once, and behind the bar; without one there is a line every ten seconds.
    """
    started = said = time.monotonic()
    at, told = done, ""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console, disable=_terminal["shared"] or not console.is_terminal) as bar:
        task = bar.add_task(description, total=total, completed=done, note="")

        def advance(count: int = 1, note: str | None = None) -> None:
            nonlocal at, said, told
            at += count
            now = time.monotonic()
            if note is not None:
                told = f", {note}"
                bar.update(task, note=note)
            bar.advance(task, count)
            if at > done and (note is not None or now - said >= SECONDS_BETWEEN_LINES):
                said, passed = now, now - started
                left = clock(passed * (total - at) / (at - done))
                logger.info(
                    "%s: %s %d of %d%s, %s so far, about %s left",
                    description,
                    unit,
                    at,
                    total,
                    told,
                    clock(passed),
                    left,
                )

        yield advance


def last_progress(log: Path, since: float) -> str:
    """What the last line of a job's log about its progress says; empty where there is none.

    Parameters
    ----------
    log : Path
    since : float
        When the job began (seconds since the epoch): an older file is of another run.

    Returns
    -------
    str
        Such as "step 10 of 30, loss 2.5, 0:00:10 so far, about 0:00:20 left".
    """
    try:
        if log.stat().st_mtime < since:
            return ""
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    found = (match["state"] for line in reversed(lines) if (match := _LINE.fullmatch(line)))
    return next(found, "")
