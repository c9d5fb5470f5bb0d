"""Gradient conflict by block and language: tables, the figure, and whether it predicts the gain of a language.

Intervals are Student's 95 % intervals over seeds: each seed has an encoder and batches of its own, so that the spread
over seeds holds both.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from alignfreeze.analysis.correlations import MINIMUM_LANGUAGES, mean_spearman
from alignfreeze.analysis.figures import GREY, PAGE, STYLE, new_figure
from alignfreeze.analysis.intervals import mean_interval
from alignfreeze.analysis.names import title
from alignfreeze.analysis.predictors import why_unusable
from alignfreeze.analysis.rows import table_of

STATES = ("pretrained", "finetuned")
RUN = ["model", "task", "aligner", "realignment_languages", "state"]
STATE_STYLES = {"pretrained": (GREY, "--"), "finetuned": ("#0072B2", "-")}
STATE_TITLES = {"pretrained": "pretrained", "finetuned": "fine-tuned"}


class PredictionRow(NamedTuple):
    """A row of `prediction`."""

    model: str
    task: str
    aligner: str
    realignment_languages: str
    state: str
    strategy: str
    blocks: str
    rho: float
    low: float
    high: float
    p: float
    n: int
    reason: str


def by_language(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds with its interval, by block and language.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of diagnostics/conflict/**/seed*.csv.

    Returns
    -------
    pandas.DataFrame
        `norm_ratio` : geometric mean of realignment's norm over the task's. `low`, `high` : of the cosine, over seeds;
        missing for one seed. `n_negative` : seeds with a cosine below 0.
    """
    return _over_seeds(rows, [*RUN, "language", "block"])


