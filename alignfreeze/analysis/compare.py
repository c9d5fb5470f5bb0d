"""A run of ours beside the published results, cell by cell."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from alignfreeze.analysis import intervals
from alignfreeze.analysis.cells import (
    Cell,
    Experiment,
    language_average,
    mean_over,
    read_experiment,
    spread_over,
)
from alignfreeze.analysis.names import NONE
from alignfreeze.analysis.rows import table_of
from alignfreeze.support.errors import InputError

PAPER_VARIANT = "paper_"


class CompareRow(NamedTuple):
    """A row of `compare_table`; the language is missing from a table that averages over languages."""

    model: str
    task: str
    aligner: str
    strategy: str
    language: str
    metric: str
    mean_ours: float
    std_ours: float
    mean_published: float
    std_published: float
    difference: float
    low: float
    high: float
    interval: str
    delta_ours: float
    delta_published: float
    n_languages: int
    n_seeds_ours: int
    n_seeds_published: int
    seeds_ours: str
    seeds_published: str
    other_experiment: str
    reason: str


def _side(experiment: Experiment, key: Cell) -> tuple[Cell | None, pd.DataFrame]:
    """Find a cell whatever its language set is called; an empty matrix if there is none."""
    for cell, matrix in experiment.targets.items():
        if cell[:5] == key[:5]:
            return cell, matrix
    return None, pd.DataFrame()


def _keys(experiment: Experiment) -> set[Cell]:
    return {cell._replace(realignment_languages="") for cell in experiment.cells(all_metrics=True)}


def _one_set(experiment: Experiment, name: str) -> None:
    """Refuse two language sets in one cell: which of them to compare is the user's choice."""
    keys = [cell[:5] for cell in experiment.targets]
    twice = sorted({"/".join(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise InputError(f"{name}: several realignment language sets in {', '.join(twice)}; keep one to compare")


def _shared_sets(ours: pd.DataFrame, published: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep, of a side with several realignment language sets, those that the other side has, too; all if none is."""

    def of_both(own: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
        names = set(own["realignment_languages"]) - {NONE}
        shared = names & set(other["realignment_languages"])
        if len(names) < 2 or not shared:
            return own
        return own[own["realignment_languages"].isin([*shared, NONE])]

    return of_both(ours, published), of_both(published, ours)


def by_the_paper_s_rules(ours: pd.DataFrame, published: pd.DataFrame) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    """Our scores as the other side counts them, and the (task, metric) pairs where that makes a difference.

    The published accuracy of PoS tagging, f1 of NER, and f1 and em of question answering are our `paper_accuracy`,
    `paper_f1` and `paper_em` (docs/deviations.md). Another run of this project has both variants, and its scores are
    compared as they are.

    Parameters
    ----------
    ours : pandas.DataFrame
        Our scores, as `validate_scores` returns them.
    published : pandas.DataFrame
        Scores of the other side.

    Returns
    -------
    scores : pandas.DataFrame
        Ours, with the metrics renamed.
    replaced : set of (str, str)
        The (task, metric) pairs whose scores are those by the paper's rules.
    """
    variants = {(task, metric) for task, metric in _measures(ours) if metric.startswith(PAPER_VARIANT)}
    replaced = {(task, metric.removeprefix(PAPER_VARIANT)) for task, metric in variants - _measures(published)}
    rows = [
        (task, metric) not in replaced
        and ((task, metric) not in variants or (task, metric.removeprefix(PAPER_VARIANT)) in replaced)
        for task, metric in zip(ours["task"], ours["metric"], strict=True)
    ]
    chosen = ours[rows]
    bare = chosen["metric"].str.removeprefix(PAPER_VARIANT)
    by_paper = [pair in replaced for pair in zip(chosen["task"], bare, strict=True)]
    return chosen.assign(metric=bare.where(by_paper, chosen["metric"])), replaced


def _measures(scores: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(scores["task"], scores["metric"], strict=True))


def _summary(values: pd.Series, suffix: str) -> dict[str, Any]:
    return {
        f"mean_{suffix}": mean_over(values),
        f"std_{suffix}": spread_over(values),
        f"n_seeds_{suffix}": len(values),
        f"seeds_{suffix}": " ".join(str(seed) for seed in values.index),
    }


def compare_table(
    ours: pd.DataFrame, published: pd.DataFrame, source: str = "en", by_language: bool = False
) -> pd.DataFrame:
    """Put two score tables side by side.

    Parameters
    ----------
    ours, published : pandas.DataFrame
        Long tables of scores, values 0..1.
    source : str
        Code of the source language, left out of the averages.
    by_language : bool
        One row per cell and language instead of one per cell.

    Returns
    -------
    pandas.DataFrame
        mean and std over seeds of each side, in per cent, over the languages that both sides have (n_languages; a cell
        that one side lacks has that side's languages). difference : ours minus published, with its 95 % interval over
        seeds (low, high), the languages being the same. interval : `paired`, Student's over the differences of each
        seed where both sides have the same seeds; `Welch` where they do not; empty without one. delta_ours,
        delta_published : difference to each side's own baseline. other_experiment : name of the published side. What
        one side lacks is missing, and `reason` says which. Beside published results, a metric of which there is the
        paper's own variant is compared, and named, by that.
    """
    ours, by_paper = by_the_paper_s_rules(ours, published)
    left, right = (read_experiment(side, source) for side in _shared_sets(ours, published))
    _one_set(left, "ours")
    _one_set(right, "published")
    other = str(published["experiment"].iloc[0]) if len(published) else ""
    rows = []
    for key in sorted(_keys(left) | _keys(right), key=Cell.sort_key):
        (left_cell, mine), (right_cell, theirs) = _side(left, key), _side(right, key)
        shared = [name for name in mine.columns if name in set(theirs.columns)]
        if left_cell is None or right_cell is None:
            shared = list(theirs.columns if left_cell is None else mine.columns)
        for names in [[name] for name in shared] if by_language else [shared]:
            rows.append(
                CompareRow(
                    model=key.model,
                    task=key.task,
                    aligner=key.aligner,
                    strategy=key.strategy,
                    language=names[0] if by_language else "",
                    metric=PAPER_VARIANT + key.metric if (key.task, key.metric) in by_paper else key.metric,
                    n_languages=len(names),
                    other_experiment=other,
                    **_compared(left, left_cell, right, right_cell, names),
                )
            )
    table = table_of(CompareRow, rows)
    return table if by_language else table.drop(columns="language")


def _compared(
    left: Experiment, left_cell: Cell | None, right: Experiment, right_cell: Cell | None, names: list[str]
) -> dict[str, Any]:
    """Compare one cell of each side over some languages; either cell may be missing."""
    row: dict[str, Any] = {}
    averages, absent = [], []
    for experiment, cell, suffix in ((left, left_cell, "ours"), (right, right_cell, "published")):
        if cell is None:
            average = pd.Series(dtype=float)
            absent.append(f"not in {suffix}")
        else:
            average = language_average(experiment.targets[cell][names]) if names else pd.Series(dtype=float)
        if cell is None or cell.is_baseline:
            deltas = pd.Series(dtype=float)
        else:
            deltas = language_average(experiment.delta(cell)[names])
        row[f"delta_{suffix}"] = mean_over(deltas)
        averages.append(average)
        row |= _summary(average, suffix)
    if not names:
        absent.append("no language in common")
    mine, theirs = averages
    paired = set(mine.index) == set(theirs.index)
    if paired:
        interval = intervals.mean_interval((mine - theirs).to_numpy())
    else:
        interval = intervals.welch_interval(mine.to_numpy(), theirs.to_numpy())
    if not absent and min(len(average) for average in averages) < 2:
        absent.append("one seed: no interval")
    return row | {
        "difference": row["mean_ours"] - row["mean_published"],
        "low": interval.low,
        "high": interval.high,
        "interval": "" if pd.isna(interval.low) else "paired" if paired else "Welch",
        "reason": "; ".join(absent),
    }
