"""The one long table of scores that all analysis reads.

One row is one metric of one language in one run. Our runs and the published results are written in these
columns, so that the same code makes the same tables from both.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from alignfreeze.data.table import decimal_numbers, place, read_text_table, whole_numbers
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import SHOWN, InputError, quoted

logger = logging.getLogger(__name__)

RUN_COLUMNS = ("experiment", "model", "task", "strategy", "aligner", "realignment_languages", "seed")
KEY = (*RUN_COLUMNS, "language", "metric")
COLUMNS = (*KEY, "value", "n")
TEXT_COLUMNS = tuple(name for name in KEY if name != "seed")


def _some(offenders: Iterable[object], limit: int = 5) -> str:
    """Name the first offenders and count the rest."""
    names = [str(offender) for offender in offenders]
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest


def _names(rows: pd.DataFrame) -> list[str]:
    """Name each row by the fields that say which run, language and metric it is."""
    fields = ("model", "task", "strategy", "aligner", "seed", "language", "metric")
    names = ["/".join(str(row[field]) for field in fields) for row in rows.to_dict("records")]
    return [name if name.isprintable() and len(name) <= SHOWN else quoted(name) for name in names]


def validate_scores(frame: pd.DataFrame, where: str = "scores") -> pd.DataFrame:
    """Check a table of scores and return it in canonical columns, types and order.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per run, language and metric, with the columns `COLUMNS`; `value` is between 0 and 1 and
        `n` (number of items scored: tokens, sentences, questions) may be missing.
    where : str
        What the messages call the table, such as the file it was read from.

    Returns
    -------
    pandas.DataFrame
        A copy sorted by `KEY`: text columns as str, `seed` int64, `value` float64, `n` nullable Int64.

    Raises
    ------
    InputError
        If a column is missing, a field is empty, a value is missing or outside 0..1, a seed or `n` is no whole
        number, or a row is repeated; a table that was read from a file names the line, too.
    """
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise InputError(f"{where}: no column {_some(missing)}; expected {', '.join(COLUMNS)}")
    if frame.empty:
        raise InputError(f"{where}: no scores; run the evaluation of at least one run first")
    table = frame.loc[:, list(COLUMNS)].copy()
    for name in TEXT_COLUMNS:
        empty = table[name].isna() | (table[name].astype(str) == "")
        if empty.any():
            raise InputError(
                f"{place(where, table, empty)}: column {name} has an empty field; every row names its {name}"
            )
        table[name] = table[name].astype(str)
    table["seed"] = whole_numbers(table, "seed", where)
    table["value"] = decimal_numbers(table, "value", where)
    table["n"] = whole_numbers(table, "n", where, missing=True)
    absent = table["value"].isna()
    if absent.any():
        raise InputError(
            f"{place(where, table, absent)}: no score (NaN) for {_some(_names(table[absent]))}; "
            "evaluate again or leave the row out"
        )
    outside = ~table["value"].between(0.0, 1.0)
    if outside.any():
        raise InputError(
            f"{place(where, table, outside)}: value outside 0..1 for {_some(_names(table[outside]))}; "
            "scores are fractions, not per cent"
        )
    repeated = table.duplicated(list(KEY))
    if repeated.any():
        raise InputError(
            f"{place(where, table, repeated)}: repeated rows for {_some(_names(table[repeated]))}; keep one row each"
        )
    return table.sort_values(list(KEY), kind="stable", ignore_index=True)


def concat_scores(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put several score tables together, checking that no row occurs in two of them.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        Tables of scores, at least one; see `validate_scores`.

    Returns
    -------
    pandas.DataFrame
        See `validate_scores`.

    Raises
    ------
    InputError
        There is no table, a row occurs twice, or a table is wrong; see `validate_scores`.
    """
    if not frames:
        raise InputError("scores: no score tables to put together; is any run configured?")
    return validate_scores(pd.concat(list(frames), ignore_index=True))


def read_scores(path: str | Path) -> pd.DataFrame:
    """Read and check a CSV file of scores. Text such as `no` (Norwegian) and `none` stays text.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    pandas.DataFrame
        See `validate_scores`.

    Raises
    ------
    InputError
        The file cannot be read, or its table is wrong; see `validate_scores`.
    """
    return validate_scores(read_text_table(path), str(path))


def write_scores(frame: pd.DataFrame, path: str | Path) -> None:
    """Check scores and write them as CSV, whole or not at all.

    Parameters
    ----------
    frame : pandas.DataFrame
        See `validate_scores`.
    path : str or Path
        The file.

    Raises
    ------
    InputError
        The table is wrong; see `validate_scores`.
    """
    table = validate_scores(frame, str(path))
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    logger.info(
        "%s: %d rows, %d runs, %d languages",
        path,
        len(table),
        len(table.drop_duplicates(list(RUN_COLUMNS))),
        table["language"].nunique(),
    )


def select_languages(frame: pd.DataFrame, languages: Sequence[str]) -> pd.DataFrame:
    """Keep the rows of `languages`; the others are dropped, and a language without a row is logged.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table of scores.
    languages : sequence of str
        Codes of the languages to keep.

    Returns
    -------
    pandas.DataFrame
        The rows that are left, numbered anew.
    """
    absent = sorted(set(languages) - set(frame["language"]))
    if absent:
        logger.info("no scores in: %s", ", ".join(absent))
    return frame[frame["language"].isin(languages)].reset_index(drop=True)
