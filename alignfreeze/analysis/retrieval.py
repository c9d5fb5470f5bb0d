"""Table and figure of word retrieval before and after realignment."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alignfreeze.analysis.figures import GREY, PAGE, STYLE, strategy_styles
from alignfreeze.analysis.names import BASELINE, title

PLACES = {"middle": "middle block", "last": "last block"}


def summarise(retrieval: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds by encoder, place and language.

    Parameters
    ----------
    retrieval : pandas.DataFrame
        Rows of retrieval/**/{langs}.csv.

    Returns
    -------
    pandas.DataFrame
        Columns model, strategy, aligner, layer, place, language, accuracy (mean over seeds, 0 to 1), std (over seeds,
        ddof = 1; missing for a single seed), change (against the pretrained encoder), n_seeds, n_words.
    """
    keys = ["model", "strategy", "aligner", "layer", "place", "language"]
    table = retrieval.groupby(keys, sort=False, as_index=False).agg(
        accuracy=("accuracy", "mean"),
        std=("accuracy", "std"),
        n_seeds=("accuracy", "size"),
        n_words=("n_target_words", "first"),
    )
    before = table[table["strategy"] == BASELINE]
    reference = before.set_index(["model", "layer", "language"])["accuracy"]
    table["change"] = (
        table["accuracy"]
        - reference.reindex(pd.MultiIndex.from_frame(table[["model", "layer", "language"]])).to_numpy()
    )
    return table


def draw(table: pd.DataFrame) -> Figure:
    """Draw retrieval by language, a panel per place and a row per model and aligner.

    Languages are sorted by the pretrained encoder's last block; whiskers are one std over seeds.

    Parameters
    ----------
    table : pandas.DataFrame
        What `summarise` returns.

    Returns
    -------
    Figure
    """
    realigned = table[table["strategy"] != BASELINE]
    rows = [
        (model, aligner) for model, aligner in dict.fromkeys(zip(realigned["model"], realigned["aligner"], strict=True))
    ]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(PAGE, 2.2 * len(rows) + 0.4), layout="constrained")
        grid = figure.subplots(len(rows), len(PLACES), sharey=True, squeeze=False)
        for panels, (model, aligner) in zip(grid, rows, strict=True):
            chosen = (table["aligner"] == aligner) | (table["strategy"] == BASELINE)
            shown = table[(table["model"] == model) & chosen]
            for panel, (place, name) in zip(panels, PLACES.items(), strict=True):
                _draw_panel(panel, shown, place)
                panel.set_title(f"{title(model)}, {title(aligner)}, {name}")
            panels[0].set_ylabel("aligned word is nearest (%)")
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _draw_panel(panel: Axes, table: pd.DataFrame, place: str) -> None:
    before = table[(table["strategy"] == BASELINE) & (table["place"] == "last")]
    order = before.sort_values("accuracy", ascending=False)["language"].to_list()
    strategies = [name for name in dict.fromkeys(table["strategy"]) if name != BASELINE]
    styles = {BASELINE: (GREY, "D"), **strategy_styles(strategies)}
    for number, (strategy, (colour, marker)) in enumerate(styles.items()):
        part = table[(table["strategy"] == strategy) & (table["place"] == place)].set_index("language").reindex(order)
        panel.errorbar(
            np.arange(len(order)) + (number - len(strategies) / 2) * 0.18,
            100 * part["accuracy"],
            # A single run has no spread: no whisker.
            yerr=None if part["std"].isna().all() else 100 * part["std"],
            fmt=marker,
            color=colour,
            label="pretrained" if strategy == BASELINE else title(strategy),
            markersize=3.2,
            elinewidth=0.8,
        )
    panel.set_xticks(range(len(order)), order)
    panel.grid(axis="y", color="0.9", linewidth=0.6)
