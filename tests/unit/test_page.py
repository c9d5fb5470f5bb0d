"""The page: its data against the tables, its text against what breaks pages, and itself in a browser."""

import dataclasses
import json
import re
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from analysis_support import LANGUAGES, make_scores
from browser import console, needs_chromium, opened, requests, wait_for

from alignfreeze.analysis.cells import read_experiment
from alignfreeze.analysis.compare import compare_table
from alignfreeze.analysis.names import BASELINE
from alignfreeze.analysis.scores import write_scores
from alignfreeze.analysis.tables import main_table
from alignfreeze.languages.uriel import language_table
from alignfreeze.page.build import MAXIMUM_BYTES, render, table_view, write_page
from alignfreeze.page.data import advice_summary, cell_tables, genus_means, read_page_data

# Made by hand: full gains 2 on average, one of its two intervals held; front loses; of B nothing is known.
ADVICE_COLUMNS = ["model", "task", "strategy", "features", "language", "gain", "low", "high", "seen", "n", "reason"]
ADVICE = [
    ("small", "udpos", "full", "A", "de", 1.5, 0.0, 3.0, 1.0, 2, ""),
    ("small", "udpos", "full", "A", "tr", 1.0, 0.0, 2.0, 3.0, 2, ""),
    ("small", "udpos", "front", "A", "de", -1.0, -2.0, 0.0, -1.5, 2, ""),
    ("small", "udpos", "front", "A", "tr", -1.5, -3.0, 0.0, -0.5, 2, ""),
    ("small", "wikiann", "full", "A", "de", -1.0, -2.0, 0.0, -1.5, 1, ""),
    ("small", "wikiann", "front", "A", "de", -1.0, -2.0, 0.0, -0.5, 1, ""),
    ("small", "udpos", "full", "B", "", np.nan, np.nan, np.nan, np.nan, 2, "too few"),
]
NASTY = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tables of two models and two tasks, with the optional ones."""
    folder = tmp_path_factory.mktemp("tables")
    scores = pd.concat(
        [
            make_scores(model="small", aligners=("awesome", "dictionary")),
            make_scores(model="large", seed=1),
            make_scores(model="small", task="wikiann", metric="f1", languages=LANGUAGES[:5], seed=2),
        ],
        ignore_index=True,
    )
    write_scores(scores, folder / "scores.csv")
    main_table(read_experiment(scores, "en"), "en").to_csv(folder / "main.csv", index=False)
    language_table("en", list(LANGUAGES)).to_csv(folder / "languages.csv", index=False)
    findings = pd.DataFrame({"topic": ["average"], "finding": [f"A finding with {NASTY}"]})
    findings.to_csv(folder / "findings.csv", index=False)
    rows = [
        ("small", s, "awesome", 12, "last", code, 0.5, 0.1, 3, 400, 0.1) for s in ("full",) for code in ("de", "tr")
    ]
    columns = [
        "model",
        "strategy",
        "aligner",
        "layer",
        "place",
        "language",
        "accuracy",
        "std",
        "n_seeds",
        "n_words",
        "change",
    ]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "retrieval.csv", index=False)
    pd.DataFrame(ADVICE, columns=ADVICE_COLUMNS).to_csv(folder / "advice.csv", index=False)
    quality = [("awesome", "de", 0.1, 0.9, 0.9), ("dictionary", "de", 0.3, 0.9, 0.6), ("awesome", "tr", 0.2, 0.8, 0.8)]
    columns = ["aligner", "language", "aer", "precision", "recall"]
    pd.DataFrame(quality, columns=columns).to_csv(folder / "aligner_quality.csv", index=False)
    other = make_scores(model="small", seed=3).assign(experiment="the paper")
    for name in ("compare", "compare_by_language"):
        table = compare_table(scores, other, by_language=name == "compare_by_language")
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def data(folder, tmp_path_factory):
    record = {"model": "small", "task": "udpos", "strategy": "full", "aligner": "awesome", "seed": 31}
    curves = {"finetuned": [[1, 2.0], [2, 1.0]], "realigned": [[1, 3.0]]}
    path = tmp_path_factory.mktemp("records") / "run.json"
    path.write_text(json.dumps(record | {"curves": curves}))
    return read_page_data(folder, "en", [path], {"all": ["de", "sw"]})


@pytest.fixture(scope="module")
def page(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_page(data, path)
    return path


def test_cells_are_the_means_and_paired_differences_of_the_scores(folder, data):
    scores = pd.read_csv(folder / "scores.csv", keep_default_na=False)
    row = data.cells.query(
        "model == 'small' and task == 'udpos' and aligner == 'dictionary' and strategy == 'front' and language == 'tr'"
    )
    of = scores.query("model == 'small' and task == 'udpos' and language == 'tr'").set_index("seed")
    front = of.query("aligner == 'dictionary' and strategy == 'front'")["value"]
    difference = 100 * (front - of[of["strategy"] == BASELINE]["value"])
    assert row["mean"].item() == pytest.approx(100 * front.mean())
    assert row["delta"].item() == pytest.approx(difference.mean())
    assert row["delta_std"].item() == pytest.approx(difference.std(ddof=1))
    assert row["n_seeds"].item() == 3
    average = data.seeds.query("model == 'large' and strategy == 'full'").set_index("seed")["delta"]
    of = scores.query("model == 'large' and language != 'en'").pivot_table(
        index="seed", columns="strategy", values="value"
    )
    np.testing.assert_allclose(average, 100 * (of["full"] - of[BASELINE]))


def test_one_seed_has_no_spread_and_no_baseline_no_difference():
    scores = make_scores(seeds=(31,))
    cells, seeds = cell_tables(read_experiment(scores[scores["strategy"] != BASELINE], "en"))
    assert cells["std"].isna().all()
    assert cells["delta"].isna().all()
    assert seeds["delta"].isna().all()


def test_advice_for_an_unknown_language_is_the_larger_mean_gain_or_none(data):
    summary = advice_summary(data.others["advice"]).set_index(["model", "task"])
    row = summary.loc[("small", "udpos")]
    assert (row["choice"], row["full"], row["front"], row["n"]) == ("full", 2.0, -1.0, 2)
    assert (row["full_held"], row["front_held"]) == (50.0, 100.0)
    assert summary.loc[("small", "wikiann"), "choice"] == BASELINE


def test_genus_mean_leaves_the_language_itself_out():
    cells, _ = cell_tables(read_experiment(make_scores(languages=("de", "nl", "da", "fi")), "en"))
    found = genus_means(SimpleNamespace(cells=cells, languages=language_table("en", ["de", "nl", "da", "fi"])))
    full = found[found["strategy"] == "full"].set_index("language")
    deltas = cells[cells["strategy"] == "full"].set_index("language")["delta"]
    assert set(full.index) == {"de", "nl", "da"}, "Finnish is alone in its genus"
    assert full.loc["de", "genus_delta"] == pytest.approx((deltas["nl"] + deltas["da"]) / 2)
    assert (full["genus_n"] == 2).all()


def test_page_is_one_file_without_addresses_and_nasty_text_stays_text(data):
    text = render(data)
    assert len(text.encode()) < MAXIMUM_BYTES
    assert NASTY not in text
    assert "A finding with &lt;/script&gt;" in text
    markup = re.sub(r"<script.*?</script>|<style.*?</style>", "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', markup)


def test_page_names_the_languages_of_a_realignment_set(data):
    (name,) = set(data.cells["realignment_languages"]) - {"none"}
    assert name == "all"
    assert "all (2): German, Swahili" in render(data)
    same = dataclasses.replace(data, realignment_sets={"all": list(LANGUAGES)})
    assert f"all: the {len(LANGUAGES)} languages above" in render(same)


def test_missing_numbers_are_dashes():
    view = table_view(
        pd.DataFrame({"mean": [1.25, np.nan], "n_seeds": [3.0, 2.0]}), {"mean": "mean", "n_seeds": "n", "x": "x"}
    )
    assert view.columns == ["mean", "n"]
    assert view.cells == [["1.2", "3"], ["–", "2"]]


SIZES = """
return Object.fromEntries([...document.querySelectorAll(".chart")].map(
    (chart) => [chart.id, chart.querySelectorAll("svg path").length]))
