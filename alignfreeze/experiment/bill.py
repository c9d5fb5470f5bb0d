"""The plan of an experiment as text: its jobs, counted by Snakemake as if nothing were there yet, hours and disk."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from alignfreeze.experiment.configuration import PublishedExperiment, load, read_yaml
from alignfreeze.experiment.cost import CPU, GIGABYTE, GPUS, Device
from alignfreeze.experiment.plan import Plan, Stage, plan
from alignfreeze.support.errors import InputError


def bill(config_file: Path, workflow: Path) -> str:
    """What an experiment will cost; nothing is fetched or made for it.

    Parameters
    ----------
    config_file : Path
        The configuration.
    workflow : Path
        Folder of the workflow (a checkout), from which relative paths of the configuration start.

    Returns
    -------
    str
        Lines for a terminal.

    Raises
    ------
    InputError
        The configuration is wrong, or the workflow or Snakemake is missing.
    """
    if not (workflow / "Snakefile").is_file():
        raise InputError(f"{workflow}: no Snakefile; run in a checkout of the workflow, or name one with --workflow")
    if importlib.util.find_spec("snakemake") is None:
        raise InputError('snakemake is not installed; run pip install "alignfreeze[workflow]"')
    config = load(read_yaml(config_file), file=str(config_file), base=workflow)
    jobs = planned_jobs(config_file, workflow)
    lines = [f"{config.experiment}: {sum(count for _, count in jobs):,} jobs", ""]
    lines += [f"  {rule:40}{count:>8,}" for rule, count in jobs]
    if isinstance(config, PublishedExperiment):
        return "\n".join([*lines, "", "Nothing is trained: minutes on one core."])
    cost = plan(config, workflow)
    devices = [CPU] if config.device == "cpu" else [CPU, GPUS[config.precision]]
    lines += ["", "Hours on either, one job after the other: divide by the devices at work. -: no GPU is used."]
    lines += ["Not counted: fetching, tables and figures.", ""]
    lines += [*_stages(cost.stages, devices), "", *_savings(cost, devices), "", *_disk(cost, config.keep)]
    lines += ["", *_price_of_a_change(cost, devices, config.keep)]
    return "\n".join(lines).rstrip()


def planned_jobs(config_file: Path, workflow: Path) -> list[tuple[str, int]]:
    """Jobs by rule of the whole experiment, from a dry run; it also checks the configuration.

    Parameters
    ----------
    config_file : Path
        The configuration.
    workflow : Path
        Folder of the workflow (a checkout).

    Returns
    -------
    list of (str, int)
        Rule and number of its jobs, by name; rules without a job are not among them.

    Raises
    ------
    InputError
        Snakemake refuses the configuration.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--quiet", "rules", "--cores", "1"]
    finished = subprocess.run(
        [*command, "--snakefile", workflow / "Snakefile", "--configfile", config_file], capture_output=True, text=True
    )
    output = finished.stdout + finished.stderr
    if finished.returncode:
        raise InputError(output.strip())
    table = output.split("Job stats:")[1].split("\n\n")[0]
    jobs = re.findall(r"^([\w-]+) +(\d+)$", table, re.MULTILINE)
    return sorted((rule, int(count)) for rule, count in jobs if rule not in ("all", "total"))


def duration(hours: float) -> str:
    """Hours, or minutes where they are fewer than 60.

    Parameters
    ----------
    hours : float

    Returns
    -------
    str

    Examples
    --------
    >>> duration(0.25), duration(1234.5)
    ('15 min', '1,234.5 h')
    """
    return f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"


