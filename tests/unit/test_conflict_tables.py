"""Tables of gradient conflict: means, intervals over seeds, prediction of the gain."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from alignfreeze.analysis.conflict import by_block, by_language, draw_conflict, prediction, spearman_interval
from alignfreeze.analysis.figures import save_figure
from alignfreeze.analysis.rows import read_rows
from alignfreeze.diagnostics.choice import most_conflicting_half

LANGUAGES = ("de", "tr", "ja", "ta", "zh")
RUN = {"model": "e5small", "task": "udpos", "aligner": "awesome", "realignment_languages": "all"}
SEEDS = (31, 42, 66)


def value(state, seed, language, block):
    """A cosine that differs in everything."""
    place = LANGUAGES.index(language)
    return (0.1 if state == "pretrained" else -0.1) + 0.02 * place + 0.001 * seed - 0.03 * block


@pytest.fixture(scope="module")
def rows():
    found = [
        {
            **RUN, "seed": seed, "state": state, "language": language, "block": block,
            "cosine": value(state, seed, language, block), "norm_ratio": {31: 2.0, 42: 4.0, 66: 8.0}[seed],
        }
        for state in ("pretrained", "finetuned") for seed in SEEDS for language in LANGUAGES
        for block in range(4)
    ]  # fmt: skip
    return pd.DataFrame(found)


def gains(sign):
    return pd.DataFrame(
        [
            {**RUN, "strategy": "full", "language": language,
             "seed": seed, "delta": sign * place**2 + seed}
            for place, language in enumerate(LANGUAGES) for seed in SEEDS
        ]
    )  # fmt: skip


def test_interval_is_students_over_seeds(rows):
    table = by_block(rows)
    row = table[(table["state"] == "finetuned") & (table["block"] == 0)].iloc[0]
    means = [-0.1 + 0.04 + 0.001 * seed for seed in SEEDS]
    low, high = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert (row["cosine"], row["low"], row["high"]) == pytest.approx((np.mean(means), low, high))
    assert (row["n_negative"], row["n_seeds"]) == (2, 3)
    assert table["norm_ratio"].to_numpy() == pytest.approx(4.0)  # geometric
    assert len(by_language(rows)) == 2 * 5 * 4


def test_one_seed_has_no_interval(rows):
    table = by_language(rows[rows["seed"] == 31])
    assert table[["low", "high"]].isna().all(axis=None)
    assert table["cosine"].notna().all()


def test_a_block_without_a_gradient_is_missing(rows):
    table = by_block(rows.assign(cosine=rows["cosine"].where(rows["block"] != 3)))
    assert table.loc[table["block"] == 3, "cosine"].isna().all()
    assert table.loc[table["block"] != 3, "cosine"].notna().all()


@pytest.mark.parametrize("sign", [1, -1])
def test_prediction_has_the_sign_of_the_gain(rows, sign):
    table = prediction(rows, gains(sign))
    assert table["rho"].to_numpy() == pytest.approx(sign)
    assert set(table["blocks"]) == {"all", "lower", "upper"}
    assert set(table["n"]) == {5}
    # Two of 5! orders are as extreme; p counts them among random ones.
    assert table["p"].to_numpy() == pytest.approx(2 / 120, abs=0.004)


def test_prediction_without_spread_says_why(rows):
    table = prediction(rows, gains(0).assign(delta=1.0))
    assert table["rho"].isna().all()
    assert table["reason"].str.len().gt(0).all()


def test_interval_of_spearman():
    # Bonett and Wright: arctanh(.5) -+ 1.96 sqrt((1 + .125) / 11)
    low, high = spearman_interval(0.5, 14)
    half = 1.959964 * math.sqrt(1.125 / 11)
    assert (math.atanh(low), math.atanh(high)) == pytest.approx((math.atanh(0.5) - half, math.atanh(0.5) + half))
    assert all(math.isnan(limit) for limit in spearman_interval(1.0, 14))


def test_figure_has_a_field_for_each_language_and_block(rows, tmp_path):
    figure = draw_conflict(rows, by_language(rows), by_block(rows), "e5small", "udpos")
    heat, means = figure.axes[:2]
    assert len(heat.collections[0].get_array().ravel()) == 20
    assert [text.get_text() for text in heat.get_yticklabels()] == list(LANGUAGES)  # most conflict first
    assert len(means.lines) == 2 + len(SEEDS) + 1
    save_figure(figure, tmp_path / "conflict.png", tmp_path / "conflict.pdf")
    assert (tmp_path / "conflict.png").stat().st_size > 10_000


def test_block_without_a_gradient_is_missing_in_the_file_and_is_never_chosen(rows, tmp_path):
    """The last block, where the realignment loss reads the output of the one before."""
    last = rows["block"] == rows["block"].max()
    rows.assign(cosine=rows["cosine"].mask(last)).to_csv(tmp_path / "conflict.csv", index=False)
    read = read_rows(tmp_path / "conflict.csv")
    assert read.loc[last, "cosine"].isna().all()
    np.testing.assert_array_equal(read.loc[~last, "cosine"], rows.loc[~last, "cosine"])
    assert most_conflicting_half(read, "finetuned") == (1, 2), "the lowest of blocks 0 to 2"
