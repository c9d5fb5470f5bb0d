"""How far a run of the workflow is, what runs now, and how long the rest will take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alignfreeze.support.progress import clock

LIGHT_JOB_SECONDS = 2.5  # of a rule of which nothing is known and none has been seen: little but the job's own start


@dataclass(frozen=True)
class RunningJob:
    """A job at work (or in a cluster's queue).

    Attributes
    ----------
    rule : str
    name : str
        Rule, model, strategy, ..., seed.
    label : str
        What it does, in words.
    log : Path or None
    started : float
        In seconds of the clock.
    """

    rule: str
    name: str
    label: str
    log: Path | None
    started: float


class RunProgress:
    """Count jobs, and estimate the time left by what jobs of the same rule took in this run.

    A rule that has not been seen yet is taken to last what was expected of it, scaled by what the seen ones took of
    what was expected of them.

    Parameters
    ----------
    jobs : mapping of str to int
        Jobs that will run, by rule.
    expected : mapping of str to float
        Seconds of a job, by rule, or by the beginning of its name (`finetune` stands for `finetune_in_language`, too).
    now : callable
        The clock, in seconds.
    """

    def __init__(
        self, jobs: Mapping[str, int], expected: Mapping[str, float], now: Callable[[], float] = time.monotonic
    ) -> None:
        self.waiting = Counter(jobs)
        self.total, self.done, self.failed = self.waiting.total(), 0, 0
        self.running: dict[int, RunningJob] = {}
        self.expected, self.now, self.began = expected, now, now()
        self._begun: set[int] = set()
        self._seconds: dict[str, list[float]] = {}

    @property
    def passed(self) -> float:
        """Seconds since the run began."""
        return self.now() - self.began

    def start(self, number: int, rule: str, name: str, label: str, log: Path | None) -> None:
        """Note that a job starts; another attempt of it keeps its number.

        Parameters
        ----------
        number : int
            Of the job in this run.
        rule, name, label : str
            See `RunningJob`.
        log : Path or None
            Its log, where it has one.
        """
        if number not in self._begun:
            self.waiting[rule] -= 1
            self._begun.add(number)
        self.running[number] = RunningJob(rule, name, label, log, self.now())

    def finish(self, number: int) -> tuple[RunningJob, float] | None:
        """Note that a job is done.

        Parameters
        ----------
        number : int
            Of the job in this run.

        Returns
        -------
        tuple of (RunningJob, float) or None
            The job and its seconds; None if it did not run.
        """
        job = self.running.pop(number, None)
        if job is None:
            return None
        seconds = self.now() - job.started
        self.done += 1
        self._seconds.setdefault(job.rule, []).append(seconds)
        return job, seconds

    def fail(self, number: int) -> None:
        """Note that a job failed.

        Parameters
        ----------
        number : int
            Of the job in this run.
        """
        self.failed += self.running.pop(number, None) is not None

    def _expected(self, rule: str) -> float | None:
        stages = (stage for stage in (rule, *self.expected) if rule == stage or rule.startswith(f"{stage}_"))
        return next((self.expected[stage] for stage in stages if stage in self.expected), None)

    def _seconds_of(self, rule: str) -> float:
        """Seconds that a job of this rule is likely to take."""
        own = self._seconds.get(rule)
        if own:
            return sum(own) / len(own)
        expected = self._expected(rule)
        # Rules of which something is expected are scaled by each other, the light ones too.
        alike = {
            seen: each for seen, each in self._seconds.items() if (self._expected(seen) is None) == (expected is None)
        }
        took = sum(sum(each) for each in alike.values())
        foreseen = sum(len(each) * (self._expected(seen) or LIGHT_JOB_SECONDS) for seen, each in alike.items())
        return (expected or LIGHT_JOB_SECONDS) * (took / foreseen if took else 1.0)

    def left(self) -> float:
        """Seconds that the rest of the run will take, if as many jobs run at a time as did until now."""
        now = self.now()
        rest = [max(0.0, self._seconds_of(job.rule) - (now - job.started)) for job in self.running.values()]
        work = sum(rest) + sum(count * self._seconds_of(rule) for rule, count in self.waiting.items() if count > 0)
        busy = sum(map(sum, self._seconds.values())) + sum(now - job.started for job in self.running.values())
        at_a_time = max(1.0, busy / self.passed if self.passed else len(self.running))
        return max(work / at_a_time, *rest, 0.0)

    def running_rules(self) -> str:
        """Rules at work, with the number of jobs where there are several: realign ×2, evaluate."""
        counts = Counter(job.rule for job in list(self.running.values()))
        return ", ".join(rule if count == 1 else f"{rule} ×{count}" for rule, count in counts.items())

    def estimate(self) -> str:
        """Time that has passed, time left, and what runs now, as text."""
        left = f", about {clock(self.left())} left" if self.done < self.total else ""
        at_work = f"; now: {self.running_rules()}" if self.running else ""
        return f"{clock(self.passed)} so far{left}{at_work}"
