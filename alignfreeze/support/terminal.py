"""The terminal of a run of the workflow: one line for the whole run, and one for each job at work.

They stand below what Snakemake and its jobs print. All of that goes through a pipe on a terminal, so that nothing is
written over: no message is shortened, and what a job writes to its standard error is seen where it belongs. Where the
output is no terminal, Snakemake's lines on its progress say in addition how much time is left.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from alignfreeze.support.progress import clock, last_progress
from alignfreeze.support.run_progress import RunningJob, RunProgress

# Events of Snakemake's log (snakemake_interface_logger_plugins.common.LogEvent) that the display stands for.
_START, _FINISH, _FAIL, _PROGRESS = "job_info", "job_finished", "job_error", "progress"
_BAR_WIDTH = 20


def follow_run(
    logger: logging.Logger,
    jobs: Mapping[str, int],
    expected: Mapping[str, float],
    *,
    quiet: Collection[str] = (),
    verbose: bool = False,
) -> RunFollower:
    """Show how far a run is from now on, until `stop` is called or the process ends.

    Parameters
    ----------
    logger : Logger
        Snakemake's.
    jobs : mapping of str to int
        Jobs that will run, by rule.
    expected : mapping of str to float
        Seconds of a job, by rule.
    quiet : collection of str
        What the user wants to hear nothing of: `progress`, `rules` or `all`, as Snakemake's --quiet has it.
    verbose : bool
        Keep Snakemake's messages about each job beside the display.

    Returns
    -------
    RunFollower
        Its `stop` takes the display away.
    """
    follower = RunFollower(RunProgress(jobs, expected))
    logger.addHandler(follower)
    for handler in logger.handlers:
        if handler.formatter is not None:
            handler.setFormatter(_WithEstimate(handler.formatter, follower.progress))
    terminal = next(filter(_is_on_terminal, logger.handlers), None)
    if terminal is not None and not {"all", "progress"} & {*quiet}:
        follower.display = RunDisplay(follower.progress, names_finished="rules" not in quiet and not verbose)
        if not verbose:
            terminal.addFilter(lambda record: _event(record) not in (_START, _FINISH, _PROGRESS))
    atexit.register(follower.stop)
    return follower


def _event(record: logging.LogRecord) -> str:
    return str(getattr(record, "event", ""))


def _is_on_terminal(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    return stream in (sys.stdout, sys.stderr) and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _shortened(text: str, width: int) -> str:
    """Leave out the middle of a text that is too wide: a job's name ends in its seed.

    >>> _shortened("finetune e5small front awesome udpos seed 31", 30)
    'finetune e5smal… udpos seed 31'
    """
    if len(text) <= width:
        return text
    end = max(1, min(14, width // 2))
    return f"{text[: max(1, width - end - 1)]}…{text[-end:]}"


class _WithEstimate(logging.Formatter):
    """Another formatter's text; behind the line on the progress how much time is left and what runs now."""

    def __init__(self, plain: logging.Formatter, progress: RunProgress) -> None:
        super().__init__()
        self.plain, self.progress = plain, progress

    def format(self, record: logging.LogRecord) -> str:
        text = self.plain.format(record)
        return f"{text}, {self.progress.estimate()}" if _event(record) == _PROGRESS else text


