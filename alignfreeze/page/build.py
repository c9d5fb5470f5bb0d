"""Build the page: one HTML file with data, charts and their JavaScript inside; no request leaves it."""

from __future__ import annotations

import html
import json
import math
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import vl_convert
from itables import to_html_datatable
from itables.javascript import generate_init_offline_itables_html
from markupsafe import Markup

from alignfreeze.analysis.advice import FEATURES_SAY
from alignfreeze.analysis.names import BASELINE, KNOWN, NONE, ordered, title
from alignfreeze.languages.registry import facts_of
from alignfreeze.languages.uriel import DISTANCES
from alignfreeze.page.charts import specifications
from alignfreeze.page.data import PageData, advice_summary, genus_means, labels
from alignfreeze.support.atomic import atomic_file

MAXIMUM_BYTES = 8_000_000
CURVE_POINTS = 20_000


@dataclass(frozen=True)
class TableView:
    """A table as the template prints it: headings, texts, and which columns are numbers."""

    columns: list[str]
    cells: list[list[str]]
    numeric: list[bool]


def table_view(table: pd.DataFrame, columns: dict[str, str], digits: int = 1) -> TableView:
    """Choose and format columns.

    Parameters
    ----------
    table : pandas.DataFrame
    columns : dict from str to str
        Column -> heading, in the order of the view; a column that the table lacks is left out.
    digits : int
        Decimals of numbers that are not whole.

    Returns
    -------
    TableView
        Texts of all cells; a dash where something is missing.
    """
    chosen = {name: heading for name, heading in columns.items() if name in table.columns}
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in chosen]

    def text(name: str, value: Any) -> str:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return "–"
        if isinstance(value, float):
            decimals = 0 if value == round(value) and name.startswith(("n_", "steps")) else digits
            return f"{value:.{decimals}f}".replace("-", "−")
        return "–" if str(value) in ("", NONE) else title(str(value))

    cells = [[text(name, row[name]) for name in chosen] for row in table.to_dict("records")]
    return TableView(list(chosen.values()), cells, numeric)


MAIN_COLUMNS = {
    "model": "model", "task": "task", "aligner": "aligner", "strategy": "strategy",
    "realignment_languages": "realigned on",
    "metric": "metric", "mean": "mean", "std": "std", "delta": "Δ", "delta_low": "low", "delta_high": "high",
    "n_up": "up", "n_down": "down", "source": "source", "n_languages": "languages", "n_seeds": "seeds",
}  # fmt: skip
RUN_COLUMNS = {
    "model": "model", "task": "task", "aligner": "aligner", "strategy": "strategy",
    "realignment_languages": "realigned on",
    "n_seeds": "seeds", "finetuning_steps": "fine-tuning steps", "realignment_steps": "realignment steps",
    "distinct_pairs": "distinct pairs", "pairs_seen": "pairs seen", "wall_time": "seconds", "device": "device",
}  # fmt: skip
COMPARE_COLUMNS = {
    "model": "model", "task": "task", "aligner": "aligner", "strategy": "strategy", "metric": "metric",
    "mean_ours": "ours", "mean_published": "other", "difference": "difference", "low": "low", "high": "high",
    "interval": "interval", "n_languages": "languages", "n_seeds_ours": "seeds", "n_seeds_published": "seeds (other)",
    "reason": "note",
}  # fmt: skip


ADVICE_COLUMNS = {
    "model": "model", "task": "task", "choice": "advice", "full": "full, expected", "full_held": "held, %",
    "front": "front, expected", "front_held": "held, % (front)", "n": "languages",
}  # fmt: skip


def _telling(columns: dict[str, str], data: PageData) -> dict[str, str]:
    """Return the columns without the languages of realignment where they are the same everywhere."""
    if data.cells.loc[data.cells["realignment_languages"] != NONE, "realignment_languages"].nunique() > 1:
        return columns
    return {name: heading for name, heading in columns.items() if name != "realignment_languages"}


def _asset(name: str) -> str:
    return (resources.files("alignfreeze.page") / name).read_text(encoding="utf-8")


