import re

import numpy as np
import pandas as pd
import pytest
from analysis_support import make_scores
from latex_document import needs_latex, overfull
from matplotlib.figure import Figure

from alignfreeze.analysis import figures, latex
from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.compare import compare_table
from alignfreeze.analysis.contrasts import contrasts_table
from alignfreeze.analysis.correlations import correlations_table
from alignfreeze.analysis.findings import findings
from alignfreeze.analysis.generalisation import generalisation_table
from alignfreeze.analysis.regression import regression_table
from alignfreeze.analysis.tables import (
    best_worst_table,
    counts_table,
    deltas_table,
    front_vs_full_table,
    main_table,
    noise_table,
    per_language_table,
    source_vs_target_table,
)
from alignfreeze.languages.registry import paper_languages
from alignfreeze.languages.uriel import language_table

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
    "delta_by_language": lambda scores: figures.delta_by_language(deltas_table(scores), "small", "udpos"),
    "heatmap": lambda scores: figures.heatmap(deltas_table(scores), "small", "udpos"),
    "front_vs_full": lambda scores: figures.front_vs_full(deltas_table(scores), "small", "udpos"),
    "delta_vs_distance": lambda scores: figures.delta_vs_distance(contrasts_table(scores), "udpos"),
    "forest_main": lambda scores: figures.forest_main(main_table(scores)),
    "seed_strips": lambda scores: figures.seed_strips(deltas_table(scores)),
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


@pytest.mark.parametrize("name", ["front_vs_full", "forest_main"])
def test_figures_are_the_same_bytes_every_time(name, tmp_path):
    scores = make_scores()
    for attempt in ("a", "b"):
        shuffled = scores.sample(frac=1, random_state=len(attempt) + ord(attempt))
        for suffix in ("png", "pdf"):
            figures.save_figure(FIGURES[name](shuffled), tmp_path / f"{attempt}.{suffix}")
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_a_gap_is_drawn_and_does_not_stop_a_figure():
    scores = make_scores()
    scores = scores[~((scores["strategy"] == "front") & (scores["language"] == "ta"))]
    for figure in FIGURES.values():
        assert isinstance(figure(scores), Figure)


def test_names_of_points_cover_neither_each_other_nor_points():
    """Fourteen languages in a column, all named."""
    figure = FIGURES["front_vs_full"](make_scores())
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [text.get_window_extent().shrunk(0.7, 0.5) for text in axes.texts]
    assert len(boxes) == 14
    assert not any(boxes[i].overlaps(boxes[j]) for i in range(len(boxes)) for j in range(i))
    points = axes.transData.transform(
        np.vstack([part.get_offsets() for part in axes.collections if len(part.get_offsets()) == 14])
    )
    assert not any(box.contains(*point) for box in boxes for point in points)
    low, high = axes.get_xlim()
    assert axes.get_ylim() == (low, high)
    assert low < 0 < high


def test_of_many_languages_those_far_from_the_middle_are_named():
    languages = sorted(paper_languages())
    figure = FIGURES["front_vs_full"](make_scores(languages=[code for code in languages if code != "en"]))
    assert len(figure.axes[0].texts) == figures.COLUMN_LANGUAGES


def test_forest_draws_the_intervals_of_the_table():
    table = main_table(make_scores()).set_index("strategy")
    changed = table.assign(delta_low=-40.0, delta_high=60.0).reset_index()
    figure = figures.forest_main(changed)
    low, high = figure.axes[0].get_xlim()
    assert low <= -40 < 60 <= high


@pytest.mark.parametrize("name", ["delta_by_language", "forest_main", "seed_strips", "front_vs_full"])
def test_no_difference_at_all_gives_a_readable_axis(name):
    scores = make_scores().assign(value=0.5)
    scores.loc[scores["strategy"] == "full", "value"] += 1e-17
    axes = FIGURES[name](scores).axes[0]
    axis = axes.get_ylim() if name == "delta_by_language" else axes.get_xlim()
    assert axis[0] < 0 < axis[1]
    assert axis[1] - axis[0] >= 0.99 * figures.SHORTEST_AXIS


