"""`alignfreeze retrieve`: how often a word's nearest word of the other language is its translation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alignfreeze.cli.diagnose import show
from alignfreeze.cli.options import (
    Device,
    DeviceName,
    MaxLength,
    Model,
    Revision,
    Verbose,
    WordName,
    WordState,
    computing,
)
from alignfreeze.encoders.settings import PAPER_MAX_LENGTH
from alignfreeze.support.atomic import atomic_file


def run(
    source: Annotated[Path, typer.Argument(help="Sentences: CoNLL-U (.conllu), or words separated by spaces.")],
    target: Annotated[Path, typer.Argument(help="Their translations, in the same format.")],
    links: Annotated[Path, typer.Argument(help="Gold links, Pharaoh lines.")],
    model: Model,
    revision: Revision = None,
    after: Annotated[
        str | None, typer.Option(help="A second model: both are scored, and the difference is shown.")
    ] = None,
    language: Annotated[str, typer.Option(help="Code of the target language.")] = "und",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file for the table.")] = None,
    word: WordName = WordState.first,
    max_length: MaxLength = PAPER_MAX_LENGTH,
    device: DeviceName = Device.auto,
    verbose: Verbose = False,
) -> None:
    """Word retrieval by an encoder, or before and after a realignment."""
    with computing(device, verbose) as place:
        from alignfreeze.interface.bitext import load_gold
        from alignfreeze.interface.evaluation import compare, retrieve

        gold = {language: load_gold(source, target, links)}
        table = retrieve(model, gold, revision=revision, max_length=max_length, word=word.value, device=place)
        if after is not None:
            other = retrieve(after, gold, max_length=max_length, word=word.value, device=place)
            table = compare(table, other)
    if out is not None:
        with atomic_file(out) as temporary:
            table.to_csv(temporary, index=False)
    show(table)
