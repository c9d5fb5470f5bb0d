"""Print what an experiment will cost before it runs: print_plan.py CONFIG.

Jobs are counted by Snakemake itself, as if nothing were there yet; hours and disk: alignfreeze.experiment.plan.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from alignfreeze.experiment.configuration import PublishedExperiment, load, read_yaml
from alignfreeze.experiment.cost import CPU, GIGABYTE, GPUS, Device
from alignfreeze.experiment.plan import Plan, Stage, plan
from alignfreeze.languages.codes import language_codes
from alignfreeze.support.errors import InputError

BASE = Path(__file__).parents[1]


def planned_jobs(config_file: Path) -> list[tuple[str, int]]:
    """Jobs by rule of the whole experiment, from a dry run; it also checks the configuration.

    Raises
    ------
    InputError : Snakemake refuses the configuration.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--quiet", "rules", "--cores", "1"]
    finished = subprocess.run(
        [*command, "--snakefile", BASE / "Snakefile", "--configfile", config_file], capture_output=True, text=True
    )
    output = finished.stdout + finished.stderr
    if finished.returncode:
        raise InputError(output.strip())
    table = output.split("Job stats:")[1].split("\n\n")[0]
    jobs = re.findall(r"^([\w-]+) +(\d+)$", table, re.MULTILINE)
    return sorted((rule, int(count)) for rule, count in jobs if rule not in ("all", "total"))


def duration(hours: float) -> str:
    """Hours, or minutes where they are fewer than 60.

    >>> duration(0.25), duration(1234.5)
    ('15 min', '1,234.5 h')
    """
    return f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"


def print_stages(stages: list[Stage], devices: list[Device]) -> None:
    """Jobs, steps and hours of each stage and in all."""
    print(f"{'':18}{'jobs':>8}{'steps':>14}" + "".join(f"{device.name:>18}" for device in devices))
    for stage in stages:
        hours = (duration(stage.hours(device)) if stage.runs_on(device) else "-" for device in devices)
        print(f"{stage.name:18}{stage.jobs:>8,}{stage.steps:>14,}" + "".join(f"{text:>18}" for text in hours))
    jobs, steps = sum(stage.jobs for stage in stages), sum(stage.steps for stage in stages)
    totals = (duration(total_hours(stages, device)) for device in devices)
    print(f"{'in all':18}{jobs:>8,}{steps:>14,}" + "".join(f"{text:>18}" for text in totals))
    for device in devices:
        print(f"  {device.name}: {device.source}")


def _stages_at(device: Device, stages: list[Stage], devices: list[Device]) -> list[Stage]:
    """Stages that run on this one of the devices rather than on another."""
    return [stage for stage in stages if device is [d for d in devices if stage.runs_on(d)][-1]]


def total_hours(stages: list[Stage], device: Device) -> float:
    """Hours of the stages that run on a device."""
    return sum(stage.hours(device) for stage in stages if stage.runs_on(device))


def print_savings(cost: Plan, devices: list[Device]) -> None:
    """What shared trajectories and the sample of bitext save."""
    shared, apart = cost.realign, cost.apart
    saved = " or ".join(
        f"{duration(apart.hours(device) - shared.hours(device))} on {device.name}" for device in devices
    )
    print(
        f"Trajectories: realignment for all tasks takes {shared.steps:,} steps in {shared.jobs:,} jobs;\n"
        f"  each task apart would take {apart.steps:,} in {apart.jobs:,}. Saved: {saved}."
    )
    # Each stage where it would run: what reads an encoder's states on the GPU, where there is one.
    saved = " and ".join(
        f"{duration(sum(stage.hours(device) for stage in whole) - sum(stage.hours(device) for stage in sampled))} "
        f"on {device.name}"
        for device in devices
        if (whole := _stages_at(device, cost.whole_bitext, devices))
        and (sampled := _stages_at(device, cost.bitext, devices))
    )
    print(
        f"Bitext: {cost.taken:,} of at most {cost.available:,} sentence pairs are aligned and encoded.\n"
        f"  Saved: {saved}. The longest realignment sees at most {cost.consumed:,} a language."
    )


def print_disk(cost: Plan, chosen: str) -> None:
    """What stays on disk under each setting of `keep`."""
    print(f"Checkpoints that stay, beside {size(cost.disk.pretrained)} of models to start from:")
    for keep in ("all", "finetuned", "none"):
        print(f"  keep: {keep:10}{size(cost.disk.kept(keep)):>12}{'   (this configuration)' if keep == chosen else ''}")
    print(
        f"  While it runs: up to {size(cost.disk.state)} more for each training at work (its last state), and\n"
        "  checkpoints that go later but are still needed."
    )


def size(count: float) -> str:
    """Bytes in GB."""
    return f"{count / GIGABYTE:,.1f} GB"


def main(config_file: Path) -> None:
    """Print the plan to the terminal."""
    config = load(read_yaml(config_file), file=str(config_file), languages=language_codes(), base=BASE)
    jobs = planned_jobs(config_file)
    print(f"{config.experiment}: {sum(count for _, count in jobs):,} jobs\n")
    for rule, count in jobs:
        print(f"  {rule:40}{count:>8,}")
    if isinstance(config, PublishedExperiment):
        print("\nNothing is trained: minutes on one core.")
        return
    cost = plan(config, BASE)
    gpu = GPUS[config.precision]
    devices = [CPU] if config.device == "cpu" else [CPU, gpu]
    print("\nHours on either, one job after the other: divide by the devices at work. -: no GPU is used.")
    print("Not counted: fetching, tables and figures.\n")
    print_stages(cost.stages, devices)
    print()
    print_savings(cost, devices)
    print()
    print_disk(cost, config.keep)


if __name__ == "__main__":
    try:
        main(Path(os.path.relpath(sys.argv[1])))
    except (InputError, FileNotFoundError) as error:
        sys.exit(str(error))
