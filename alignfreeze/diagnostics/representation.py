"""What realignment does to each layer: similarity of representations, and how far each block's weights moved."""

from __future__ import annotations

from typing import NamedTuple

import torch
from transformers import PreTrainedModel

from alignfreeze.encoders.anatomy import encoder_blocks


class Movement(NamedTuple):
    """How far a block's weights moved.

    Attributes
    ----------
    block : int
        Counted from 0.
    distance : float
        Euclidean distance of the block's weights before and after.
    relative : float
        The same over the norm of the weights before.
    """

    block: int
    distance: float
    relative: float


def linear_cka(first: torch.Tensor, second: torch.Tensor) -> float:
    """Linear centred kernel alignment of two representations of the same words (Kornblith et al. 2019, equation 3).

    Parameters
    ----------
    first, second : torch.Tensor
        (words, h) states, the same words in the same order; the widths may differ.

    Returns
    -------
    float
        0 to 1; 1 where one is the other up to rotation, scale and shift. NaN where a representation does not vary.
    """
    x, y = (states.double() - states.double().mean(0) for states in (first, second))
    own = torch.linalg.matrix_norm(x.T @ x) * torch.linalg.matrix_norm(y.T @ y)
    return float((x.T @ y).square().sum() / own) if own > 0 else float("nan")


def block_movements(before: PreTrainedModel, after: PreTrainedModel) -> list[Movement]:
    """How far each block's weights are from those of another version of the same encoder.

    Parameters
    ----------
    before, after : PreTrainedModel
        Two versions of one encoder, with equally many blocks; distances are relative to the first.

    Returns
    -------
    list of Movement
        One for each block, lowest first.
    """
    movements = []
    for number, blocks in enumerate(zip(encoder_blocks(before), encoder_blocks(after), strict=True)):
        start, end = (torch.cat([p.detach().double().flatten() for p in block.parameters()]) for block in blocks)
        distance = float((end - start).norm())
        movements.append(Movement(number, distance, distance / float(start.norm())))
    return movements