def test_models_of_a_task_share_one_scale():
    scores = pd.concat([make_scores(model="small"), make_scores(model="large", effect=0.08)])
    for draw in (FIGURES["forest_main"], FIGURES["seed_strips"]):
        left, right = draw(scores).axes
        assert left.get_xlim() == right.get_xlim()


def test_a_missing_seed_blanks_the_language_and_shortens_no_mean():
    scores = make_scores()
    gap = (scores["strategy"] == "front") & (scores["language"] == "ta") & (scores["seed"] == 42)
    full, gapped = (figures._complete(deltas_table(part)) for part in (scores, scores[~gap]))
    assert full["delta"].notna().all()
    lost = gapped[gapped["delta"].isna()]
    assert set(zip(lost["strategy"], lost["language"], strict=True)) == {("front", "ta")}


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
    many = figures.strategy_styles([f"s{number}" for number in range(15)])
    assert len(set(many.values())) == 15, "a sweep's strategies differ by colour or marker"


# --- LaTeX


def test_escape_and_numbers():
    assert latex.escape("a_b & 5 % Δ") == r"a\_b \& 5 \% $\Delta$"
    assert latex.number(-1.25) == "$-$1.2"
    # A sign is never rounded away: [-0.04, 0.9] holds zero and must be seen to.
    assert latex.between(-0.04, 0.9) == "[$-$0.0, 0.9]"
    assert latex.number(0.04) == "0.0"
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
    assert re.findall(r"\\textbf\{([\d.]+)", text) == ["50.0"]


def test_what_is_the_same_in_all_rows_stands_in_the_caption():
    text = latex.latex_table("main", main_table(make_scores()))
    caption = re.search(r"\\caption\{(.*)\}", text)[1]
    assert "Metric: accuracy (PoS tagging)." in caption
    assert "All rows: small; PoS tagging; 14 languages; seeds: 3." in caption
    header = re.search(r"\\toprule\n(.*) \\\\", text)[1]
    assert header.split(" & ") == ["Aligner", "Strategy", "Mean", r"$\Delta$", r"95\,\%", "Up/down", "English"]


def test_predictors_are_not_called_by_the_names_of_strategies():
    scores = make_scores()
    for name, table in all_tables(scores).items():
        if name in ("regression", "generalisation", "correlations"):
            text = latex.latex_table(name, table)
            assert "fine-tuning only" not in text.split(r"\toprule")[1]
            assert "aseline score" in text


def test_a_long_table_comes_in_parts_and_never_as_longtable():
    scores = pd.concat(make_scores(model=f"m{k}", aligners=("awesome", "fastalign")) for k in range(8))
    text = latex.latex_table("main", main_table(scores))
    assert text.count(r"\begin{table*}") == 2
    assert r"Table~\ref{tab:main}, part 2 of 2." in text
    assert "longtable" not in text
    assert len(re.findall(r"& full &", text)) == 16


@needs_latex
def test_every_table_fits_two_columns(tmp_path):
    few = make_scores()
    many = pd.concat(
        make_scores(
            languages=[code for code in paper_languages() if code != "en"],
            model=model,
            strategies=("full", "front", "back", "during_full", "during_front", "during_back"),
            aligners=("fastalign", "awesome", "dictionary"),
        )
        for model in ("distilmbert", "xlmr")
    )
    texts = {}
    for size, scores, model in (("few", few, "small"), ("many", many, "xlmr")):
        texts |= {f"{name}_{size}": latex.latex_table(name, table) for name, table in all_tables(scores).items()}
        by_language = per_language_table(scores, model, "udpos")
        texts[f"per_language_{size}"] = latex.per_language_latex(by_language, model, "udpos")
    assert [found for found in overfull(tmp_path, texts) if found[1] > 1] == []


@needs_latex
def test_a_table_too_wide_would_be_found(tmp_path):
    wide = latex.latex_table("main", main_table(make_scores())).replace("table*", "table").replace("full", "f" * 90)
    assert max(points for _, points in overfull(tmp_path, {"wide": wide})) > 1
