"""Sets of realignment languages, and what a quality filter leaves of them, compared: all else equal, paired by seed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from alignfreeze.analysis.cells import (
    Cell,
    Scores,
    language_average,
    mean_over,
    paired_difference,
    read_experiment,
    reason_of,
    spread_over,
)
from alignfreeze.analysis.names import Filtered
from alignfreeze.analysis.pairing import distinct_pairs, paired, with_holm
from alignfreeze.analysis.rows import table_of
from alignfreeze.analysis.tables import MISSING

NOT_FILTERED: Mapping[str, Filtered] = {}


class RealignmentLanguagesRow(NamedTuple):
    """A row of `realignment_languages_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    realignment_languages: str
    reference: str
    delta: float
    delta_std: float
    delta_low: float
    delta_high: float
    n_seeds_better: int | None
    n_languages_better: int | None
    n_languages: int
    p: float
    p_holm: float
    distinct_pairs: float
    distinct_pairs_reference: float
    n_seeds: int
    metric: str
    reason: str


class FilterPercentilesRow(NamedTuple):
    """A row of `filter_percentiles_table`."""

    model: str
    task: str
    aligner: str
    strategy: str
    realignment_languages: str
    percentile: float
    mean: float
    std: float
    delta: float
    delta_std: float
    delta_low: float
    delta_high: float
    n_seeds_better: int | None
    n_languages_better: int | None
    n_languages: int
    p: float
    p_holm: float
    distinct_pairs: float
    n_seeds: int
    metric: str
    reason: str


def realignment_languages_table(
    scores: Scores,
    records: pd.DataFrame,
    sets: Sequence[str] = (),
    source: str = "en",
    filtered: Mapping[str, Filtered] = NOT_FILTERED,
) -> pd.DataFrame:
    """Return the differences between sets of realignment languages, all else equal, paired by seed.

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    records : pandas.DataFrame
        One row per run, with the columns `RECORD_COLUMNS`.
    sets : sequence of str
        In order: a difference is the earlier set minus the later one. Sets that are not named come last, by name.
    source : str
        Code of the source language.
    filtered : mapping of str to Filtered
        Names of filtered bitext; it is compared with that of other sets at the same percentile.

    Returns
    -------
    pandas.DataFrame
        One row per model, task, aligner, strategy and pair of sets; none where there is one set only.
        delta to n_seeds : of `realignment_languages` minus `reference`, see `Paired`; p_holm : Holm over all rows, the
        one family of this table. distinct_pairs, distinct_pairs_reference : different sentence pairs that the runs saw,
        mean over their seeds: a difference of sets is one of these numbers, too. Missing where the records do not tell.
    """
    experiment, pairs = read_experiment(scores, source), distinct_pairs(records)
    order = {name: place for place, name in enumerate(sets)}

    def place(cell: Cell) -> tuple[int, str]:
        name = _bitext(cell, filtered).languages
        return order.get(name, len(order)), name

    by_rest: dict[tuple[Cell, float], list[Cell]] = {}
    for cell in experiment.methods():
        rest = cell._replace(realignment_languages=""), _bitext(cell, filtered).percentile
        by_rest.setdefault(rest, []).append(cell)
    rows = []
    for cells in by_rest.values():
        for cell, reference in itertools.combinations(sorted(cells, key=place), 2):
            matrix = experiment.targets[cell]
            difference = paired_difference(matrix, experiment.targets[reference])
            rows.append(
                RealignmentLanguagesRow(
                    **cell._asdict(),
                    reference=reference.realignment_languages,
                    **paired(difference)._asdict(),
                    p_holm=MISSING,
                    distinct_pairs=pairs.get(cell._replace(metric=""), MISSING),
                    distinct_pairs_reference=pairs.get(reference._replace(metric=""), MISSING),
                    reason=reason_of(matrix, difference, reference.realignment_languages),
                )
            )
    return with_holm(table_of(RealignmentLanguagesRow, rows))


def filter_percentiles_table(
    scores: Scores, records: pd.DataFrame, filtered: Mapping[str, Filtered], source: str = "en"
) -> pd.DataFrame:
    """Return the effect of a quality filter of the bitext by percentile (the paper's appendix C.1).

    Parameters
    ----------
    scores : pandas.DataFrame or Experiment
        The long table, values 0..1.
    records : pandas.DataFrame
        One row per run, with the columns `RECORD_COLUMNS`.
    filtered : mapping of str to Filtered
        Names of filtered bitext.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        One row per model, task, aligner, strategy, language set and percentile, for cells that have a filtered one.
        percentile : pairs whose score is below it are left out; 0 is all pairs. mean, std : of the language average
        over seeds, per cent. delta to n_seeds : of the filtered minus all pairs of the same set, see `Paired`, in
        points; missing in the rows of all pairs, and where all pairs were not run. p_holm : Holm over all rows, the one
        family of this table. distinct_pairs : different sentence pairs that the runs saw, mean over their seeds.
    """
    experiment, pairs = read_experiment(scores, source), distinct_pairs(records)
    by_set: dict[Cell, list[tuple[float, Cell]]] = {}
    for cell in experiment.methods():
        languages, percentile = _bitext(cell, filtered)
        by_set.setdefault(cell._replace(realignment_languages=languages), []).append((percentile, cell))
    rows = []
    for whole, cells in by_set.items():
        if not any(percentile for percentile, _ in cells):
            continue
        for percentile, cell in sorted(cells):
            matrix = experiment.targets[cell]
            difference = paired_difference(matrix, experiment.targets.get(whole) if percentile else None)
            average = language_average(matrix)
            comparison = paired(difference)._asdict()
            if not percentile:
                # Nothing is compared: these are the counts of the row's own scores.
                comparison |= {"n_seeds": len(matrix), "n_languages": int(matrix.notna().all().sum())}
            rows.append(
                FilterPercentilesRow(
                    **whole._asdict(),
                    percentile=percentile,
                    mean=mean_over(average),
                    std=spread_over(average),
                    **comparison,
                    p_holm=MISSING,
                    distinct_pairs=pairs.get(cell._replace(metric=""), MISSING),
                    reason=reason_of(matrix, difference if percentile else None, whole.realignment_languages),
                )
            )
    return with_holm(table_of(FilterPercentilesRow, rows))


def _bitext(cell: Cell, filtered: Mapping[str, Filtered]) -> Filtered:
    return filtered.get(cell.realignment_languages, Filtered(cell.realignment_languages, 0.0))
