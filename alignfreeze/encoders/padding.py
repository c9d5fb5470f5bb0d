"""Encoded sentences to one rectangular batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch


class Encoded(Protocol):
    """Anything that is encoded as subword ids."""

    ids: np.ndarray


def pad_batch(sentences: Sequence[Encoded], pad_id: int) -> dict[str, torch.Tensor]:
    """Ids and attention mask, (B, T), padded to the longest sentence."""
    longest = max(len(sentence.ids) for sentence in sentences)
    ids = np.full((len(sentences), longest), pad_id, np.int64)
    mask = np.zeros((len(sentences), longest), np.int64)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence.ids)] = sentence.ids
        mask[row, : len(sentence.ids)] = 1
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
