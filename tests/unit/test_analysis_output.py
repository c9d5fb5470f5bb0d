import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from analysis_support import make_scores
from matplotlib.figure import Figure

from alignfreeze.analysis import figures, latex
from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.compare import compare_table
from alignfreeze.analysis.correlations import correlations_table
from alignfreeze.analysis.findings import findings
from alignfreeze.analysis.generalisation import generalisation_table
from alignfreeze.analysis.regression import regression_table
from alignfreeze.analysis.tables import (
    best_worst_table,
    counts_table,
    front_vs_full_table,
    main_table,
    noise_table,
    per_language_table,
    source_vs_target_table,
)
from alignfreeze.languages.uriel import language_table
from alignfreeze.support.errors import InputError

CASES = {
    "plain": {},
    "one seed": {"seeds": (31,)},
    "one language": {"languages": ("ta",)},
    "two languages": {"languages": ("de", "ta")},
    "full alone": {"strategies": ("full",)},
    "front alone": {"strategies": ("front",)},
    "own strategy": {"strategies": ("full", "front", "blocks_0_3")},
    "baseline alone": {"strategies": ()},
    "two aligners": {"aligners": ("awesome", "fastalign")},
}
FIGURES = {
    "delta_by_language": lambda scores: figures.delta_by_language(scores, "small", "udpos"),
    "heatmap": lambda scores: figures.heatmap(scores, "small", "udpos"),
    "front_vs_full": lambda scores: figures.front_vs_full(scores, "small", "udpos"),
    "delta_vs_distance": lambda scores: figures.delta_vs_distance(scores, "udpos"),
    "forest_main": figures.forest_main,
    "seed_strips": figures.seed_strips,
    "generalisation": lambda scores: figures.generalisation(generalisation_table(scores, regressors=["ols"])),
}


def all_tables(table):
    scores = read_experiment(table)
    return {
        "main": main_table(scores),
        "front_vs_full": front_vs_full_table(scores),
        "counts": counts_table(scores),
        "source_vs_target": source_vs_target_table(scores),
        "best_worst": best_worst_table(scores),
        "noise": noise_table(scores),
        "correlations": correlations_table(scores),
        "regression": regression_table(scores),
        "generalisation": generalisation_table(scores, regressors=["ols"]),
        "compare": compare_table(table, make_scores(seed=1)),
        "languages": language_table("en"),
    }


@pytest.mark.parametrize("case", CASES)
def test_every_case_gives_tables_latex_and_findings(case):
    scores = make_scores(**CASES[case])
    tables = all_tables(scores)
    for name, table in tables.items():
        text = latex.latex_table(name, table)
        assert "nan" not in text.lower().replace("nansa", "")
        assert text.count(r"\begin{") == text.count(r"\end{")
    wide = latex.per_language_latex(per_language_table(scores, "small", "udpos"), "small", "udpos")
    assert "nan" not in wide.lower()
    names = ("main", "front_vs_full", "counts", "source_vs_target", "correlations")
    sentences = findings(*(tables[name] for name in names), tables["generalisation"], tables["noise"])
    assert len(sentences) >= 5
    assert not sentences["finding"].str.contains("nan").any()


def test_findings_tell_rows_from_languages():
    scores = make_scores()
    tables = all_tables(scores) | {"generalisation": generalisation_table(scores, splits=["rows", "languages"])}
    names = ("main", "front_vs_full", "counts", "source_vs_target", "correlations", "generalisation", "noise")
    sentences = findings(*(tables[name] for name in names)).set_index("topic")["finding"]
    assert re.search(r"R² is −?\d\.\d\d on held-out rows and −?\d\.\d\d on held-out languages", sentences["prediction"])
    assert "3 cells" in sentences["source language"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", FIGURES)
def test_every_case_gives_figures(case, name):
    figure = FIGURES[name](make_scores(**CASES[case]))
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()


def test_figures_are_the_same_bytes_every_time(tmp_path):
    scores = make_scores()
    for attempt in ("a", "b"):
        shuffled = scores.sample(frac=1, random_state=len(attempt) + ord(attempt))
        for suffix in ("png", "pdf"):
            figures.save_figure(figures.front_vs_full(shuffled, "small", "udpos"), tmp_path / f"{attempt}.{suffix}")
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_a_gap_is_drawn_and_does_not_stop_a_figure():
    scores = make_scores()
    scores = scores[~((scores["strategy"] == "front") & (scores["language"] == "ta"))]
    for figure in FIGURES.values():
        assert isinstance(figure(scores), Figure)


def test_labels_cover_neither_points_nor_labels():
    figure = figures.front_vs_full(make_scores(), "small", "udpos")
    figure.canvas.draw()
    axes = figure.axes[0]
    boxes = [text.get_window_extent().shrunk(0.8, 0.6) for text in axes.texts]
    assert len(boxes) == 14
    assert not any(boxes[i].overlaps(boxes[j]) for i in range(len(boxes)) for j in range(i))


def test_text_is_not_clipped():
    for name, draw in FIGURES.items():
        figure = draw(make_scores())
        figure.canvas.draw()
        inside = figure.bbox.padded(1)
        for axes in figure.axes:
            low, high = axes.get_xlim()
            ticks = [tick.label1 for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
            for artist in (axes._left_title, axes.xaxis.label, axes.yaxis.label, *ticks):
                box = artist.get_window_extent()
                if artist.get_text():
                    assert inside.x0 <= box.x0, (name, artist.get_text())
                    assert box.x1 <= inside.x1, (name, artist.get_text())


def test_each_strategy_has_its_own_look():
    looks = figures.strategy_styles(["front", "full", "blocks_0_3", "aa"])
    assert list(looks) == ["full", "front", "aa", "blocks_0_3"]
    assert len(set(looks.values())) == 4
    with pytest.raises(InputError, match="at most"):
        figures.strategy_styles([f"s{number}" for number in range(9)])


# --- LaTeX


def test_escape_and_numbers():
    assert latex.escape("a_b & 5 % Δ") == r"a\_b \& 5 \% $\Delta$"
    assert latex.number(-1.25) == "$-$1.2"
    assert latex.number(-0.04) == "0.0"
    assert latex.number(np.nan) == "---"
    assert latex.number(pd.NA) == "---"
    assert latex.p_value(0.0004) == "$<$0.001"
    assert latex.with_spread(1.0, np.nan) == r"1.0 $\pm$ ---"


def test_best_is_bold_by_number():
    scores = make_scores(languages=("de",), seeds=(1, 2), strategies=("full",))
    values = {"baseline": 0.0999, "full": 0.5}
    scores["value"] = [
        values[strategy] if language == "de" else 0.9
        for strategy, language in zip(scores["strategy"], scores["language"], strict=True)
    ]
    text = latex.per_language_latex(per_language_table(scores, "small", "udpos"), "small", "udpos")
    assert re.findall(r"\\textbf\{([\d.]+)\}", text) == ["50.0"]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX installed")
@pytest.mark.slow
def test_latex_compiles(tmp_path):
    scores = make_scores(aligners=("awesome", "fastalign"))
    parts = [latex.latex_table(name, table) for name, table in all_tables(scores).items()]
    parts.append(latex.per_language_latex(per_language_table(scores, "small", "udpos"), "small", "udpos"))
    packages = r"\usepackage{booktabs,longtable,graphicx}\usepackage[a4paper,landscape,margin=1cm]{geometry}"
    body = "\n".join(parts)
    (tmp_path / "x.tex").write_text(
        f"\\documentclass{{article}}{packages}\\begin{{document}}\n{body}\n\\end{{document}}"
    )
    subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"], cwd=tmp_path, check=True)
