"""A table from typed rows, without the statistics that other modules of tables import."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, get_type_hints

import pandas as pd


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
