"""The page's charts as Vega-Lite specifications (altair).

Each draws a dataset named `rows`, which the page fills with what its controls choose.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from alignfreeze.analysis.advice_needs import STRATEGIES as ADVISED
from alignfreeze.analysis.names import BASELINE
from alignfreeze.page.outline import outline

# Okabe and Ito (2008): told apart by the colour-blind, and in grey by their order of brightness.
# As in the figures: full is orange and round, front blue and pointed, back square.
PALETTE = ("#E69F00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
SHAPES = ("circle", "triangle-up", "square", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left")
ROWS = alt.Data(name="rows")
POINTS = "Δ to the baseline, points"


def _strategy_colour(strategies: list[str], names: dict[str, str]) -> dict[str, Any]:
    """Colour and shape of a strategy, the same in every chart."""
    domain = [names.get(strategy, strategy) for strategy in strategies]
    moved = [strategy for strategy in strategies if strategy != BASELINE]
    colours, shapes = [
        [first if strategy == BASELINE else values[moved.index(strategy) % len(values)] for strategy in strategies]
        for first, values in (("#888888", PALETTE), ("stroke", SHAPES))
    ]
    legend = alt.Legend(orient="top", title=None)
    return {
        "color": alt.Color("strategy_name:N", scale=alt.Scale(domain=domain, range=colours), legend=legend),
        "shape": alt.Shape("strategy_name:N", scale=alt.Scale(domain=domain, range=shapes), legend=legend),
    }


def _zero_rule(axis: str) -> alt.Chart:
    return (
        alt.Chart(alt.InlineData(values=[{"zero": 0}]))
        .mark_rule(strokeDash=[4, 3], opacity=0.6)
        .encode(**{axis: alt.datum(0)})
    )


def _number(field: str, heading: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", title=heading, format="+.2f" if "delta" in field else ".3f")


def _grouped(strategies: list[str], names: dict[str, str]) -> alt.Chart:
    """A row for each group of strategies, which lie one below the other in it; the page breaks lines of its label."""
    return alt.Chart(ROWS).encode(
        y=alt.Y(
            "label:N", sort=None, title=None,
            axis=alt.Axis(ticks=False, domain=False, grid=True, bandPosition=0, labelExpr="split(datum.label, '\\n')"),
        ),
        yOffset=alt.YOffset("strategy_name:N", sort=[names.get(each, each) for each in strategies]),
    )  # fmt: skip


def _grouped_size(strategies: list[str]) -> dict[str, Any]:
    """Rows high enough for a label of three lines."""
    return {"width": "container", "height": alt.Step(max(40, 11 * len(strategies)), **{"for": "position"})}


def forest(strategies: list[str], names: dict[str, str]) -> alt.LayerChart:
    """Δ of the language average with its interval, a line a cell.

    Parameters
    ----------
    strategies : list of str
        Strategies with realignment, in display order.
    names : dict from str to str
        Key -> display name.

    Returns
    -------
    alt.LayerChart
    """
    base = _grouped(strategies, names)
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("delta_low:Q", title=POINTS), x2="delta_high:Q",
        color=_strategy_colour(strategies, names)["color"],
    )  # fmt: skip
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("delta:Q"),
        tooltip=[
            "model_name:N", "task_name:N", "strategy_name:N", "aligner_name:N", _number("delta", "Δ"),
            _number("delta_low", "low"), _number("delta_high", "high"), "n_seeds:Q", "n_languages:Q",
        ],
        **_strategy_colour(strategies, names),
    )  # fmt: skip
    return (_zero_rule("x") + bars + dots).properties(**_grouped_size(strategies))


def world() -> alt.LayerChart:
    """The languages on a map, coloured by Δ of the chosen cell; the page sets the symmetric domain of the colours."""
    lines = alt.Chart(alt.InlineData(values=outline())).mark_geoshape(filled=False, stroke="#8a8a8a", strokeWidth=0.8)
    grid = alt.Chart(alt.graticule(step=[30, 30])).mark_geoshape(filled=False, stroke="#8883", strokeWidth=0.5)
    dots = (
        alt.Chart(ROWS)
        .mark_circle(size=140, opacity=0.95, stroke="#222", strokeWidth=0.6, cursor="pointer")
        .encode(
            longitude="longitude:Q",
            latitude="latitude:Q",
            color=alt.Color(
                "delta:Q",
                title="Δ, points",
                scale=alt.Scale(scheme="blueorange", domain=[-1, 1], reverse=True),
                legend=alt.Legend(orient="bottom", gradientLength=180),
            ),
            tooltip=[
                "name:N",
                "language:N",
                "genus:N",
                _number("delta", "Δ"),
                _number("mean", "score, %"),
                "n_seeds:Q",
            ],
        )
    )
    return (grid + lines + dots).project("equalEarth").properties(width="container", height=420)


def by_language(strategies: list[str], names: dict[str, str]) -> alt.LayerChart:
    """Δ by language for the strategies of one model, task and aligner; whiskers: std over seeds.

    Parameters
    ----------
    strategies : list of str
        Strategies with realignment, in display order.
    names : dict from str to str
        Key -> display name.

    Returns
    -------
    alt.LayerChart
    """
    base = alt.Chart(ROWS).encode(
        y=alt.Y("name:N", sort=alt.EncodingSortField("order"), title=None),
        yOffset=alt.YOffset("strategy_name:N", sort=[names.get(each, each) for each in strategies]),
    )
    whiskers = base.mark_rule(opacity=0.7).encode(
        x=alt.X("low:Q", title=POINTS), x2="high:Q",
        color=_strategy_colour(strategies, names)["color"],
    )  # fmt: skip
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(
        x="delta:Q",
        tooltip=[
            "name:N", "strategy_name:N", _number("delta", "Δ"), _number("delta_std", "std of Δ"),
            _number("mean", "score, %"), "n_seeds:Q",
        ],
        **_strategy_colour(strategies, names),
    )  # fmt: skip
    return (_zero_rule("x") + whiskers + dots).properties(width="container", height=alt.Step(26, **{"for": "position"}))


def front_against_full() -> alt.LayerChart:
    """Δ of front against Δ of full, a dot a language; on the dashed line both are equal."""
    dots = (
        alt.Chart(ROWS)
        .mark_point(filled=True, size=60, opacity=0.9)
        .encode(
            x=alt.X("full:Q", title="Δ of full, points", scale=alt.Scale(zero=True)),
            y=alt.Y("front:Q", title="Δ of front, points", scale=alt.Scale(zero=True)),
            color=alt.Color("family:N", legend=alt.Legend(orient="bottom", columns=3, title=None)),
            tooltip=["name:N", "family:N", alt.Tooltip("full:Q", format="+.2f"), alt.Tooltip("front:Q", format="+.2f")],
        )
    )
    text = dots.mark_text(dx=6, align="left", fontSize=10).encode(text="shown_name:N", color=alt.value("#888"))
    equal = alt.Chart(alt.Data(name="equal")).mark_line(strokeDash=[4, 3], opacity=0.7).encode(x="x:Q", y="y:Q")
    return (equal + dots + text).properties(width="container", height=470)


def against_distance(strategies: list[str], names: dict[str, str]) -> alt.LayerChart:
    """Δ against a distance to the source language, with least-squares lines.

    Parameters
    ----------
    strategies : list of str
        Strategies with realignment, in display order.
    names : dict from str to str
        Key -> display name.

    Returns
    -------
    alt.LayerChart
    """
    colour = _strategy_colour(strategies, names)
    dots = (
        alt.Chart(ROWS)
        .mark_point(filled=True, size=55, opacity=0.9)
        .encode(
            x=alt.X("distance:Q", title="distance to the source language (URIEL)", scale=alt.Scale(zero=False)),
            y=alt.Y("delta:Q", title=POINTS),
            tooltip=["name:N", "strategy_name:N", alt.Tooltip("distance:Q", format=".3f"), _number("delta", "Δ")],
            **colour,
        )
    )
    lines = (
        alt.Chart(ROWS)
        .transform_regression("distance", "delta", groupby=["strategy_name"])
        .mark_line(opacity=0.6)
        .encode(x="distance:Q", y="delta:Q", color=colour["color"])
    )
    return (_zero_rule("y") + dots + lines).properties(width="container", height=320)


def seeds(strategies: list[str], names: dict[str, str]) -> alt.LayerChart:
    """Δ of the language average, a dot a seed.

    Parameters
    ----------
    strategies : list of str
        Strategies with realignment, in display order.
    names : dict from str to str
        Key -> display name.

    Returns
    -------
    alt.LayerChart
    """
    dots = (
        alt.Chart(ROWS)
        .mark_point(filled=True, size=60, opacity=0.9)
        .encode(
            x=alt.X("delta:Q", title="Δ of the language average, points"),
            y=alt.Y("label:N", sort=None, title=None),
            tooltip=[
                "strategy_name:N",
                "aligner_name:N",
                "seed:O",
                _number("delta", "Δ"),
                _number("average", "average, %"),
            ],
            **_strategy_colour(strategies, names),
        )
    )
    return (_zero_rule("x") + dots).properties(width="container", height=alt.Step(22))


def panel(strategies: list[str], names: dict[str, str]) -> alt.LayerChart:
    """One language: Δ of every cell with its std, beside the mean of the other languages of its genus (tick).

    Parameters
    ----------
    strategies : list of str
        Strategies with realignment, in display order.
    names : dict from str to str
        Key -> display name.

    Returns
    -------
    alt.LayerChart
    """
    base = _grouped(strategies, names)
    whiskers = base.mark_rule().encode(
        x=alt.X("low:Q", title=POINTS), x2="high:Q",
        color=_strategy_colour(strategies, names)["color"],
    )  # fmt: skip
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        x="delta:Q",
        tooltip=[
            "model_name:N", "task_name:N", "strategy_name:N", "aligner_name:N", _number("delta", "Δ"),
            _number("delta_std", "std of Δ"), _number("mean", "score, %"), _number("genus_delta", "genus"), "n_seeds:Q",
        ],
        **_strategy_colour(strategies, names),
    )  # fmt: skip
    ticks = base.mark_tick(thickness=2, size=11, color="#888").encode(x="genus_delta:Q")
    return (_zero_rule("x") + whiskers + ticks + dots).properties(**_grouped_size(strategies))


def retrieval(strategies: list[str], names: dict[str, str]) -> alt.Chart:
    """Word retrieval by language and layer, before and after realignment.

    Parameters
    ----------
    strategies : list of str
        Strategies with realignment, in display order; the baseline is drawn beside them.
    names : dict from str to str
        Key -> display name.

    Returns
    -------
    alt.Chart
    """
    return (
        alt.Chart(ROWS)
        .mark_point(filled=True, size=55, opacity=0.9)
        .encode(
            x=alt.X("accuracy:Q", title="nearest word is right, %", scale=alt.Scale(zero=False)),
            y=alt.Y("name:N", sort=None, title=None),
            tooltip=["name:N", "strategy_name:N", "layer:O", _number("accuracy", "%"), "n_words:Q"],
            **_strategy_colour([BASELINE, *strategies], names),
        )
        .properties(width="container", height=alt.Step(17))
    )


def aligners() -> alt.Chart:
    """Alignment error rate against gold links, by language and aligner."""
    return (
        alt.Chart(ROWS)
        .mark_point(filled=True, size=60)
        .encode(
            x=alt.X("aer:Q", title="alignment error rate"),
            y=alt.Y("name:N", sort=None, title=None),
            color=alt.Color(
                "aligner_name:N", scale=alt.Scale(range=list(PALETTE)), legend=alt.Legend(orient="top", title=None)
            ),
            shape=alt.Shape("aligner_name:N"),
            tooltip=[
                "name:N",
                "aligner_name:N",
                _number("aer", "AER"),
                _number("precision", "precision"),
                _number("recall", "recall"),
            ],
        )
        .properties(width="container", height=alt.Step(17))
    )


def curves() -> alt.Chart:
    """Training curves."""
    return (
        alt.Chart(ROWS)
        .mark_line(opacity=0.8)
        .encode(
            x=alt.X("step:Q", title="optimiser step"),
            y=alt.Y("loss:Q", title="mean loss"),
            color=alt.Color("run:N", legend=None),
            tooltip=["run:N", "step:Q", _number("loss", "loss")],
        )
        .properties(width="container", height=300)
    )


def advice(strategies: list[str], names: dict[str, str]) -> alt.LayerChart:
    """Expected gain of languages that the advice had not seen, with its interval, beside what was seen (grey tick).

    Parameters
    ----------
    strategies : list of str
        Strategies with realignment, in display order; those that no advice is about are left out.
    names : dict from str to str
        Key -> display name.

    Returns
    -------
    alt.LayerChart
    """
    advised = [strategy for strategy in strategies if strategy in ADVISED]
    base = alt.Chart(ROWS).encode(
        y=alt.Y("name:N", sort=None, title=None),
        yOffset=alt.YOffset("strategy_name:N", sort=[names.get(each, each) for each in advised]),
    )
    colours = _strategy_colour(strategies, names)
    for encoding in colours.values():
        encoding.legend = alt.Legend(orient="top", title=None, values=[names.get(each, each) for each in advised])
    bars = base.mark_rule(opacity=0.7).encode(
        x=alt.X("low:Q", title="gain, points"), x2="high:Q", color=colours["color"]
    )  # fmt: skip
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(
        x="gain:Q",
        tooltip=[
            "name:N", "strategy_name:N", alt.Tooltip("gain:Q", title="expected", format="+.2f"),
            alt.Tooltip("low:Q", format="+.2f"), alt.Tooltip("high:Q", format="+.2f"),
            alt.Tooltip("seen:Q", format="+.2f"), alt.Tooltip("n:Q", title="languages learnt from"),
        ],
        **colours,
    )  # fmt: skip
    ticks = base.mark_tick(thickness=3, size=10, color="#888").encode(x="seen:Q")
    step = alt.Step(20, **{"for": "position"})
    return (_zero_rule("x") + bars + ticks + dots).properties(width="container", height=step)


def compare() -> alt.LayerChart:
    """Our scores against those of the other experiment."""
    dots = (
        alt.Chart(ROWS)
        .mark_point(filled=True, size=50, opacity=0.85)
        .encode(
            x=alt.X("other:Q", title="other experiment, %", scale=alt.Scale(zero=False)),
            y=alt.Y("ours:Q", title="this experiment, %", scale=alt.Scale(zero=False)),
            color=alt.Color(
                "task_name:N", scale=alt.Scale(range=list(PALETTE)), legend=alt.Legend(orient="top", title=None)
            ),
            tooltip=[
                "model_name:N",
                "task_name:N",
                "strategy_name:N",
                "aligner_name:N",
                "name:N",
                _number("ours", "ours"),
                _number("other", "other"),
            ],
        )
    )
    equal = alt.Chart(alt.Data(name="equal")).mark_line(strokeDash=[4, 3], opacity=0.7).encode(x="x:Q", y="y:Q")
    return (equal + dots).properties(width="container", height=380)


def specifications(strategies: list[str], names: dict[str, str]) -> dict[str, dict]:
    """Return all charts as Vega-Lite specifications.

    Parameters
    ----------
    strategies : list of str
        Strategies with realignment, in display order.
    names : dict from str to str
        Key -> display name.

    Returns
    -------
    dict from str to dict
        Name of the chart -> specification.
    """
    charts = {
        "forest": forest(strategies, names),
        "world": world(),
        "by_language": by_language(strategies, names),
        "front_against_full": front_against_full(),
        "against_distance": against_distance(strategies, names),
        "seeds": seeds(strategies, names),
        "panel": panel(strategies, names),
        "retrieval": retrieval(strategies, names),
        "aligners": aligners(),
        "curves": curves(),
        "compare": compare(),
        "advice": advice(strategies, names),
    }
    # Charts with a step a row grow downwards: only their width is that of the page.
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    return {name: chart.properties(autosize=fit).to_dict(validate=True) for name, chart in charts.items()}
