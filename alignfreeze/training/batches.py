"""Training items and their batches: in which order, of which size, as which tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch

from alignfreeze.encoders.padding import IGNORED
from alignfreeze.training.settings import Bucketing

T = TypeVar("T")
WINDOW_BATCHES = 50


class TrainingItems(Protocol):
    """Encoded training items of a task."""

    def __len__(self) -> int: ...

    def lengths(self) -> np.ndarray:
        """(items,), subwords of each item with special tokens."""

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids, with the padding id."""

    def collate(self, chosen: Sequence[int]) -> dict[str, torch.Tensor]:
        """Arguments of the model's `forward` for the chosen items, ids in the full vocabulary.

        Parameters
        ----------
        chosen : sequence of int
            Numbers of B items.

        Returns
        -------
        dict from str to torch.Tensor
            Name -> (B, ...); `input_ids` and `attention_mask` are (B, T) int64.
        """


@dataclass(frozen=True)
class TensorBatch:
    """Named tensors of one batch, as the model's `forward` takes them."""

    tensors: dict[str, torch.Tensor]

    def __len__(self) -> int:
        return len(self.tensors["input_ids"])

    def split(self, size: int) -> list[TensorBatch]:
        """Cut a batch into parts of at most `size` items, each padded as the whole is.

        Parameters
        ----------
        size : int
            Items of a part, at most.

        Returns
        -------
        list of TensorBatch
            In order.
        """
        return [
            TensorBatch({name: tensor[start : start + size] for name, tensor in self.tensors.items()})
            for start in range(0, len(self), size)
        ]

    def loss_terms(self) -> int:
        """Number of terms whose mean is the model's loss: labels that are not ignored, or items (answer spans)."""
        return int((self.tensors["labels"] != IGNORED).sum()) if "labels" in self.tensors else len(self)

    def tokens(self) -> int:
        """Subwords without padding."""
        return int(self.tensors["attention_mask"].sum())

    def to(self, device: torch.device) -> TensorBatch:
        """The batch on a device.

        Parameters
        ----------
        device : torch.device

        Returns
        -------
        TensorBatch
            A new batch; this one stays where it is.
        """
        return TensorBatch({name: t.to(device, non_blocking=True) for name, t in self.tensors.items()})


def bucketed_batches(
    items: Sequence[T], length: Callable[[T], int], batch_size: int, bucketing: Bucketing, rng: np.random.Generator
) -> list[list[T]]:
    """Cut items into batches in order; `window` sorts each 50 batches by length first and shuffles the batches.

    Parameters
    ----------
    items : sequence of T
        In the order in which they are cut.
    length : callable
        Subwords of an item.
    batch_size : int
        Items of a batch; the last one of all, or of a window, may be shorter.
    bucketing : {"none", "window"}
        `none`: in order. `window`: see above; items of like length share a batch.
    rng : numpy.random.Generator
        Shuffles the batches of a window.

    Returns
    -------
    list of list of T
        Every item once.
    """
    window = batch_size * WINDOW_BATCHES if bucketing == "window" else max(1, len(items))
    batches: list[list[T]] = []
    for start in range(0, len(items), window):
        part = list(items[start : start + window])
        if bucketing == "window":
            part.sort(key=length)
        cut = [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
        batches += [cut[i] for i in rng.permutation(len(cut))] if bucketing == "window" else cut
    return batches


def epoch_batches(lengths: np.ndarray, batch_size: int, bucketing: Bucketing, seed: int, epoch: int) -> list[list[int]]:
    """Item numbers of each batch of an epoch, in random order.

    Parameters
    ----------
    lengths : numpy.ndarray
        (items,), subwords of each item.
    batch_size : int
        Training items; the last batch may be short.
    bucketing : {"none", "window"}
        See `bucketed_batches`.
    seed, epoch : int
        Decide the order.

    Returns
    -------
    list of list of int
        Every item once.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths)).tolist()
    return bucketed_batches(order, lambda item: int(lengths[item]), batch_size, bucketing, rng)
