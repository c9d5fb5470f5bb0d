"""Descriptions of the tables, one file each: the Snakemake report shows them, and LaTeX has them as captions."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def description(name: str) -> str:
    """Return the description of a table as one paragraph of plain text.

    Parameters
    ----------
    name : str
        Name of the table, such as `main`.

    Returns
    -------
    str
    """
    return " ".join((FOLDER / f"{name}.rst").read_text(encoding="utf-8").split())
