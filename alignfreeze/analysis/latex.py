"""LaTeX of the tables: booktabs, one decimal, a dash for what is missing, ready to paste."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alignfreeze.analysis.names import BASELINE, main_metric, ordered, title
from alignfreeze.support.atomic import atomic_file

MISSING = "---"
# Longer tables break over pages.
LONG = 45
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

Row = dict[str, Any]
Column = tuple[str, Callable[[Row], str]]


def escape(text: str) -> str:
    """Escape text for LaTeX, with the few symbols that the tables use as commands."""
    return "".join(SPECIAL.get(character, UNICODE.get(character, character)) for character in text)


def number(value: float | None, digits: int = 1) -> str:
    """Write a number with a true minus sign; a dash if it is missing. A rounded zero has no sign."""
    if value is None or pd.isna(value):
        return MISSING
    text = f"{float(value):.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return f"$-${text[1:]}" if text.startswith("-") else text


def p_value(value: float | None) -> str:
    """Write a p-value with three decimals, or as below 0.001."""
    if value is None or pd.isna(value):
        return MISSING
    return f"{value:.3f}" if value >= 0.001 else "$<$0.001"


def with_spread(mean: float, std: float) -> str:
    """Write mean ± standard deviation; a dash for a spread that one seed cannot give."""
    if pd.isna(mean):
        return MISSING
    return f"{number(mean)} $\\pm$ {number(std)}"


def between(low: float, high: float) -> str:
    """Write the limits of an interval."""
    return MISSING if pd.isna(low) or pd.isna(high) else f"[{number(low)}, {number(high)}]"


def tabular(
    header: Sequence[str], rows: Sequence[Sequence[str]], caption: str, label: str, left: int, size: str = "small"
) -> str:
    """Set a table; header and rows are LaTeX already, the caption is plain text.

    Parameters
    ----------
    header : column titles.
    rows : cells as strings.
    caption, label : of the table.
    left : number of columns aligned to the left; the others are aligned to the right.
    size : LaTeX font size of a table that fits on a page.
    """
    alignment = "l" * left + "r" * (len(header) - left)
    titles = " & ".join(header) + r" \\"
    body = "\n".join(" & ".join(row) + r" \\" for row in rows)
    caption = rf"\caption{{{escape(caption)}}}"
    if len(rows) > LONG:
        parts = [
            rf"\begin{{longtable}}{{{alignment}}}",
            rf"{caption}\label{{{label}}} \\",
            "\\toprule\n" + titles + "\n\\midrule\n\\endfirsthead",
            "\\toprule\n" + titles + "\n\\midrule\n\\endhead",
            "\\bottomrule\n\\endfoot",
            body,
            r"\end{longtable}",
        ]
    else:
        parts = [
            f"\\begin{{table}}\n\\centering\n\\{size}\\setlength{{\\tabcolsep}}{{3pt}}",
            rf"{caption}\label{{{label}}}",
            rf"\begin{{tabular}}{{{alignment}}}",
            "\\toprule\n" + titles + "\n\\midrule",
            body,
            "\\bottomrule\n\\end{tabular}\n\\end{table}",
        ]
    return (
        "% needs \\usepackage{booktabs" + (",longtable" if len(rows) > LONG else "") + "}\n" + "\n".join(parts) + "\n"
    )


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: escape(title(str(row[name])))


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


def _up_down(up: str, down: str) -> Callable[[Row], str]:
    return lambda row: MISSING if pd.isna(row[up]) else f"{number(row[up], 0)}/{number(row[down], 0)}"


CELL: list[Column] = [
    ("Model", _text("model")),
    ("Task", _text("task")),
    ("Aligner", _text("aligner")),
    ("Strategy", _text("strategy")),
]
GROUP: list[Column] = [("Model", _text("model")), ("Task", _text("task")), ("Contrast", _text("contrast"))]
SEEDS: Column = ("Seeds", _number("n_seeds", 0))
LANGUAGES: Column = ("Lang.", _number("n_languages", 0))
REPEATED = ("Model", "Task", "Aligner", "Strategy", "Contrast", "Predictors", "Side")

COLUMNS: dict[str, list[Column]] = {
    "main": [
        *CELL,
        ("Metric", _text("metric")),
        ("Mean", _spread("mean", "std")),
        (r"$\Delta$", _spread("delta", "delta_std")),
        (r"95\,\%", _between("delta_low", "delta_high")),
        ("Up/down", _up_down("n_up_paper", "n_down_paper")),
        ("English", _number("english")),
        LANGUAGES,
        SEEDS,
    ],
    "front_vs_full": [
        *CELL[:3],
        (r"front $-$ full", _spread("delta", "delta_std")),
        (r"95\,\%", _between("delta_low", "delta_high")),
        ("Seeds", _of("n_seeds_better", "n_seeds")),
        ("Lang.", _of("n_languages_better", "n_languages")),
        ("$p$", _p("p")),
        (r"$p_{\mathrm{Holm}}$", _p("p_holm")),
        ("Slope", _number("slope", 2)),
    ],
    "counts": [
        *CELL,
        ("Metric", _text("metric")),
        ("Rule", _text("rule")),
        ("Up", _number("n_up", 0)),
        ("Down", _number("n_down", 0)),
        ("By chance", _number("expected_by_chance")),
        LANGUAGES,
        SEEDS,
    ],
    "source_vs_target": [
        *CELL,
        (r"$\Delta$ source", _spread("delta_source", "delta_source_std")),
        (r"$\Delta$ targets", _spread("delta_target", "delta_target_std")),
        ("Gap", _number("gap")),
        (r"95\,\%", _between("gap_low", "gap_high")),
        LANGUAGES,
        SEEDS,
    ],
    "best_worst": [
        *CELL,
        ("Side", _text("side")),
        ("Language", lambda row: escape(str(row["language"]))),
        (r"$\Delta$", _spread("delta", "delta_std")),
        LANGUAGES,
        SEEDS,
    ],
    "correlations": [
        *GROUP,
        ("Predictor", lambda row: escape(str(row["predictor"]).replace("_", " "))),
        (r"$\rho$", _number("rho", 2)),
        ("$p$", _p("p")),
        (r"$p_{\mathrm{Holm}}$", _p("p_holm")),
        ("$n$", _number("n", 0)),
    ],
    "regression": [
        *GROUP,
        ("Predictors", _text("predictors")),
        ("Term", lambda row: escape(str(row["term"]).replace("_", " "))),
        ("Coef.", _number("coefficient")),
        (r"95\,\%", _between("low", "high")),
        (r"$p_{\mathrm{Holm}}$", _p("p_holm")),
        ("VIF", _number("vif")),
        ("Leave one out", _between("loo_low", "loo_high")),
        ("Mixed", _number("mixed")),
        ("$n$", _number("n", 0)),
    ],
    "generalisation": [
        *GROUP,
        ("Predictors", _text("predictors")),
        ("Split", _text("split")),
        ("$R^2$", _number("r2", 2)),
        ("$n$", _number("n", 0)),
    ],
    "runs": [
        *CELL,
        ("Seeds", _text("seeds")),
        ("Fine-tuning steps", _number("finetuning_steps", 0)),
        ("Realignment steps", _number("realignment_steps", 0)),
        ("Distinct pairs", _number("distinct_pairs", 0)),
        ("Pairs seen", _number("pairs_seen", 0)),
        ("Time (s)", _spread("wall_time", "wall_time_std")),
        ("Device", lambda row: escape(str(row["device"])) if row["device"] else MISSING),
    ],
    "noise": [
        *CELL,
        ("Language", lambda row: escape(str(row["language"]))),
        ("Std baseline", _number("std_baseline", 2)),
        ("Std", _number("std", 2)),
        ("Std paired", _number("std_paired", 2)),
        ("Std unpaired", _number("std_unpaired", 2)),
        ("Gain", _number("gain", 2)),
        SEEDS,
    ],
    "compare": [
        *CELL,
        ("Metric", _text("metric")),
        ("Ours", _spread("mean_ours", "std_ours")),
        ("Published", _spread("mean_published", "std_published")),
        ("Difference", _number("difference")),
        (r"95\,\%", _between("low", "high")),
        LANGUAGES,
        ("Seeds", lambda row: f"{number(row['n_seeds_ours'], 0)}/{number(row['n_seeds_published'], 0)}"),
    ],
    "languages": [
        ("Code", lambda row: escape(str(row["language"]))),
        ("Name", lambda row: escape(str(row["name"]))),
        ("Genus", lambda row: escape(str(row["genus"]))),
        ("Script", lambda row: escape(str(row["script"]))),
        ("Syn.", _number("syntactic", 2)),
        ("Phon.", _number("phonological", 2)),
        ("Inv.", _number("inventory", 2)),
        ("Gen.", _number("genetic", 2)),
        ("Geo.", _number("geographic", 2)),
        ("Feat.", _number("featural", 2)),
        ("Only imputed", lambda row: escape(str(row["imputed"])) or MISSING),
    ],
}
COLUMNS["compare_by_language"] = [
    *CELL,
    ("Language", lambda row: escape(str(row["language"]))),
    *COLUMNS["compare"][len(CELL) : -2],
    COLUMNS["compare"][-1],
]
CAPTIONS = {
    "main": "Mean ± standard deviation (ddof 1) over seeds of the average over target languages, in per cent; "
    "Δ: difference to fine-tuning only with the same seed, with a 95 % two-way bootstrap interval over seeds and "
    "languages; languages up/down by the paper's rule; English: mean over seeds.",
    "front_vs_full": "Front-freezing minus full realignment, paired by seed: mean ± standard deviation (ddof 1) over "
    "seeds, 95 % two-way bootstrap interval over seeds and languages; seeds and languages where front is "
    "better; paired "
    "t-test over seeds, Holm over the rows of this table; slope over languages of front's Δ on full's Δ.",
    "counts": "Languages up and down by the paper's rule (rounded, ddof 0) and the plain rule (not rounded, ddof 1), "
    "and how many of either chance alone gives for this number of seeds.",
    "source_vs_target": "Δ on the source language beside Δ on the targets: mean ± standard deviation (ddof 1) over "
    "seeds; gap: targets minus source, with a 95 % t interval over seeds.",
    "best_worst": "Languages that gain most and least: Δ mean ± standard deviation (ddof 1) over seeds.",
    "correlations": "Spearman's ρ over n languages of a contrast (mean over seeds and aligners) with a predictor; p by "
    "19,999 permutations of languages, Holm over the rows of this table. 'baseline other seeds' takes baseline and "
    "contrast from different seeds, which removes regression to the mean.",
    "regression": "Least squares over n languages: points of Δ per standard deviation of a predictor, with 95 % HC3 "
    "intervals, variance inflation factors and the range when each language is left out; Holm over the rows of this "
    "table; Mixed: the same coefficient in a model with a random intercept per language over seeds × languages.",
    "generalisation": "R² on held-out rows, seeds, languages or genera; n: rows of data (seeds × languages for "
    "the first two splits, languages for the others). Negative: worse than the training mean.",
    "runs": "Seeds, optimiser steps, sentence pairs, wall time (mean ± standard deviation over seeds) and device.",
    "noise": "Standard deviations (ddof 1) over seeds by language: baseline, method, their difference by seed and of "
    "unrelated seeds; gain: unpaired over paired.",
    "compare": "Ours beside the published results, over the languages that both have: mean ± standard deviation "
    "(ddof 1) over seeds; difference with Welch's 95 % interval over seeds. Seeds: ours/published.",
    "compare_by_language": "Ours beside the published results by language: mean ± standard deviation (ddof 1) over "
    "seeds; difference with Welch's 95 % interval over seeds. Seeds: ours/published.",
    "languages": "Languages and their URIEL distances to the source language (0 to 1); the last column names the kinds "
    "of features that are imputed throughout.",
}


def latex_table(name: str, frame: pd.DataFrame) -> str:
    """Write one of the tables as LaTeX.

    Parameters
    ----------
    name : a key of `COLUMNS`.
    frame : the table, as its function returns it.
    """
    columns = COLUMNS[name]
    rows = [[cell(row) for _, cell in columns] for row in frame.to_dict("records")]
    left = next(index for index, (heading, _) in enumerate(columns) if heading not in TEXT_HEADINGS)
    header = [heading for heading, _ in columns]
    return tabular(header, _without_repeats(header, rows), CAPTIONS[name], f"tab:{name}", left)


TEXT_HEADINGS = {
    *REPEATED,
    *("Metric", "Rule", "Language", "Predictor", "Term", "Split", "Seeds", "Code", "Name", "Genus", "Script"),
}


def _without_repeats(header: Sequence[str], rows: list[list[str]]) -> list[list[str]]:
    """Blank the leading names that the row above has, as printed tables do."""
    result = []
    previous: list[str] | None = None
    for row in rows:
        shown = list(row)
        if previous is not None:
            for index, heading in enumerate(header):
                if heading not in REPEATED or row[index] != previous[index]:
                    break
                shown[index] = ""
        result.append(shown)
        previous = row
    return result


def per_language_latex(frame: pd.DataFrame, model: str, task: str) -> str:
    """Write table 3 as in the paper: one row per language, one column per aligner and strategy.

    Bold is the highest mean of the language, decided by number; if several are equal, all are bold.
    """
    sets = [name for name in ordered("realignment_languages", frame["realignment_languages"]) if name != "none"]
    cells = [(BASELINE, "none", "none")] + [
        (strategy, aligner, languages)
        for languages in sets
        for aligner in ordered("aligner", frame["aligner"])
        for strategy in ordered("strategy", frame["strategy"])
        if strategy != BASELINE
    ]
    keyed = frame.set_index(["strategy", "aligner", "realignment_languages", "language"])
    present = set(keyed.index.droplevel("language"))
    cells = [cell for cell in cells if cell in present]
    rows = []
    for language in sorted(frame["language"].unique()):
        row = [escape(language)]
        for cell in cells:
            values = keyed.loc[(*cell, language)] if (*cell, language) in keyed.index else None
            row.append(MISSING if values is None else _bold(values))
        rows.append(row)
    names = {cell: title(cell[0]) if cell[0] == BASELINE else f"{title(cell[0])} {title(cell[1])}" for cell in cells}
    if len(sets) > 1:
        names = {cell: name if cell[0] == BASELINE else f"{name} ({cell[2]})" for cell, name in names.items()}
    # Turned headings keep eighteen columns within a page.
    header = ["", *(rf"\rotatebox{{90}}{{{escape(name)}}}" for name in names.values())]
    metric = title(main_metric(frame["metric"])) if len(frame) else ""
    seeds = frame["n_seeds"].dropna().unique()
    caption = (
        f"{title(model)}, {title(task)}: {metric} by language in per cent, mean over "
        f"{'/'.join(str(number) for number in sorted(seeds))} seeds, subscript: standard deviation (ddof 1); "
        "bold: highest of the row."
    )
    text = tabular(header, rows, caption, f"tab:per_language_{model}_{task}", 1, "scriptsize")
    return "% needs \\usepackage{graphicx} for the turned headings\n" + text


def _bold(values: pd.Series) -> str:
    text = number(values["mean"])
    if text == MISSING:
        return text
    text = rf"\textbf{{{text}}}" if values["best"] else text
    return text if np.isnan(values["std"]) else rf"{text}$_{{{values['std']:.1f}}}$"


def write_table(name: str, table: pd.DataFrame, csv: str | Path, tex: str | Path) -> None:
    """Write a table as CSV, with full precision and missing numbers as empty fields, and as LaTeX."""
    _write(table, latex_table(name, table), csv, tex)


def write_per_language(table: pd.DataFrame, model: str, task: str, csv: str | Path, tex: str | Path) -> None:
    """Write the table by language of a model and task: long as CSV, wide as LaTeX."""
    _write(table, per_language_latex(table, model, task), csv, tex)


def _write(table: pd.DataFrame, text: str, csv: str | Path, tex: str | Path) -> None:
    with atomic_file(csv) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    with atomic_file(tex) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote; text such as `none` and an empty reason stay text."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    text = [name for name in table.columns if table[name].dtype.kind not in "fiub" or name == "reason"]
    return table.assign(**{name: table[name].astype(object).fillna("") for name in text})
