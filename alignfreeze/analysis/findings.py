"""The headline findings of an experiment as sentences, computed from its tables."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from alignfreeze.analysis.names import BASELINE, ordered, title
from alignfreeze.analysis.predictors import BASELINE_PREDICTOR, OTHER_SEEDS

Finding = tuple[str, str]
MANY = 5


def findings(
    main: pd.DataFrame,
    front_vs_full: pd.DataFrame,
    counts: pd.DataFrame,
    source_vs_target: pd.DataFrame,
    correlations: pd.DataFrame,
    generalisation: pd.DataFrame,
    noise: pd.DataFrame,
) -> pd.DataFrame:
    """State what the tables show.

    Parameters
    ----------
    main, front_vs_full, counts, source_vs_target, correlations, generalisation, noise : pandas.DataFrame
        The tables of these names.

    Returns
    -------
    pandas.DataFrame
        topic, finding : one sentence a row, each with its numbers of cells. Topics without data say so.
    """
    metrics = main[["task", "metric"]].drop_duplicates().groupby("task")["metric"].first()
    main = main[main["metric"] == main["task"].map(metrics)]
    rows = [
        *_average(main),
        *_front_and_full(front_vs_full),
        *_directions(counts, metrics),
        *_source(source_vs_target),
        *_distance(correlations),
        *_generalisation(generalisation),
        *_noise(noise),
        *_gaps(main),
    ]
    return pd.DataFrame(rows, columns=["topic", "finding"])


def _cell(row: pd.Series, *names: str) -> str:
    return ", ".join(title(str(row[name])) for name in names)


def _cells(number: int) -> str:
    return f"{number} cell" if number == 1 else f"{number} cells"


def _signed(value: float, format_spec: str) -> str:
    """Write a number with a true minus sign."""
    return f"{value:{format_spec}}".replace("-", "−")


def _points(value: float) -> str:
    return f"{_signed(value, '+.1f')} points"


def _average(main: pd.DataFrame) -> Iterator[Finding]:
    methods = main[main["strategy"] != BASELINE].dropna(subset=["delta"])
    if methods.empty:
        yield "average", "No cell can be compared with a baseline."
        return
    for strategy in ordered("strategy", methods["strategy"]):
        own = methods[methods["strategy"] == strategy]
        known = own.dropna(subset=["delta_low"])
        above, below = int((known["delta_low"] > 0).sum()), int((known["delta_high"] < 0).sum())
        yield (
            "average",
            f"{title(strategy)}: mean Δ over {_cells(len(own))} {_points(own['delta'].mean())}; the interval lies "
            f"above 0 in {above} and below 0 in {below} of the {len(known)} that have one.",
        )
    for word, place in (("largest", methods["delta"].idxmax()), ("smallest", methods["delta"].idxmin())):
        row = methods.loc[place]
        yield (
            "average",
            f"The {word} Δ of a cell is {_points(row['delta'])}: {_cell(row, 'model', 'task', 'aligner', 'strategy')} "
            f"({row['n_languages']} languages, {row['n_seeds']} {'seed' if row['n_seeds'] == 1 else 'seeds'}).",
        )


def _front_and_full(table: pd.DataFrame) -> Iterator[Finding]:
    known = table.dropna(subset=["delta"])
    if known.empty:
        yield "front against full", "No cell has both front-freezing and full realignment."
        return
    better, worse = known[known["delta"] > 0], known[known["delta"] < 0]
    sure = known[known["p_holm"] < 0.05]
    yield (
        "front against full",
        f"Front-freezing is better than full realignment in {len(better)} of {_cells(len(known))} and worse in "
        f"{len(worse)}; of these differences {int((sure['delta'] > 0).sum())} and "
        f"{int((sure['delta'] < 0).sum())} are significant over seeds (Holm, 5 %).",
    )
    slopes = known["slope"].dropna()
    if len(slopes):
        yield (
            "front against full",
            f"Across languages front's Δ is a damped copy of full's in {int((slopes < 1).sum())} of "
            f"{_cells(len(slopes))} (median slope {slopes.median():.2f}).",
        )


def _directions(counts: pd.DataFrame, metrics: pd.Series) -> Iterator[Finding]:
    known = counts[counts["metric"] == counts["task"].map(metrics)].dropna(subset=["n_up", "n_down"])
    if known.empty:
        yield "languages", "No cell has enough seeds to count languages that go up or down."
        return
    plain = known[known["rule"] == "plain"]
    for strategy in ordered("strategy", plain["strategy"]):
        own = plain[plain["strategy"] == strategy]
        percent = 100.0 * own[["n_up", "n_down", "expected_by_chance"]].sum() / own["n_languages"].sum()
        yield (
            "languages",
            f"{title(strategy)}: {percent['n_up']:.0f} % of languages go up and {percent['n_down']:.0f} % down (plain "
            f"rule, {_cells(len(own))}); chance alone gives {percent['expected_by_chance']:.0f} % each.",
        )
    paper = known[known["rule"] == "paper"]
    keys = ["model", "task", "aligner", "realignment_languages"]
    wide = paper.pivot_table(index=keys, columns="strategy", values="n_up", aggfunc="first", observed=True)
    if {"front", "full"} <= set(wide.columns):
        gain = (wide["front"] - wide["full"]).dropna().astype(int)
        if len(gain):
            row = pd.Series(dict(zip(keys, gain.idxmax(), strict=True)))
            yield (
                "languages",
                f"By the paper's rule {gain.max():+d} languages more go up with front-freezing than with full "
                f"realignment for {_cell(row, 'model', 'task', 'aligner')}, the most of {_cells(len(gain))} (median "
                f"{gain.median():+.0f}).",
            )


def _source(table: pd.DataFrame) -> Iterator[Finding]:
    known = table.dropna(subset=["delta_source", "delta_target"])
    if known.empty:
        yield "source language", "No cell has a score on the source language beside its targets."
        return
    lost = known[known["delta_target"] < 0]
    larger = int((lost["delta_target"] < lost["delta_source"]).sum())
    yield (
        "source language",
        f"The mean Δ on the source language is {_points(known['delta_source'].mean())}, on the targets "
        f"{_points(known['delta_target'].mean())} ({_cells(len(known))}); of {_cells(len(lost))} that lose "
        f"on the targets, {larger} lose less or gain on the source language.",
    )


def _distance(table: pd.DataFrame) -> Iterator[Finding]:
    known = table.dropna(subset=["rho"])
    known = known[~known["predictor"].isin([BASELINE_PREDICTOR, OTHER_SEEDS])]
    if known.empty:
        yield "distance", "Too few languages to correlate Δ with distance."
        return
    sure = int((known["p_holm"] < 0.05).sum())
    row = known.loc[known["rho"].abs().idxmax()]
    yield (
        "distance",
        f"{sure} of {len(known)} correlations of a contrast with a distance are significant (permutation of "
        f"languages, Holm, 5 %), {int((known['p'] < 0.05).sum())} before correction; the largest is ρ = "
        f"{_signed(row['rho'], '.2f')} ({_cell(row, 'model', 'task')}, {row['contrast']}, {row['predictor']}, "
        f"n = {row['n']}).",
    )


def _generalisation(table: pd.DataFrame) -> Iterator[Finding]:
    forest = table[table["regressor"] == "forest"].dropna(subset=["r2"])
    medians = forest.groupby("split")["r2"].median()
    if not {"rows", "languages"} <= set(medians.index):
        yield "prediction", "Too few languages to predict Δ of an unseen one."
        return
    rows, languages = (_signed(medians[split], ".2f") for split in ("rows", "languages"))
    yield (
        "prediction",
        f"The forest's median R² is {rows} on held-out rows and {languages} on held-out languages "
        f"({len(forest) // len(medians)} fits a split).",
    )


def _noise(table: pd.DataFrame) -> Iterator[Finding]:
    gain = table.loc[table["language"] == "average", "gain"].dropna()
    if len(gain):
        yield (
            "noise",
            f"Pairing by seed makes the standard deviation of Δ {gain.median():.2f} times smaller (median of "
            f"{_cells(len(gain))}).",
        )


def _gaps(main: pd.DataFrame) -> Iterator[Finding]:
    odd = main[main["reason"] != ""]
    if odd.empty:
        yield "gaps", f"None of the {_cells(len(main))} lacks a seed or a language."
        return
    for _, row in odd.head(MANY).iterrows():
        yield "gaps", f"{_cell(row, 'model', 'task', 'aligner', 'strategy')}: {row['reason']}."
    if len(odd) > MANY:
        yield "gaps", f"{len(odd) - MANY} more cells lack something; see the column reason of the main table."
