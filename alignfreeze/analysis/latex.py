r"""LaTeX of the tables for a two-column paper: booktabs, one decimal, a dash for what is missing, ready to paste.

A table is a column table where it fits and `table*` over both columns otherwise; a long one comes in parts. What is
the same in all rows (model, seeds, number of languages, ...) stands in the caption. A rounded number keeps its sign: an
interval from -0.04 to 0.9 is printed [-0.0, 0.9], so that it is seen to hold zero.

The descriptions in `captions/` are those of the Snakemake report, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alignfreeze.analysis.captions import description
from alignfreeze.analysis.names import (
    BASELINE,
    NONE,
    contrast_title,
    is_before,
    main_metric,
    ordered,
    predictors_title,
    rank,
    title,
)
from alignfreeze.analysis.records import TRAINED_ON
from alignfreeze.data.table import read_own_table
from alignfreeze.languages.registry import facts_of, is_known
from alignfreeze.support.atomic import atomic_file

MISSING = "---"
PART_ROWS = 44
PART_COLUMNS = 12
# Points: ACL's column and text width, and its sizes of text (name, size, distance between columns).
COLUMN_WIDTH, TEXT_WIDTH = 219.0, 455.0
SIZES = (("footnotesize", 9.0, 3.0), ("scriptsize", 8.0, 2.5), ("scriptsize", 8.0, 1.5), ("tiny", 6.0, 1.5))
SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
UNICODE = {
    "Δ": r"$\Delta$",
    "±": r"$\pm$",
    "ρ": r"$\rho$",
    "²": r"$^2$",
    "—": "---",
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
}
SIGN_NOTE = f"A zero with a sign ({UNICODE['−']}0.0) is a negative number that rounds to zero."

Row = dict[str, Any]
Column = tuple[str, Callable[[Row], str]]


def escape(text: str) -> str:
    """Escape text for LaTeX, with the few symbols that the tables use as commands.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return "".join(SPECIAL.get(character, UNICODE.get(character, character)) for character in text)


def number(value: float | None, digits: int = 1) -> str:
    """Write a number with a true minus sign, which a negative number keeps when it rounds to zero.

    Parameters
    ----------
    value : float or None
        The number; a dash is written if it is missing.
    digits : int
        Decimals.

    Returns
    -------
    str
        LaTeX.
    """
    if value is None or pd.isna(value):
        return MISSING
    return ("$-$" if value < 0 else "") + f"{abs(value):.{digits}f}"


def p_value(value: float | None) -> str:
    """Write a p-value with three decimals, or that it is smaller.

    Parameters
    ----------
    value : float or None
        A dash is written if it is missing.

    Returns
    -------
    str
        LaTeX.
    """
    if value is None or pd.isna(value):
        return MISSING
    return "$<$0.001" if value < 0.001 else f"{value:.3f}"


def with_spread(value: float, spread: float, digits: int = 1) -> str:
    """Write mean ± standard deviation; only the part that is missing becomes a dash.

    Parameters
    ----------
    value : float
        The mean.
    spread : float
        Its standard deviation, in the same unit.
    digits : int
        Decimals.

    Returns
    -------
    str
        LaTeX.
    """
    return MISSING if pd.isna(value) else rf"{number(value, digits)} $\pm$ {number(spread, digits)}"


def between(low: float, high: float) -> str:
    """Write an interval.

    Parameters
    ----------
    low, high : float
        Limits; a dash is written if one is missing.

    Returns
    -------
    str
        LaTeX, one decimal.
    """
    return MISSING if pd.isna(low) or pd.isna(high) else f"[{number(low)}, {number(high)}]"


def language_name(code: str) -> str:
    """Return a language's English name; a code that nobody knows (such as `average`) stays as it is.

    Parameters
    ----------
    code : str
        See `facts_of`.

    Returns
    -------
    str
    """
    return facts_of(code).name if is_known(code) else code


def _text(name: str, write: Callable[[str], str] = title) -> Callable[[Row], str]:
    return lambda row: escape(write(str(row[name]))) or MISSING


def _number(name: str, digits: int = 1) -> Callable[[Row], str]:
    return lambda row: number(row[name], digits)


