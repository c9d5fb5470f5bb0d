"""Which blocks to freeze: strategies by what they freeze, their gain and their retrieval, and whether conflict tells.

A strategy belongs to every sweep whose description its frozen blocks meet: block 0 alone frozen is one block frozen
and a span of one from below.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import rankdata

from alignfreeze.analysis.correlations import mean_spearman
from alignfreeze.analysis.figures import GREY, PAGE, STYLE, new_figure
from alignfreeze.analysis.intervals import LEVEL, SEED, mean_interval
from alignfreeze.analysis.names import BASELINE, main_metric, title
from alignfreeze.analysis.rows import table_of

RUN = ["model", "task", "aligner", "realignment_languages"]
ONE_FROZEN, ONE_TRAINED = "one block frozen", "one block trained"
BELOW, ABOVE = "span from below", "span from above"
NOTHING, RANDOM, CONFLICT, OTHER = "nothing frozen", "random blocks", "conflict", "other"
OUTCOMES = ("delta", "retrieval_middle", "retrieval_last")
DRAWS = 2000
MINIMUM_BLOCKS = 5
# (colour, marker) of a sweep.
STYLES = {
    NOTHING: (GREY, "o"),
    ONE_FROZEN: ("#0072B2", "o"),
    ONE_TRAINED: ("#D55E00", "o"),
    BELOW: ("#0072B2", "^"),
    ABOVE: ("#000000", "s"),
    RANDOM: ("#009E73", "X"),
    CONFLICT: ("#CC79A7", "D"),
}


class Sweep(NamedTuple):
    """A sweep and a strategy's place in it: number of the one block, or how many are frozen."""

    sweep: str
    position: int


class LayerRow(NamedTuple):
    """A row of `layers_table`."""

    model: str
    task: str
    aligner: str
    realignment_languages: str
    strategy: str
    sweep: str
    position: int
    freeze_embeddings: bool
    frozen_blocks: str
    delta: float
    delta_low: float
    delta_high: float
    retrieval_middle: float
    retrieval_middle_low: float
    retrieval_middle_high: float
    retrieval_last: float
    retrieval_last_low: float
    retrieval_last_high: float
    n_seeds: int
    n_languages: int


class BlockPredictionRow(NamedTuple):
    """A row of `block_prediction`."""

    model: str
    task: str
    aligner: str
    realignment_languages: str
    state: str
    sweep: str
    outcome: str
    rho: float
    low: float
    high: float
    p: float
    n_blocks: int
    n_seeds: int
    n_languages: int
    reason: str


def sweeps_of(frozen: Sequence[int], blocks: int, choice: str = "") -> list[Sweep]:
    """Sweeps that a strategy belongs to.

    Parameters
    ----------
    frozen : sequence of int
        Its frozen blocks, ascending.
    blocks : int
        Of the encoder.
    choice : str
        `random` or `conflict` if the blocks were chosen so; where they lie then says nothing.

    Returns
    -------
    list of Sweep
        Empty where the blocks lie in no sweep.

    Examples
    --------
    >>> [tuple(sweep) for sweep in sweeps_of([0], 12)]
    [('one block frozen', 0), ('span from below', 1)]
    >>> [tuple(sweep) for sweep in sweeps_of([0, 3], 12, "random")]
    [('random blocks', 2)]
    """
    count = len(frozen)
    if choice:
        return [Sweep({"random": RANDOM, "conflict": CONFLICT}[choice], count)]
    found = []
    if count == 0:
        found.append(Sweep(NOTHING, 0))
    if count == 1:
        found.append(Sweep(ONE_FROZEN, frozen[0]))
    if count == blocks - 1:
        found.append(Sweep(ONE_TRAINED, next(block for block in range(blocks) if block not in frozen)))
    if count and list(frozen) == list(range(count)):
        found.append(Sweep(BELOW, count))
    if count and list(frozen) == list(range(blocks - count, blocks)):
        found.append(Sweep(ABOVE, count))
    return found or [Sweep(OTHER, count)]