def by_block(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds with its interval, by block, of each seed's mean over languages.

    The interval is for these languages and new seeds.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of diagnostics/conflict/**/seed*.csv.

    Returns
    -------
    pandas.DataFrame
        Columns as in `by_language`, without the language.
    """
    keys = [*RUN, "seed", "block"]
    means = rows.assign(norm_ratio=np.log(rows["norm_ratio"])).groupby(keys, sort=False, as_index=False)
    table = means.agg(cosine=("cosine", "mean"), norm_ratio=("norm_ratio", "mean"))
    return _over_seeds(table.assign(norm_ratio=np.exp(table["norm_ratio"])), [*RUN, "block"])


def _over_seeds(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    found = []
    for key, group in rows.groupby(keys, sort=False):
        cosines = group["cosine"].to_numpy(dtype=float)
        limits = mean_interval(cosines)
        found.append(
            dict(zip(keys, key, strict=True))
            | {
                "cosine": cosines.mean(),
                "low": limits.low,
                "high": limits.high,
                "norm_ratio": float(np.exp(np.log(group["norm_ratio"]).mean(skipna=False))),
                "n_negative": int((cosines < 0).sum()),
                "n_seeds": len(cosines),
            }
        )
    return pd.DataFrame(found)


def spearman_interval(rho: float, n: int) -> tuple[float, float]:
    """95 % interval of Spearman's rho by Fisher's z with the variance of Bonett and Wright (2000).

    Parameters
    ----------
    rho : float
        Spearman's rho.
    n : int
        Number of languages.

    Returns
    -------
    low, high : float
        NaN if rho is 1 or -1, or there are fewer than `MINIMUM_LANGUAGES` languages.
    """
    if not abs(rho) < 1 or n < MINIMUM_LANGUAGES:
        return float("nan"), float("nan")
    error = 1.959964 * np.sqrt((1 + rho**2 / 2) / (n - 3))
    return float(np.tanh(np.arctanh(rho) - error)), float(np.tanh(np.arctanh(rho) + error))


def prediction(rows: pd.DataFrame, deltas: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rho over languages of the conflict with the gain over fine-tuning only.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of diagnostics/conflict/**/seed*.csv.
    deltas : pandas.DataFrame
        As `deltas_table` returns it, in points.

    Returns
    -------
    pandas.DataFrame
        By state, strategy and blocks (`all`, the `lower` or the `upper` half, whose mean cosine is taken): `rho`, its
        95 % interval over languages, the two-sided permutation `p`, `n` languages. Both sides are means over seeds. A
        positive rho: less conflict, more gain.
    """
    found = []
    for run, group in rows.groupby(RUN, sort=False):
        same = [deltas[column] == name for column, name in zip(RUN[:-1], run, strict=False)]
        own = deltas[np.logical_and.reduce(same)]
        identity: dict[str, Any] = dict(zip(RUN, run, strict=True))
        half = (group["block"].max() + 1) // 2
        spans = {"all": group, "lower": group[group["block"] < half], "upper": group[group["block"] >= half]}
        for (strategy, gains), (blocks, chosen) in itertools.product(
            own.groupby("strategy", sort=False), spans.items()
        ):
            pairs = pd.DataFrame(
                {
                    "predictor": chosen.groupby("language")["cosine"].mean(),
                    "outcome": gains.groupby("language")["delta"].mean(),
                }
            ).dropna()
            reason = why_unusable(pairs, MINIMUM_LANGUAGES)
            rho, p = float("nan"), float("nan")
            if not reason:
                rho, p, _ = mean_spearman([pairs["predictor"].to_numpy()], [pairs["outcome"].to_numpy()])
            low, high = spearman_interval(rho, len(pairs))
            found.append(
                PredictionRow(
                    **identity,
                    strategy=str(strategy),
                    blocks=blocks,
                    rho=rho,
                    low=low,
                    high=high,
                    p=p,
                    n=len(pairs),
                    reason=reason,
                )
            )
    return table_of(PredictionRow, found)


def draw_conflict(rows: pd.DataFrame, languages: pd.DataFrame, blocks: pd.DataFrame, model: str, task: str) -> Figure:
    """Draw the cosine by language and block at the fine-tuned encoder, and the mean by block with its interval.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of diagnostics/conflict/**/seed*.csv.
    languages, blocks : pandas.DataFrame
        As `by_language` and `by_block` return them.
    model, task : str
        Names as in the tables.

    Returns
    -------
    Figure
    """
    rows, languages, blocks = (t[(t["model"] == model) & (t["task"] == task)] for t in (rows, languages, blocks))
    tuned = languages[languages["state"] == "finetuned"]
    cells = tuned.pivot_table(index="language", columns="block", values="cosine", dropna=False)
    cells = cells.loc[cells.mean(axis=1).sort_values().index]
    limit = max(0.05, float(np.nanmax(np.abs(cells.to_numpy()))))
    with mpl.rc_context(STYLE):
        figure = new_figure(PAGE, max(2.4, 1.0 + 0.13 * len(cells)))
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
        left.patch.set(hatch="////", edgecolor=GREY, facecolor="white")
        sns.heatmap(
            cells,
            cmap="PuOr",
            center=0.0,
            vmin=-limit,
            vmax=limit,
            linewidths=0.4,
            linecolor="white",
            cbar_kws={"label": "cosine; below 0: conflict", "aspect": 30, "pad": 0.02, "fraction": 0.06},
            ax=left,
        )
        left.set(xlabel="block", ylabel="")
        left.set_title("fine-tuned encoder, by language", loc="left", pad=2)
        left.tick_params(length=0, axis="both", rotation=0)
        for state in [state for state in STATES if state in set(blocks["state"])]:
            (color, line), own = STATE_STYLES[state], blocks[blocks["state"] == state]
            right.plot(own["block"], own["cosine"], line, color=color, marker="o", markersize=2.5, zorder=3,
                       label=STATE_TITLES[state])  # fmt: skip
            right.fill_between(own["block"], own["low"], own["high"], color=color, alpha=0.18, linewidth=0, zorder=1)
        for _, seed in rows[rows["state"] == "finetuned"].groupby("seed"):
            means = seed.groupby("block")["cosine"].mean()
            right.plot(means.index, means, color=STATE_STYLES["finetuned"][0], linewidth=0.5, alpha=0.6, zorder=2)
        right.axhline(0, color="black", linewidth=0.6, zorder=0)
        right.set(xlabel="block", ylabel="cosine, mean over languages", xticks=sorted(blocks["block"].unique()))
        right.set_title("mean, 95 % interval; thin: each seed", loc="left", pad=2)
        right.legend(loc="best")
        figure.suptitle(
            f"Gradients of realignment and task: {title(model)}, {title(task)}", x=0.02, ha="left", fontsize=8
        )
    return figure
