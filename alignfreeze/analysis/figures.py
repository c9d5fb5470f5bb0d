"""The figures: readable at the width of a paper's column, without colour, and the same bytes every time.

Strategies differ in colour (Okabe and Ito's palette, safe for the colour-blind), in marker and in lightness, so that a
figure survives printing in grey. Differences are in points of per cent. Every function returns a Matplotlib
figure that `save_figure` writes as PDF and PNG.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from alignfreeze.analysis.cells import (
    Cell,
    Experiment,
    Group,
    Scores,
    language_average,
    language_means,
    read_experiment,
)
from alignfreeze.analysis.contrasts import Contrast, contrasts
from alignfreeze.analysis.correlations import MINIMUM_LANGUAGES
from alignfreeze.analysis.generalisation import SPLITS
from alignfreeze.analysis.intervals import two_way_interval
from alignfreeze.analysis.names import ordered, rank, title
from alignfreeze.analysis.predictors import why_unusable
from alignfreeze.analysis.tables import slope
from alignfreeze.languages.uriel import DISTANCES
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError

COLUMN = 3.3  # inches, one column of a paper
PAGE = 6.8  # inches, both columns
DPI = 300
STYLE = {
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
MAIN_STRATEGIES = ("full", "front", "back")
GREY = "#777777"


def strategy_styles(strategies: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give each strategy its colour and marker; ranges that a config names get the spare ones in order."""
    unknown = [name for name in ordered("strategy", strategies) if name not in STRATEGY_STYLES]
    if len(unknown) > len(SPARE_STYLES):
        raise InputError(f"figures: {len(unknown)} strategies beside the named ones; at most {len(SPARE_STYLES)}")
    spare = dict(zip(unknown, SPARE_STYLES, strict=False))
    return {name: STRATEGY_STYLES.get(name) or spare[name] for name in ordered("strategy", strategies)}


def save_figure(figure: Figure, *paths: str | Path) -> None:
    """Write a figure to each path, in the format of its suffix, without dates, so that the bytes are the same."""
    with mpl.rc_context(STYLE):
        figure.draw_without_rendering()
        # The layout is decided once; else every format would solve it again.
        figure.set_layout_engine("none")
        for path in map(Path, paths):
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
            with atomic_file(path) as temporary:
                figure.savefig(temporary, metadata=metadata)


def _new_figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    return figure


def _conditions(cells: Sequence[Cell]) -> dict[tuple[str, str], str]:
    """Return the (aligner, realignment languages) of cells in order, with the name of each."""
    keys = dict.fromkeys((cell.aligner, cell.realignment_languages) for cell in cells)
    several = len({languages for _, languages in keys}) > 1
    return {
        (aligner, languages): f"{title(aligner)} ({languages})" if several else title(aligner)
        for aligner, languages in keys
    }


def _shown(experiment: Experiment, model: str, task: str) -> list[Cell]:
    """Return the cells of a model and task for the figures by language: realignment before fine-tuning only."""
    cells = [cell for cell in experiment.methods() if (cell.model, cell.task) == (model, task)]
    before = [cell for cell in cells if not cell.strategy.startswith("during_")]
    return [cell for cell in before or cells if len(experiment.delta(cell))]


def _nothing(message: str, width: float = COLUMN) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = _new_figure(width, 1.0)
    axes = figure.subplots()
    axes.axis("off")
    axes.text(0.5, 0.5, message, ha="center", va="center", wrap=True)
    return figure


def _full_order(experiment: Experiment, cells: Sequence[Cell]) -> list[str]:
    """Order languages by the gain of full realignment (or of the first strategy there is), mean over aligners."""
    leading = ordered("strategy", (cell.strategy for cell in cells))[0]
    means = [language_means(experiment.delta(cell)) for cell in cells if cell.strategy == leading]
    gain = sum(means) / len(means)
    return sorted(gain.index, key=lambda language: (-np.nan_to_num(gain[language], nan=-np.inf), language))


def delta_by_language(scores: Scores, model: str, task: str, source: str = "en") -> Figure:
    """Draw Δ by language, sorted by full's Δ, one panel per aligner.

    Points are means over seeds, whiskers one standard deviation (ddof 1) of the differences by seed; the band is the
    baseline's own standard deviation over seeds about zero.
    """
    with mpl.rc_context(STYLE):
        return _delta_by_language(read_experiment(scores, source), model, task)