def outcomes(deltas: pd.DataFrame, retrieval: pd.DataFrame | None) -> pd.DataFrame:
    """Gain and change of retrieval by run and language.

    Parameters
    ----------
    deltas : pandas.DataFrame
        As `deltas_table` returns it.
    retrieval : pandas.DataFrame or None
        Rows of retrieval/**/{langs}.csv; None where there are no gold links.

    Returns
    -------
    pandas.DataFrame
        Columns model, task, aligner, realignment_languages, strategy, seed, language; `delta` : points of the main
        metric against the baseline; `retrieval_middle`, `retrieval_last` : points against the pretrained encoder, at
        the middle and the last block, missing for strategies that realign during fine-tuning.
    """
    metrics = {task: main_metric(own["metric"]) for task, own in deltas.groupby("task")}
    main = deltas[deltas["metric"] == deltas["task"].map(metrics)]
    keys = ["model", "aligner", "realignment_languages", "strategy", "seed", "language"]
    table = main[[*RUN, "strategy", "seed", "language", "delta"]]
    if retrieval is None:
        return table.assign(retrieval_middle=np.nan, retrieval_last=np.nan)
    before = retrieval[retrieval["strategy"] == BASELINE].set_index(["model", "place", "language"])["accuracy"]
    after = retrieval[retrieval["strategy"] != BASELINE]
    places = pd.MultiIndex.from_frame(after[["model", "place", "language"]])
    change = after.assign(change=100.0 * (after["accuracy"] - before.reindex(places).to_numpy()))
    wide = change.pivot_table(index=keys, columns="place", values="change").add_prefix("retrieval_").reset_index()
    return table.merge(wide, on=keys, how="left")


