"""The figures, drawn by seaborn from tidy tables: readable at the width of a paper's column, also in grey.

Every function takes one of the tables (deltas, contrasts, main, generalisation) as its rule writes it and returns a
Matplotlib figure; `save_figure` writes the same bytes every time. Strategies differ in colour (Okabe and Ito's palette,
safe for the colour-blind), in marker and in lightness. Differences are in points of per cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from adjustText import adjust_text
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import AxLine, Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import RcKeyType

from alignfreeze.analysis.correlations import MINIMUM_LANGUAGES
from alignfreeze.analysis.generalisation import SPLITS
from alignfreeze.analysis.names import (
    BASELINE,
    contrast_title,
    is_before,
    ordered,
    predictors_title,
    rank,
    title,
)
from alignfreeze.analysis.predictors import why_unusable
from alignfreeze.analysis.records import CELL
from alignfreeze.analysis.tables import slope
from alignfreeze.languages.uriel import DISTANCES
from alignfreeze.support.atomic import atomic_file

COLUMN = 3.03  # inches, one column of a paper: 7.7 cm
PAGE = 6.3  # inches, both columns: 16 cm
DPI = 300
STYLE: dict[RcKeyType, Any] = {
    "font.size": 7.0,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.0,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "savefig.dpi": DPI,
    "pdf.fonttype": 42,
    "svg.hashsalt": "alignfreeze",
}
# (colour, marker); lightness falls from full to front to back.
STRATEGY_STYLES = {
    "full": ("#E69F00", "o"),
    "front": ("#0072B2", "^"),
    "back": ("#000000", "s"),
    "during_full": ("#F0C97A", "D"),
    "during_front": ("#56B4E9", "v"),
    "during_back": ("#8C8C8C", "P"),
}
SPARE_STYLES = (("#009E73", "X"), ("#CC79A7", "d"), ("#D55E00", "<"), ("#7F3C8D", ">"), ("#6B6B00", "h"))
CONTRAST_STYLES = {"full-base": ("#E69F00", "o"), "front-base": ("#0072B2", "^"), "front-full": ("#000000", "s")}
GREY = "#777777"
PALE = "#DDDDDD"
# Differences smaller than this, in points, are drawn on an axis of this length and not on one of 1e-17.
SHORTEST_AXIS = 0.1
# More languages than this do not fit into a column.
COLUMN_LANGUAGES = 16
# A heatmap of no more cells than this has languages in its rows and numbers in its fields.
NUMBERED_CELLS = 6
SEED = 20250206
LABEL_STEPS = 400
LOWEST_R2 = -1.0


def strategy_styles(strategies: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Give each strategy its colour and marker; those that a config names get the spare ones in order.

    Parameters
    ----------
    strategies : iterable of str
        Names of strategies.

    Returns
    -------
    dict from str to (str, str)
        Strategy -> colour and marker, in display order.
    """
    names = ordered("strategy", strategies)
    unknown = [name for name in names if name not in STRATEGY_STYLES]
    colours, markers = zip(*SPARE_STYLES, strict=True)
    count = len(SPARE_STYLES)
    # The first have a colour and a marker of their own; a sweep of dozens has every pair, and some of them again.
    spare = {name: (colours[i % count], markers[(i + i // count) % count]) for i, name in enumerate(unknown)}
    return {name: STRATEGY_STYLES.get(name) or spare[name] for name in names}


def save_figure(figure: Figure, *paths: str | Path) -> None:
    """Write a figure to each path, in the format of its suffix, without dates, so that the bytes are the same.

    Parameters
    ----------
    figure : Figure
    *paths : str or Path
        Files to write.
    """
    with mpl.rc_context(STYLE):
        figure.draw_without_rendering()
        # The layout is decided once; else every format would solve it again.
        figure.set_layout_engine("none")
        for path in map(Path, paths):
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
            with atomic_file(path) as temporary:
                figure.savefig(temporary, metadata=metadata)


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure, in inches, that no window shows.

    Parameters
    ----------
    width, height : float
        In inches.

    Returns
    -------
    Figure
    """
    layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


def _nothing(message: str) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = new_figure(COLUMN, 1.0)
    axes = figure.subplots()
    axes.axis("off")
    axes.text(0.5, 0.5, message, ha="center", va="center", wrap=True)
    return figure


def _handles(styles: dict[str, tuple[str, str]]) -> list[Line2D]:
    """Return the legend's marks of strategies or contrasts, by their display names."""
    return [
        Line2D([], [], color=color, marker=marker, linestyle="", markersize=3.5, label=name)
        for name, (color, marker) in styles.items()
    ]


def _hold_zero(axes: Axes, axis: str) -> None:
    """Widen an axis until zero is inside it, and until it is long enough for rounding not to be seen."""
    low, high = sorted(getattr(axes, f"get_{axis}lim")())
    margin = 0.04 * (high - low)
    low, high = min(low, -margin), max(high, margin)
    lacking = max(0.0, SHORTEST_AXIS - (high - low)) / 2
    getattr(axes, f"set_{axis}lim")(low - lacking, high + lacking)


def _conditions(table: pd.DataFrame) -> pd.Series:
    """Name the aligner of each row, with the realignment languages where there are several sets."""
    names = table["aligner"].map(title)
    if table["realignment_languages"].nunique() > 1:
        names = names + " (" + table["realignment_languages"] + ")"
    return names


def _complete(deltas: pd.DataFrame) -> pd.DataFrame:
    """Blank a language of a cell if any of its seeds is missing: a mean over fewer seeds is no mean of the cell."""
    known = deltas.groupby([*CELL, "language"])["delta"].transform(lambda values: values.notna().all())
    return deltas.assign(delta=deltas["delta"].where(known))


def _shown(deltas: pd.DataFrame, model: str, task: str) -> pd.DataFrame:
    """Return the rows of a model and task for the figures by language: realignment before fine-tuning, if there is."""
    own = deltas[(deltas["model"] == model) & (deltas["task"] == task)]
    before = own[own["strategy"].map(is_before)]
    own = _complete(before if len(before) else own)
    return own.assign(condition=_conditions(own))


def _full_order(own: pd.DataFrame) -> list[str]:
    """Order languages by the gain of full realignment (or of the first strategy there is), mean over aligners."""
    leading = ordered("strategy", own["strategy"])[0]
    by_cell = own[own["strategy"] == leading].groupby([*CELL, "language"])["delta"].mean()
    gain = by_cell.groupby("language").agg(lambda values: values.mean(skipna=False))
    return sorted(gain.index, key=lambda language: (-np.nan_to_num(gain[language], nan=-np.inf), language))


def delta_by_language(deltas: pd.DataFrame, model: str, task: str) -> Figure:
    """Draw Δ by language, sorted by full's Δ, one panel per aligner.

    Points are means over seeds, whiskers one standard deviation (ddof 1) of the differences by seed; the band is the
    baseline's own standard deviation over seeds about zero.

    Parameters
    ----------
    deltas : pandas.DataFrame
        As `deltas_table` returns it.
    model, task : str
        Names as in the table.

    Returns
    -------
    Figure
    """
    own = _shown(deltas, model, task)
    if own.empty:
        return _nothing(f"{title(model)}, {title(task)}: nothing to compare with the baseline")
    with mpl.rc_context(STYLE):
        languages, styles = _full_order(own), strategy_styles(own["strategy"])
        conditions = list(dict.fromkeys(own["condition"]))
        width = PAGE if len(languages) > COLUMN_LANGUAGES else COLUMN
        figure = new_figure(width, 0.6 + 1.35 * len(conditions))
        panels = np.atleast_1d(figure.subplots(len(conditions), 1, sharex=True, sharey=True))
        for axes, condition in zip(panels, conditions, strict=True):
            rows = own[own["condition"] == condition]
            present = ordered("strategy", rows["strategy"])
            baseline = rows.drop_duplicates(["language", "seed"]).groupby("language")["baseline"]
            band = 2 * baseline.std().reindex(languages).to_numpy()
            axes.bar(range(len(languages)), band, width=0.9, bottom=-band / 2, color=PALE, linewidth=0, zorder=0)
            axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
            sns.pointplot(
                rows,
                x="language",
                y="delta",
                hue="strategy",
                order=languages,
                hue_order=present,
                palette={name: styles[name][0] for name in present},
                markers=[styles[name][1] for name in present],
                errorbar="sd",
                dodge=0.44 if len(present) > 1 else False,
                linestyle="none",
                markersize=2.8,
                markeredgewidth=0,
                err_kws={"linewidth": 0.6},
                legend=False,
                ax=axes,
            )
            axes.set(xlabel="", ylabel="Δ (points)")
            axes.set_title(condition, loc="left", pad=2)
            axes.margins(x=0.01)
            axes.grid(axis="x", color="#EEEEEE", linewidth=0.5, zorder=-1)
            axes.set_axisbelow(True)
        _hold_zero(panels[0], "y")
        handles: list[Artist] = [*_handles({title(name): style for name, style in styles.items()})]
        handles.append(Patch(color=PALE, label="± std of the baseline"))
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles) if width > COLUMN else 2)
        figure.suptitle(f"{title(model)}, {title(task)}", x=0.02, ha="left", fontsize=8)
    return figure


def heatmap(deltas: pd.DataFrame, model: str, task: str) -> Figure:
    """Draw Δ of every strategy and aligner by language as colours centred on zero.

    Languages are sorted as in `delta_by_language`. Few cells stand in columns, with their numbers; many stand in rows,
    and a dash marks a loss, so that the sign is seen without colour. Colours are cut at the 97th percentile of |Δ|;
    missing cells are hatched.

    Parameters
    ----------
    deltas : pandas.DataFrame
        As `deltas_table` returns it.
    model, task : str
        Names as in the table.

    Returns
    -------
    Figure
    """
    own = deltas[(deltas["model"] == model) & (deltas["task"] == task)]
    if own.empty:
        return _nothing(f"{title(model)}, {title(task)}: nothing to compare with the baseline")
    own = _complete(own)
    own = own.assign(condition=_conditions(own))
    several = own["condition"].nunique() > 1
    own["cell"] = own["strategy"].map(title) + (", " + own["condition"] if several else "")
    cells = list(dict.fromkeys(own["cell"]))
    languages = _full_order(own)
    names = own.drop_duplicates("language").set_index("language")["name"]
    values = own.groupby(["cell", "language"])["delta"].mean().unstack("language").loc[cells, languages]
    known = values.abs().stack()
    limit = max(float(known.quantile(0.97)), SHORTEST_AXIS) if len(known) else 1.0
    numbered = len(cells) <= NUMBERED_CELLS
    with mpl.rc_context(STYLE):
        if numbered:
            values = values.T
            values.index = [names[language] for language in languages]
            figure = new_figure(COLUMN, 0.95 + 0.14 * len(languages))
        else:
            figure = new_figure(PAGE, 0.95 + 0.17 * len(cells))
        axes = figure.subplots()
        axes.patch.set(hatch="////", edgecolor=GREY, facecolor="white")
        sns.heatmap(
            values,
            cmap="PuOr",
            center=0.0,
            vmin=-limit,
            vmax=limit,
            annot=values.map(lambda value: f"{value:+.1f}".replace("-", "−")) if numbered else None,
            fmt="",
            annot_kws={"fontsize": 5.8},
            linewidths=0.4,
            linecolor="white",
            cbar_kws={
                "orientation": "horizontal",
                "label": "Δ (points)" if numbered else "Δ (points); – marks a loss",
                "extend": "both",
                "extendfrac": 0.03,
                "aspect": 40,
                "pad": 0.02,
                "fraction": 0.06,
            },
            ax=axes,
        )
        if not numbered:
            for color, losses in (("black", (values < 0) & (values > -limit / 2)), ("white", values <= -limit / 2)):
                rows, columns = np.nonzero(losses.to_numpy())
                axes.plot(columns + 0.5, rows + 0.5, "_", color=color, markersize=3.0, markeredgewidth=0.7)
        axes.set(xlabel="", ylabel="")
        axes.tick_params(length=0)
        axes.tick_params(axis="x", rotation=0 if not numbered or len(cells) <= 3 else 35)
        axes.tick_params(axis="y", rotation=0)
        setting = "" if several else f", {own['condition'].iloc[0]}"
        figure.suptitle(f"{title(model)}, {title(task)}{setting}", x=0.02, ha="left", fontsize=8)
    return figure


def front_vs_full(deltas: pd.DataFrame, model: str, task: str) -> Figure:
    """Draw front's Δ against full's Δ, one point per language, one panel per aligner.

    Points are means over seeds, whiskers one standard deviation (ddof 1) over seeds. The dashed line is equality, the
    full one least squares over the languages. Both axes have one scale. Where there are many languages, those farthest
    from the middle are named.

    Parameters
    ----------
    deltas : pandas.DataFrame
        As `deltas_table` returns it.
    model, task : str
        Names as in the table.

    Returns
    -------
    Figure
    """
    own = _shown(deltas, model, task)
    own = own[own["strategy"].isin(["full", "front"])]
    if len(own):
        own = own[own.groupby("condition")["strategy"].transform("nunique") == 2]
    if own.empty:
        return _nothing(f"{title(model)}, {title(task)}: no front and full realignment by the same aligner")
    spread = own.groupby(["condition", "language", "strategy"], sort=False)["delta"].agg(["mean", "std"])
    spread = spread.unstack("strategy")
    conditions = list(dict.fromkeys(own["condition"]))
    with mpl.rc_context(STYLE):
        width = COLUMN if len(conditions) == 1 else PAGE
        figure = new_figure(width, 3.2 if len(conditions) == 1 else 0.6 + PAGE / len(conditions))
        panels = np.atleast_1d(figure.subplots(1, len(conditions), sharex=True, sharey=True))
        low, high = _square(spread["mean"], spread["std"])
        for axes, condition in zip(panels, conditions, strict=True):
            points = spread.loc[condition]
            full, front = points["mean", "full"], points["mean", "front"]
            axes.errorbar(
                full,
                front,
                xerr=points["std", "full"] if points["std", "full"].notna().any() else None,
                yerr=points["std", "front"] if points["std", "front"].notna().any() else None,
                fmt="none",
                ecolor="#D0D0D0",
                elinewidth=0.5,
                zorder=1,
            )
            sns.scatterplot(x=full, y=front, color="#0072B2", s=7, linewidth=0, zorder=3, ax=axes)
            axes.axhline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
            axes.axvline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
            axes.axline((0, 0), slope=1, linestyle="--", color=GREY, linewidth=0.8, zorder=2, label="front = full")
            steepness = slope(full, front)
            if np.isfinite(steepness):
                label = f"slope {steepness:.2f}".replace("-", "−")
                middle = (full.mean(), front.mean())
                axes.axline(middle, slope=steepness, color="black", linewidth=0.8, zorder=2, label=label)
            axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
            axes.set(xlabel="Δ full (points)", ylabel="Δ front (points)")
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.yaxis.set_major_locator(MaxNLocator(5))
            axes.set_title(condition, loc="left", pad=2)
            axes.legend(loc="upper left", handlelength=1.5, borderpad=0.1)
        figure.suptitle(f"{title(model)}, {title(task)}", x=0.02, ha="left", fontsize=8)
        figure.draw_without_rendering()
        for axes, condition in zip(panels, conditions, strict=True):
            points = spread.loc[condition, "mean"].dropna()
            most = COLUMN_LANGUAGES if len(conditions) == 1 else 9
            away = ((points - points.mean()) ** 2).sum(axis=1).sort_values(ascending=False, kind="stable")
            label_points(axes, points.loc[away.index[:most], "full"], points.loc[away.index[:most], "front"], points)
    return figure


def _square(means: pd.DataFrame, spreads: pd.DataFrame) -> tuple[float, float]:
    """Return the limits of both axes, which hold every point with its whiskers, and zero."""
    whiskers = spreads.fillna(0)
    values = np.concatenate([(means - whiskers).to_numpy().ravel(), (means + whiskers).to_numpy().ravel(), [0.0]])
    low, high = np.nanmin(values), np.nanmax(values)
    margin = max(0.06 * (high - low), SHORTEST_AXIS / 2)
    return float(low - margin), float(high + margin)


def label_points(axes: Axes, x: pd.Series, y: pd.Series, points: pd.DataFrame | None = None) -> None:
    """Write the name of each point beside it, where it covers neither a point nor a line nor another name.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Laid out and drawn once, so that the size of text is known.
    x, y : pandas.Series
        Places of the points to name, indexed by name.
    points : pandas.DataFrame, optional
        All points of the panel (two columns, x and y) that names keep away from; by default those to name.
    """
    if x.empty:
        return
    halo = [withStroke(linewidth=1.2, foreground="white")]
    texts = [axes.text(x[name], y[name], name, fontsize=5.5, zorder=4, path_effects=halo) for name in x.index]
    around = points.to_numpy(dtype=float) if points is not None else np.column_stack([x, y])
    # A line is kept free as a row of points.
    places = np.linspace(*axes.get_xlim(), 60)
    lines = [
        np.column_stack([places, point[1] + line.get_slope() * (places - point[0])])
        for line in axes.get_lines()
        if isinstance(line, AxLine) and (point := line.get_xy1()) is not None
    ]
    away = np.vstack([around, *lines])
    adjust_text(
        texts,
        x=away[:, 0],
        y=away[:, 1],
        target_x=x.to_numpy(),
        target_y=y.to_numpy(),
        ax=axes,
        iter_lim=LABEL_STEPS,
        force_text=(0.5, 0.8),
        force_static=(0.2, 0.4),
        expand=(1.15, 1.3),
        arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.35},
    )


def delta_vs_distance(contrasts: pd.DataFrame, task: str) -> Figure:
    """Draw full's and front's Δ against each distance to the source language, a row of panels per model.

    One point per language: mean over seeds and aligners. Lines are least squares with a 95 % bootstrap band over
    languages. Each panel states Spearman's ρ of both; languages far from full's line are named.

    Parameters
    ----------
    contrasts : pandas.DataFrame
        As `contrasts_table` returns it.
    task : str
        Name as in the table.

    Returns
    -------
    Figure
    """
    own = contrasts[(contrasts["task"] == task) & contrasts["contrast"].isin(["full-base", "front-base"])]
    own = own[own["n_seeds"] > 0]
    if own.empty:
        return _nothing(f"{title(task)}: no realignment to compare with the baseline")
    own = own.assign(strategy=own["contrast"].str.removesuffix("-base"))
    groups = list(own.groupby(["model", "realignment_languages"], sort=False))
    several = own["realignment_languages"].nunique() > 1
    with mpl.rc_context(STYLE):
        figure = new_figure(PAGE, 0.75 + 1.45 * len(groups))
        panels = figure.subplots(len(groups), len(DISTANCES), sharex="col", sharey="row", squeeze=False)
        for row, ((model, languages), frame) in zip(panels, groups, strict=True):
            for axes, distance in zip(row, DISTANCES, strict=True):
                _against(axes, frame, distance)
            name = f"{title(model)} ({languages})" if several else title(model)
            row[0].set_ylabel(f"{name}, n = {frame['language'].nunique()}\nΔ (points)")
            # By the points alone: the band of a fit that a few languages decide would flatten them.
            low, high = frame["delta"].min(), frame["delta"].max()
            row[0].set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
            _hold_zero(row[0], "y")
        for axes, distance in zip(panels[-1], DISTANCES, strict=True):
            axes.set_xlabel(distance)
        styles = {title(name): STRATEGY_STYLES[name] for name in ("full", "front") if name in set(own["strategy"])}
        figure.legend(handles=_handles(styles), loc="outside upper right", ncols=2)
        scale = "" if len(groups) == 1 else " (each model on its own scale)"
        figure.suptitle(f"{title(task)}: Δ and distance{scale}", x=0.02, ha="left", fontsize=8)
        figure.supxlabel("URIEL distance to the source language (0 to 1)", fontsize=7)
        figure.draw_without_rendering()
        for row, (_, frame) in zip(panels, groups, strict=True):
            for axes, distance in zip(row, DISTANCES, strict=True):
                _name_outliers(axes, frame[frame["strategy"] == frame["strategy"].iloc[0]], distance)
    return figure


def _against(axes: Axes, frame: pd.DataFrame, distance: str) -> None:
    """Draw one panel: Δ of each strategy against a distance, with fit and band where they can be estimated."""
    notes = []
    axes.axhline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
    for strategy, values in frame.groupby("strategy", sort=False):
        color, marker = STRATEGY_STYLES[strategy]
        usable = not why_unusable(values.set_index("language")[[distance, "delta"]].astype(float), MINIMUM_LANGUAGES)
        sns.regplot(
            values,
            x=distance,
            y="delta",
            fit_reg=usable,
            seed=SEED,
            n_boot=200,
            color=color,
            marker=marker,
            scatter_kws={"s": 4, "linewidths": 0, "alpha": 0.9},
            line_kws={"linewidth": 0.9, "linestyle": "-" if strategy == "full" else "--"},
            ax=axes,
        )
        rho = values[[distance, "delta"]].rank().corr().iloc[0, 1] if usable else np.nan
        notes.append(f"{title(strategy)} ρ = " + (f"{rho:.2f}".replace("-", "−") if usable else "—"))
    axes.set_title("\n".join(notes), fontsize=5.8, loc="left", pad=2, linespacing=1.05)
    axes.tick_params(labelsize=5.8)
    axes.margins(0.07)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.set(xlabel="", ylabel="")


def _name_outliers(axes: Axes, frame: pd.DataFrame, distance: str, most: int = 3) -> None:
    """Name the languages more than two standard deviations from the line, at most three."""
    values = frame.set_index("language")[[distance, "delta"]].astype(float)
    if why_unusable(values, MINIMUM_LANGUAGES):
        return
    x, y = values[distance], values["delta"]
    residual = (y - np.polyval(np.polyfit(x, y, 1), x)).abs()
    far = residual[residual > 2 * residual.std()].sort_values(ascending=False, kind="stable").index[:most]
    middle, near = np.mean(axes.get_xlim()), 0.06 * np.ptp(axes.get_ylim())
    placed: list[tuple[str, float]] = []
    for name in far:
        side = "left" if x[name] < middle else "right"
        # Beside a name at the same height there is room on the other side only.
        if any(side == other and abs(y[name] - height) < near for other, height in placed):
            side = "right" if side == "left" else "left"
        placed.append((side, y[name]))
        axes.annotate(
            name,
            (x[name], y[name]),
            (2 if side == "left" else -2, 0),
            textcoords="offset points",
            fontsize=5.5,
            ha=side,
            va="center_baseline",
        )


def _cell_grid(cells: pd.DataFrame) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """Lay out one panel per model (columns) and task (rows), a line per aligner and strategy in each.

    The panels of a task share one scale, so that models can be compared.
    """
    models, tasks = ordered("model", cells["model"]), ordered("task", cells["task"])
    lines = {task: list(dict.fromkeys(cells.loc[cells["task"] == task, "line"])) for task in tasks}
    heights = [len(lines[task]) + 1.2 for task in tasks]
    width = PAGE if len(models) > 1 else COLUMN
    figure = new_figure(width, 0.6 + 0.135 * sum(heights) + 0.16 * len(tasks))
    grid = figure.subplots(len(tasks), len(models), squeeze=False, height_ratios=heights, sharex="row")
    panels = {}
    for row, task in zip(grid, tasks, strict=True):
        for panel, model in zip(row, models, strict=True):
            panels[model, task] = panel
            panel.axvline(0, color=GREY, linewidth=0.6, zorder=1)
            panel.set_title(f"{title(model)}, {title(task)}", loc="left", pad=2)
            panel.tick_params(axis="y", length=0)
            panel.spines["left"].set_visible(False)
            panel.grid(axis="x", color="#EEEEEE", linewidth=0.5)
            panel.set_axisbelow(True)
            aligners = [line.split(", ")[0] for line in lines[task]]
            for place in range(1, len(aligners)):
                if aligners[place] != aligners[place - 1]:
                    panel.axhline(place - 0.5, color="#CCCCCC", linewidth=0.4)
            own = set(cells.loc[(cells["model"] == model) & (cells["task"] == task), "line"])
            for place, line in enumerate(lines[task]):
                if line not in own:
                    panel.text(0.02, place, "—", color=GREY, va="center", transform=panel.get_yaxis_transform())
    for panel in grid[-1]:
        panel.set_xlabel("Δ (points)")
    return figure, panels


def _with_lines(cells: pd.DataFrame) -> pd.DataFrame:
    """Give each row the name and the number of its line in the panel of its task; rows in display order."""
    keys = ["aligner", "strategy", "realignment_languages"]
    cells = cells.sort_values(keys, key=lambda column: column.map(lambda name: rank(column.name, name)), kind="stable")
    cells = cells.assign(line=_conditions(cells) + ", " + cells["strategy"].map(title))
    place = cells.groupby("task")["line"].transform(lambda lines: pd.factorize(lines)[0])
    return cells.assign(place=place)


def forest_main(main: pd.DataFrame) -> Figure:
    """Draw Δ of every cell with its interval, all on one page.

    Points are means over seeds and languages, lines the 95 % two-way bootstrap intervals over both that the table
    holds. A dash is a cell that was not run; a point without a line has no interval (one seed or one language).

    Parameters
    ----------
    main : pandas.DataFrame
        As `main_table` returns it.

    Returns
    -------
    Figure
    """
    metrics = main.groupby("task")["metric"].first()
    cells = main[(main["strategy"] != BASELINE) & (main["metric"] == main["task"].map(metrics))]
    cells = cells[cells["delta"].notna()]
    if cells.empty:
        return _nothing("no realignment to compare with a baseline")
    cells = _with_lines(cells)
    with mpl.rc_context(STYLE):
        figure, panels = _forest(cells)
        _finish_grid(panels, cells)
    return figure


def _forest(cells: pd.DataFrame) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """Draw Δ with its interval, one line per cell, in the panel of its model and task."""
    styles = strategy_styles(cells["strategy"])
    figure, panels = _cell_grid(cells)
    for (model, task), panel in panels.items():
        own = cells[(cells["model"] == model) & (cells["task"] == task)]
        for strategy, rows in own.groupby("strategy", sort=False):
            color, marker = styles[strategy]
            # A line is drawn between the two limits of each place.
            limits = rows.melt(id_vars="place", value_vars=["delta_low", "delta_high"], value_name="limit").dropna()
            if len(limits):
                sns.lineplot(
                    limits,
                    x="limit",
                    y="place",
                    units="place",
                    estimator=None,
                    orient="y",
                    color=color,
                    linewidth=1.1,
                    ax=panel,
                )
            sns.scatterplot(rows, x="delta", y="place", color=color, marker=marker, s=11, linewidth=0, ax=panel)
    return figure, panels


def realignment_languages(table: pd.DataFrame) -> Figure:
    """Draw the differences between sets of realignment languages, with the distinct pairs that each run saw.

    Points are means over seeds and languages, lines 95 % two-way bootstrap intervals over both. Right of zero the set
    that is named first is better. Numbers at the right edge: different sentence pairs of the first and the second set.

    Parameters
    ----------
    table : pandas.DataFrame
        As `realignment_languages_table` returns it.

    Returns
    -------
    Figure
    """
    cells = table[table["delta"].notna()]
    if cells.empty:
        return _nothing("no two sets of realignment languages to compare")
    sets = cells["realignment_languages"] + " − " + cells["reference"]
    cells = _with_lines(cells.assign(realignment_languages=sets))
    with mpl.rc_context(STYLE):
        figure, panels = _forest(cells)
        _finish_grid(panels, cells)
        for (model, task), panel in panels.items():
            for _, row in cells[(cells["model"] == model) & (cells["task"] == task)].iterrows():
                numbers = (row["distinct_pairs"], row["distinct_pairs_reference"])
                text = " | ".join("—" if pd.isna(number) else f"{number:,.0f}" for number in numbers)
                place = panel.get_yaxis_transform()
                panel.text(1.0, row["place"] - 0.32, text, fontsize=4.5, color=GREY, ha="right", transform=place)
        label = f"Δ of {' and '.join(dict.fromkeys(sets))}; grey: distinct sentence pairs of both"
        figure.suptitle(fill(label, 60 if len(panels) < 2 else 120), x=0.02, ha="left", fontsize=7)
    return figure


def filter_percentiles(table: pd.DataFrame) -> Figure:
    """Draw the effect of a quality filter by percentile: a panel per model, task, aligner and language set.

    Points are means over seeds and languages of the difference to all pairs, lines their 95 % two-way bootstrap
    intervals over both; strategies stand beside each other at each percentile.

    Parameters
    ----------
    table : pandas.DataFrame
        As `filter_percentiles_table` returns it.

    Returns
    -------
    matplotlib.figure.Figure
    """
    cells = table[table["delta"].notna()]
    if cells.empty:
        return _nothing("no filtered bitext to compare with all of it")
    styles = strategy_styles(cells["strategy"])
    places = {percentile: place for place, percentile in enumerate(sorted(cells["percentile"].unique()))}
    offsets = dict(zip(styles, np.linspace(-0.25, 0.25, len(styles)) if len(styles) > 1 else [0.0], strict=True))
    cells = cells.assign(
        place=cells["percentile"].map(places) + cells["strategy"].map(offsets), condition=_conditions(cells)
    )
    groups = list(cells.groupby(["model", "task", "condition"], sort=False))
    columns = min(3, len(groups))
    with mpl.rc_context(STYLE):
        figure = new_figure(PAGE if columns > 1 else COLUMN, 0.6 + 1.6 * -(-len(groups) // columns))
        panels = figure.subplots(-(-len(groups) // columns), columns, sharex=True, squeeze=False)
        for axes, ((model, task, condition), own) in zip(panels.flat, groups, strict=False):
            axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
            for strategy, rows in own.groupby("strategy", sort=False):
                color, marker = styles[strategy]
                axes.vlines(rows["place"], rows["delta_low"], rows["delta_high"], color=color, linewidth=1.0)
                sns.scatterplot(rows, x="place", y="delta", color=color, marker=marker, s=12, linewidth=0, ax=axes)
            axes.set_title(f"{title(model)}, {title(task)}, {condition}", loc="left", pad=2)
            axes.set_xticks(list(places.values()), [f"{percentile:g}" for percentile in places])
            axes.set(xlabel="", ylabel="", xlim=(-0.5, len(places) - 0.5))
            _hold_zero(axes, "y")
        for axes in list(panels.flat)[len(groups) :]:
            axes.axis("off")
        figure.supxlabel("percentile below which pairs are left out", fontsize=7)
        figure.supylabel("Δ to all pairs (points)", fontsize=7)
        handles = _handles({title(name): style for name, style in styles.items()})
        figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(handles)))
    return figure


def in_language(table: pd.DataFrame) -> Figure:
    """Draw the share of the gap to fine-tuning in the language itself that each strategy closes, in per cent.

    Parameters
    ----------
    table : pandas.DataFrame
        As `in_language_table` returns it; bars are standard deviations over seeds. Cells without a share are not drawn.

    Returns
    -------
    matplotlib.figure.Figure
    """
    cells = table[table["share"].notna()]
    if cells.empty:
        return _nothing("no gap to fine-tuning in the language itself that is more than noise")
    share, spread = 100 * cells["share"], 100 * cells["share_std"]
    cells = _with_lines(cells.assign(delta=share, delta_low=share - spread, delta_high=share + spread))
    with mpl.rc_context(STYLE):
        figure, panels = _forest(cells)
        _finish_grid(panels, cells, "share of the gap closed (%)")
    return figure


def seed_strips(deltas: pd.DataFrame) -> Figure:
    """Draw Δ of every cell by seed: one mark per seed, of the average over languages; a bar at the mean.

    Parameters
    ----------
    deltas : pandas.DataFrame
        As `deltas_table` returns it.

    Returns
    -------
    Figure
    """
    if deltas.empty:
        return _nothing("no realignment to compare with a baseline")
    average = deltas.groupby([*CELL, "seed"], sort=False)["delta"].agg(lambda values: values.mean(skipna=False))
    cells = _with_lines(average.reset_index())
    styles = strategy_styles(cells["strategy"])
    with mpl.rc_context(STYLE):
        figure, panels = _cell_grid(cells)
        for (model, task), panel in panels.items():
            own = cells[(cells["model"] == model) & (cells["task"] == task)]
            for strategy, rows in own.groupby("strategy", sort=False):
                color, marker = styles[strategy]
                sns.scatterplot(
                    rows, x="delta", y="place", color=color, marker=marker, s=8, linewidth=0, alpha=0.8, ax=panel
                )
            means = own.groupby("place")["delta"].agg(lambda values: values.mean(skipna=False)).reset_index()
            sns.scatterplot(means, x="delta", y="place", color="black", marker="|", s=22, linewidth=0.9, ax=panel)
        _finish_grid(panels, cells)
    return figure


def _finish_grid(panels: dict[tuple[str, str], Axes], cells: pd.DataFrame, label: str = "Δ (points)") -> None:
    """Name the lines at the left, put zero into every panel and a label under the last row."""
    first, last = next(iter(panels))[0], list(panels)[-1][1]
    for (model, task), panel in panels.items():
        lines = list(dict.fromkeys(cells.loc[cells["task"] == task, "line"]))
        panel.set_yticks(range(len(lines)), lines if model == first else [])
        panel.set_ylim(len(lines) - 0.4, -0.6)
        _hold_zero(panel, "x")
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.set(xlabel=label if task == last else "", ylabel="")


def generalisation(table: pd.DataFrame) -> Figure:
    """Draw R² by what is held out: one mark per model and task, a bar at their median, a panel per set of predictors.

    Parameters
    ----------
    table : pandas.DataFrame
        As `generalisation_table` returns it. Values below -1 are drawn at the lower edge as triangles that point
        down; missing ones are not drawn and counted in the panel.

    Returns
    -------
    Figure
    """
    if table.empty:
        return _nothing("no contrast to predict")
    sets = list(dict.fromkeys(table["predictors"]))
    contrasts = list(dict.fromkeys(table["contrast"]))
    splits = [split for split in SPLITS if split in set(table["split"])]
    rows = -(-len(sets) // 3)
    with mpl.rc_context(STYLE):
        figure = new_figure(PAGE, 0.7 + 1.7 * rows)
        panels = figure.subplots(rows, min(3, len(sets)), sharey=True, squeeze=False)
        for axes, name in zip(panels.flat, sets, strict=False):
            own = table[table["predictors"] == name]
            axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
            shown = own.dropna(subset=["r2"])
            low = shown["r2"] < LOWEST_R2
            shared: dict[str, Any] = {
                "x": "split",
                "order": splits,
                "hue": "contrast",
                "hue_order": contrasts,
                "y": "r2",
            }
            shared |= {"palette": {key: CONTRAST_STYLES[key][0] for key in contrasts}, "legend": False, "ax": axes}
            for part, marker, size in ((shown[~low], "o", 2.0), (shown[low].assign(r2=LOWEST_R2), "v", 2.6)):
                if len(part):
                    sns.stripplot(part, dodge=True, jitter=False, size=size, marker=marker, alpha=0.7, **shared)
            if len(shown):
                sns.pointplot(
                    shown.assign(r2=shown["r2"].clip(lower=LOWEST_R2)),
                    estimator="median",
                    errorbar=None,
                    dodge=0.8 - 0.8 / len(contrasts) if len(contrasts) > 1 else False,
                    linestyle="none",
                    markers="_",
                    markersize=7,
                    markeredgewidth=1.4,
                    zorder=4,
                    **shared,
                )
            absent = int(own["r2"].isna().sum())
            heading = f"from {predictors_title(name)}" + (f" ({absent} missing)" if absent else "")
            axes.set_title(fill(heading, 38), loc="left", pad=2)
            axes.set_xticks(range(len(splits)), splits)
            axes.set(ylim=(LOWEST_R2 - 0.08, 1.02), xlim=(-0.5, len(splits) - 0.5), xlabel="", ylabel="R²")
        for axes in list(panels.flat)[len(sets) :]:
            axes.axis("off")
        styles = {contrast_title(name): (CONTRAST_STYLES[name][0], "o") for name in contrasts}
        figure.legend(handles=_handles(styles), loc="outside lower center", ncols=len(styles))
        figure.suptitle(
            "Prediction of Δ for the rows, seeds, languages or genera that were held out"
            " (R²: 1 perfect, 0 as good as the mean)",
            x=0.02,
            ha="left",
            fontsize=7.5,
        )
    return figure


def bitext_filter(scores: Mapping[str, np.ndarray], thresholds: Mapping[str, Sequence[float]], scorer: str) -> Figure:
    """Draw a histogram of the scores of each language's sentence pairs; a line where the filter cuts.

    Parameters
    ----------
    scores : mapping from str to numpy.ndarray
        (pairs,) scores by language.
    thresholds : mapping from str to sequence of float
        Lowest score that is kept at each percentile, by language.
    scorer : str
        What scored the pairs, for the axis.

    Returns
    -------
    Figure
    """
    columns = min(6, len(scores))
    rows = -(-len(scores) // columns)
    with mpl.rc_context(STYLE):
        figure = new_figure(PAGE if columns > 3 else COLUMN, 0.6 + 0.9 * rows)
        panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
        edges = np.histogram_bin_edges(np.concatenate(list(scores.values())), bins=40)
        for axes, (language, own) in zip(panels.flat, scores.items(), strict=False):
            lowest = min(thresholds[language])
            for part, color in ((own[own < lowest], PALE), (own[own >= lowest], "#0072B2")):
                axes.hist(part, bins=edges, color=color)
            for threshold in thresholds[language]:
                axes.axvline(threshold, color="black", linewidth=0.6)
            axes.set_title(f"{language}, {len(own):,}", loc="left", pad=2)
            axes.set_yticks([])
            axes.xaxis.set_major_locator(MaxNLocator(3))
        for axes in list(panels.flat)[len(scores) :]:
            axes.axis("off")
        figure.supxlabel(f"score ({scorer}); grey: left out", fontsize=7)
    return figure
