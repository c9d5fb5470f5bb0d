"""Figure of the advice: expected against seen gains of languages that were held out."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from alignfreeze.analysis.figures import GREY, PAGE, STYLE, strategy_styles
from alignfreeze.analysis.names import ordered, title

# The most that baselines alone can tell, and what remains where there is one encoder or no distance.
PREFERRED = ("B+", "B", "A")
NAMED = 2  # languages farthest from the line, by panel
COLUMNS = 4


def draw_advice(table: pd.DataFrame) -> Figure:
    """Draw expected gain with its 90 % interval against the seen one, a panel per model and task.

    Parameters
    ----------
    table : pandas.DataFrame
        As `advice_table` returns it. Of the sets of features that need baselines alone, the one that knows most is
        drawn. An interval that reaches the dashed line holds the seen gain.

    Returns
    -------
    matplotlib.figure.Figure
        For `save_figure`.
    """
    known = table[table["gain"].notna()]
    features = next((name for name in PREFERRED if (known["features"] == name).any()), None)
    known = known[known["features"] == features]
    panels = [
        (model, task)
        for model in ordered("model", known["model"])
        for task in ordered("task", known.loc[known["model"] == model, "task"])
    ]
    with mpl.rc_context(STYLE):
        columns = min(COLUMNS, max(len(panels), 1))
        rows = max(1, -(-len(panels) // columns))
        figure = Figure(figsize=(PAGE * columns / COLUMNS, 0.4 + 1.75 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        if not panels:
            axes[0].axis("off")
            axes[0].text(0.5, 0.5, "too few languages for advice", ha="center", va="center")
            return figure
        for panel, (model, task) in zip(axes, panels, strict=False):
            _panel(panel, known[(known["model"] == model) & (known["task"] == task)])
            panel.set_title(f"{title(model)}, {title(task)}", loc="left", pad=2)
        for panel in axes[len(panels) :]:
            figure.delaxes(panel)
        handles = [
            Line2D([], [], color=color, marker=marker, linestyle="", markersize=3.5, label=title(name))
            for name, (color, marker) in strategy_styles(list(known["strategy"].unique())).items()
        ]
        figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
        figure.supxlabel(f"expected gain (points), set {features}, language held out; line: 90 % interval", fontsize=7)
        figure.supylabel("seen gain (points)", fontsize=7)
        return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw one model and task; intervals are cut at the range of the points and their ends."""
    styles = strategy_styles(list(rows["strategy"].unique()))
    for strategy, (color, marker) in styles.items():
        own = rows[rows["strategy"] == strategy]
        sns.scatterplot(
            data=own, x="gain", y="seen", color=color, marker=marker, s=9, linewidth=0, ax=axes, legend=False, zorder=3
        )
    for strategy, (color, _) in styles.items():
        own = rows[rows["strategy"] == strategy]
        axes.hlines(own["seen"], own["low"], own["high"], color=color, linewidth=0.5, alpha=0.5, zorder=2)
    ends = [np.nanmin(rows[["gain", "seen"]].to_numpy()), np.nanmax(rows[["gain", "seen"]].to_numpy())]
    axes.plot(ends, ends, "--", color=GREY, linewidth=0.7, zorder=1)
    axes.axhline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
    axes.axvline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
    axes.set(xlabel="", ylabel="")
    axes.margins(y=0.1)
    missed = (rows["seen"] - rows["gain"]).abs().sort_values(ascending=False, kind="stable")
    named = rows.loc[missed.index].drop_duplicates("language").head(NAMED)
    for row in named.itertuples():
        axes.annotate(
            str(row.language), (row.gain, row.seen), (2, 2), textcoords="offset points", fontsize=5.5, zorder=4
        )
