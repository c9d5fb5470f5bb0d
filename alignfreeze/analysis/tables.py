"""The tables about cells: levels, differences to the baseline, and front against full.

Scores and differences are in points of per cent. Standard deviations are over seeds with ddof 1. The column
`reason` says why a number is missing or rests on fewer seeds; it is empty when nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from alignfreeze.analysis import intervals
from alignfreeze.analysis.cells import (
    RESOLUTION_DIGITS,
    Cell,
    Experiment,
    Scores,
    language_average,
    language_means,
    mean_over,
    read_experiment,
    reason_of,
    spread_over,
)
from alignfreeze.analysis.counts import RULES, chance_of_direction, count_directions
from alignfreeze.analysis.in_language import gap_of
from alignfreeze.analysis.names import IN_LANGUAGE, rank
from alignfreeze.analysis.pairing import paired, with_holm
from alignfreeze.analysis.rows import table_of
from alignfreeze.languages.registry import facts_table

MISSING = float("nan")


class MainRow(NamedTuple):
    """A row of `main_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    metric: str
    mean: float
    std: float
    delta: float = MISSING
    delta_std: float = MISSING
    delta_low: float = MISSING
    delta_high: float = MISSING
    n_up_paper: int | None = None
    n_down_paper: int | None = None
    n_up: int | None = None
    n_down: int | None = None
    english: float = MISSING
    n_languages: int | None = None
    n_seeds: int | None = None
    realignment_languages: str = ""
    reason: str = ""


class CountsRow(NamedTuple):
    """A row of `counts_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    metric: str
    rule: str
    n_up: int | None
    n_down: int | None
    expected_by_chance: float
    n_languages: int
    n_seeds: int
    n_seeds_baseline: int
    realignment_languages: str
    reason: str


class FrontVsFullRow(NamedTuple):
    """A row of `front_vs_full_table`."""

    model: str
    task: str
    aligner: str
    delta: float
    delta_std: float
    delta_low: float
    delta_high: float
    n_seeds_better: int | None
    n_languages_better: int | None
    n_languages: int
    p: float
    p_holm: float
    slope: float
    n_seeds: int
    realignment_languages: str
    reason: str


class PerLanguageRow(NamedTuple):
    """A row of `per_language_table`."""

    language: str
    strategy: str
    aligner: str
    mean: float
    std: float
    delta: float
    q: float
    n_seeds: int
    delta_std: float
    p: float
    best: bool
    gap_share: float
    metric: str
    realignment_languages: str
    reason: str


class SourceVsTargetRow(NamedTuple):
    """A row of `source_vs_target_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    delta_source: float
    delta_source_std: float
    delta_target: float
    delta_target_std: float
    gap: float
    gap_low: float
    gap_high: float
    n_languages: int
    n_seeds: int
    metric: str
    realignment_languages: str
    reason: str


class BestWorstRow(NamedTuple):
    """A row of `best_worst_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    side: str
    place: int
    language: str
    delta: float
    delta_std: float
    n_languages: int
    n_seeds: int
    metric: str
    realignment_languages: str
    reason: str


class NoiseRow(NamedTuple):
    """A row of `noise_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    language: str
    std_baseline: float
    std: float
    std_paired: float
    std_unpaired: float
    gain: float
    correlation: float
    n_seeds: int
    metric: str
    realignment_languages: str


class DeltaRow(NamedTuple):
    """A row of `deltas_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    language: str
    name: str
    seed: int
    score: float
    baseline: float
    delta: float
    metric: str
    realignment_languages: str


def _present(matrix: pd.DataFrame) -> int:
    """Number of languages with a score under every seed."""
    return int(matrix.notna().all().sum())


def main_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 1, one row per cell: level, difference to the baseline, languages up and down, source language.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        mean, std : of the language average over seeds. delta, delta_std : the same of the difference to the baseline
        with the same seed. delta_low, delta_high : 95 % two-way bootstrap interval over seeds and languages.
        n_up_paper, n_down_paper, n_up, n_down : languages up and down by the paper's and by the plain rule.
        english : mean on the source language; named source where that is another language. n_languages : languages
        with a score under every seed.
    """
    experiment = read_experiment(scores, source)
    table = table_of(MainRow, (_main_row(experiment, cell) for cell in experiment.cells(all_metrics=True)))
    return table if source == "en" else table.rename(columns={"english": "source"})


