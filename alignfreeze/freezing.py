"""What is frozen during realignment: a strategy is a range of blocks (DESIGN.md section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel

from alignfreeze.encoders import encoder_blocks
from alignfreeze.errors import InputError

HALVES = {"full": (0.0, 0.0), "front": (0.0, 0.5), "back": (0.5, 1.0)}


@dataclass(frozen=True)
class FreezeReport:
    """What `freeze` did; counts are parameters (numbers), not tensors."""

    blocks: range
    embeddings: bool
    frozen: int
    trainable: int


def frozen_blocks(strategy: str | Sequence[int], blocks: int) -> range:
    """Blocks that a strategy freezes.

    Parameters
    ----------
    strategy : `full` (none), `front` (0 .. L/2-1), `back` (L/2 .. L-1), or [first, end) as two block numbers.
    blocks : L, the number of blocks of the encoder.

    Raises
    ------
    InputError : an unknown name, a range outside the encoder, or one that freezes nothing though asked to.
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


def freeze(model: PreTrainedModel, strategy: str | Sequence[int], freeze_embeddings: bool = False) -> FreezeReport:
    """Take the strategy's blocks, and the embeddings if asked, out of training.

    Raises
    ------
    InputError : see `frozen_blocks`.
    """
    blocks = encoder_blocks(model)
    chosen = frozen_blocks(strategy, len(blocks))
    model.requires_grad_(True)
    for number in chosen:
        blocks[number].requires_grad_(False)
    if freeze_embeddings:
        model.base_model.embeddings.requires_grad_(False)
    sizes: Mapping[bool, int] = {
        trained: sum(p.numel() for p in model.parameters() if p.requires_grad is trained) for trained in (True, False)
    }
    return FreezeReport(chosen, freeze_embeddings, sizes[False], sizes[True])