def _stages(stages: list[Stage], devices: list[Device]) -> Iterator[str]:
    """Jobs, steps and hours of each stage and in all."""
    yield f"{'':18}{'jobs':>8}{'steps':>14}" + "".join(f"{device.name:>18}" for device in devices)
    for stage in stages:
        hours = (duration(stage.hours(device)) if stage.runs_on(device) else "-" for device in devices)
        yield f"{stage.name:18}{stage.jobs:>8,}{stage.steps:>14,}" + "".join(f"{text:>18}" for text in hours)
    jobs, steps = sum(stage.jobs for stage in stages), sum(stage.steps for stage in stages)
    totals = (duration(total_hours(stages, device)) for device in devices)
    yield f"{'in all':18}{jobs:>8,}{steps:>14,}" + "".join(f"{text:>18}" for text in totals)
    for device in devices:
        yield f"  {device.name}: {device.source}"


def _stages_at(device: Device, stages: list[Stage], devices: list[Device]) -> list[Stage]:
    """Stages that run on this one of the devices rather than on another."""
    return [stage for stage in stages if device is [d for d in devices if stage.runs_on(d)][-1]]


def total_hours(stages: list[Stage], device: Device) -> float:
    """Hours of the stages that run on a device.

    Parameters
    ----------
    stages : list of Stage
        Stages of a plan.
    device : Device
        A core or a GPU.

    Returns
    -------
    float
        One job after the other.
    """
    return sum(stage.hours(device) for stage in stages if stage.runs_on(device))


def _savings(cost: Plan, devices: list[Device]) -> Iterator[str]:
    """What shared trajectories and the sample of bitext save."""
    shared, separate = cost.realign, cost.separate
    saved = " or ".join(
        f"{duration(separate.hours(device) - shared.hours(device))} on {device.name}" for device in devices
    )
    yield (
        f"Trajectories: realignment for all tasks takes {shared.steps:,} steps in {shared.jobs:,} jobs;\n"
        f"  a realignment for each task would take {separate.steps:,} in {separate.jobs:,}. Saved: {saved}."
    )
    # Each stage where it would run: what reads an encoder's states on the GPU, where there is one.
    saved = " and ".join(
        f"{duration(sum(stage.hours(device) for stage in whole) - sum(stage.hours(device) for stage in sampled))} "
        f"on {device.name}"
        for device in devices
        if (whole := _stages_at(device, cost.whole_bitext, devices))
        and (sampled := _stages_at(device, cost.bitext, devices))
    )
    yield (
        f"Bitext: {cost.taken:,} of at most {cost.available:,} sentence pairs are aligned and encoded.\n"
        f"  Saved: {saved}. The longest realignment sees at most {cost.consumed:,} a language."
    )


def _disk(cost: Plan, chosen: str) -> Iterator[str]:
    """What stays on disk under each setting of `keep`."""
    yield f"Checkpoints that stay, beside {size(cost.disk.pretrained)} of models to start from:"
    for keep in ("all", "finetuned", "none"):
        yield (
            f"  keep: {keep:10}{size(cost.disk.kept(keep)):>12}{'   (this configuration)' if keep == chosen else ''}"
        )
    yield (
        f"  While it runs: up to {size(cost.disk.state)} more for each training at work (its last state), and\n"
        "  checkpoints that go later but are still needed."
    )


def _price_of_a_change(cost: Plan, devices: list[Device], keep: str) -> Iterator[str]:
    """What another fine-tuning, of one task alone, would take with the checkpoints that `keep` leaves."""
    if keep == "all" or not cost.realign.jobs:
        return
    hours = " or ".join(f"{duration(cost.realign.hours(device))} on {device.name}" for device in devices)
    more = size(cost.disk.kept("all") - cost.disk.kept(keep))
    yield (
        f"Under keep: {keep} realigned encoders go after their last use. If a task's fine-tuning changes later:\n"
        f"  those that it starts from are realigned again, in at most {hours},\n"
        "  and every task that starts from the same ones is fine-tuned again.\n"
        f"  Under keep: all, for {more} more, the changed task alone is fine-tuned."
    )


def size(count: float) -> str:
    """Write a number of bytes in GB.

    Parameters
    ----------
    count : float
        Bytes.

    Returns
    -------
    str
        One decimal; a GB has 10^9 bytes.
    """
    return f"{count / GIGABYTE:,.1f} GB"
