"""One progress bar on a terminal; nothing where the output goes to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@contextmanager
def progress_bar(description: str, total: int, done: int = 0) -> Iterator[Callable[..., None]]:
    """Show a bar on stderr while the block runs.

    Parameters
    ----------
    description : str
        What is done.
    total, done : int
        Number of items, and how many are done already.

    Yields
    ------
    callable
        Call it with the number of items that are done since the last call, and with a `note` to show behind the bar.
    """
    console = Console(stderr=True)
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