def _records(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return rows for JSON: missing numbers as null."""
    if table is None or table.empty:
        return []
    return json.loads(table.to_json(orient="records", double_precision=6, force_ascii=False))


def _json(value: Any) -> str:
    """Return JSON that may stand inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\!--")


def _language_table(data: PageData) -> str:
    """Return the sortable, searchable table of languages."""
    columns = ["name", "language", "family", "genus", "script", *DISTANCES]
    shown = data.languages[columns].copy()
    codes = set(data.cells["language"])
    shown["language"] = [
        f'<a href="#{html.escape(code)}">{html.escape(code)}</a>' if code in codes else html.escape(code)
        for code in shown["language"]
    ]
    for column in ("name", "family", "genus", "script"):
        shown[column] = shown[column].map(html.escape)
    shown = shown.rename(columns={"language": "code"}).round(2)
    return to_html_datatable(
        shown, connected=False, allow_html=True, showIndex=False, paging=False, scrollX=True, scrollY="24rem",
        classes="display compact", style="width:100%", order=[[0, "asc"]],
    )  # fmt: skip


def _members(name: str, members: list[str] | None, evaluated: list[str]) -> str:
    """Say which languages a realignment set has, where that is known."""
    if not members:
        return name
    if set(members) == set(evaluated):
        return f"{name}: the {len(members)} languages above" if len(members) > 1 else f"{name}: the language above"
    return f"{name} ({len(members)}): {', '.join(sorted(facts_of(code).name for code in members))}"


def _summary(data: PageData) -> list[tuple[str, str]]:
    seeds = sorted(int(seed) for seed in data.seeds["seed"].unique())
    aligners = [name for name in data.names("aligner") if name != "none"]
    languages = sorted(set(data.cells["language"]))
    realigned = sorted(set(data.cells["realignment_languages"]) - {NONE})
    rows = [
        ("models", ", ".join(title(name) for name in data.names("model"))),
        ("tasks", ", ".join(title(name) for name in data.names("task"))),
        ("strategies", "; ".join(title(name) for name in data.names("strategy"))),
        ("aligners", ", ".join(title(name) for name in aligners)),
        ("seeds", ", ".join(map(str, seeds))),
        ("languages", f"{len(languages)}: {', '.join(sorted(facts_of(code).name for code in languages))}"),
        ("realigned on", "; ".join(_members(name, data.realignment_sets.get(name), languages) for name in realigned)),
        ("source language", f"{facts_of(data.source).name} ({data.source})"),
    ]
    return [(term, text) for term, text in rows if text]


def render(data: PageData) -> str:
    """Render the page as HTML.

    Parameters
    ----------
    data : PageData

    Returns
    -------
    str
        One document that loads nothing from elsewhere.
    """
    names = labels(data)
    strategies = [name for name in data.names("strategy") if name != BASELINE]
    curves = data.curves
    if len(curves) > CURVE_POINTS:
        curves = curves.iloc[:: math.ceil(len(curves) / CURVE_POINTS)]
    main_metrics = {
        task: ordered("metric", data.main.loc[data.main["task"] == task, "metric"])[0] for task in data.names("task")
    }
    page = {
        "source": data.source,
        "names": names,
        "distances": list(DISTANCES),
        "order": {column: data.names(column) for column in KNOWN},
        "main_metrics": main_metrics,
        "languages": _records(data.languages),
        "cells": _records(data.cells),
        "seeds": _records(data.seeds),
        "main": _records(data.main.drop(columns=["reason"], errors="ignore")),
        "genus": _records(genus_means(data)),
        "retrieval": _records(data.others.get("retrieval")),
        "aligners": _records(data.others.get("aligner_quality")),
        "curves": _records(curves),
        "advice": _records(data.others.get("advice")),
        "features": FEATURES_SAY,
        "compare": _records(data.others.get("compare_by_language", data.others.get("compare"))),
        "specifications": specifications(strategies, names),
    }
    advised = advice_summary(data.others["advice"]) if "advice" in data.others else None
    sets = sorted(set(data.cells["realignment_languages"]) - {NONE})
    runs, compared = data.others.get("runs"), data.others.get("compare")
    if compared is not None:
        lacking = {"not in ours": "not in this experiment", "not in published": f"not in {data.compared_with}"}
        compared = compared.assign(reason=compared["reason"].replace(lacking))
    environment = jinja2.Environment(
        autoescape=jinja2.select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_asset("page.html.j2"))
    seeds = data.seeds["seed"].nunique()
    return template.render(
        experiment=data.experiment,
        summary=f"{data.cells['language'].nunique()} languages, {seeds} seeds; differences are points of per cent.",
        facts=_summary(data),
        findings=list(data.findings["finding"]),
        main=table_view(data.main.rename(columns={"english": "source"}), _telling(MAIN_COLUMNS, data)),
        one_set=sets[0] if len(sets) == 1 else "",
        advised=table_view(advised, ADVICE_COLUMNS) if advised is not None else None,
        advised_example=None if advised is None else advised.iloc[0].to_dict(),
        source_name=facts_of(data.source).name,
        language_table=Markup(_language_table(data)),
        has_retrieval="retrieval" in data.others,
        has_aligners="aligner_quality" in data.others,
        has_curves=not curves.empty,
        runs=table_view(runs, _telling(RUN_COLUMNS, data), 0) if runs is not None else None,
        compared=data.compared_with or ("the other experiment" if compared is not None else ""),
        compared_rows=table_view(compared, COMPARE_COLUMNS) if compared is not None else None,
        version=_version(),
        css=Markup(_asset("page.css")),
        script=Markup(_asset("page.js")),
        # The types of vl_convert do not know that the argument has a default.
        vega=Markup(vl_convert.javascript_bundle().replace("</script", "<\\/script")),  # type: ignore[call-arg]
        data=Markup(_json(page)),
        table_scripts=Markup(
            generate_init_offline_itables_html(str(resources.files("itables") / "html" / "dt_bundle.js"))
        ),
    )


def _version() -> str:
    try:
        return version("alignfreeze")
    except PackageNotFoundError:
        return ""


def write_page(data: PageData, path: str | Path) -> None:
    """Render the page and write it, atomically.

    Parameters
    ----------
    data : PageData
    path : str or Path
        The HTML file.
    """
    with atomic_file(path) as temporary:
        temporary.write_text(render(data), encoding="utf-8")