"""
CHOOSE = """
for (const [id, value] of [["model", "small"], ["task", "wikiann"]]) {
    document.getElementById(id).value = value;
    document.getElementById(id).dispatchEvent(new Event("change"));
}
"""
CHARTS = {
    "forest",
    "world",
    "panel",
    "by-language",
    "front-against-full",
    "against-distance",
    "seeds",
    "retrieval",
    "aligners",
    "curves",
    "advice",
    "compare",
}


def text_of(driver, name):
    return driver.execute_script(f"return document.getElementById('{name}').textContent")


@needs_chromium
@pytest.mark.parametrize(("width", "dark"), [(1400, False), (400, True)])
def test_in_a_browser(page, width, dark, tmp_path):
    with opened(page, width, dark=dark, fragment="#tr", downloads=tmp_path) as driver:
        assert text_of(driver, "panel-title") == "Turkish (tr)"
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"
        assert driver.execute_script("return document.documentElement.classList.contains('dark')") == dark
        charts = driver.execute_script(SIZES)
        assert set(charts) == CHARTS
        assert min(charts.values()) > 3, charts
        compared = driver.find_element("id", "comparison").get_attribute("textContent")
        assert "This experiment beside the paper" in compared
        assert "paired" in compared
        # Another choice draws other rows; another address shows another panel.
        before = len(driver.execute_script("return document.getElementById('by-language').innerHTML"))
        driver.execute_script(CHOOSE)
        wait_for(driver, f"return document.getElementById('by-language').innerHTML.length !== {before}")
        assert driver.execute_script("return document.getElementById('metric').value") == "f1"
        driver.execute_script("location.hash = '#de'")
        wait_for(driver, "return document.getElementById('panel-title').textContent === 'German (de)'")
        table = "#languages .dt-container"
        driver.find_element("css selector", f"{table} input").send_keys("Finn")
        wait_for(driver, f"return document.querySelectorAll('{table} tbody tr').length === 1")
        for place, kind in (("by-language", "csv"), ("by-language", "svg"), ("forest", "png")):
            button = driver.find_element("css selector", f'[data-save="{place}"][data-format="{kind}"]')
            driver.execute_script("arguments[0].click()", button)
            end = time.monotonic() + 20
            while not (tmp_path / f"{place}.{kind}").exists():
                assert time.monotonic() < end, f"{place}.{kind} was not saved"
                time.sleep(0.1)
        saved = pd.read_csv(tmp_path / "by-language.csv")
        assert set(saved["task"]) == {"wikiann"}
        assert len(saved) == 5 * 3
        assert (tmp_path / "forest.png").read_bytes().startswith(b"\x89PNG")
        assert not console(driver)
        assert not requests(driver)


@needs_chromium
def test_every_control_can_be_reached_and_used_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    with opened(page, 1400) as driver:
        controls = driver.execute_script("return document.querySelectorAll('main select:not([hidden]), nav a').length")
        reached = []
        for _ in range(160):
            driver.switch_to.active_element.send_keys(Keys.TAB)
            reached.append(
                driver.execute_script("return document.activeElement.id || document.activeElement.textContent")
            )
        assert {
            "theme",
            "forest-task",
            "map-cell",
            "language",
            "model",
            "task",
            "metric",
            "aligner",
            "distance",
            "advice-model",
        } <= set(reached)
        assert controls > 8
        driver.find_element("id", "language").send_keys("Finnish")
        wait_for(driver, "return location.hash === '#fi'")
        driver.find_element("id", "theme").send_keys(Keys.ENTER)
        assert driver.execute_script("return document.documentElement.classList.contains('dark')")