def _p(name: str) -> Callable[[Row], str]:
    return lambda row: p_value(row[name])


def _spread(mean: str, std: str) -> Callable[[Row], str]:
    return lambda row: with_spread(row[mean], row[std])


def _between(low: str, high: str) -> Callable[[Row], str]:
    return lambda row: between(row[low], row[high])


def _of(name: str, total: str) -> Callable[[Row], str]:
    return lambda row: MISSING if pd.isna(row[name]) else f"{number(row[name], 0)}/{number(row[total], 0)}"


def _task(row: Row) -> str:
    """Name the task, with the metric where it is not the task's main one."""
    second = row.get("metric") != row.get("main_metric")
    return escape(title(str(row["task"])) + (f", {title(str(row['metric']))}" if second else ""))


MODEL: Column = ("Model", _text("model"))
ALIGNER: Column = ("Aligner", _text("aligner", lambda name: "" if name == NONE else title(name)))
REALIGNED: Column = ("Realigned on", _text("realignment_languages", lambda name: "" if name == NONE else name))
COMPARED: list[Column] = [MODEL, ("Task", _task), ALIGNER, ("Strategy", _text("strategy"))]
CELL: list[Column] = [*COMPARED, REALIGNED]
CONTRAST: list[Column] = [MODEL, ("Task", _task), ("Contrast", _text("contrast", contrast_title)), REALIGNED]
SEEDS: Column = ("Seeds", _number("n_seeds", 0))
LANGUAGES: Column = ("Lang.", _number("n_languages", 0))
SOURCE: Column = ("Source", _number("source"))
TRAINED: Column = ("Trained on", _text(TRAINED_ON, language_name))
LANGUAGE: Column = ("Language", _text("language", language_name))
DELTA, INTERVAL, HOLM = r"$\Delta$", r"95\,\%", r"$p_{\mathrm{Holm}}$"

