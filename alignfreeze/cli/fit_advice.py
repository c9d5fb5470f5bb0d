"""`alignfreeze fit-advice`: learn the advice from scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    results: Annotated[
        list[Path],
        typer.Argument(help="Tables of scores (tables/LANGUAGES/scores.csv), or the folder of the published results."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file for what is learnt.")],
    origin: Annotated[
        str, typer.Option(help="Where the results come from, for whoever reads the advice.")
    ] = "own results",
    laboratories: Annotated[str, typer.Option(help="Who made them, such as `one lab`.")] = "one lab",
    source: Annotated[str, typer.Option(help="Code of the source language.")] = "en",
) -> None:
    """Learn the advice from tables of scores, for `advise --fit`."""
    from alignfreeze.analysis.advice import fit_advice, write_fit
    from alignfreeze.analysis.advice_data import join_scores, read_results
    from alignfreeze.analysis.published import published_files, published_scores
    from alignfreeze.analysis.scores import read_scores

    frames = [
        published_scores(published_files(path), source=source) if path.is_dir() else read_scores(path)
        for path in results
    ]
    learnt = read_results(join_scores(frames), source)
    fit = fit_advice(
        learnt,
        {
            "results": origin,
            "labs": laboratories,
            "models": learnt.models,
            "tasks": learnt.tasks,
            "seeds": sorted({seed for cell in learnt.cells() for seed in learnt.seeds(*cell)}),
            "content": "coefficients, residuals and gains of full and front realignment by language; no scores",
        },
    )
    write_fit(fit, out)
    typer.echo(f"{out}: {len(fit.rules)} rules from {len(learnt.facts)} languages")
