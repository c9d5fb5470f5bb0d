"""Number of fine-tuning steps; apart from finetuning.py so that planning does not import PyTorch."""

from __future__ import annotations

import math

PAPER_EPOCHS = {"udpos": 5, "wikiann": 5, "xnli": 2, "xquad": 5}


def total_steps(items: int, batch_size: int, epochs: int) -> int:
    """Optimiser steps of a fine-tuning on `items` training items; the last batch of an epoch may be short."""
    return math.ceil(items / batch_size) * epochs
