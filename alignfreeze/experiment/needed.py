"""Which jobs a run would have, and why: Snakemake's own dry run, read job by job (`experiment.dry_run`)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from alignfreeze.support.errors import InputError

# What Snakemake says first, and how it is said here; the first that fits is a job's reason.
REASONS = {
    "Missing output": "new",
    "Incomplete output": "interrupted",
    "Params have changed": "settings changed",
    "Code has changed": "code changed",
    "Updated input": "input changed",
    "Set of input": "other inputs",
    "Input files updated by another job": "follows",
    "Forced": "forced",
}


@dataclass(frozen=True)
class NeededJob:
    """A job that would run.

    Attributes
    ----------
    rule : str
    reason : str
        One of the values of `REASONS`.
    changed : tuple of str
        Settings, files or folders of code that changed, as far as Snakemake tells them.
    """

    rule: str
    reason: str
    changed: tuple[str, ...] = ()


def needed_jobs(config_file: Path, workflow: Path, *arguments: str) -> list[NeededJob]:
    """Jobs that a run of the whole experiment would have in this folder, in a process of its own.

    Parameters
    ----------
    config_file : Path
    workflow : Path
        Folder of the workflow.
    *arguments : str
        More of Snakemake's, such as `--forceall`.

    Returns
    -------
    list of NeededJob
        In no order of their own.

    Raises
    ------
    InputError
        Snakemake refuses the configuration.
    """
    command = [sys.executable, "-m", "alignfreeze.experiment.dry_run", "--cores", "1", *arguments]
    command += ["--snakefile", str(workflow / "Snakefile"), "--configfile", str(config_file)]
    # Wherever it is called from, it is this package that is run.
    package = str(Path(__file__).parents[2])
    paths = os.pathsep.join(filter(None, [package, os.getenv("PYTHONPATH")]))
    finished = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths})
    if finished.returncode:
        raise InputError((finished.stdout + finished.stderr).strip())
    rows = json.loads(finished.stdout.splitlines()[-1])
    return [NeededJob(rule, *reason_of(text)) for rule, text in rows]


def reason_of(text: str) -> tuple[str, tuple[str, ...]]:
    """Shorten what Snakemake says about why a job runs.

    Parameters
    ----------
    text : str
        A reason as Snakemake writes it.

    Returns
    -------
    reason : str
    changed : tuple of str
        Keys of the settings, files, or folders of code, that changed.

    Examples
    --------
    >>> reason_of("Missing output files: a, b; Input files updated by another job: c")
    ('new', ())
    >>> reason_of("Updated input files: data/de.txt")
    ('input changed', ('data/de.txt',))
    """
    reason = next((said for start, said in REASONS.items() if start in text), text.partition(":")[0].lower())
    if reason == "input changed":
        files = text.partition("Updated input files: ")[2].partition(";")[0]
        return reason, tuple(sorted(file.strip() for file in files.split(",")))
    if reason == "settings changed":
        code, settings = changed_keys(text)
        return (reason, settings) if settings or not code else ("code changed", code)
    return reason, ()


_PAIR = re.compile(r"'(\w+)': ([^{}\[\],]+|\[[^\]]*\])")
_CHECKSUM = re.compile(r"'[0-9a-f]{12}'")


def changed_keys(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys whose values differ between the parameters before and now, as Snakemake writes both.

    Parameters
    ----------
    text : str
        A reason as Snakemake writes it.

    Returns
    -------
    code : tuple of str
        Folders of code, whose values are checksums; sorted.
    settings : tuple of str
        All others, sorted.

    Examples
    --------
    >>> changed_keys("... before: {'rate': 0.1, 'layer': 3} now: {'rate': 0.2, 'layer': 3} ")
    ((), ('rate',))
    """
    before, _, now = text.partition("before: ")[2].partition(" now: ")
    differing = set(_PAIR.findall(before)) ^ set(_PAIR.findall(now))
    code = {key for key, value in differing if _CHECKSUM.fullmatch(value)}
    return tuple(sorted(code)), tuple(sorted({key for key, _ in differing} - code))
