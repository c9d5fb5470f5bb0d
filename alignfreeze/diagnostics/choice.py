"""Which blocks a strategy freezes that chooses them by gradient conflict. No PyTorch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from alignfreeze.support.errors import InputError


def most_conflicting_half(rows: pd.DataFrame, state: str) -> tuple[int, ...]:
    """The half of the blocks whose gradients conflict most, by the mean cosine over languages.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of diagnostics/conflict/**/seed*.csv of one run: state, language, block, cosine.
    state : str
        `pretrained` or `finetuned`.

    Returns
    -------
    tuple of int
        L/2 block numbers of L (rounded down), ascending; of equal blocks the lower one. A block that either loss does
        not reach has no cosine and is never chosen.

    Raises
    ------
    InputError
        Fewer than half of the blocks have a cosine.
    """
    own = rows[rows["state"] == state]
    means = own.groupby("block")["cosine"].agg(lambda cosines: cosines.mean(skipna=False))
    half, known = len(means) // 2, means.dropna().sort_index().sort_values(kind="stable")
    if not 0 < half <= len(known):
        raise InputError(
            f"freeze {{conflict: half}}: {len(known)} of {len(means)} blocks have a gradient of both losses, but "
            f"{max(half, 1)} are to be frozen; set diagnostics.conflict.layer: last"
        )
    return tuple(sorted(int(block) for block in known.index[:half]))


def with_chosen(settings: Mapping[str, Any], path: str | Path | None) -> dict[str, Any]:
    """Name the blocks that were chosen for a run in the settings of its realignment.

    Parameters
    ----------
    settings : Mapping
        Of `RealignmentSettings`, as plain values.
    path : str, Path or None
        File with the chosen blocks; nothing (None or an empty list) where a strategy names its blocks itself.

    Returns
    -------
    dict
        The settings, with `{blocks: [...]}` in the place of `{conflict: half}`.
    """
    if not path:
        return dict(settings)
    blocks = json.loads(Path(path).read_text(encoding="utf-8"))["blocks"]
    return {**settings, "freeze": {"blocks": blocks}}