def _main_row(experiment: Experiment, cell: Cell) -> MainRow:
    matrix = experiment.targets[cell]
    average = language_average(matrix)
    row = MainRow(
        **cell._asdict(),
        mean=mean_over(average),
        std=spread_over(average),
        english=mean_over(experiment.sources[cell]),
        n_languages=_present(matrix),
        n_seeds=len(matrix),
        reason=reason_of(matrix),
    )
    if cell.is_baseline:
        return row
    difference = experiment.delta(cell)
    average_difference = language_average(difference)
    interval = intervals.two_way_interval(difference.to_numpy())
    baseline = experiment.baseline(cell)
    paper, plain = (count_directions(matrix, baseline, rule) for rule in RULES)
    return row._replace(
        delta=mean_over(average_difference),
        delta_std=spread_over(average_difference),
        delta_low=interval.low,
        delta_high=interval.high,
        n_up_paper=paper.up,
        n_down_paper=paper.down,
        n_up=plain.up,
        n_down=plain.down,
        reason=reason_of(matrix, difference),
    )


def counts_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 4: languages up and down by both rules beside the number that chance alone gives.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        One row per cell and rule. expected_by_chance : languages called up (and, equally, down) on average if
        realignment changes nothing, for these numbers of seeds and languages.
    """
    experiment = read_experiment(scores, source)
    rows = []
    for cell in experiment.methods(all_metrics=True):
        matrix, baseline = experiment.targets[cell], experiment.baseline(cell)
        baseline_seeds = 0 if baseline is None else len(baseline)
        for rule in RULES:
            count = count_directions(matrix, baseline, rule)
            rows.append(
                CountsRow(
                    **cell._asdict(),
                    rule=rule,
                    n_up=count.up,
                    n_down=count.down,
                    expected_by_chance=chance_of_direction(len(matrix), baseline_seeds, rule) * _present(matrix),
                    n_languages=_present(matrix),
                    n_seeds=len(matrix),
                    n_seeds_baseline=baseline_seeds,
                    reason=reason_of(matrix, experiment.delta(cell)),
                )
            )
    return table_of(CountsRow, rows)


def front_vs_full_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 2: freezing the front half against freezing nothing, paired by seed.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        delta, delta_std : front minus full, of the language average over seeds. delta_low, delta_high : two-way
        bootstrap. n_seeds_better, n_languages_better : where front is higher (a language by its mean over seeds). p :
        paired t-test over seeds. p_holm : Holm over all rows, the one family of this table. slope : of front's
        difference to the baseline on full's, over languages (least squares with intercept): 1 is the same effect,
        below 1 a damped one.
    """
    experiment = read_experiment(scores, source)
    rows = [
        _front_row(experiment, cell)
        for cell in experiment.methods()
        if cell.strategy == "front" and cell.with_strategy("full") in experiment.targets
    ]
    return with_holm(table_of(FrontVsFullRow, rows))


def _front_row(experiment: Experiment, front: Cell) -> FrontVsFullRow:
    full = front.with_strategy("full")
    difference = experiment.delta(front, "full")
    return FrontVsFullRow(
        model=front.model,
        task=front.task,
        aligner=front.aligner,
        **paired(difference)._asdict(),
        p_holm=MISSING,
        slope=slope(language_means(experiment.delta(full)), language_means(experiment.delta(front))),
        realignment_languages=front.realignment_languages,
        reason=reason_of(experiment.targets[front], difference, "full"),
    )


def slope(horizontal: pd.Series, vertical: pd.Series) -> float:
    """Return the least-squares slope over languages; NaN below three languages, without spread or with a gap.

    Parameters
    ----------
    horizontal, vertical : pandas.Series
        (languages,), in one order.

    Returns
    -------
    float
        Vertical per horizontal.
    """
    x, y = horizontal.to_numpy(dtype=float), vertical.to_numpy(dtype=float)
    if x.size < 3 or x.size != y.size or not (np.isfinite(x).all() and np.isfinite(y).all()) or np.ptp(x) == 0:
        return MISSING
    return float(np.polyfit(x, y, 1)[0])


