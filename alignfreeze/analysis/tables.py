"""The tables about cells: levels, differences to the baseline, and front against full.

Scores and differences are in points of per cent. Standard deviations are over seeds with ddof 1. The column
`reason` says why a number is missing or rests on fewer seeds; it is empty when nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from alignfreeze.analysis import intervals
from alignfreeze.analysis.contrasts import (
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
from alignfreeze.analysis.order import rank

MISSING = float("nan")
CELL_COLUMNS = ["model", "task", "aligner", "strategy"]


def table_of(rows: Iterable[dict], columns: list[str], counts: Iterable[str] = ()) -> pd.DataFrame:
    """Make a frame with exactly `columns`, counts being nullable integers so that a missing one stays missing."""
    frame = pd.DataFrame(list(rows), columns=columns)
    return frame.astype(dict.fromkeys(counts, "Int64"))


def _identity(cell: Cell) -> dict:
    return {
        "model": cell.model,
        "task": cell.task,
        "aligner": cell.aligner,
        "strategy": cell.strategy,
        "metric": cell.metric,
        "realignment_languages": cell.realignment_languages,
    }


def _present(matrix: pd.DataFrame) -> int:
    """Number of languages with a score under every seed."""
    return int(matrix.notna().all().sum())


def main_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 1, one row per cell: level, difference to the baseline, languages up and down, source language.

    Parameters
    ----------
    scores : the long table, values 0..1.
    source : code of the source language.

    Returns
    -------
    pandas.DataFrame
        mean, std : of the language average over seeds. delta, delta_std : the same of the difference to the baseline
        with the same seed. delta_low, delta_high : 95 % two-way bootstrap interval over seeds and languages.
        n_up_paper, n_down_paper, n_up, n_down : languages up and down by the paper's and by the plain rule.
        english : mean on the source language. n_languages : languages with a score under every seed.
    """
    experiment = read_experiment(scores, source)
    columns = [
        *CELL_COLUMNS,
        *("metric", "mean", "std", "delta", "delta_std", "delta_low", "delta_high"),
        *("n_up_paper", "n_down_paper", "n_up", "n_down", "english", "n_languages", "n_seeds"),
        *("realignment_languages", "reason"),
    ]
    counts = ["n_up_paper", "n_down_paper", "n_up", "n_down", "n_languages", "n_seeds"]
    return table_of((_main_row(experiment, cell) for cell in experiment.cells(all_metrics=True)), columns, counts)


def _main_row(experiment: Experiment, cell: Cell) -> dict:
    matrix = experiment.targets[cell]
    average = language_average(matrix)
    row = _identity(cell) | {
        "mean": mean_over(average),
        "std": spread_over(average),
        "english": mean_over(experiment.sources[cell]),
        "n_languages": _present(matrix),
        "n_seeds": len(matrix),
    }
    if cell.is_baseline:
        return row | {"reason": reason_of(matrix)}
    difference = experiment.delta(cell)
    average_difference = language_average(difference)
    interval = intervals.two_way_interval(difference.to_numpy())
    baseline = experiment.baseline(cell)
    paper, plain = (count_directions(matrix, baseline, rule) for rule in RULES)
    return row | {
        "delta": mean_over(average_difference),
        "delta_std": spread_over(average_difference),
        "delta_low": interval.low,
        "delta_high": interval.high,
        "n_up_paper": paper.up,
        "n_down_paper": paper.down,
        "n_up": plain.up,
        "n_down": plain.down,
        "reason": reason_of(matrix, difference),
    }


