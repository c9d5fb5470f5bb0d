"""Resolve layer and freezing settings to block indices, without importing PyTorch (the plan uses it)."""

from __future__ import annotations

from collections.abc import Sequence

from alignfreeze.encoders.settings import Layer
from alignfreeze.support.errors import InputError

HALVES = {"full": (0.0, 0.0), "front": (0.0, 0.5), "back": (0.5, 1.0)}


def layer_index(layer: Layer, blocks: int) -> int:
    """Index into the blocks + 1 `hidden_states` (0 = embeddings).

    `last` is the output of the last block; `paper` is what the paper's code takes, the last but one.

    Raises
    ------
    InputError
        The index is not between 1 and `blocks`.
    """
    names: dict[int | str, int | str] = {"last": blocks, "paper": blocks - 1}
    index = names.get(layer, layer)
    if not isinstance(index, int) or not 1 <= index <= blocks:
        raise InputError(f"layer {layer!r}: an encoder of {blocks} blocks has layers 1 to {blocks}, paper, last")
    return index


def frozen_blocks(strategy: str | Sequence[int], blocks: int) -> range:
    """Blocks that a strategy freezes.

    Parameters
    ----------
    strategy : str or sequence of int
        `full` (none), `front` (0 .. L/2-1), `back` (L/2 .. L-1), or [first, end) as two block numbers.
    blocks : int
        L, the number of blocks of the encoder.

    Raises
    ------
    InputError
        An unknown name, a range outside the encoder, or one that freezes nothing though asked to.
    """
    if isinstance(strategy, str):
        if strategy not in HALVES:
            raise InputError(f"freeze {strategy!r}: allowed are {', '.join(HALVES)} or [first, end]")
        start, end = (int(share * blocks) for share in HALVES[strategy])
        if start == end and strategy != "full":
            raise InputError(f"freeze {strategy!r} freezes nothing in an encoder of {blocks} blocks")
        return range(start, end)
    if len(strategy) != 2:
        raise InputError(f"freeze {list(strategy)!r}: allowed are {', '.join(HALVES)} or [first, end]")
    first, end = strategy
    if not 0 <= first < end <= blocks:
        raise InputError(f"freeze [{first}, {end}]: an encoder of {blocks} blocks has [first, end) in 0 .. {blocks}")
    return range(first, end)