def per_language_table(scores: Scores, model: str, task: str, source: str = "en") -> pd.DataFrame:
    """Return table 3 for one model and task, in long form: one row per language, strategy and aligner.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    model, task : str
        Names as in the scores.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        mean, std : over seeds. delta, delta_std : difference to the baseline, paired by seed. p : Welch's t-test of the
        two sets of seeds. q : Benjamini-Hochberg over the rows of this table, its one family. best : highest mean
        of the language, by number (equal numbers are all marked); fine-tuning in the language itself is not among them.
        gap_share : delta over the gap between the baseline and fine-tuning in the language itself, both means over
        seeds; 1 closes it. Missing where that gap is not positive or may be noise, which `reason` says, or where it was
        not run; the column is there only if it was run in some language. The source language is not in it.
    """
    experiment = read_experiment(scores, source)
    rows: list[PerLanguageRow] = []
    for cell in [*experiment.cells(), *experiment.upper_bounds()]:
        if (cell.model, cell.task) == (model, task):
            rows += _language_rows(experiment, cell)
    frame = table_of(PerLanguageRow, rows)
    # A run of one language or of few cells can leave these columns without a number.
    for name in ("mean", "delta", "delta_std", "p", "gap_share"):
        frame[name] = frame[name].astype(float)
    if not experiment.upper_bounds():
        frame = frame.drop(columns="gap_share")
    rounded = frame["mean"].round(RESOLUTION_DIGITS).where(frame["strategy"] != IN_LANGUAGE)
    return frame.assign(
        q=intervals.adjusted(frame["p"].to_numpy(), "fdr_bh"),
        best=rounded == rounded.groupby(frame["language"]).transform("max"),
    ).sort_values(
        ["language", "aligner", "strategy", "realignment_languages"],
        key=lambda column: column.map(lambda name: rank(column.name, name)),
        ignore_index=True,
    )


def _language_rows(experiment: Experiment, cell: Cell) -> Iterator[PerLanguageRow]:
    """Rows of one cell: of the baseline, of a realignment, or of fine-tuning in each language itself."""
    is_bound = cell.strategy == IN_LANGUAGE
    matrix = experiment.in_language[cell] if is_bound else experiment.targets[cell]
    baseline, bound = experiment.baseline(cell), experiment.upper_bound(cell)
    # Fine-tuning in the language itself shares nothing with the baseline of its seed, and is in no family of tests.
    difference = None if cell.is_baseline or is_bound else experiment.delta(cell)
    for language in matrix.columns:
        values = matrix[language]
        if is_bound:
            values = values.dropna()
            if values.empty:
                continue  # no training data in this language
        deltas = np.empty(0) if difference is None else difference[language].to_numpy()
        p = MISSING
        if difference is not None and baseline is not None:
            p = intervals.welch_p(values.to_numpy(), baseline[language].to_numpy())
        delta = mean_over(deltas)
        if is_bound and baseline is not None:
            delta = mean_over(values) - mean_over(baseline[language])
        share, no_gap = MISSING, ""
        if difference is not None and baseline is not None and bound is not None:
            gap = gap_of(bound[language].dropna(), baseline[language])
            share, no_gap = gap.share(delta), gap.reason
        reason = reason_of(values.to_frame(), None if difference is None else difference[[language]], averaged=False)
        yield PerLanguageRow(
            language=language,
            strategy=cell.strategy,
            aligner=cell.aligner,
            mean=mean_over(values),
            std=spread_over(values),
            delta=delta,
            q=MISSING,
            n_seeds=int(np.isfinite(values).sum()),
            delta_std=spread_over(deltas),
            p=p,
            best=False,
            gap_share=share,
            metric=cell.metric,
            realignment_languages=cell.realignment_languages,
            reason="; ".join(filter(None, [reason, no_gap])),
        )