COLUMNS: dict[str, list[Column]] = {
    "main": [
        *CELL,
        ("Mean", _spread("mean", "std")),
        (DELTA, _spread("delta", "delta_std")),
        (INTERVAL, _between("delta_low", "delta_high")),
        ("Up/down", _of("n_up_paper", "n_down_paper")),
        ("English", _number("english")),
        LANGUAGES,
        SEEDS,
    ],
    "front_vs_full": [
        *CELL[:3],
        REALIGNED,
        (r"front $-$ full", _spread("delta", "delta_std")),
        (INTERVAL, _between("delta_low", "delta_high")),
        ("Seeds better", _of("n_seeds_better", "n_seeds")),
        ("Lang. better", _of("n_languages_better", "n_languages")),
        ("$p$", _p("p")),
        (HOLM, _p("p_holm")),
        ("Slope", _number("slope", 2)),
    ],
    "realignment_languages": [
        *CELL,
        ("Minus", _text("reference", str)),
        (DELTA, _spread("delta", "delta_std")),
        (INTERVAL, _between("delta_low", "delta_high")),
        ("Seeds better", _of("n_seeds_better", "n_seeds")),
        ("Lang. better", _of("n_languages_better", "n_languages")),
        (HOLM, _p("p_holm")),
        ("Pairs", _number("distinct_pairs", 0)),
        ("Pairs (minus)", _number("distinct_pairs_reference", 0)),
    ],
    "filter_percentiles": [
        *CELL,
        ("Percentile", _text("percentile", lambda number: f"{float(number):g}")),
        ("Mean", _spread("mean", "std")),
        (DELTA, _spread("delta", "delta_std")),
        (INTERVAL, _between("delta_low", "delta_high")),
        ("Seeds better", _of("n_seeds_better", "n_seeds")),
        ("Lang. better", _of("n_languages_better", "n_languages")),
        (HOLM, _p("p_holm")),
        ("Pairs", _number("distinct_pairs", 0)),
    ],
    "in_language": [
        *CELL,
        ("Gap", _number("gap")),
        (INTERVAL, _between("gap_low", "gap_high")),
        (DELTA, _spread("delta", "delta_std")),
        ("Share", lambda row: with_spread(row["share"], row["share_std"], 2)),
        LANGUAGES,
        SEEDS,
        ("Seeds (itself)", _number("n_seeds_in_language", 0)),
    ],
    "counts": [
        *CELL,
        *(
            (f"{heading} ({rule})", _number(f"{name}_{rule}", digits))
            for rule in ("paper", "plain")
            for heading, name, digits in (("Up", "n_up", 0), ("Down", "n_down", 0), ("Ch.", "expected_by_chance", 1))
        ),
        LANGUAGES,
        SEEDS,
    ],
    "source_vs_target": [
        *CELL,
        (r"$\Delta$ source", _spread("delta_source", "delta_source_std")),
        (r"$\Delta$ targets", _spread("delta_target", "delta_target_std")),
        ("Gap", _number("gap")),
        (INTERVAL, _between("gap_low", "gap_high")),
        LANGUAGES,
        SEEDS,
    ],
    "best_worst": [
        *CELL,
        ("Gain most", lambda row: row["best"]),
        ("Gain least", lambda row: row["worst"]),
        LANGUAGES,
        SEEDS,
    ],
    "regression": [
        *CONTRAST,
        ("Term", _text("term", predictors_title)),
        ("Coef.", _number("coefficient")),
        (INTERVAL, _between("low", "high")),
        (HOLM, _p("p_holm")),
        ("VIF", _number("vif")),
        ("Leave one out", _between("loo_low", "loo_high")),
        ("Mixed", _number("mixed")),
        ("$n$", _number("n", 0)),
    ],
    "generalisation": [
        *CONTRAST,
        ("Predicted from", _text("predictors", predictors_title)),
        *((split.capitalize(), _number(split, 2)) for split in ("rows", "seeds", "languages", "genera")),
    ],
    "runs": [
        *CELL,
        TRAINED,
        ("Seeds", _text("seeds")),
        ("FT steps", _number("finetuning_steps", 0)),
        ("RA steps", _number("realignment_steps", 0)),
        ("Distinct", _number("distinct_pairs", 0)),
        ("Seen", _number("pairs_seen", 0)),
        ("Time (s)", _spread("wall_time", "wall_time_std")),
        ("Device", _text("device")),
    ],
    "advice": [
        MODEL,
        ("Task", _text("task")),
        ("Known", _text("features", str)),
        LANGUAGE,
        *(
            column
            for strategy in ("full", "front")
            for column in (
                (f"{strategy.capitalize()}: exp.", _number(f"gain_{strategy}")),
                (rf"{strategy.capitalize()}: 90\,\%", _between(f"low_{strategy}", f"high_{strategy}")),
                (f"{strategy.capitalize()}: seen", _number(f"seen_{strategy}")),
            )
        ),
    ],
    "regret": [
        MODEL,
        ("Task", _text("task")),
        ("Policy", _text("policy")),
        ("Gain", _number("gain", 2)),
        ("Regret", _number("regret", 2)),
        ("Largest", _number("largest_regret")),
        ("of", _text("largest_regret_language", str)),
        ("Covered", _number("coverage", 2)),
        ("Large gap", _number("coverage_large_gap", 2)),
        ("$R^2$ full", _number("r2_full", 2)),
        ("$R^2$ front", _number("r2_front", 2)),
    ],
    "noise": [
        *CELL,
        ("Baseline", _number("std_baseline", 2)),
        ("Method", _number("std", 2)),
        ("Paired", _number("std_paired", 2)),
        ("Unpaired", _number("std_unpaired", 2)),
        ("Gain", _number("gain", 2)),
        SEEDS,
    ],
    "compare": [
        *COMPARED,
        ("Ours", _spread("mean_ours", "std_ours")),
        ("Published", _spread("mean_published", "std_published")),
        ("Difference", _number("difference")),
        (INTERVAL, _between("low", "high")),
        LANGUAGES,
        ("Seeds (ours)", _number("n_seeds_ours", 0)),
        ("Seeds (publ.)", _number("n_seeds_published", 0)),
    ],
    "languages": [
        ("Code", _text("language", str)),
        ("Name", _text("name", str)),
        ("Genus", _text("genus", str)),
        ("Script", _text("script", str)),
        ("Syn.", _number("syntactic", 2)),
        ("Phon.", _number("phonological", 2)),
        ("Inv.", _number("inventory", 2)),
        ("Gen.", _number("genetic", 2)),
        ("Geo.", _number("geographic", 2)),
        ("Feat.", _number("featural", 2)),
        ("Only imputed", _text("imputed", str)),
    ],
}
COLUMNS["compare_by_language"] = [
    *COMPARED,
    LANGUAGE,
    *(column for column in COLUMNS["compare"][len(COMPARED) :] if column is not LANGUAGES),
]
PREDICTORS = {
    "syntactic": "Syn.",
    "phonological": "Phon.",
    "inventory": "Inv.",
    "genetic": "Gen.",
    "geographic": "Geo.",
    "featural": "Feat.",
    "nonlatin": "Script",
    "baseline": "Baseline score",
    "baseline_other_seeds": "Other seeds",
}
COLUMNS["correlations"] = [
    *CONTRAST,
    *((heading, lambda row, name=name: row[name]) for name, heading in PREDICTORS.items()),
    ("$n$", _number("n", 0)),
]
TEXT = {"Model", "Task", "Aligner", "Strategy", "Contrast", "Predicted from", "Term", "Language", "Code", "Name"}
TEXT |= {"Realigned on", "Trained on", "Minus", "Genus", "Script", "Seeds", "Device", "Only imputed"}
TEXT |= {"Gain most", "Gain least"}
TEXT |= {"Known", "Policy", "of"}
# Left out of the table and put into its caption where they are the same in all rows.
CONSTANTS = {
    "Model": "{}",
    "Task": "{}",
    "Aligner": "{}",
    "Contrast": "{}",
    "Known": "features {}",
    "Lang.": "{} languages",
    "Seeds": "seeds: {}",
    "Seeds (ours)": "seeds of ours: {}",
    "Seeds (publ.)": "seeds of the published: {}",
    "$n$": "$n$ = {} languages",
    "Device": "device: {}",
}
REPEATED = ("Model", "Task", "Aligner", "Strategy", "Contrast", "Predicted from", "Realigned on")
WRAPPED = {"Gain most", "Gain least"}
WRAP_WIDTH = 105.0