def layers_table(found: pd.DataFrame, frozen: pd.DataFrame, facts: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Gain and retrieval of every strategy, by sweep.

    Parameters
    ----------
    found : pandas.DataFrame
        As `outcomes` returns it.
    frozen : pandas.DataFrame
        Run records with their `frozen_blocks`.
    facts : mapping
        Strategy -> `choice` (see `sweeps_of`) and `freeze_embeddings`; key `blocks`: model -> number of blocks.

    Returns
    -------
    pandas.DataFrame
        Means over languages and seeds, in points, with Student's 95 % interval over seeds of the means over languages.
        A strategy stands in every sweep that it belongs to.
    """
    rows = []
    for key, own in found.groupby([*RUN, "strategy"], sort=False):
        identity = dict(zip([*RUN, "strategy"], key, strict=True))
        if identity["strategy"] not in facts["strategies"]:  # fine-tuning in the language itself
            continue
        strategy, blocks = identity["strategy"], facts["blocks"][identity["model"]]
        chosen = _blocks_of(frozen, identity)
        texts = list(dict.fromkeys(chosen.values()))
        numbers = [int(block) for block in texts[0].split()]
        by_seed = own.groupby("seed")[list(OUTCOMES)].agg(lambda values: values.mean(skipna=False))
        measures: dict[str, Any] = {}
        for name in OUTCOMES:
            limits = mean_interval(by_seed[name].to_numpy())
            measures |= {name: by_seed[name].mean(skipna=False), f"{name}_low": limits.low, f"{name}_high": limits.high}
        for sweep in sweeps_of(numbers, blocks, facts["strategies"][strategy]["choice"]):
            rows.append(
                LayerRow(
                    **identity,
                    **sweep._asdict(),
                    freeze_embeddings=facts["strategies"][strategy]["freeze_embeddings"],
                    frozen_blocks=texts[0] if len(texts) == 1 else "; ".join(f"{s}: {b}" for s, b in chosen.items()),
                    **measures,
                    n_seeds=len(by_seed),
                    n_languages=own["language"].nunique(),
                )
            )
    order = [*STYLES, OTHER]
    table = table_of(LayerRow, rows)
    ranks = table["sweep"].map(order.index)
    return table.assign(rank=ranks).sort_values([*RUN[:4], "rank", "position", "freeze_embeddings", "strategy"],
                                                ignore_index=True).drop(columns="rank")  # fmt: skip


def _blocks_of(frozen: pd.DataFrame, identity: Mapping[str, Any]) -> dict[int, str]:
    """Frozen blocks of a run by seed, as the records have them."""
    own = frozen[np.logical_and.reduce([frozen[name] == value for name, value in identity.items()])]
    return dict(zip(own["seed"], own["frozen_blocks"].fillna(""), strict=True))


def block_prediction(found: pd.DataFrame, table: pd.DataFrame, conflict: pd.DataFrame | None) -> pd.DataFrame:
    """Rank correlation over blocks of the conflict in a block with what freezing or training it alone brings.

    What is correlated: the mean cosine of a block over languages and seeds, with the mean outcome of the strategy that
    freezes it alone, minus that of freezing nothing, or of the strategy that trains it alone. Freezing where gradients
    conflict is right if rho is below 0 for blocks frozen, and above 0 for blocks trained.

    Parameters
    ----------
    found : pandas.DataFrame
        As `outcomes` returns it.
    table : pandas.DataFrame
        As `layers_table` returns it.
    conflict : pandas.DataFrame or None
        Rows of diagnostics/conflict/**/seed*.csv.

    Returns
    -------
    pandas.DataFrame
        `low`, `high` : 95 % percentile interval of a bootstrap that draws seeds and languages anew, the same for both
        sides, with the blocks as they are; missing for one seed. `p` : two-sided, by permutation of the blocks.
    """
    rows: list[BlockPredictionRow] = []
    if conflict is None:
        return table_of(BlockPredictionRow, rows)
    alone = table[table["sweep"].isin([ONE_FROZEN, ONE_TRAINED]) & ~table["freeze_embeddings"].astype(bool)]
    for key, of_state in conflict.groupby([*RUN, "state"], sort=False):
        identity = dict(zip([*RUN, "state"], key, strict=True))
        same = {name: identity[name] for name in RUN}
        runs, own = (part[np.logical_and.reduce([part[k] == v for k, v in same.items()])] for part in (found, alone))
        nothing = _nothing(table, same)
        for (sweep, points), outcome in itertools.product(own.groupby("sweep", sort=False), OUTCOMES):
            strategies = dict(zip(points["strategy"], points["position"], strict=True))
            values = runs[runs["strategy"].isin(strategies)].assign(block=lambda t, s=strategies: t["strategy"].map(s))
            effects = values.pivot_table(index=["seed", "language"], columns="block", values=outcome)
            if sweep == ONE_FROZEN:
                reference = runs[runs["strategy"] == nothing].set_index(["seed", "language"])[outcome]
                effects = effects.sub(reference.reindex(effects.index), axis=0)
            cosines = of_state.pivot_table(index=["seed", "language"], columns="block", values="cosine")
            rows.append(_predict(identity | {"sweep": sweep, "outcome": outcome}, cosines, effects))
    return table_of(BlockPredictionRow, rows)


def _nothing(table: pd.DataFrame, identity: Mapping[str, Any]) -> str:
    """Strategy of a group that freezes nothing; an empty name where there is none."""
    own = table[np.logical_and.reduce([table[name] == value for name, value in identity.items()])]
    names = own.loc[(own["sweep"] == NOTHING) & ~own["freeze_embeddings"].astype(bool), "strategy"]
    return "" if names.empty else str(names.iloc[0])


def _predict(identity: Mapping[str, Any], cosines: pd.DataFrame, effects: pd.DataFrame) -> BlockPredictionRow:
    """Correlate over the blocks that both tables, (seeds and languages, blocks), know everywhere."""
    cosines, effects = cosines.dropna(axis=1), effects.dropna(axis=1)
    blocks = sorted(set(cosines.columns) & set(effects.columns))
    shared = cosines.index.intersection(effects.index).sort_values()
    seeds, languages = (sorted(set(shared.get_level_values(level))) for level in ("seed", "language"))
    counts: dict[str, Any] = {"n_blocks": len(blocks), "n_seeds": len(seeds), "n_languages": len(languages)}
    unknown = BlockPredictionRow(**identity, rho=np.nan, low=np.nan, high=np.nan, p=np.nan, **counts, reason="")
    if len(blocks) < MINIMUM_BLOCKS:
        return unknown._replace(reason=f"{len(blocks)} blocks with conflict and outcome; at least {MINIMUM_BLOCKS}")
    if len(shared) < len(seeds) * len(languages):
        return unknown._replace(reason="some seeds have fewer languages than others")
    shape = (len(seeds), len(languages), len(blocks))
    sides = [part.loc[shared, blocks].to_numpy().reshape(shape) for part in (cosines, effects)]
    means = [side.mean(axis=(0, 1)) for side in sides]
    if any(np.ptp(mean) == 0 for mean in means):
        return unknown._replace(reason="one of the two is the same in every block")
    rho, p, *_ = mean_spearman([means[0]], [means[1]])
    generator = np.random.default_rng(SEED)
    weights = [
        generator.multinomial(size, np.full(size, 1.0 / size), size=DRAWS) / size
        for size in (len(seeds), len(languages))
    ]
    drawn = [np.einsum("ds,dl,slb->db", *weights, side) for side in sides]
    ranks = [rankdata(side, axis=1) - (len(blocks) + 1) / 2 for side in drawn]
    with np.errstate(invalid="ignore"):
        rhos = (ranks[0] * ranks[1]).sum(1) / np.sqrt((ranks[0] ** 2).sum(1) * (ranks[1] ** 2).sum(1))
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.nanquantile(rhos, [tail, 1.0 - tail]) if len(seeds) > 1 else (np.nan, np.nan)
    return unknown._replace(rho=rho, low=float(low), high=float(high), p=p)


def draw_layers(found: pd.DataFrame, table: pd.DataFrame, model: str, task: str) -> Figure:
    """Draw gain and retrieval against what is frozen: one block, all but one, spans from either end, halves.

    Parameters
    ----------
    found, table : pandas.DataFrame
        As `outcomes` and `layers_table` return them.
    model, task : str
        Names as in the tables; the first aligner and set of realignment languages are drawn.

    Returns
    -------
    matplotlib.figure.Figure
        As wide as two columns.
    """
    own = table[(table["model"] == model) & (table["task"] == task)]
    first = {name: own[name].iloc[0] for name in RUN}
    own, runs = (part[np.logical_and.reduce([part[k] == v for k, v in first.items()])] for part in (own, found))
    by_seed = runs.groupby(["strategy", "seed"], as_index=False)[list(OUTCOMES)].mean()
    shown = [name for name in ("delta", "retrieval_last") if own[name].notna().any()]
    titles = {"delta": "Δ (points)", "retrieval_last": "retrieval, last block (points)"}
    with mpl.rc_context(STYLE):
        figure = new_figure(PAGE, 0.7 + 1.75 * len(shown))
        panels = figure.subplots(len(shown), 3, squeeze=False, sharex="col", sharey="row")
        for row, outcome in zip(panels, shown, strict=True):
            for axes, sweeps in zip(
                row, ([ONE_FROZEN], [ONE_TRAINED], [NOTHING, BELOW, ABOVE, RANDOM, CONFLICT]), strict=True
            ):
                _draw_reference(axes, own, outcome)
                for sweep in sweeps:
                    _draw_sweep(axes, own, by_seed, sweep, outcome)
            row[0].set_ylabel(titles[outcome])
        for axes, name in zip(panels[-1], ("the frozen block", "the trained block", "frozen blocks"), strict=True):
            axes.set_xlabel(name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes, name in zip(panels[0], (ONE_FROZEN, ONE_TRAINED, "spans and halves"), strict=True):
            axes.set_title(name, loc="left", pad=2)
        handles, labels = panels[0][2].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, columnspacing=1)
        figure.suptitle(f"What is frozen, and what comes of it: {title(model)}, {title(task)}", x=0.02, ha="left",
                        fontsize=8)  # fmt: skip
    return figure


def _draw_reference(axes: Axes, own: pd.DataFrame, outcome: str) -> None:
    """Zero is no realignment; the dashed line freezes nothing."""
    axes.axhline(0, color="black", linewidth=0.6, zorder=0)
    nothing = own[(own["sweep"] == NOTHING) & ~own["freeze_embeddings"].astype(bool)]
    if len(nothing):
        axes.axhline(nothing[outcome].iloc[0], color=GREY, linestyle="--", linewidth=0.9, zorder=1)


def _draw_sweep(axes: Axes, own: pd.DataFrame, by_seed: pd.DataFrame, sweep: str, outcome: str) -> None:
    """Small points are seeds, large ones their means; hollow where the embeddings are frozen, too."""
    points = own[own["sweep"] == sweep]
    if points.empty:
        return
    colour, marker = STYLES[sweep]
    seeds = points[["strategy", "position"]].merge(by_seed, on="strategy")
    axes.plot(seeds["position"], seeds[outcome], ".", color=colour, markersize=2.5, alpha=0.5, zorder=2)
    joined = sweep in (ONE_FROZEN, ONE_TRAINED, BELOW, ABOVE)
    for frozen, part in points.groupby(points["freeze_embeddings"].astype(bool)):
        name = f"{sweep}, embeddings frozen" if frozen else sweep
        part = part.sort_values("position")
        axes.plot(
            part["position"], part[outcome], linestyle="-" if joined and not frozen else "none",
            color=colour, marker=marker, markersize=4, markerfacecolor="white" if frozen else colour, label=name,
            zorder=3,
        )  # fmt: skip
