"""Mean states of ranges of subwords: one of them, all of a word, or a whole sentence."""

from __future__ import annotations

import numpy as np
import torch


def positions_of_ranges(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Write ranges out.

    Parameters
    ----------
    start, end : ndarray
        (ranges,), [start, end), none of them empty.

    Returns
    -------
    positions : ndarray
        (subwords,) int64, those of the first range, then those of the second, and so on.
    sizes : ndarray
        (ranges,) int64, subwords of each range.
    """
    sizes = (end - start).astype(np.int64)
    before = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) + np.repeat(start - before, sizes), sizes


def mean_states(states: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """Mean of each group of states; a group of one is that state, bit for bit.

    Parameters
    ----------
    states : Tensor
        (subwords, h), group after group.
    sizes : Tensor
        (groups,) int64, states of each group, 1 or more.

    Returns
    -------
    Tensor
        (groups, h); float32 at least where a group has several states.
    """
    if len(states) == len(sizes):
        return states
    precise = states.to(torch.promote_types(states.dtype, torch.float32))
    # Lengths are right by construction: to look at them would wait for the GPU.
    return torch.segment_reduce(precise, "mean", lengths=sizes, axis=0, unsafe=True)