def latex_table(name: str, frame: pd.DataFrame) -> str:
    """Write one of the tables as LaTeX.

    Parameters
    ----------
    name : str
        A key of `COLUMNS`.
    frame : pandas.DataFrame
        The table, as its function returns it.

    Returns
    -------
    str
        One or more floats, ready to paste.
    """
    frame = RESHAPED.get(name, lambda table: table)(frame)
    rows = frame.to_dict("records")
    if "metric" in frame:
        main = {task: main_metric(own["metric"]) for task, own in frame.groupby("task")}
        rows = [row | {"main_metric": main[row["task"]]} for row in rows]
    columns = [column if column[0] != "English" or "english" in frame else SOURCE for column in COLUMNS[name]]
    columns = [column for column in columns if column is not TRAINED or TRAINED_ON in frame]
    cells = pd.DataFrame(
        [[write(row) for _, write in columns] for row in rows], columns=[heading for heading, _ in columns]
    )
    notes = [_metrics(main)] if "metric" in frame and len(frame) else []
    cells, constants = _without_constants(cells)
    text = cells.to_numpy(dtype=str)
    signs = [SIGN_NOTE] if any(re.search(r"\$-\$0\.0+(?!\d)", cell) for cell in text.ravel()) else []
    caption = " ".join([escape(description(name)), *notes, *constants, *signs, *NOTES.get(name, [])])
    height = 22 if WRAPPED & set(cells.columns) else PART_ROWS
    return floats(cells, caption, f"tab:{name}", _parts(cells, height))


def _metrics(main: dict[str, str]) -> str:
    """State the metric of each task."""
    names: dict[str, list[str]] = {}
    for task in ordered("task", main):
        names.setdefault(title(main[task]), []).append(title(task))
    return escape("Metric: " + "; ".join(f"{metric} ({', '.join(tasks)})" for metric, tasks in names.items()) + ".")


