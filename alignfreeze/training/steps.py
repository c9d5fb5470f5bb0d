"""Number of fine-tuning steps; a module of its own, so that planning does not import PyTorch."""

from __future__ import annotations

import math


def total_steps(items: int, batch_size: int, epochs: int) -> int:
    """Optimiser steps of a fine-tuning on `items` training items; the last batch of an epoch may be short.

    Parameters
    ----------
    items : int
        Training items.
    batch_size : int
        Items of an optimiser step.
    epochs : int
        Passes over the training items.

    Returns
    -------
    int
    """
    return math.ceil(items / batch_size) * epochs


def schedule_steps(
    items: int, batch_size: int, epochs: int, warmup_ratio: float, accumulation: int = 1
) -> tuple[int, int]:
    """Length of the warm-up, and the step at which the linear decay reaches 0.

    The paper's code counts both in micro-batches but moves the learning rate once an optimiser step. With
    `accumulation` micro-batches a step, the peak therefore comes that many times later, and the rate never reaches 0.

    Parameters
    ----------
    items : int
        Training items.
    batch_size : int
        Items of an optimiser step.
    epochs : int
    warmup_ratio : float
        Share of the schedule in which the rate rises.
    accumulation : int
        Micro-batches of an optimiser step, as far as the schedule is concerned; 1 counts optimiser steps.

    Returns
    -------
    tuple of int
        Warm-up and end, in optimiser steps; the fraction of a step is cut off, as in the paper's code.
    """
    batches = math.ceil(items / (batch_size // accumulation))
    return int(warmup_ratio * batches * epochs), batches * epochs
