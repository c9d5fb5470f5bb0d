"""Progress on a terminal: a bar for a process that has the terminal to itself, lines for jobs that share it.

Where the output goes to a file nothing is shown: the log has the same in words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 20.0
_terminal = {"shared": False}


def share_terminal() -> None:
    """Show lines in place of bars from now on: bars of several processes overwrite each other."""
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
def progress_bar(description: str, total: int, done: int = 0) -> Iterator[Callable[..., None]]:
    """Show on stderr how far the block is while it runs.

    Parameters
    ----------
    description : str
        What is done; of jobs that share the terminal, also by which model, strategy and seed.
    total, done : int
        Number of items, and how many are done already.

    Yields
    ------
    callable
        Call it with the number of items that are done since the last call, and with a `note` to show behind the bar.
    """
    console = Console(stderr=True)
    if _terminal["shared"]:
        yield _lines(console, description, total, done)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=total, completed=done, note="")

        def advance(count: int = 1, note: str | None = None) -> None:
            if note is not None:
                bar.update(task, note=note)
            bar.advance(task, count)

        yield advance


def _lines(console: Console, description: str, total: int, done: int) -> Callable[..., None]:
    """Return what prints a whole line now and then, with an estimate of the time left."""
    started = printed = time.monotonic()
    at, said = done, ""

    def advance(count: int = 1, note: str | None = None) -> None:
        nonlocal at, said, printed
        at += count
        said = said if note is None else f", {note}"
        now = time.monotonic()
        if console.is_terminal and at > done and now - printed >= SECONDS_BETWEEN_LINES:
            printed = now
            left = clock((now - started) * (total - at) / (at - done))
            console.print(f"{description}: {at} of {total}{said}, about {left} left", markup=False, highlight=False)

    return advance
