"""Strategies by which blocks they freeze: sweeps, means, and whether conflict tells, against sums by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from alignfreeze.analysis.figures import save_figure
from alignfreeze.analysis.layers import block_prediction, draw_layers, layers_table, outcomes, sweeps_of

RUN = {"model": "tiny", "task": "udpos", "aligner": "awesome", "realignment_languages": "all"}
SEEDS, LANGUAGES, BLOCKS = (31, 42, 66), ("de", "nan", "ta"), 6
# Strategy -> frozen blocks.
FROZEN = {"full": [], **{f"frozen_{k}": [k] for k in range(BLOCKS)}, "front": [0, 1, 2], "random_0": [1, 3, 4]}
FROZEN |= {f"trained_{k}": [b for b in range(BLOCKS) if b != k] for k in range(BLOCKS)}
FACTS = {
    "blocks": {"tiny": BLOCKS},
    "strategies": {
        name: {"choice": "random" if name == "random_0" else "", "freeze_embeddings": False} for name in FROZEN
    },
}


@pytest.mark.parametrize(
    ("frozen", "sweeps"),
    [
        ([], [("nothing frozen", 0)]),
        ([2], [("one block frozen", 2)]),
        ([0], [("one block frozen", 0), ("span from below", 1)]),
        ([3], [("one block frozen", 3), ("span from above", 1)]),
        ([0, 1], [("span from below", 2)]),
        ([2, 3], [("span from above", 2)]),
        ([0, 1, 3], [("one block trained", 2)]),
        ([0, 1, 2], [("one block trained", 3), ("span from below", 3)]),
        ([0, 1, 2, 3], [("span from below", 4), ("span from above", 4)]),
        ([0, 2], [("other", 2)]),
    ],
)
def test_sweeps_of_a_strategy(frozen, sweeps):
    assert sweeps_of(frozen, 4) == sweeps


@pytest.mark.parametrize(("choice", "sweep"), [("random", "random blocks"), ("conflict", "conflict")])
def test_blocks_that_were_not_chosen_by_place_are_no_span(choice, sweep):
    assert sweeps_of([0, 1], 4, choice) == [(sweep, 2)]


def gain(strategy, seed, language):
    """Block k frozen brings k points, trained alone -k; seeds and languages differ."""
    kind, _, block = strategy.partition("_")
    effect = {"frozen": 1, "trained": -1}.get(kind, 0) * int(block or 0)
    return effect + seed / 100 + LANGUAGES.index(language)


@pytest.fixture(scope="module")
def found():
    runs = list(itertools.product(FROZEN, SEEDS, LANGUAGES))
    rows = [
        {**RUN, "strategy": strategy, "metric": "accuracy", "seed": seed, "language": language,
         "delta": gain(strategy, seed, language)}
        for strategy, seed, language in runs
    ]  # fmt: skip
    before = [
        {**RUN, "strategy": "baseline", "aligner": "none", "realignment_languages": "none", "seed": 31,
         "language": language, "place": place, "accuracy": 0.25}
        for language in LANGUAGES for place in ("middle", "last")
    ]  # fmt: skip
    after = [
        {**RUN, "strategy": strategy, "seed": seed, "language": language, "place": place,
         "accuracy": 0.5 + (place == "last") * 0.25}
        for strategy, seed, language in runs for place in ("middle", "last")
    ]  # fmt: skip
    return outcomes(pd.DataFrame(rows), pd.DataFrame(before + after).drop(columns="task"))


@pytest.fixture(scope="module")
def table(found):
    frozen = [
        {**RUN, "strategy": name, "seed": seed, "frozen_blocks": " ".join(map(str, blocks))}
        for name, blocks in FROZEN.items()
        for seed in SEEDS
    ]
    return layers_table(found, pd.DataFrame(frozen), FACTS)


def test_means_and_intervals_over_seeds(table):
    row = table[table["strategy"] == "frozen_4"].iloc[0]
    by_seed = [4 + seed / 100 + 1 for seed in SEEDS]
    low, high = stats.ttest_1samp(by_seed, 0).confidence_interval(0.95)
    assert (row["delta"], row["delta_low"], row["delta_high"]) == pytest.approx((np.mean(by_seed), low, high))
    assert (row["retrieval_middle"], row["retrieval_last"]) == (25.0, 50.0)
    assert (row["n_seeds"], row["n_languages"], row["frozen_blocks"]) == (3, 3, "4")
    assert len(table) == len(FROZEN) + 4  # blocks 0 and 5, frozen or trained alone, are spans, too


def test_blocks_that_differ_between_seeds_are_named_by_seed(found):
    own = found[found["strategy"] == "random_0"]
    frozen = [{**RUN, "strategy": "random_0", "seed": s, "frozen_blocks": f"{n} 5"} for n, s in enumerate(SEEDS)]
    facts = {"blocks": FACTS["blocks"], "strategies": {"random_0": {"choice": "conflict", "freeze_embeddings": True}}}
    [row] = layers_table(own, pd.DataFrame(frozen), facts).to_dict("records")
    assert row["frozen_blocks"] == "31: 0 5; 42: 1 5; 66: 2 5"
    assert (row["sweep"], row["position"], row["freeze_embeddings"]) == ("conflict", 2, True)


def conflicts(sign):
    rows = [
        {**RUN, "state": "finetuned", "seed": seed, "language": language, "block": block,
         "cosine": np.nan if block == 5 else sign * (block / 10 + seed / 1000) + LANGUAGES.index(language) / 10}
        for seed in SEEDS for language in LANGUAGES for block in range(BLOCKS)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize("sign", [1, -1])
def test_prediction_has_the_sign_of_the_relation(found, table, sign):
    rows = block_prediction(found, table, conflicts(sign)).set_index(["sweep", "outcome"])
    frozen, trained = (rows.loc[f"one block {kind}", "delta"] for kind in ("frozen", "trained"))
    assert (frozen["rho"], frozen["low"], frozen["high"]) == pytest.approx((sign, sign, sign))
    assert trained["rho"] == pytest.approx(-sign)
    # Block 5 has no gradient; two of 5! orders are as extreme.
    assert (frozen["n_blocks"], frozen["n_seeds"], frozen["n_languages"]) == (5, 3, 3)
    assert frozen["p"] == pytest.approx(2 / 120, abs=0.004)
    assert rows.loc["one block frozen", "retrieval_last"]["reason"] == "one of the two is the same in every block"


def test_interval_is_that_of_a_slow_bootstrap(found, table):
    rng = np.random.default_rng(5)
    noisy = found.assign(delta=found["delta"] + 4 * rng.normal(size=len(found)))
    cosines = conflicts(1)
    cosines["cosine"] += 0.3 * rng.normal(size=len(cosines))
    row = block_prediction(noisy, table, cosines).query("sweep == 'one block trained' and outcome == 'delta'").iloc[0]
    effect = noisy[noisy["strategy"].str.startswith("trained")].set_index(["strategy", "seed", "language"])["delta"]
    cosine = cosines.set_index(["block", "seed", "language"])["cosine"]
    rhos = []
    for _ in range(300):
        seeds, languages = rng.choice(SEEDS, 3), rng.choice(LANGUAGES, 3)
        sides = [
            [np.mean([side[key(block), s, code] for s in seeds for code in languages]) for block in range(5)]
            for side, key in ((cosine, int), (effect, lambda block: f"trained_{block}"))
        ]
        rhos.append(stats.spearmanr(*sides).statistic)
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.nanquantile(rhos, [0.025, 0.975])), abs=0.15)
    assert row["low"] <= row["rho"] <= row["high"]


def test_without_conflict_there_is_no_prediction_and_one_seed_has_no_interval(found, table):
    assert block_prediction(found, table, None).empty
    one = found[found["seed"] == 31]
    row = block_prediction(one, table, conflicts(1)).iloc[0]
    assert not math.isnan(row["rho"])
    assert math.isnan(row["low"])


def test_figure_has_a_row_for_each_outcome_and_does_without_retrieval(found, table, tmp_path):
    figure = draw_layers(found, table, "tiny", "udpos")
    assert len(figure.axes) == 6
    save_figure(figure, tmp_path / "layers.png")
    alone = table.assign(retrieval_last=np.nan)
    assert len(draw_layers(found, alone, "tiny", "udpos").axes) == 3


def test_legend_of_every_sweep_is_inside_the_figure(found, table):
    own = table[~table["sweep"].isin(["one block frozen", "one block trained"])]
    frozen = own.assign(freeze_embeddings=True)
    every = pd.concat([table, frozen, own.iloc[:1].assign(sweep="conflict", position=3)], ignore_index=True)
    figure = draw_layers(found, every, "tiny", "udpos")
    figure.canvas.draw()
    (legend,) = figure.legends
    assert len(legend.texts) >= 6
    box, inside = legend.get_window_extent(), figure.bbox.padded(1)
    assert inside.x0 <= box.x0
    assert box.x1 <= inside.x1
