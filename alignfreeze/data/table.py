"""Tables in CSV files, read as text: what a number or a language is, the reader of each table decides."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from alignfreeze.data.text import stream_lines
from alignfreeze.support.errors import REMAKE, InputError, damaged, quoted

LINE = "line"


def read_text_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV file with a header; `no` (Norwegian), `none` and empty fields stay text.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    pandas.DataFrame
        All columns str; the index, named `line`, has the line of the file that each row begins at.

    Raises
    ------
    InputError
        The file is missing or empty, is not CSV, names a column twice, or a row has not as many fields as the header.
    """
    rows = _rows(path)
    _, header = next(rows, (0, []))
    if not header:
        raise InputError(f"{path}: empty; the first line must name the columns")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(f"{path}:1: column {quoted(repeated[0])} occurs twice; keep one")
    lines, content = [], []
    for line, row in rows:
        if len(row) != len(header):
            raise InputError(f"{path}:{line}: {len(row)} fields, but the header has {len(header)}")
        lines.append(line)
        content.append(row)
    return pd.DataFrame(content, columns=header, index=pd.Index(lines, name=LINE, dtype="int64"), dtype="str")


def read_own_table(
    path: str | Path, numbers: Iterable[str] = (), whole: Iterable[str] = (), **settings: Any
) -> pd.DataFrame:
    """Read a CSV file that a job of this project wrote, by pandas.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    numbers : iterable of str
        Columns that must be there and hold numbers alone, or nothing.
    whole : iterable of str
        Columns that must be there and hold whole numbers alone.
    settings : object
        Of `pandas.read_csv`.

    Returns
    -------
    pandas.DataFrame
        As pandas reads it.

    Raises
    ------
    InputError
        The file is missing or damaged; says how it is made anew.
    """
    try:
        table = read_text_table(path)
        for name in [*numbers, *whole]:
            if name not in table:
                raise InputError(f"{path}:1: no column {name}")
        for name in numbers:
            decimal_numbers(table, name, str(path))
        for name in whole:
            whole_numbers(table, name, str(path))
        return pd.read_csv(path, **settings)
    except InputError as error:
        raise InputError(f"{error}; {REMAKE.format('it')}") from None
    except (ValueError, OverflowError) as error:
        raise damaged(path, error) from error


def _rows(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the line that each begins at; empty lines are passed over."""
    reader = csv.reader((f"{line}\n" for line in stream_lines(path)), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise InputError(f"{path}:{line}: not CSV ({error}); write the table anew") from None
        if row is None:
            return
        if row:
            yield line, row


def place(where: str, frame: pd.DataFrame, wrong: pd.Series) -> str:
    """Name a table and, where it was read from a file, the line of the first row that is wrong.

    Parameters
    ----------
    where : str
        The table's name, such as the file.
    frame : pandas.DataFrame
        The table.
    wrong : pandas.Series of bool
        Which rows are wrong; at least one.

    Returns
    -------
    str
        `where`, or `where:line`.
    """
    return f"{where}:{frame.index[wrong.to_numpy(dtype=bool)][0]}" if frame.index.name == LINE else where


def whole_numbers(frame: pd.DataFrame, name: str, where: str, *, missing: bool = False) -> pd.Series:
    """Parse a column of whole numbers, 0 to 2^63 - 1.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    name : str
        The column.
    where : str
        The table's name, for messages.
    missing : bool
        Whether a field may be empty.

    Returns
    -------
    pandas.Series
        int64, or Int64 where a field may be empty.

    Raises
    ------
    InputError
        A field is no such number: 31.7 is none, nor is -1 or 2^64.
    """
    numbers = [_whole_number(content) for content in frame[name]]
    empty = (frame[name].isna() | (frame[name].astype(str) == "")).to_numpy(dtype=bool)
    wrong = pd.Series([number is None for number in numbers], frame.index) & ~(empty & missing)
    if wrong.any():
        found = frame[name][wrong].iloc[0]
        raise InputError(
            f"{place(where, frame, wrong)}: {name} is {quoted(found)}; write a whole number from 0 to 2^63 - 1"
        )
    return pd.Series(numbers, frame.index, dtype="Int64" if missing else "int64")


def _whole_number(content: Any) -> int | None:
    if isinstance(content, str):
        number = int(content) if content.isascii() and content.isdecimal() and len(content) < 20 else -1
    else:
        number = _of_a_number(content)
    return number if 0 <= number < 2**63 else None


def _of_a_number(content: Any) -> int:
    try:
        return int(content) if content == int(content) else -1
    except (TypeError, ValueError, OverflowError):  # nothing, NaN, infinite
        return -1


def decimal_numbers(frame: pd.DataFrame, name: str, where: str) -> pd.Series:
    """Parse a column of decimal numbers; an empty field is NaN.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    name : str
        The column.
    where : str
        The table's name, for messages.

    Returns
    -------
    pandas.Series
        float64.

    Raises
    ------
    InputError
        A field is no number.
    """
    numbers = []
    for content in frame[name]:
        try:
            numbers.append(_decimal_number(content))
        except (TypeError, ValueError):
            wrong = pd.Series(range(len(frame)), frame.index) == len(numbers)
            raise InputError(f"{place(where, frame, wrong)}: {name} is {quoted(content)}; write a number") from None
    return pd.Series(numbers, frame.index, dtype="float64")


def _decimal_number(content: Any) -> float:
    if content is None or content is pd.NA or content == "":
        return float("nan")
    if isinstance(content, str) and not (content.isascii() and "_" not in content):  # Python takes 1_000, and ٣
        raise ValueError(content)
    return float(content)
