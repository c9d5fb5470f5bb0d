"""A table from typed rows, without the statistics that other modules of tables import."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, get_type_hints

import pandas as pd

from alignfreeze.data.table import read_text_table


def table_of(kind: type[NamedTuple], rows: Iterable[tuple]) -> pd.DataFrame:
    """Make a frame whose columns are the fields of a row.

    Parameters
    ----------
    kind : type of NamedTuple
        The rows' type. Fields of type int become nullable integers, so that a missing one stays missing.
    rows : iterable of NamedTuple
        Rows in order; there may be none.

    Returns
    -------
    pandas.DataFrame
        One row each.
    """
    frame = pd.DataFrame(list(rows), columns=list(kind._fields))
    hints = get_type_hints(kind)
    return frame.astype({name: "Int64" for name in kind._fields if hints[name] in (int, int | None)})


TEXT = (
    "model", "task", "strategy", "aligner", "realignment_languages", "language", "name", "metric", "state", "place",
)  # fmt: skip


def read_rows(path: str | Path) -> pd.DataFrame:
    """Read rows that a job wrote; names are never taken for missing values.

    Parameters
    ----------
    path : str or pathlib.Path
        A CSV file.

    Returns
    -------
    pandas.DataFrame
        Columns of `TEXT` as text, all others as numbers, missing where they are empty.
    """
    table = read_text_table(path).reset_index(drop=True)
    return table.apply(lambda column: column if column.name in TEXT else pd.to_numeric(column.where(column != "")))