def _delta_by_language(experiment: Experiment, model: str, task: str) -> Figure:
    cells = _shown(experiment, model, task)
    if not cells:
        return _nothing(f"{title(model)}, {title(task)}: nothing to compare with the baseline")
    languages = _full_order(experiment, cells)
    conditions = _conditions(cells)
    styles = strategy_styles([cell.strategy for cell in cells])
    width = PAGE if len(languages) > 16 else COLUMN
    figure = _new_figure(width, 0.55 + 1.35 * len(conditions))
    panels = np.atleast_1d(figure.subplots(len(conditions), 1, sharex=True, sharey=True))
    places = np.arange(len(languages))
    for axes, (condition, name) in zip(panels, conditions.items(), strict=True):
        own = [cell for cell in cells if (cell.aligner, cell.realignment_languages) == condition]
        band = 2 * experiment.baseline(own[0])[languages].std(ddof=1).to_numpy()
        axes.bar(places, band, width=0.9, bottom=-band / 2, color="#DDDDDD", linewidth=0, zorder=0)
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
        shifts = np.linspace(-0.22, 0.22, len(own)) if len(own) > 1 else [0.0]
        for shift, cell in zip(shifts, own, strict=True):
            difference = experiment.delta(cell)[languages]
            spread = difference.std(ddof=1).to_numpy() if len(difference) > 1 else None  # one seed: no whisker
            color, marker = styles[cell.strategy]
            axes.errorbar(
                *(places + shift, difference.mean(skipna=False).to_numpy()),
                yerr=spread,
                fmt=marker,
                color=color,
                markersize=2.8,
                elinewidth=0.6,
                label=title(cell.strategy),
                zorder=3,
            )
        axes.set_ylabel("Δ (points)")
        axes.set_title(name if len(conditions) > 1 else f"{title(model)}, {title(task)}, {name}", loc="left", pad=2)
        axes.margins(x=0.01)
        axes.grid(axis="x", color="#EEEEEE", linewidth=0.5, zorder=-1)
        axes.set_axisbelow(True)
    panels[-1].set_xticks(places, languages)
    handles = [
        Line2D([], [], color=color, marker=marker, linestyle="", markersize=3.5, label=title(name))
        for name, (color, marker) in styles.items()
    ]
    handles.append(Patch(color="#DDDDDD", label="± std of the baseline"))
    heading = None if len(conditions) == 1 else f"{title(model)}, {title(task)}"
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles) if width > 5 else 2)
    if heading:
        figure.suptitle(heading, x=0.02, ha="left", fontsize=8)
    return figure


def heatmap(scores: Scores, model: str, task: str, source: str = "en") -> Figure:
    """Draw Δ of every strategy and aligner by language as colours centred on zero.

    Languages are sorted as in `delta_by_language`. Colours are cut at the 97th percentile of |Δ|; a bar marks a loss,
    so that the sign is seen without colour, and missing cells are hatched.
    """
    with mpl.rc_context(STYLE):
        return _heatmap(read_experiment(scores, source), model, task)


def _heatmap(experiment: Experiment, model: str, task: str) -> Figure:
    cells = [cell for cell in experiment.methods() if (cell.model, cell.task) == (model, task)]
    cells = [cell for cell in cells if len(experiment.delta(cell))]
    if not cells:
        return _nothing(f"{title(model)}, {title(task)}: nothing to compare with the baseline")
    languages = _full_order(experiment, cells)
    conditions = _conditions(cells)
    values = np.array([experiment.delta(cell)[languages].mean(skipna=False).to_numpy() for cell in cells])
    known = np.abs(values[np.isfinite(values)])
    limit = max(float(np.quantile(known, 0.97)), 1e-3) if known.size else 1.0
    width = PAGE if len(languages) > 16 else COLUMN
    figure = _new_figure(width, 0.75 + 0.17 * len(cells))
    axes = figure.subplots()
    axes.set_facecolor("white")
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(values),
        cmap="PuOr",
        norm=TwoSlopeNorm(0.0, -limit, limit),
        edgecolors="white",
        linewidth=0.4,
    )
    for row, column in zip(*np.nonzero(~np.isfinite(values)), strict=True):
        axes.add_patch(Rectangle((column, row), 1, 1, fill=False, hatch="////", color=GREY, linewidth=0))
    for color, losses in (("black", (values < 0) & (values > -0.5 * limit)), ("white", values <= -0.5 * limit)):
        rows, columns = np.nonzero(losses)
        axes.plot(columns + 0.5, rows + 0.5, "_", color=color, markersize=3.0, markeredgewidth=0.7)
    axes.set_xticks(np.arange(len(languages)) + 0.5, languages)
    axes.set_yticks(
        np.arange(len(cells)) + 0.5,
        [f"{title(cell.strategy)}, {conditions[cell.aligner, cell.realignment_languages]}" for cell in cells],
    )
    axes.invert_yaxis()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(f"{title(model)}, {title(task)}: Δ (– marks a loss)", loc="left", pad=3)
    bar = figure.colorbar(
        mesh, ax=axes, extend="both", extendfrac=0.03, pad=0.01, fraction=0.05, aspect=max(8, len(cells))
    )
    bar.set_label("points")
    bar.outline.set_visible(False)
    return figure


