"""Gradients of a batch in as large parts as memory allows, with the same dropout at every attempt."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import nn

from alignfreeze.encoders.memory import is_out_of_memory
from alignfreeze.support.errors import InputError

logger = logging.getLogger(__name__)
RandomState = tuple[torch.Tensor, torch.Tensor | None]


class MovableBatch(Protocol):
    """What training asks of a batch; its length is its number of items."""

    def __len__(self) -> int: ...

    def to(self, device: torch.device) -> Any:
        """The batch on a device.

        Parameters
        ----------
        device : torch.device

        Returns
        -------
        object
            A new batch of the same type; this one stays where it is.
        """


def random_state(device: torch.device) -> RandomState:
    """What decides the dropout of the next forward pass on a device.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    RandomState
        State of the CPU's generator, and that of the device's or None.
    """
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def set_random_state(state: RandomState, device: torch.device) -> None:
    """Make the next forward pass draw the dropout that it would have drawn at `random_state`.

    Parameters
    ----------
    state : RandomState
        What `random_state` returned.
    device : torch.device
        The same device.
    """
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)


class Gradients:
    """Compute the gradients of a batch; after an out-of-memory error, in parts of half as many items.

    Parameters
    ----------
    modules : torch.nn.Module
        Everything that is trained.
    whole : callable
        Batch on the device -> its loss.
    in_parts : callable or None
        Batch on the device and a number of items -> its loss without a graph, after adding the batch's gradients to
        the parameters, so many items at a time. None: an out-of-memory error ends the run.
    device : torch.device
    micro_batch : int or None
        Items to compute at a time from the start; None computes whole batches.
    """

    def __init__(
        self,
        modules: nn.Module,
        whole: Callable[[Any], torch.Tensor],
        in_parts: Callable[[Any, int], torch.Tensor] | None,
        device: torch.device,
        micro_batch: int | None,
    ) -> None:
        self.modules, self.whole, self.in_parts = modules, whole, in_parts
        self.device, self.micro_batch = device, micro_batch

    def __call__(self, batch: MovableBatch, step: int) -> torch.Tensor:
        """Leave the batch's gradients at the parameters.

        Parameters
        ----------
        batch : MovableBatch
            On the device.
        step : int
            Counted from 1; for messages only.

        Returns
        -------
        torch.Tensor
            The batch's loss, without a graph.

        Raises
        ------
        InputError
            Memory does not suffice for one item.
        """
        before = random_state(self.device)
        while True:
            self.modules.zero_grad(set_to_none=True)
            size = min(self.micro_batch or len(batch), len(batch))
            try:
                return self._compute(batch, size)
            except (RuntimeError, MemoryError) as error:
                if self.in_parts is None or not is_out_of_memory(error):
                    raise
                if size == 1:
                    raise InputError(
                        f"out of memory at step {step} with one item at a time; write a smaller max_length or "
                        "precision: bf16, or take a device with more memory"
                    ) from error
            # Past the except clause nothing holds the tensors of the failed pass any more.
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            self.micro_batch = size // 2
            set_random_state(before, self.device)
            logger.warning(
                "out of memory at step %d with %d items at a time: going on with %d; a batch is still %d items",
                step, size, self.micro_batch, len(batch),
            )  # fmt: skip

    def _compute(self, batch: Any, size: int) -> torch.Tensor:
        if self.in_parts is not None and size < len(batch):
            return self.in_parts(batch, size)
        loss = self.whole(batch)
        loss.backward()
        return loss.detach()