class RunFollower(logging.Handler):
    """Keep the count of jobs by Snakemake's log."""

    def __init__(self, progress: RunProgress) -> None:
        super().__init__()
        self.progress = progress
        self.display: RunDisplay | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Note what a message says about a job.

        Parameters
        ----------
        record : logging.LogRecord
            Of Snakemake's log.
        """
        event, said = _event(record), record.__dict__
        if event == _START:
            facts = [f"seed {value}" if key == "seed" else value for key, value in said["wildcards"].items()]
            name = " ".join([said["rule_name"], *(fact for fact in facts if fact != "none")])
            log = Path(said["log"][0]) if said["log"] else None
            self.progress.start(said["jobid"], said["rule_name"], name, said["rule_msg"] or name, log)
        elif event == _FINISH:
            finished = self.progress.finish(said["job_id"])
            if finished and self.display:
                self.display.finished(finished[0].label, finished[1])
        elif event == _FAIL:
            self.progress.fail(said["jobid"])

    def stop(self) -> None:
        """Take the display away."""
        if self.display:
            self.display.stop()
            self.display = None


class RunDisplay:
    """The lines below what is printed."""

    def __init__(self, progress: RunProgress, names_finished: bool) -> None:
        self.progress, self.names_finished = progress, names_finished
        self.output = _PipedOutput(self.print)
        self.console = Console(file=self.output.terminal, force_terminal=True)
        self.live = Live(
            console=self.console, get_renderable=self.render, refresh_per_second=2, transient=True,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self.live.start()
        self.output.start()

    def print(self, line: str) -> None:
        """Print a line above the display, as it is.

        Parameters
        ----------
        line : str
            Without the end of the line; colours stay.
        """
        self.console.print(Text.from_ansi(line), soft_wrap=True)

    def finished(self, label: str, seconds: float) -> None:
        """Say that a job is done.

        Parameters
        ----------
        label : str
            What it did.
        seconds : float
            How long it took.
        """
        if self.names_finished:
            done = f"[{self.progress.done}/{self.progress.total}] {label}: {clock(seconds)}"
            self.output.write(done)

    def render(self) -> Group:
        """Return the line of the run and those of its jobs, as wide and high as the terminal is now."""
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self.output.terminal.fileno())
            self.console.size = (size.columns, size.lines)
        progress = self.progress
        run = Table.grid(padding=(0, 1))
        run.add_column(no_wrap=True)
        run.add_column(width=_BAR_WIDTH)
        run.add_column(no_wrap=True, overflow="ellipsis")
        failed = f", {progress.failed} failed" if progress.failed else ""
        run.add_row(
            Text(f"{progress.done} of {progress.total} jobs{failed}", style="bold"),
            ProgressBar(progress.total, progress.done, width=_BAR_WIDTH),
            Text(progress.estimate()),
        )
        jobs, room = list(progress.running.values()), max(1, self.console.height - 3)
        lines = [self._line(job) for job in jobs[:room]]
        if len(jobs) > room:
            lines.append(Text(f"  and {len(jobs) - room} more", style="dim"))
        return Group(run, *lines)

    def _line(self, job: RunningJob) -> Text:
        seconds = self.progress.now() - job.started
        state = (last_progress(job.log, time.time() - seconds) if job.log else "") or clock(seconds)
        state = re.sub(r", \S+ so far, about", ", about", state)
        return Text(f"  {_shortened(job.name, self.console.width - len(state) - 4)}: {state}", no_wrap=True)

    def stop(self) -> None:
        """Take the lines away when everything before is printed."""
        self.output.stop()
        self.live.stop()


class _PipedOutput:
    """Standard output and error of this process and its children, as far as they are a terminal, line by line."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self.take = take
        self.saved = {number: os.dup(number) for number in (1, 2) if os.isatty(number)}
        self.terminal = os.fdopen(os.dup(next(iter(reversed(self.saved.values())))), "w", encoding="utf-8")
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.read_end = -1

    def start(self) -> None:
        """Take what is written from now on."""
        self._flush()
        self.read_end, write_end = os.pipe()
        for number in self.saved:
            os.dup2(write_end, number)
        os.close(write_end)
        self.reading.start()

    def write(self, line: str) -> None:
        """Write a line behind all that was written before."""
        self._flush()
        os.write(next(iter(reversed(self.saved))), f"{line}\n".encode())

    def _read(self) -> None:
        with os.fdopen(self.read_end, encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                # Of what writes over its own line, such as a bar of progress, the last state.
                self.take(line.rstrip("\r\n").rpartition("\r")[2])

    def stop(self) -> None:
        """Give the terminal back; what was written before is taken first."""
        self._flush()
        for number, terminal in self.saved.items():
            os.dup2(terminal, number)
        # A child that outlives the run may hold the other end of the pipe.
        self.reading.join(timeout=2)

    @staticmethod
    def _flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(ValueError, OSError):
                stream.flush()