def front_vs_full(scores: Scores, model: str, task: str, source: str = "en") -> Figure:
    """Draw front's Δ against full's Δ, one labelled point per language, one panel per aligner.

    The dashed line is equality, the full one least squares over the languages.
    """
    with mpl.rc_context(STYLE):
        return _front_vs_full(read_experiment(scores, source), model, task)


def _front_vs_full(experiment: Experiment, model: str, task: str) -> Figure:
    fronts = [
        cell
        for cell in _shown(experiment, model, task)
        if cell.strategy == "front"
        and cell.with_strategy("full") in experiment.targets
        and len(experiment.delta(cell.with_strategy("full")))
    ]
    if not fronts:
        return _nothing(f"{title(model)}, {title(task)}: no front and full realignment by the same aligner")
    conditions = _conditions(fronts)
    width = COLUMN if len(fronts) == 1 else PAGE
    figure = _new_figure(width, 2.9 if len(fronts) == 1 else 0.45 + PAGE / len(fronts))
    panels = np.atleast_1d(figure.subplots(1, len(fronts), sharex=True, sharey=True))
    for axes, cell in zip(panels, fronts, strict=True):
        full = language_means(experiment.delta(cell.with_strategy("full")))
        front = language_means(experiment.delta(cell))
        axes.plot(full, front, "o", color="#0072B2", markersize=2.2, zorder=3)
        axes.axhline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
        axes.axvline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
        name = conditions[cell.aligner, cell.realignment_languages]
        heading = name if len(fronts) > 1 else f"{title(model)}, {title(task)}, {name}"
        axes.set_title(heading, loc="left", pad=2)
        axes.set_xlabel("Δ full (points)")
        axes.margins(0.1)
    panels[0].set_ylabel("Δ front (points)")
    if len(fronts) > 1:
        figure.suptitle(f"{title(model)}, {title(task)}", x=0.02, ha="left", fontsize=8)
    figure.canvas.draw()
    for axes, cell in zip(panels, fronts, strict=True):
        full = language_means(experiment.delta(cell.with_strategy("full")))
        front = language_means(experiment.delta(cell))
        limits = axes.get_xlim(), axes.get_ylim()
        ends = np.array([min(limits[0][0], limits[1][0]), max(limits[0][1], limits[1][1])])
        lines = [axes.plot(ends, ends, "--", color=GREY, linewidth=0.8, zorder=1, label="equal")[0]]
        steepness = slope(full, front)
        if np.isfinite(steepness):
            fitted = front.mean() + steepness * (np.array(limits[0]) - full.mean())
            lines += axes.plot(
                limits[0],
                fitted,
                "-",
                color="black",
                linewidth=0.8,
                zorder=1,
                label=f"slope {steepness:.2f}".replace("-", "−"),
            )
        axes.set(xlim=limits[0], ylim=limits[1])
        axes.legend(handles=lines, loc="lower right", handlelength=1.5, borderpad=0.1)
        place_labels(axes, full.to_numpy(), front.to_numpy(), list(full.index))
    return figure


