"""An encoder beside its realigned versions: what changed at each layer and in each block's weights."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alignfreeze.analysis.figures import GREY, PAGE, STYLE, new_figure, strategy_styles
from alignfreeze.analysis.names import title

REALIGNMENT = ["model", "strategy", "aligner", "realignment_languages"]
MEASURES = ("retrieval_before", "retrieval_after", "cka_before", "cka_after", "cka_change")


def layer_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds by realignment, language and layer.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of diagnostics/layers/**/{langs}.csv; see `alignfreeze.diagnostics.representation.LayerRow`.

    Returns
    -------
    pandas.DataFrame
        The measures; `retrieval_std`, `cka_std` and `cka_change_std` : over seeds (ddof 1) after realignment, missing
        for one seed; `n_seeds`, `n_words`, `n_links`.
    """
    strict = {name: (name, lambda values: values.mean(skipna=False)) for name in MEASURES}
    spread = {"retrieval_std": "retrieval_after", "cka_std": "cka_after", "cka_change_std": "cka_change"}
    return rows.groupby([*REALIGNMENT, "language", "layer"], sort=False, as_index=False).agg(
        **strict,
        **{name: (measure, "std") for name, measure in spread.items()},
        n_seeds=("seed", "nunique"),
        n_words=("n_words", "first"),
        n_links=("n_links", "first"),
    )


def block_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Means and standard deviations over seeds of how far each block's weights moved.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of diagnostics/blocks/**/{langs}.csv; see `alignfreeze.diagnostics.representation.Movement`.

    Returns
    -------
    pandas.DataFrame
        A row for each realignment and block; standard deviations (ddof = 1) are over seeds.
    """
    return rows.groupby([*REALIGNMENT, "block"], sort=False, as_index=False).agg(
        distance=("distance", "mean"),
        distance_std=("distance", "std"),
        relative=("relative", "mean"),
        relative_std=("relative", "std"),
        n_seeds=("seed", "nunique"),
    )


def draw_representation(
    layers: pd.DataFrame, blocks: pd.DataFrame, model: str, aligner: str, realignment_languages: str
) -> Figure:
    """Draw retrieval and similarity by layer and movement by block, a line a strategy, means over languages.

    Parameters
    ----------
    layers, blocks : pandas.DataFrame
        As `layer_table` and `block_table` return them.
    model, aligner, realignment_languages : str
        The realignments that are drawn.

    Returns
    -------
    matplotlib.figure.Figure
        As wide as two columns.
    """
    chosen = {"model": model, "aligner": aligner, "realignment_languages": realignment_languages}
    for name, value in chosen.items():
        layers, blocks = (table[table[name] == value] for table in (layers, blocks))
    by_layer = layers.groupby(["strategy", "layer"], sort=False, as_index=False)[list(MEASURES)].mean()
    styles = strategy_styles(blocks["strategy"])
    with mpl.rc_context(STYLE):
        figure = new_figure(PAGE, 3.9)
        panels = figure.subplots(2, 2)
        before = by_layer[by_layer["strategy"] == next(iter(styles))]
        for axes, measure, heading in (
            (panels[0][0], "retrieval", "translation is nearest (%)"),
            (panels[0][1], "cka", "CKA of words, translations"),
        ):
            scale = 100.0 if measure == "retrieval" else 1.0
            axes.plot(before["layer"], scale * before[f"{measure}_before"], "--", color=GREY, label="pretrained")
            _draw_lines(axes, by_layer, styles, "layer", f"{measure}_after", scale)
            axes.set(xlabel="layer (0: embeddings)", ylabel=heading)
        _draw_lines(panels[1][0], by_layer, styles, "layer", "cka_change", 1.0)
        panels[1][0].set(xlabel="layer (0: embeddings)", ylabel="CKA before with after")
        _draw_lines(panels[1][1], blocks, styles, "block", "relative", 100.0)
        panels[1][1].set(xlabel="block", ylabel="weights moved (% of norm)", ylim=(0, None))
        for axes in panels.flat:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        figure.suptitle(
            f"Realignment by layer and block: {title(model)}, {title(aligner)}", x=0.02, ha="left", fontsize=8
        )
    return figure


def _draw_lines(
    axes: Axes, table: pd.DataFrame, styles: dict[str, tuple[str, str]], across: str, measure: str, scale: float
) -> None:
    for strategy, (colour, marker) in styles.items():
        own = table[table["strategy"] == strategy]
        axes.plot(own[across], scale * own[measure], color=colour, marker=marker, markersize=3, label=title(strategy))
