"""`alignfreeze plan`: what an experiment will cost, before it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def run(
    config: Annotated[Path, typer.Argument(help="Configuration of the experiment (YAML).")],
    workflow: Annotated[Path, typer.Option(help="Checkout of the workflow; its Snakefile counts the jobs.")] = Path(),
    full: Annotated[bool, typer.Option("--full", help="Every rule and all costs, as if nothing were there.")] = False,
) -> None:
    """What would run, why, and what it costs, on twenty lines; needs the workflow and alignfreeze[workflow]."""
    from alignfreeze.experiment.bill import bill

    typer.echo(bill(Path(os.path.relpath(config)), workflow, full))
