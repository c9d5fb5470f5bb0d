"""Run records: what each run cost and saw (steps, sentence pairs, wall time, device), and their table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from alignfreeze.analysis.names import rank
from alignfreeze.data.table import read_own_table
from alignfreeze.data.text import read_json
from alignfreeze.support.errors import REMAKE, InputError, damaged

RECORD_COLUMNS = (
    "model",
    "task",
    "strategy",
    "aligner",
    "realignment_languages",
    "seed",
    "finetuning_steps",
    "realignment_steps",
    "distinct_pairs",
    "pairs_seen",
    "wall_time",
    "device",
    "frozen_blocks",
)
TRAINED_ON = "trained_on"
"""Language of a run's training data: a column of records only where some run is trained in the evaluated language."""
CELL = ["model", "task", "aligner", "strategy", "realignment_languages"]
QUANTITIES = ["finetuning_steps", "realignment_steps", "distinct_pairs", "pairs_seen"]


def read_log(path: Path) -> list[tuple[int, float]]:
    """Return a training log as pairs of a step and the mean loss since the pair before.

    Parameters
    ----------
    path : Path
        CSV with the columns step and loss.

    Returns
    -------
    list of (int, float)

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    log = read_own_table(path, ["loss"], ["step"])
    if log["loss"].isna().any():
        raise damaged(path, "a loss is missing")
    return [(int(step), float(loss)) for step, loss in zip(log["step"], log["loss"], strict=True)]


def run_record(
    identity: Mapping[str, Any], finetuning: Mapping[str, Any], realignment: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Combine the records of a run's two stages into one row with the columns `RECORD_COLUMNS`.

    Parameters
    ----------
    identity : mapping
        model, task, strategy, aligner, realignment_languages and seed of the run.
    finetuning, realignment : mapping, mapping or None
        Contents of the stages' `run.json`; the second is None where realignment is no stage of its own. What is
        interleaved with fine-tuning stands in the first.

    Returns
    -------
    dict
        The record of the run.
    """
    realigned = [found for found in (realignment, finetuning.get("interleaved")) if found]
    frozen: list[int] = next((found.get("frozen_blocks", []) for found in realigned), [])
    return {
        **identity,
        "finetuning_steps": finetuning["steps"],
        "realignment_steps": sum(found["steps"] for found in realigned),
        # Both take the same pairs in the same order, so the longer one has seen those of the other.
        "distinct_pairs": max((found["distinct_pairs"] for found in realigned), default=0),
        "pairs_seen": sum(found["pairs_seen"] for found in realigned),
        "wall_time": finetuning["wall_seconds"] + (realignment["wall_seconds"] if realignment else 0.0),
        "device": finetuning["device"],
        "frozen_blocks": " ".join(str(block) for block in frozen),
    }


def read_record(path: str | Path) -> dict[str, Any]:
    """Read the record of a run.

    Parameters
    ----------
    path : str or Path
        JSON, as `run_record` gives it.

    Returns
    -------
    dict of str to object

    Raises
    ------
    InputError
        The file is missing or damaged; says how it is made anew.
    """
    record = read_json(path, REMAKE.format("it"))
    missing = [name for name in RECORD_COLUMNS if name not in record] if isinstance(record, dict) else ["object"]
    if missing:
        raise damaged(path, f"not the record of a run: no {', '.join(missing)}")
    return dict(record)


def runs_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return the runs part of table 10, one row per cell.

    Parameters
    ----------
    records : pandas.DataFrame
        One row per run, with the columns `RECORD_COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        seeds : their list; n_seeds : their number. finetuning_steps, realignment_steps : optimiser steps.
        distinct_pairs : different sentence pairs seen; pairs_seen : all, repeats included.
        wall_time, wall_time_std : seconds a run, both stages. frozen_blocks : those of realignment, counted from
        0; of each seed where seeds differ. All numbers are means over seeds; `varies` names those that
        differ between seeds. Missing where the records do not tell. With a column trained_on, one row for each
        language that a cell was fine-tuned in, where the records have that column.
    """
    missing = [name for name in RECORD_COLUMNS if name not in records.columns]
    if missing:
        raise InputError(f"run records: no column {', '.join(missing)}")
    keys = [*CELL, *([TRAINED_ON] if TRAINED_ON in records.columns else [])]
    rows = []
    for key, runs in records.groupby(keys, sort=False):
        runs = runs.sort_values("seed")
        quantities = runs[[*QUANTITIES, "wall_time"]].astype(float)
        row = dict(zip(keys, key, strict=True)) | quantities.mean(skipna=False).to_dict()
        row["wall_time_std"] = quantities["wall_time"].std(ddof=1, skipna=False) if len(runs) > 1 else float("nan")
        row["varies"] = ", ".join(name for name in QUANTITIES if quantities[name].nunique() > 1)
        row["seeds"] = " ".join(str(seed) for seed in runs["seed"])
        row["n_seeds"] = len(runs)
        row["frozen_blocks"] = _frozen(runs)
        row["device"] = ", ".join(sorted(set(runs["device"].fillna("")) - {""}))
        rows.append(row)
    columns = [
        *keys,
        "seeds",
        "n_seeds",
        *QUANTITIES,
        "wall_time",
        "wall_time_std",
        "device",
        "varies",
        "frozen_blocks",
    ]
    return pd.DataFrame(rows, columns=columns).sort_values(
        keys, key=lambda column: column.map(lambda name: rank(column.name, name)), ignore_index=True
    )


def _frozen(runs: pd.DataFrame) -> str:
    """Blocks that realignment froze, once where all seeds agree."""
    by_seed = runs.set_index("seed")["frozen_blocks"].fillna("")
    if by_seed.nunique() == 1:
        return str(by_seed.iloc[0])
    return "; ".join(f"seed {seed}: {blocks}" for seed, blocks in by_seed.items())


def read_records(path: str | Path) -> pd.DataFrame:
    """Read a CSV file of run records.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    pandas.DataFrame
        One row per run, with the columns `RECORD_COLUMNS`; a number that the records do not tell is missing, text stays
        text.
    """
    text = ["model", "task", "strategy", "aligner", "realignment_languages", "device", "frozen_blocks", TRAINED_ON]
    numbers = [*QUANTITIES, "wall_time"]
    return read_own_table(
        path,
        numbers,
        ["seed"],
        dtype=dict.fromkeys(text, str),
        keep_default_na=False,
        na_values={name: [""] for name in numbers},
    )