def counts_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 4: languages up and down by both rules beside the number that chance alone gives.

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
                _identity(cell)
                | {
                    "rule": rule,
                    "n_up": count.up,
                    "n_down": count.down,
                    "expected_by_chance": chance_of_direction(len(matrix), baseline_seeds, rule) * _present(matrix),
                    "n_languages": _present(matrix),
                    "n_seeds": len(matrix),
                    "n_seeds_baseline": baseline_seeds,
                    "reason": reason_of(matrix, experiment.delta(cell)),
                }
            )
    columns = [
        *CELL_COLUMNS,
        *(
            "metric",
            "rule",
            "n_up",
            "n_down",
            "expected_by_chance",
            "n_languages",
            "n_seeds",
            "n_seeds_baseline",
        ),
        *("realignment_languages", "reason"),
    ]
    return table_of(rows, columns, ["n_up", "n_down", "n_languages", "n_seeds", "n_seeds_baseline"])


def front_vs_full_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 2: freezing the front half against freezing nothing, paired by seed.

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
    columns = [
        *("model", "task", "aligner", "delta", "delta_std", "delta_low", "delta_high", "n_seeds_better"),
        *(
            "n_languages_better",
            "n_languages",
            "p",
            "p_holm",
            "slope",
            "n_seeds",
            "realignment_languages",
            "reason",
        ),
    ]
    frame = table_of(rows, columns, ["n_seeds_better", "n_languages_better", "n_languages", "n_seeds"])
    return frame.assign(p_holm=intervals.adjusted(frame["p"].to_numpy(dtype=float), "holm"))


def _front_row(experiment: Experiment, front: Cell) -> dict:
    full = front.with_strategy("full")
    difference = experiment.delta(front, "full")
    average = language_average(difference).round(RESOLUTION_DIGITS)
    by_language = language_means(difference).round(RESOLUTION_DIGITS)
    complete = bool(len(difference)) and bool(by_language.notna().all())
    interval = intervals.two_way_interval(difference.to_numpy())
    return _identity(front) | {
        "delta": mean_over(language_average(difference)),
        "delta_std": spread_over(language_average(difference)),
        "delta_low": interval.low,
        "delta_high": interval.high,
        "n_seeds_better": int((average > 0).sum()) if complete else None,
        "n_languages_better": int((by_language > 0).sum()) if complete else None,
        "n_languages": _present(difference) if len(difference) else 0,
        "p": intervals.paired_p(average.to_numpy()),
        "slope": slope(language_means(experiment.delta(full)), language_means(experiment.delta(front))),
        "n_seeds": len(difference),
        "reason": reason_of(experiment.targets[front], difference, "full"),
    }


def slope(horizontal: pd.Series, vertical: pd.Series) -> float:
    """Return the least-squares slope over languages; NaN below three languages, without spread or with a gap."""
    x, y = horizontal.to_numpy(dtype=float), vertical.to_numpy(dtype=float)
    if x.size < 3 or x.size != y.size or not (np.isfinite(x).all() and np.isfinite(y).all()) or np.ptp(x) == 0:
        return MISSING
    return float(np.polyfit(x, y, 1)[0])


def per_language_table(scores: Scores, model: str, task: str, source: str = "en") -> pd.DataFrame:
    """Return table 3 for one model and task, in long form: one row per language, strategy and aligner.

    Returns
    -------
    pandas.DataFrame
        mean, std : over seeds. delta, delta_std : difference to the baseline, paired by seed. p : Welch's t-test of the
        two sets of seeds. q : Benjamini-Hochberg over the rows of this table, its one family. best : highest mean
        of the language, by number (equal numbers are all marked). The source language is not in it.
    """
    experiment = read_experiment(scores, source)
    rows = []
    for cell in experiment.cells():
        if (cell.model, cell.task) != (model, task):
            continue
        matrix, baseline, difference = (
            experiment.targets[cell],
            experiment.baseline(cell),
            experiment.delta(cell),
        )
        for language in matrix.columns:
            values = matrix[language].to_numpy()
            row = _identity(cell) | {
                "language": language,
                "mean": mean_over(values),
                "std": spread_over(values),
                "n_seeds": int(np.isfinite(values).sum()),
            }
            if not cell.is_baseline:
                deltas = difference[language].to_numpy()
                row |= {"delta": mean_over(deltas), "delta_std": spread_over(deltas)}
                if baseline is not None:
                    row["p"] = intervals.welch_p(values, baseline[language].to_numpy())
            row["reason"] = reason_of(matrix[[language]], None if cell.is_baseline else difference[[language]])
            row["reason"] = row["reason"].replace("one language: no interval over languages", "").rstrip("; ")
            rows.append(row)
    columns = [
        *("language", "strategy", "aligner", "mean", "std", "delta", "q", "n_seeds"),
        *("delta_std", "p", "best", "metric", "realignment_languages", "reason"),
    ]
    frame = table_of(rows, columns, ["n_seeds"])
    # A run of one language or of few cells can leave these columns without a number.
    for name in ("mean", "delta", "delta_std", "p"):
        frame[name] = frame[name].astype(float)
    rounded = frame["mean"].round(RESOLUTION_DIGITS)
    return frame.assign(
        q=intervals.adjusted(frame["p"].to_numpy(), "fdr_bh"),
        best=rounded == rounded.groupby(frame["language"]).transform("max"),
    ).sort_values(
        ["language", "aligner", "strategy", "realignment_languages"],
        key=lambda column: column.map(lambda name: rank(column.name, name)),
        ignore_index=True,
    )


