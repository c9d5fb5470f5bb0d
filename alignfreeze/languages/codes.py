"""Codes of the languages that the project knows, without pandas."""

from __future__ import annotations

import csv
import functools
from pathlib import Path

TABLE = Path(__file__).with_name("languages.tsv")


@functools.cache
def language_codes() -> tuple[str, ...]:
    """Codes of all languages, the source language first."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(row["code"] for row in csv.DictReader(file, delimiter="\t"))
