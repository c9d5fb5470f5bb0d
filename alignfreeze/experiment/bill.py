"""The plan of an experiment as text: what would run and why, by Snakemake's dry run, with hours and disk."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path

from alignfreeze.experiment.configuration import PublishedExperiment, load, read_yaml
from alignfreeze.experiment.cost import CPU, GIGABYTE, GPUS, Device
from alignfreeze.experiment.needed import NeededJob, needed_jobs
from alignfreeze.experiment.plan import Plan, Stage, plan
from alignfreeze.support.errors import InputError

# Stages in the order of a run; rules that are named otherwise fetch and convert, or tabulate and draw.
_FETCHING = ("fetch_", "convert_")
FETCHING, ANALYSIS = "fetching", "tables, figures"


def bill(config_file: Path, workflow: Path, full: bool = False) -> str:
    """What would run, why, and what it costs; nothing is fetched or made for it.

    Parameters
    ----------
    config_file : Path
        The configuration.
    workflow : Path
        Folder of the workflow (a checkout), from which relative paths of the configuration start.
    full : bool
        The whole experiment, as if nothing were there: jobs of each rule, what sharing and sampling save, disk under
        each setting of `keep`. Otherwise on twenty lines what is missing in this folder.

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
    cost = None if isinstance(config, PublishedExperiment) else plan(config, workflow)
    needed = needed_jobs(config_file, workflow, *(["--forceall"] if full else []))
    jobs = [job for job in needed if job.rule != "all"]
    precision = getattr(config, "precision", "fp32")
    devices = [CPU] if getattr(config, "device", "cpu") == "cpu" else [CPU, GPUS[precision]]
    if full:
        return "\n".join(_in_full(config.experiment, jobs, cost, devices, getattr(config, "keep", ""))).rstrip()
    lines = _in_short(config.experiment, jobs, cost, devices, getattr(config, "keep", ""))
    return "\n".join(line.rstrip() for line in lines)


def _in_full(name: str, jobs: list[NeededJob], cost: Plan | None, devices: list[Device], keep: str) -> Iterator[str]:
    """Everything that is known of the cost of a whole experiment."""
    counts = sorted(Counter(job.rule for job in jobs).items())
    yield f"{name}: {len(jobs):,} jobs"
    yield ""
    yield from (f"  {rule:40}{count:>8,}" for rule, count in counts)
    yield ""
    if cost is None:
        yield "Nothing is trained: minutes on one core."
        return
    yield "Hours on either, one job after the other: divide by the devices at work. -: no GPU is used."
    yield "Not counted: fetching, tables and figures."
    yield ""
    yield from _stages(cost.stages, devices)
    yield ""
    yield from _savings(cost, devices)
    yield ""
    yield from _disk(cost, keep)
    yield ""
    yield from _price_of_a_change(cost, devices, keep)


def _in_short(name: str, jobs: list[NeededJob], cost: Plan | None, devices: list[Device], keep: str) -> Iterator[str]:
    """What is missing, stage by stage, with the reasons."""
    if not jobs:
        yield f"{name}: nothing to do, everything is there"
        return
    stages = {stage.name: stage for stage in cost.stages} if cost else {}
    grouped: dict[str, list[NeededJob]] = {stage: [] for stage in (FETCHING, *stages, ANALYSIS)}
    for job in jobs:
        grouped[_stage_of(job.rule, stages)].append(job)
    yield f"{name}: {len(jobs):,} jobs would run"
    yield ""
    heads = [device.name.removeprefix("one ") for device in devices] if cost else []
    yield f"{'':17}{'jobs':>7}{'steps':>11}" + "".join(f"{head:>12}" for head in heads) + "   why"
    remade = keep != "all" and any(job.reason != "new" for job in grouped.get("finetune", []))
    totals = {device.name: 0.0 for device in devices}
    steps = 0
    for stage, group in grouped.items():
        if not group:
            continue
        whole = stages.get(stage)
        share = len(group) / whole.jobs if whole else 0.0
        steps += round(share * whole.steps) if whole else 0
        trained = f"{round(share * whole.steps):,}" if whole and whole.steps else ""
        hours = [share * whole.hours(device) if whole and whole.runs_on(device) else None for device in devices]
        for device, time in zip(devices, hours, strict=True):
            totals[device.name] += time or 0.0
        shown = "".join(f"{'-' if time is None else duration(time):>12}" for time in hours) if cost else ""
        yield f"{stage:17}{len(group):>7,}{trained:>11}{shown}   {_why(group, remade and stage == 'realign')}"
    yield (
        f"{'in all':17}{len(jobs):>7,}{f'{steps:,}' if cost else '':>11}"
        + "".join(f"{duration(time):>12}" for time in totals.values() if cost)
    )
    yield ""
    if cost is None:
        yield "Nothing is trained: minutes on one core."
    else:
        guess = "" if len(devices) == 1 else f" {devices[-1].name.removeprefix('one ')}: an estimate, not measured."
        yield f"One job after the other; -: no GPU is used, or not counted.{guess}"
        yield (
            f"Checkpoints that stay in the end: {size(cost.disk.kept(keep))} (keep: {keep}); "
            f"{size(cost.disk.state)} more for each training at work."
        )
    yield "Every rule, what is saved and the disk in full: make plan FULL=1, or alignfreeze plan --full"


def _stage_of(rule: str, stages: Container[str]) -> str:
    if rule.startswith(_FETCHING):
        return FETCHING
    parts = rule.split("_")
    names = ("_".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((name for name in names if name in stages), ANALYSIS)


def _why(jobs: list[NeededJob], remade: bool) -> str:
    """Reasons of jobs, the most frequent first, with what changed where Snakemake tells it."""
    reasons = Counter("needed again" if remade and job.reason == "new" else job.reason for job in jobs)
    said = []
    for reason, count in reasons.most_common():
        # Of a file, its folder and name: its path from elsewhere is longer than a line.
        changed = sorted(
            {"/".join(Path(name).parts[-2:]) for job in jobs if job.reason == reason for name in job.changed}
        )
        names = f" ({', '.join([*changed[:2], *(['...'] if changed[2:] else [])])})" if changed else ""
        said.append(f"{reason}{names}" if len(reasons) == 1 else f"{count:,} {reason}{names}")
    return ", ".join(said)


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