def _without_constants(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Take columns with one value out of the table, and those that say the same in all rows of a task."""
    notes, constant = [], []
    tasks = cells.get("Task")
    for heading, words in CONSTANTS.items():
        if heading not in cells or cells[heading].empty:
            continue
        values = cells[heading].unique()
        if len(values) == 1:
            constant.append(words.format(values[0]))
        elif heading == "Lang." and (cells.groupby(tasks)[heading].nunique() == 1).all():
            by_task = cells.groupby(tasks, sort=False)[heading].first()
            constant.append("languages: " + ", ".join(f"{count} ({task})" for task, count in by_task.items()))
        else:
            continue
        cells = cells.drop(columns=heading)
    if constant:
        notes.append(f"All rows: {'; '.join(constant)}.")
    # One set of realignment languages is the experiment's, which needs no mention.
    if REALIGNED[0] in cells and "Minus" not in cells and len(set(cells[REALIGNED[0]]) - {MISSING}) < 2:
        cells = cells.drop(columns=REALIGNED[0])
    empty = [heading for heading in cells if len(cells) and (cells[heading] == MISSING).all()]
    if empty:
        notes.append("Missing in all rows: " + ", ".join(empty) + ".")
    return cells.drop(columns=empty), notes


def _parts(cells: pd.DataFrame, height: int) -> list[pd.DataFrame]:
    """Cut a long table into parts of at most `height` rows, between models and tasks where that is possible."""
    keys = [heading for heading in ("Model", "Task") if heading in cells] or list(cells.columns[:1])
    blocks = [block for _, block in cells.groupby(keys, sort=False)] if len(cells) > height else [cells]
    parts: list[pd.DataFrame] = []
    for block in blocks:
        for start in range(0, max(len(block), 1), height):
            piece = block.iloc[start : start + height]
            if parts and start == 0 and len(parts[-1]) + len(piece) <= height:
                parts[-1] = pd.concat([parts[-1], piece])
            else:
                parts.append(piece)
    return parts


def _without_repeats(cells: pd.DataFrame) -> pd.DataFrame:
    """Blank the leading names that the row above has, as printed tables do."""
    shown = cells.copy()
    same = pd.Series(True, index=cells.index)
    for heading in cells.columns:
        if heading not in REPEATED:
            break
        same &= cells[heading] == cells[heading].shift()
        shown.loc[same, heading] = ""
    return shown


def _width(text: str) -> float:
    """Estimate the width of a cell in units of its size of text, rather too wide than too narrow."""
    plain = re.sub(r"\\textbf\{([^}]*)\}", r"\1", text)
    plain = re.sub(r"\$_\{([^}]*)\}\$", lambda match: match[1][: -(-2 * len(match[1]) // 3)], plain)
    plain = re.sub(r"\\(pm|times|Delta|rho)", "M", plain.replace("$-$", "+").replace(r"\,", ""))
    plain = re.sub(r"\\[a-zA-Z]+|[${}\\^_]", "", plain)
    widths = {"m": 0.8, "M": 0.95, "W": 0.95, "w": 0.75, "+": 0.6, " ": 0.26}
    narrow = dict.fromkeys("ijlrtfI.,:;()[]/'-", 0.34)
    return sum((widths | narrow).get(c, 0.75 if c.isupper() else 0.52) for c in plain)


def _fit(parts: Sequence[pd.DataFrame]) -> tuple[str, str, float]:
    """Return environment, size of text and distance of columns with which all parts fit."""
    natural = max(
        sum(
            WRAP_WIDTH / 8 if heading in WRAPPED else max(map(_width, [_heading_text(heading), *part[heading]]))
            for heading in part.columns
        )
        for part in parts
    )
    columns = max(len(part.columns) for part in parts)
    for environment, available in (("table", COLUMN_WIDTH), ("table*", TEXT_WIDTH)):
        for name, size, gap in SIZES[:1] if environment == "table" else SIZES:
            if natural * size + 2 * gap * columns <= available:
                return environment, name, gap
    return "table*", SIZES[-1][0], SIZES[-1][2]


def _heading_text(heading: str) -> str:
    """Return the part of a heading that takes width: a turned one is as wide as a line is high."""
    return "mm" if heading.startswith(r"\rotatebox") else heading


def floats(
    cells: pd.DataFrame,
    caption: str,
    label: str,
    parts: Sequence[pd.DataFrame],
    bold: pd.DataFrame | None = None,
) -> str:
    """Write the parts of a table as floats.

    Parameters
    ----------
    cells : pandas.DataFrame
        The whole table, LaTeX in every cell and heading.
    caption, label : str
        Of the first part; the others refer to it.
    parts : sequence of pandas.DataFrame
        Pieces of `cells`, in order.
    bold : pandas.DataFrame, optional
        Where to print in bold, of the shape of `cells`.

    Returns
    -------
    str
        LaTeX that needs the package booktabs (and graphicx where headings are turned).
    """
    environment, size, gap = _fit(parts)
    turned = any(heading.startswith(r"\rotatebox") for heading in cells.columns)
    texts = [f"% needs \\usepackage{{booktabs{',graphicx' if turned else ''}}}"]
    for place, part in enumerate(parts):
        styler = _without_repeats(part).style.hide(axis="index")
        if bold is not None:
            styles = bold.loc[part.index, part.columns].map(lambda marked: "textbf:--rwrap;" if marked else "")
            styler = styler.apply(lambda _, styles=styles: styles, axis=None)
        styler = styler.set_table_styles(
            [
                {"selector": "vspace", "props": ":{4pt};"},
                {"selector": size, "props": ":{};"},
                {"selector": "setlength", "props": rf":{{\tabcolsep}}{{{gap}pt}};"},
            ]
        )
        alignment = "".join(
            rf">{{\raggedright\arraybackslash}}p{{{WRAP_WIDTH}pt}}" if name in WRAPPED else "l" if name in TEXT else "r"
            for name in part.columns
        )
        own = caption if not place else f"Table~\\ref{{{label}}}, part {place + 1} of {len(parts)}."
        if len(parts) > 1 and not place:
            own = f"{caption} Part 1 of {len(parts)}."
        texts.append(
            styler.to_latex(
                environment=environment,
                position="tp",
                position_float="centering",
                hrules=True,
                column_format=alignment,
                caption=own,
                label=label if not place else f"{label}-{place + 1}",
            ).rstrip()
        )
        # LaTeX holds few floats back; a long table would be too many.
        if place % 8 == 7:
            texts.append(r"\clearpage")
    if WRAPPED & set(cells.columns):
        texts[0] = "% needs \\usepackage{booktabs,array}"
    return "\n".join(texts) + "\n"


def _counts_by_rule(frame: pd.DataFrame) -> pd.DataFrame:
    """Put both rules of a cell into one row."""
    keys = [*CELL_KEYS, "metric", "realignment_languages", "n_languages", "n_seeds"]
    values = ["n_up", "n_down", "expected_by_chance"]
    wide = frame.set_index([*keys, "rule"])[values].unstack("rule")
    wide.columns = [f"{value}_{rule}" for value, rule in wide.columns]
    return _in_order(wide.reindex(columns=[f"{v}_{r}" for v in values for r in ("paper", "plain")]).reset_index())


def _best_and_worst(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the languages of a cell into one row, as text."""
    keys = [*CELL_KEYS, "metric", "realignment_languages", "n_languages", "n_seeds"]
    text = frame.assign(
        text=[
            f"{escape(language_name(language))} {number(delta)}"
            for language, delta in zip(frame["language"], frame["delta"], strict=True)
        ]
    )
    wide = text.groupby([*keys, "side"])["text"].agg(", ".join).unstack("side")
    return _in_order(wide.reindex(columns=["best", "worst"]).astype(object).fillna(MISSING).reset_index())


def _correlations_by_predictor(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the predictors of a contrast into one row, ρ as text with a star where Holm's p is below 5 %."""
    keys = ["model", "task", "contrast", "metric", "realignment_languages", "n"]
    star = np.where(frame["p_holm"].astype(float) < 0.05, "*", "")
    text = frame.assign(text=[number(rho, 2) + mark for rho, mark in zip(frame["rho"], star, strict=True)])
    wide = text.groupby([*keys, "predictor"], sort=False)["text"].first().unstack("predictor")
    return _in_order(wide.reindex(columns=list(PREDICTORS)).astype(object).fillna(MISSING).reset_index())


def _splits_in_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the splits of a set of predictors into one row."""
    keys = ["model", "task", "contrast", "metric", "realignment_languages", "predictors"]
    order = {name: place for place, name in enumerate(dict.fromkeys(frame["predictors"]))}
    wide = frame.groupby([*keys, "split"], sort=False)["r2"].first().unstack("split")
    wide = wide.reindex(columns=["rows", "seeds", "languages", "genera"]).reset_index()
    wide = wide.sort_values("predictors", key=lambda names: names.map(order), kind="stable")
    return _in_order(wide)


def _averages(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the language averages; the noise of each language is in the CSV file."""
    return frame[frame["language"] == "average"]


CELL_KEYS = ["model", "task", "aligner", "strategy"]


def _advice_in_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Both strategies beside each other, by the gap where encoders can be compared, else by most of what is known."""
    known = frame[frame["language"] != ""]
    keys = ["model", "task", "features", "language"]
    blocks = []
    for _, own in known.groupby(["model", "task"], sort=False):
        chosen = next(name for name in ("B+", "B", "A", "C") if name in set(own["features"]))
        blocks.append(own[own["features"] == chosen])
    if not blocks:
        return pd.DataFrame(columns=[*keys, *(f"{name}_{strategy}" for strategy in ("full", "front")
                                              for name in ("gain", "low", "high", "seen"))])  # fmt: skip
    rows = pd.concat(blocks)
    order = rows.drop_duplicates(keys).set_index(keys).index
    wide = rows.set_index([*keys, "strategy"])[["gain", "low", "high", "seen"]].unstack("strategy")
    wide.columns = [f"{name}_{strategy}" for name, strategy in wide.columns]
    columns = [f"{name}_{strategy}" for name in ("gain", "low", "high", "seen") for strategy in ("full", "front")]
    return wide.reindex(index=order, columns=columns).reset_index()


RESHAPED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "counts": _counts_by_rule,
    "best_worst": _best_and_worst,
    "correlations": _correlations_by_predictor,
    "generalisation": _splits_in_columns,
    "noise": _averages,
    "advice": _advice_in_columns,
}
NOTES = {
    "correlations": [r"*: $p < 0.05$ after Holm's correction; all $p$ are in the CSV file."],
    "noise": ["Of the language average; each language is in the CSV file."],
}


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort rows as everywhere else."""
    keys = [name for name in ("model", "task", "metric", "aligner", "strategy", "contrast") if name in frame]
    contrasts = {"full-base": 0, "front-base": 1, "front-full": 2}
    return frame.sort_values(
        keys,
        key=lambda column: column.map(
            lambda name: (contrasts.get(name, 9), name) if column.name == "contrast" else rank(column.name, name)
        ),
        kind="stable",
        ignore_index=True,
    )


def per_language_latex(frame: pd.DataFrame, model: str, task: str) -> str:
    """Write table 3 as in the paper: one row per language, one column per strategy and aligner.

    Bold is the highest mean of the language, decided by number; if several are equal, all are bold.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `per_language_table` returns it.
    model, task : str
        Names as in the table.

    Returns
    -------
    str
        One float, or several with some of the columns each.
    """
    keys = ["strategy", "aligner", "realignment_languages"]
    several = frame.loc[frame["realignment_languages"] != NONE, "realignment_languages"].nunique() > 1
    present = frame[keys].drop_duplicates().to_dict("records")
    methods = [BASELINE_KEY, *sorted((m for m in map(_key, present) if m != BASELINE_KEY), key=_method_rank)]
    turned = len(methods) > 5
    headings = {method: _method_heading(method, several, turned) for method in methods}
    names = {language: escape(language_name(language)) for language in sorted(frame["language"].unique())}
    order = sorted(names, key=lambda language: names[language])
    columns = ["Language", *headings.values()]
    cells = pd.DataFrame(MISSING, index=order, columns=columns)
    bold = pd.DataFrame(False, index=order, columns=columns)
    cells["Language"] = pd.Series(names, dtype=object)
    for row in frame.to_dict("records"):
        heading = headings[_key(row)]
        cells.loc[row["language"], heading] = _score(row["mean"], row["std"])
        bold.loc[row["language"], heading] = bool(row["best"])
    seeds = "/".join(str(count) for count in sorted(frame["n_seeds"].dropna().unique()))
    metric = f": {title(main_metric(frame['metric']))}" if len(frame) else ""
    caption = escape(f"{title(model)}, {title(task)}{metric}. ") + escape(description("per_language"))
    caption += f" Seeds: {seeds}; {len(order)} languages." if len(frame) else ""
    rest = columns[2:]
    # What is realigned before fine-tuning apart from the rest, each beside the baseline.
    first = [heading for method, heading in headings.items() if is_before(method[0])][1:]
    groups = [rest] if len(rest) <= PART_COLUMNS else [first, [heading for heading in rest if heading not in first]]
    pieces = [group[start : start + PART_COLUMNS] for group in groups for start in range(0, len(group), PART_COLUMNS)]
    chosen = [columns[:2] + piece for piece in pieces] or [columns]
    parts = [
        cells[part].iloc[start : start + PART_ROWS]
        for part in chosen
        for start in range(0, max(len(cells), 1), PART_ROWS)
    ]
    return floats(cells, caption, f"tab:per_language_{model}_{task}", parts, bold)


Method = tuple[str, str, str]
BASELINE_KEY: Method = (BASELINE, NONE, NONE)


def _key(row: Row) -> Method:
    return row["strategy"], row["aligner"], row["realignment_languages"]


def _method_rank(method: Method) -> tuple[object, ...]:
    return rank("strategy", method[0]), rank("aligner", method[1]), method[2]


def _method_heading(method: Method, several: bool, turned: bool) -> str:
    strategy, aligner, languages = method
    text = title(strategy) if aligner == NONE else f"{title(strategy)}, {title(aligner)}"
    text = escape(f"{text} ({languages})" if several and languages != NONE else text)
    return rf"\rotatebox{{90}}{{{text}}}" if turned else text


def _score(mean: float, std: float) -> str:
    """Write a mean with its standard deviation as subscript; without it where there is none."""
    text = number(mean)
    return text if text == MISSING or np.isnan(std) else rf"{text}$_{{{std:.1f}}}$"


def write_table(name: str, table: pd.DataFrame, csv: str | Path, tex: str | Path) -> None:
    """Write a table as CSV, with full precision and missing numbers as empty fields, and as LaTeX.

    Parameters
    ----------
    name : str
        Name of the table, a key of `COLUMNS`.
    table : pandas.DataFrame
        As the function of that name in `alignfreeze.analysis.tables` or beside it returns it.
    csv, tex : str or Path
        Files to write.
    """
    write_csv(table, csv)
    _write_text(latex_table(name, table), tex)


def write_per_language(table: pd.DataFrame, model: str, task: str, csv: str | Path, tex: str | Path) -> None:
    """Write the table by language of a model and task: long as CSV, wide as LaTeX.

    Parameters
    ----------
    table : pandas.DataFrame
        As `per_language_table` returns it.
    model, task : str
        Names as in the scores.
    csv, tex : str or Path
        Files to write.
    """
    write_csv(table, csv)
    _write_text(per_language_latex(table, model, task), tex)


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV, with full precision and missing numbers as empty fields.

    Parameters
    ----------
    table : pandas.DataFrame
    path : str or Path
        The file.
    """
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def _write_text(text: str, path: str | Path) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote; text such as `none` and an empty reason stay text.

    Parameters
    ----------
    path : str or Path
        The CSV file.

    Returns
    -------
    pandas.DataFrame
        Empty fields of columns of numbers are NaN, those of text the empty string.

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    table = read_own_table(path, keep_default_na=False, na_values=[""])
    text = [name for name in table.columns if table[name].dtype.kind not in "fiub" or name == "reason"]
    return table.assign(**{name: table[name].astype(object).fillna("") for name in text})
