"""Resolve layer and freezing settings to block indices, without importing PyTorch (the plan uses it)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from alignfreeze.encoders.settings import (
    FREEZE_FORMS,
    ChosenBlocks,
    ConflictBlocks,
    Freeze,
    Layer,
    OnlyBlocks,
    RandomBlocks,
)
from alignfreeze.support.errors import InputError

HALVES = {"full": (0.0, 0.0), "front": (0.0, 0.5), "back": (0.5, 1.0)}


def layer_index(layer: Layer, blocks: int) -> int:
    """Index into the blocks + 1 `hidden_states` (0 = embeddings).

    `last` is the output of the last block; `paper` is what the paper's code takes, the last but one (docs/design.md,
    section 5: layer).

    Parameters
    ----------
    layer : Layer
        A number from 1 on, `last` or `paper`.
    blocks : int
        L, the number of blocks of the encoder.

    Returns
    -------
    int
        1 to L.

    Raises
    ------
    InputError
        The index is not between 1 and `blocks`.
    """
    index = {"last": blocks, "paper": blocks - 1}.get(layer, layer) if isinstance(layer, str) else layer
    if not isinstance(index, int) or not 1 <= index <= blocks:
        raise InputError(f"layer {layer!r}: an encoder of {blocks} blocks has layers 1 to {blocks}, paper, last")
    return index


def frozen_blocks(freeze: Freeze | Mapping[str, Any], blocks: int) -> tuple[int, ...]:
    """Blocks that a strategy freezes (docs/design.md, section 5: freezing).

    Parameters
    ----------
    freeze : Freeze, or mapping as a configuration has it
        `full` (none), `front` (0 .. L/2-1), `back` (L/2 .. L-1), [first, end) as two block numbers, or blocks that are
        named, drawn at random, or all but those named.
    blocks : int
        L, the number of blocks of the encoder.

    Returns
    -------
    tuple of int
        Block numbers, ascending.

    Raises
    ------
    InputError
        An unknown form, blocks outside the encoder, or a strategy that freezes nothing though asked to.
    """
    if isinstance(freeze, Mapping):
        try:
            freeze = TypeAdapter[Freeze](Freeze).validate_python(freeze)
        except ValidationError:
            raise InputError(f"freeze {freeze!r}: allowed are {FREEZE_FORMS}") from None
    if isinstance(freeze, str):
        if freeze not in HALVES:
            raise InputError(f"freeze {freeze!r}: allowed are {FREEZE_FORMS}")
        start, end = (int(share * blocks) for share in HALVES[freeze])
        if start == end and freeze != "full":
            raise InputError(f"freeze {freeze!r} freezes nothing in an encoder of {blocks} blocks")
        return tuple(range(start, end))
    if isinstance(freeze, ChosenBlocks):
        return tuple(sorted(_inside(freeze.blocks, f"blocks {list(freeze.blocks)}", blocks)))
    if isinstance(freeze, RandomBlocks):
        if freeze.random > blocks:
            raise InputError(f"freeze random {freeze.random}: the encoder has {blocks} blocks; give fewer")
        drawn = np.random.default_rng(freeze.seed).choice(blocks, freeze.random, replace=False)
        return tuple(sorted(drawn.tolist()))
    if isinstance(freeze, ConflictBlocks):
        raise InputError(
            f"freeze {describe_freeze(freeze)}: which blocks these are is known in an experiment alone, which measures "
            "the conflict first; name them, {blocks: [...]}"
        )
    if isinstance(freeze, OnlyBlocks):
        trained = _inside(freeze.only, f"only {list(freeze.only)}", blocks)
        if len(trained) == blocks:
            raise InputError(f"freeze only {list(freeze.only)} freezes nothing in an encoder of {blocks} blocks")
        return tuple(block for block in range(blocks) if block not in trained)
    if len(freeze) != 2:
        raise InputError(f"freeze {list(freeze)!r}: allowed are {FREEZE_FORMS}")
    first, end = freeze
    if not 0 <= first < end <= blocks:
        raise InputError(f"freeze [{first}, {end}]: an encoder of {blocks} blocks has [first, end) in 0 .. {blocks}")
    return tuple(range(first, end))


def _inside(numbers: tuple[int, ...], what: str, blocks: int) -> set[int]:
    if not all(0 <= number < blocks for number in numbers):
        raise InputError(f"freeze {what}: an encoder of {blocks} blocks has blocks 0 to {blocks - 1}")
    return set(numbers)


def check_trains(freeze: Freeze, freeze_embeddings: bool, layer: Layer, blocks: int) -> None:
    """Refuse a strategy under which the loss reaches nothing that is trained.

    Parameters
    ----------
    freeze : Freeze
        The strategy, as a configuration has it.
    freeze_embeddings : bool
        Whether the embeddings are frozen, too.
    layer : Layer
        The layer that realignment reads.
    blocks : int
        L, the number of blocks of the encoder.

    Raises
    ------
    InputError
        All blocks below the layer that is read are frozen, and the embeddings, too; or `only` names none of them. Also
        as in `frozen_blocks` and `layer_index`.
    """
    frozen, read = frozen_blocks(freeze, blocks), layer_index(layer, blocks)
    trained = [block for block in range(read) if block not in frozen]
    if not trained and (freeze_embeddings or isinstance(freeze, OnlyBlocks)):
        raise InputError(
            f"freeze {describe_freeze(freeze)}: no block below layer {read}, which realignment reads, is trained; "
            "free one of them, or read a higher layer"
        )


def check_shares(freeze: Freeze, weights: Sequence[int]) -> None:
    """Refuse a strategy that freezes one of two blocks that share their weights, as ALBERT's do.

    Parameters
    ----------
    freeze : Freeze
        The strategy, as a configuration has it.
    weights : sequence of int
        For each block a number that it has in common with those whose weights are its own.

    Raises
    ------
    InputError
        Such blocks are named. Also as in `frozen_blocks`.
    """
    frozen = frozen_blocks(freeze, len(weights))
    owners = {weights[block]: block for block in frozen}
    for block, own in enumerate(weights):
        if block not in frozen and own in owners:
            first, second = sorted((block, owners[own]))
            raise InputError(
                f"freeze {describe_freeze(freeze)}: blocks {first} and {second} share their weights, so that one "
                "cannot be frozen without the other; take full, or an encoder whose blocks have weights of their own"
            )


def describe_freeze(freeze: Freeze) -> str:
    """A strategy in the form in which a configuration has it, such as `front`, `[2, 6]` or `{only: [7]}`.

    Parameters
    ----------
    freeze : Freeze

    Returns
    -------
    str
    """
    if isinstance(freeze, str):
        return freeze
    if isinstance(freeze, ChosenBlocks | RandomBlocks | OnlyBlocks | ConflictBlocks):
        stated = ((name, list(value) if isinstance(value, tuple) else value) for name, value in freeze)
        fields = ", ".join(f"{name}: {value}" for name, value in stated if value is not None)
        return f"{{{fields}}}"
    return str(list(freeze))
