"""Table and figure of word retrieval before and after realignment."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

BEFORE = "baseline"
PLACES = {"middle": "middle block", "last": "last block"}


def summarise(retrieval: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds by encoder, place and language.

    Parameters
    ----------
    retrieval : rows of retrieval/**/{langs}.csv.

    Returns
    -------
    columns model, strategy, aligner, layer, place, language, accuracy (mean over seeds, 0 to 1), std (over seeds,
    ddof = 1; missing for a single seed), change (against the pretrained encoder), n_seeds, n_words.
    """
    keys = ["model", "strategy", "aligner", "layer", "place", "language"]
    table = retrieval.groupby(keys, sort=False, as_index=False).agg(
        accuracy=("accuracy", "mean"),
        std=("accuracy", "std"),
        n_seeds=("accuracy", "size"),
        n_words=("n_target_words", "first"),
    )
    before = table[table["strategy"] == BEFORE]
    reference = before.set_index(["model", "layer", "language"])["accuracy"]
    table["change"] = (
        table["accuracy"]
        - reference.reindex(pd.MultiIndex.from_frame(table[["model", "layer", "language"]])).to_numpy()
    )
    return table


def draw(table: pd.DataFrame) -> Figure:
    """Draw retrieval by language, a panel per place; languages sorted by the pretrained encoder's last block.

    Parameters
    ----------
    table : what `summarise` returns, for one model and aligner.
    """
    order = (
        table[(table["strategy"] == BEFORE) & (table["place"] == "last")]
        .sort_values("accuracy", ascending=False)["language"]
        .to_list()
    )
    styles = {
        BEFORE: ("0.35", "o", "pretrained"),
        "full": ("#0072B2", "s", "full"),
        "front": ("#D55E00", "^", "front"),
        "back": ("#009E73", "v", "back"),
    }
    figure, panels = plt.subplots(1, len(PLACES), figsize=(6.8, 2.9), sharey=True, layout="constrained")
    for panel, (place, title) in zip(panels, PLACES.items(), strict=True):
        part = table[table["place"] == place]
        strategies = list(dict.fromkeys(part["strategy"]))
        for number, strategy in enumerate(strategies):
            colour, marker, label = styles.get(strategy, ("#CC79A7", "D", strategy))
            rows = part[part["strategy"] == strategy].set_index("language").reindex(order)
            shift = (number - (len(strategies) - 1) / 2) * 0.17
            panel.errorbar(
                np.arange(len(order)) + shift,
                100 * rows["accuracy"],
                yerr=100 * rows["std"].fillna(0),
                fmt=marker,
                color=colour,
                label=label,
                markersize=4,
                elinewidth=0.8,
                linewidth=0,
            )
        panel.set(title=title, xlabel="language")
        panel.set_xticks(range(len(order)), order, fontsize=8)
        panel.grid(axis="y", color="0.9", linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("aligned word is nearest (%)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=8)
    return figure