def place_labels(axes: Axes, x: np.ndarray, y: np.ndarray, labels: Sequence[str], size: float = 5.5) -> None:
    """Write a label beside each point where it covers neither a point nor another label.

    Places around the point are tried from near to far, always in the same order; a far label gets a thin line to
    its point.
    """
    figure = axes.get_figure()
    finite = np.isfinite(x) & np.isfinite(y)
    pixels = axes.transData.transform(np.column_stack([x[finite], y[finite]]))
    unit = figure.dpi / 72.0
    frame = axes.get_window_extent()
    height = size * 0.8 * unit
    taken = [(px - 1.6 * unit, py - 1.6 * unit, px + 1.6 * unit, py + 1.6 * unit) for px, py in pixels]
    legend = axes.get_legend()
    if legend is not None:
        box = legend.get_window_extent()
        taken.append((box.x0, box.y0, box.x1, box.y1))
    names = [label for label, known in zip(labels, finite, strict=True) if known]
    angles = np.deg2rad([0, 90, 180, 270, 45, 135, 225, 315, 22, 67, 112, 157, 202, 247, 292, 337])
    for (px, py), label in sorted(zip(map(tuple, pixels), names, strict=True), key=lambda item: (-item[0][1], item[1])):
        half = 0.31 * size * len(label) * unit
        for radius in (4.2, 5.5, 7.0, 9.0, 11.5, 14.5, 18.0, 22.0, 27.0, 33.0):
            boxes = []
            for angle in angles:
                cx = px + np.cos(angle) * (radius * unit + half * abs(np.cos(angle)) * 0.5)
                cy = py + np.sin(angle) * radius * unit
                boxes.append((cx - half, cy - height / 2, cx + half, cy + height / 2))
            free = [box for box in boxes if _inside(box, frame) and not any(_overlap(box, other) for other in taken)]
            if free:
                box = free[0]
                break
        else:
            continue
        taken.append(box)
        middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
        place = axes.transData.inverted().transform(middle)
        text = axes.text(*place, label, fontsize=size, ha="center", va="center_baseline", zorder=4)
        text.set_path_effects([withStroke(linewidth=1.2, foreground="white")])
        if radius > 6:
            point = axes.transData.inverted().transform((px, py))
            axes.plot(*zip(point, place, strict=True), color="#AAAAAA", linewidth=0.35, zorder=2)


def _overlap(left: tuple[float, ...], right: tuple[float, ...]) -> bool:
    return left[0] < right[2] and right[0] < left[2] and left[1] < right[3] and right[1] < left[3]


def _inside(box: tuple[float, ...], frame: Bbox) -> bool:
    return frame.x0 <= box[0] and box[2] <= frame.x1 and frame.y0 <= box[1] and box[3] <= frame.y1


def delta_vs_distance(scores: Scores, task: str, source: str = "en") -> Figure:
    """Draw full's and front's Δ against each distance to the source language, a row of panels per model.

    One point per language: mean over seeds and aligners. Each panel states Spearman's ρ of both and n.
    """
    with mpl.rc_context(STYLE):
        return _delta_vs_distance(scores, task, source)


def _delta_vs_distance(scores: Scores, task: str, source: str) -> Figure:
    by_group: dict[Group, dict[str, Contrast]] = {}
    for contrast in contrasts(scores, source):
        if contrast.group.task == task and contrast.name in ("full-base", "front-base") and len(contrast.matrix):
            by_group.setdefault(contrast.group, {})[contrast.name] = contrast
    if not by_group:
        return _nothing(f"{title(task)}: no full realignment to compare with the baseline")
    several = len({group.realignment_languages for group in by_group}) > 1
    figure = _new_figure(PAGE, 0.5 + 1.35 * len(by_group))
    panels = figure.subplots(len(by_group), len(DISTANCES), sharex="col", sharey="row", squeeze=False)
    for row, (group, own) in zip(panels, by_group.items(), strict=True):
        frame = next(iter(own.values())).predictors
        for axes, distance in zip(row, DISTANCES, strict=True):
            notes = []
            axes.axhline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
            for name, contrast in own.items():
                strategy = name.removesuffix("-base")
                color, marker = STRATEGY_STYLES[strategy]
                axes.plot(frame[distance], contrast.means, marker, color=color, markersize=2.0, zorder=3)
                notes.append(f"{strategy} {_rho(frame[distance], contrast.means)}")
            axes.set_title("\n".join(notes), fontsize=5.8, loc="left", pad=2, linespacing=1.05)
            axes.tick_params(labelsize=5.8)
            axes.margins(0.07)
            axes.xaxis.set_major_locator(MaxNLocator(3))
        heading = f"{title(group.model)} ({group.realignment_languages})" if several else title(group.model)
        row[0].set_ylabel(f"{heading}\nΔ (points), n = {len(frame)}")
    for axes, distance in zip(panels[-1], DISTANCES, strict=True):
        axes.set_xlabel(distance)
    handles = [
        Line2D([], [], color=color, marker=marker, linestyle="", markersize=3.5, label=title(name))
        for name, (color, marker) in STRATEGY_STYLES.items()
        if name in ("full", "front")
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=2)
    figure.suptitle(f"{title(task)}: Δ and distance to the source language", x=0.02, ha="left", fontsize=8)
    return figure


