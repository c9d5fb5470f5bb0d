"""`alignfreeze advise`: no realignment, full or front for a language, and the gain to expect."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FeatureSet(StrEnum):
    """What of the language is used."""

    A = "A"
    B = "B"
    B_plus = "B+"
    C = "C"


def run(
    model: Annotated[str, typer.Option("--model", "-m", help="Encoder: distilmbert, mbert, xlmr, or a name of yours.")],
    task: Annotated[str, typer.Option("--task", "-t", help="udpos, wikiann, xnli or xquad.")],
    language: Annotated[str, typer.Option("--language", "-l", help="Code of the language, such as sw.")],
    scores: Annotated[
        Path | None,
        typer.Option(help="What you measured: CSV with model, task, language, value (0..1) and, optional, strategy."),
    ] = None,
    features: Annotated[
        FeatureSet | None,
        typer.Option(help="Use nothing of the language (A), its baseline (B), its gap (B+) or realigned scores (C)."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds that you will run.")] = 5,
    fit: Annotated[Path | None, typer.Option(help="What `fit-advice` learnt; by default from the paper's.")] = None,
) -> None:
    """Advise for a language without results: no realignment, full or front, and the expected gain."""
    from alignfreeze.analysis.advice import PACKAGED_FIT, Measured, advice_text, advise, read_fit, read_measured
    from alignfreeze.languages.registry import facts_of

    measured = Measured() if scores is None else read_measured(scores, task, language)
    learnt = read_fit(PACKAGED_FIT if fit is None else fit)
    if scores is None and all(language not in codes for codes in learnt.languages.values()):
        facts_of(language)  # refuses what nobody knows and nobody measured
    wanted = None if features is None else features.value
    typer.echo(advice_text(advise(learnt, model, task, language, measured, wanted, seeds)))