def source_vs_target_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return table 5: the difference to the baseline on the source language beside that on the targets.

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
            _identity(cell)
            | {
                "delta_source": mean_over(on_source),
                "delta_source_std": spread_over(on_source),
                "delta_target": mean_over(average),
                "delta_target_std": spread_over(average),
                "gap": mean_over(gap),
                "gap_low": limits.low,
                "gap_high": limits.high,
                "n_languages": _present(experiment.targets[cell]),
                "n_seeds": len(seeds),
                "reason": reason,
            }
        )
    columns = [
        *CELL_COLUMNS,
        *(
            "delta_source",
            "delta_source_std",
            "delta_target",
            "delta_target_std",
            "gap",
            "gap_low",
            "gap_high",
        ),
        *("n_languages", "n_seeds", "metric", "realignment_languages", "reason"),
    ]
    return table_of(rows, columns, ["n_languages", "n_seeds"])


def best_worst_table(scores: Scores, source: str = "en", places: int = 3) -> pd.DataFrame:
    """Return table 6: of each cell the languages that gain most and least, by mean difference over seeds.

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
        ranked = sorted(means.index, key=lambda language, means=means: (-means[language], language))
        best = ranked[: min(places, (len(ranked) + 1) // 2)]
        worst = ranked[len(best) :][::-1][:places]
        for side, languages in (("best", best), ("worst", worst)):
            for place, language in enumerate(languages, start=1):
                rows.append(
                    _identity(cell)
                    | {
                        "side": side,
                        "place": place,
                        "language": language,
                        "delta": means[language],
                        "delta_std": spread_over(difference[language]),
                        "n_languages": len(means),
                        "n_seeds": len(difference),
                        "reason": reason_of(experiment.targets[cell], difference),
                    }
                )
    columns = [
        *CELL_COLUMNS,
        *("side", "place", "language", "delta", "delta_std", "n_languages", "n_seeds"),
        *("metric", "realignment_languages", "reason"),
    ]
    return table_of(rows, columns, ["place", "n_languages", "n_seeds"])


def noise_table(scores: Scores, source: str = "en") -> pd.DataFrame:
    """Return the noise part of table 10: how much seeds move a score, and what pairing by seed gains.

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
            rows.append(_identity(cell) | {"language": language} | _noise(own.to_numpy(), base.to_numpy()))
    columns = [
        *CELL_COLUMNS,
        *("language", "std_baseline", "std", "std_paired", "std_unpaired", "gain", "correlation", "n_seeds"),
        *("metric", "realignment_languages"),
    ]
    return table_of(rows, columns, ["n_seeds"])


def _noise(method: np.ndarray, baseline: np.ndarray) -> dict:
    paired, unpaired = (
        spread_over(method - baseline),
        float(np.hypot(spread_over(method), spread_over(baseline))),
    )
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