def _rho(distance: pd.Series, gain: pd.Series) -> str:
    pair = pd.DataFrame({"distance": distance, "gain": gain})
    if why_unusable(pair, MINIMUM_LANGUAGES):
        return "ρ = —"
    return f"ρ = {pair.rank().corr().iloc[0, 1]:.2f}".replace("-", "−")


def _grid(cells: Sequence[Cell], per_row: float) -> tuple[Figure, dict[tuple[str, str], Axes], dict]:
    """Lay out one panel per model (columns) and task (rows), a line per aligner and strategy in each."""
    models = ordered("model", (cell.model for cell in cells))
    tasks = ordered("task", (cell.task for cell in cells))
    several = len({cell.realignment_languages for cell in cells}) > 1
    lines = {
        task: sorted(
            {(cell.aligner, cell.strategy, cell.realignment_languages) for cell in cells if cell.task == task},
            key=lambda key: (rank("aligner", key[0]), rank("strategy", key[1]), key[2]),
        )
        for task in tasks
    }
    heights = [len(lines[task]) + 1.2 for task in tasks]
    width = PAGE if len(models) > 1 else COLUMN
    figure = _new_figure(width, 0.6 + per_row * sum(heights) + 0.12 * len(tasks))
    axes = figure.subplots(len(tasks), len(models), squeeze=False, height_ratios=heights)
    panels = {}
    for row, task in enumerate(tasks):
        for column, model in enumerate(models):
            panel = axes[row, column]
            panels[model, task] = panel
            labels = [
                f"{title(aligner)}, {title(strategy)}" + (f" ({languages})" if several else "")
                for aligner, strategy, languages in lines[task]
            ]
            panel.set_yticks(range(len(labels)), labels if column == 0 else [])
            panel.set_ylim(len(labels) - 0.4, -0.6)
            panel.axvline(0, color=GREY, linewidth=0.6, zorder=1)
            panel.tick_params(axis="y", length=0)
            panel.spines["left"].set_visible(False)
            panel.set_title(f"{title(model)}, {title(task)}", loc="left", pad=2)
            panel.grid(axis="x", color="#EEEEEE", linewidth=0.5)
            panel.set_axisbelow(True)
            panel.margins(x=0.06)
            for place, (aligner, _, _) in enumerate(lines[task]):
                if place and aligner != lines[task][place - 1][0]:
                    panel.axhline(place - 0.5, color="#CCCCCC", linewidth=0.4)
    places = {(task, *key): place for task in tasks for place, key in enumerate(lines[task])}
    for panel in axes[-1]:
        panel.set_xlabel("Δ (points)")
    return figure, panels, places


def _mark_gaps(cells: Sequence[Cell], panels: dict, places: dict) -> None:
    """Write a dash where a model lacks a cell that another has."""
    present = {(cell.model, cell.task, cell.aligner, cell.strategy, cell.realignment_languages) for cell in cells}
    for (model, task), panel in panels.items():
        for (place_task, *key), place in places.items():
            if place_task == task and (model, task, *key) not in present:
                panel.text(0.02, place, "—", color=GREY, ha="left", va="center", transform=panel.get_yaxis_transform())


def forest_main(scores: Scores, source: str = "en") -> Figure:
    """Draw Δ of every cell with its interval, all on one page.

    Points are means over seeds and languages, lines 95 % two-way bootstrap intervals over both. A dash is a cell that
    was not run; a point without a line has no interval (one seed or one language).
    """
    with mpl.rc_context(STYLE):
        experiment = read_experiment(scores, source)
        cells = [cell for cell in experiment.methods() if len(experiment.delta(cell))]
        if not cells:
            return _nothing("no realignment to compare with a baseline")
        figure, panels, places = _grid(cells, 0.135)
        styles = strategy_styles([cell.strategy for cell in cells])
        for cell in cells:
            difference = experiment.delta(cell).to_numpy()
            interval = two_way_interval(difference)
            color, marker = styles[cell.strategy]
            panel = panels[cell.model, cell.task]
            place = places[cell.task, cell.aligner, cell.strategy, cell.realignment_languages]
            panel.plot([interval.low, interval.high], [place, place], color=color, linewidth=1.1, zorder=2)
            panel.plot(difference.mean(), place, marker, color=color, markersize=3.2, zorder=3)
        _mark_gaps(cells, panels, places)
        return figure