def source_vs_target_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 5: the difference to the baseline on the source language beside that on the targets.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        delta_source, delta_target : means over seeds, paired; each with its standard deviation over seeds.
        gap : targets minus source, with a t interval over seeds (gap_low, gap_high).
    """
    experiment = read_experiment(scores, source)
    rows = []
    for cell in experiment.methods():
        difference, on_source = experiment.delta(cell), experiment.source_delta(cell)
        average = language_average(difference)
        seeds = average.index.intersection(on_source.index)
        gap = (average.loc[seeds] - on_source.loc[seeds]).to_numpy()
        limits = intervals.mean_interval(gap)
        reason = reason_of(experiment.targets[cell], difference)
        if on_source.empty:
            reason = "; ".join(filter(None, [reason, f"no score on {source}"]))
        rows.append(
            SourceVsTargetRow(
                **cell._asdict(),
                delta_source=mean_over(on_source),
                delta_source_std=spread_over(on_source),
                delta_target=mean_over(average),
                delta_target_std=spread_over(average),
                gap=mean_over(gap),
                gap_low=limits.low,
                gap_high=limits.high,
                n_languages=_present(experiment.targets[cell]),
                n_seeds=len(seeds),
                reason=reason,
            )
        )
    return table_of(SourceVsTargetRow, rows)


def best_worst_table(scores: Scores, source: str = "en", places: int = 3) -> pd.DataFrame:
    """Return table 6: of each cell the languages that gain most and least, by mean difference over seeds.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the source language.
    places : int
        Languages of each side, at most.

    Returns
    -------
    pandas.DataFrame
        side : `best` or `worst`; place : 1 is the most extreme. With few languages the two sides share none: the best
        side is filled first.
    """
    experiment = read_experiment(scores, source)
    rows = []
    for cell in experiment.methods():
        difference = experiment.delta(cell)
        means = language_means(difference).dropna()
        ranked = list(means.sort_index().sort_values(ascending=False, kind="stable").index)
        best = ranked[: min(places, (len(ranked) + 1) // 2)]
        worst = ranked[len(best) :][::-1][:places]
        for side, languages in (("best", best), ("worst", worst)):
            for place, language in enumerate(languages, start=1):
                rows.append(
                    BestWorstRow(
                        **cell._asdict(),
                        side=side,
                        place=place,
                        language=language,
                        delta=means[language],
                        delta_std=spread_over(difference[language]),
                        n_languages=len(means),
                        n_seeds=len(difference),
                        reason=reason_of(experiment.targets[cell], difference),
                    )
                )
    return table_of(BestWorstRow, rows)


def noise_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return the noise part of table 10: how much seeds move a score, and what pairing by seed gains.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        One row per cell and language, and one for the language average (`language` is `average`). std_baseline, std :
        over the paired seeds. std_paired : of the differences by seed. std_unpaired : of a difference of two
        unrelated seeds, sqrt(std² + std_baseline²). gain : unpaired / paired, above 1 where pairing helps.
        correlation : of method and baseline over seeds.
    """
    experiment = read_experiment(scores, source)
    rows = []
    for cell in experiment.methods():
        baseline = experiment.baseline(cell)
        if baseline is None:
            continue
        seeds = experiment.delta(cell).index
        method, reference = experiment.targets[cell].loc[seeds], baseline.loc[seeds]
        pairs = {"average": (language_average(method), language_average(reference))} | {
            language: (method[language], reference[language]) for language in method.columns
        }
        for language, (own, base) in pairs.items():
            noise = _noise(own.to_numpy(), base.to_numpy())
            rows.append(NoiseRow(**cell._asdict(), language=language, **noise))
    return table_of(NoiseRow, rows)


def _noise(method: np.ndarray, baseline: np.ndarray) -> dict[str, Any]:
    paired = spread_over(method - baseline)
    unpaired = float(np.hypot(spread_over(method), spread_over(baseline)))
    # Two seeds always correlate perfectly; that says nothing.
    enough = method.size > 2 and spread_over(method) > 0 and spread_over(baseline) > 0
    return {
        "std_baseline": spread_over(baseline),
        "std": spread_over(method),
        "std_paired": paired,
        "std_unpaired": unpaired,
        "gain": unpaired / paired if paired > 0 else MISSING,
        "correlation": float(np.corrcoef(method, baseline)[0, 1]) if enough else MISSING,
        "n_seeds": method.size,
    }


def deltas_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return the differences to the baseline, one row per cell, language and seed: what the figures are drawn from.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        score, baseline : per cent, of the same seed; delta : their difference. name : of the language in English.
        Missing where one of the two scores is. A cell without any seed of its baseline has no rows.

    Examples
    --------
    Redraw Δ by language from the table of an experiment:

    >>> import pandas as pd, seaborn as sns
    >>> deltas = pd.read_csv("results/demo/tables/all/deltas.csv", keep_default_na=False)  # doctest: +SKIP
    >>> sns.catplot(deltas, x="language", y="delta", hue="strategy", row="aligner", errorbar="sd",
    ...             kind="point", linestyle="none")  # doctest: +SKIP
    """
    experiment = read_experiment(scores, source)
    names = facts_table(experiment.languages())["name"]
    rows = []
    for cell in experiment.methods():
        difference = experiment.delta(cell)
        method, baseline = experiment.targets[cell], experiment.baseline(cell)
        if baseline is None:
            continue
        for seed, deltas in difference.iterrows():
            for language, delta in deltas.items():
                rows.append(
                    DeltaRow(
                        **cell._asdict(),
                        language=language,
                        name=names[language],
                        seed=seed,
                        score=method.loc[seed, language],
                        baseline=baseline.loc[seed, language],
                        delta=delta,
                    )
                )
    return table_of(DeltaRow, rows)
