"""Ragged sequences to rectangular batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

IGNORED = -100  # label of a position that cross-entropy leaves out, as transformers has it


class Encoded(Protocol):
    """Anything that is encoded as subword ids."""

    @property
    def ids(self) -> np.ndarray:
        """(subwords,), with special tokens."""


def pad(sequences: Sequence[np.ndarray], value: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad sequences to the longest.

    Parameters
    ----------
    sequences : sequence of numpy.ndarray
        B sequences of whole numbers, T at most.
    value : int
        Stands where a sequence has ended.

    Returns
    -------
    padded : torch.Tensor
        (B, T), int64.
    mask : torch.Tensor
        (B, T), boolean, True where a sequence has a number.
    """
    lengths = np.fromiter((len(sequence) for sequence in sequences), np.int64, len(sequences))
    mask = np.arange(lengths.max()) < lengths[:, None]
    padded = np.full(mask.shape, value, np.int64)
    padded[mask] = np.concatenate(sequences)
    return torch.from_numpy(padded), torch.from_numpy(mask)


def pad_batch(sentences: Sequence[Encoded], pad_id: int) -> dict[str, torch.Tensor]:
    """Pad encoded sentences to the longest of them.

    Parameters
    ----------
    sentences : sequence of Encoded
        B sentences of T subwords at most.
    pad_id : int
        Id of the padding token.

    Returns
    -------
    dict from str to torch.Tensor
        `input_ids` and `attention_mask`, both (B, T) int64.
    """
    ids, mask = pad([sentence.ids for sentence in sentences], pad_id)
    return {"input_ids": ids, "attention_mask": mask.long()}