def seed_strips(scores: Scores, source: str = "en") -> Figure:
    """Draw Δ of every cell by seed: one mark per seed, of the average over languages; a bar at the mean."""
    with mpl.rc_context(STYLE):
        experiment = read_experiment(scores, source)
        cells = [cell for cell in experiment.methods() if len(experiment.delta(cell))]
        if not cells:
            return _nothing("no realignment to compare with a baseline")
        figure, panels, places = _grid(cells, 0.135)
        styles = strategy_styles([cell.strategy for cell in cells])
        for cell in cells:
            average = language_average(experiment.delta(cell)).to_numpy()
            color, marker = styles[cell.strategy]
            panel = panels[cell.model, cell.task]
            place = places[cell.task, cell.aligner, cell.strategy, cell.realignment_languages]
            panel.plot(average, np.full(len(average), place), marker, color=color, markersize=2.6, alpha=0.75, zorder=2)
            panel.plot(average.mean(), place, "|", color="black", markersize=6, markeredgewidth=0.9, zorder=3)
        _mark_gaps(cells, panels, places)
        return figure


LOWEST_R2 = -1.0


def generalisation(table: pd.DataFrame) -> Figure:
    """Draw R² by split: one mark per model and task, a bar at their median, a panel per set of predictors.

    Parameters
    ----------
    table : as `generalisation_table` returns it. Values below -1 are drawn at the lower edge as triangles that point
        down; missing ones are not drawn and counted in the panel.
    """
    with mpl.rc_context(STYLE):
        return _generalisation(table)


def _generalisation(table: pd.DataFrame) -> Figure:
    if table.empty:
        return _nothing("no contrast to predict")
    sets = list(dict.fromkeys(table["predictors"]))
    contrasts = list(dict.fromkeys(table["contrast"]))
    splits = [split for split in SPLITS if split in set(table["split"])]
    looks = dict(zip(contrasts, (("#E69F00", "o"), ("#0072B2", "^"), ("#000000", "s")), strict=False))
    rows = -(-len(sets) // 3)
    figure = _new_figure(PAGE, 0.5 + 1.55 * rows)
    panels = figure.subplots(rows, 3, sharey=True, squeeze=False)
    offsets = np.linspace(-0.25, 0.25, len(contrasts)) if len(contrasts) > 1 else [0.0]
    shifts = dict(zip(contrasts, offsets, strict=True))
    for axes, name in zip(panels.flat, sets, strict=False):
        own = table[table["predictors"] == name]
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
        for contrast, (color, marker) in looks.items():
            for place, split in enumerate(splits):
                values = own.loc[(own["contrast"] == contrast) & (own["split"] == split), "r2"].dropna().to_numpy(float)
                if not values.size:
                    continue
                spot = place + shifts[contrast]
                low = values < LOWEST_R2
                axes.plot(np.full((~low).sum(), spot), values[~low], marker, color=color, markersize=2.0, alpha=0.7)
                axes.plot(np.full(low.sum(), spot), np.full(low.sum(), LOWEST_R2), "v", color=color, markersize=2.6)
                middle = max(float(np.median(values)), LOWEST_R2)
                axes.plot([spot - 0.11, spot + 0.11], [middle, middle], color=color, linewidth=1.4, zorder=4)
        absent = int(own["r2"].isna().sum())
        axes.set_title(name + (f" ({absent} missing)" if absent else ""), loc="left", pad=2)
        axes.set_xticks(range(len(splits)), splits)
        axes.set_ylim(LOWEST_R2 - 0.08, 1.02)
        axes.set_xlim(-0.5, len(splits) - 0.5)
    for axes in list(panels.flat)[len(sets) :]:
        axes.axis("off")
    for axes in panels[:, 0]:
        axes.set_ylabel("R², held out")
    handles = [
        Line2D([], [], color=color, marker=marker, linestyle="", markersize=3.5, label=contrast)
        for contrast, (color, marker) in looks.items()
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
    figure.suptitle("R² of predictions for what is held out", x=0.02, ha="left", fontsize=8)
    return figure
