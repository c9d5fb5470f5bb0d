"""A model's outputs for many items: shortest items first, in as large batches as memory allows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.encoders.memory import is_out_of_memory
from alignfreeze.encoders.padding import Encoded
from alignfreeze.support.errors import InputError

logger = logging.getLogger(__name__)
Item = TypeVar("Item", bound=Encoded)


@torch.inference_mode()
def outputs(
    model: PreTrainedModel,
    encoded: Sequence[Item],
    pad: Callable[[Sequence[Item]], dict[str, torch.Tensor]],
    device: torch.device,
    batch_size: int,
    **arguments: Any,
) -> Iterator[tuple[np.ndarray, Any]]:
    """Run a model without gradients on many items, shortest first.

    Parameters
    ----------
    model : PreTrainedModel
        Put in evaluation mode and moved to `device`.
    encoded : sequence of Item
        The items, in any order.
    pad : callable
        Makes the arguments of `forward` from the items of a batch: name -> (B, T).
    device : torch.device
    batch_size : int
        Items of a batch; half as many after an out-of-memory error, and so on.
    arguments : object
        Of every call of `forward`.
    **arguments : object
        Further arguments of every call of `forward`, by name.

    Yields
    ------
    items : numpy.ndarray
        (B,) positions in `encoded` of the items of a batch.
    output : ModelOutput
        What the model returns for them, row by row in the same order.

    Raises
    ------
    InputError
        Memory does not suffice for one item, or an output is not finite.
    """
    model.eval().to(device)
    order = np.argsort([len(item.ids) for item in encoded], kind="stable")
    start = 0
    while start < len(order):
        chosen = order[start : start + batch_size]
        batch = {name: tensor.to(device) for name, tensor in pad([encoded[i] for i in chosen]).items()}
        try:
            output = model(**batch, **arguments)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if len(chosen) == 1:
                longest = len(encoded[chosen[0]].ids)
                raise InputError(
                    f"out of memory with one item of {longest} subwords; take a device with more memory"
                ) from error
            batch_size = len(chosen) // 2
            logger.warning("out of memory with %d items at a time: going on with %d", len(chosen), batch_size)
            continue
        # Predictions of NaN look like any others.
        if not output[0].isfinite().all():
            raise InputError(
                "the model's output has values that are not finite numbers: its training diverged, or its weights are "
                "damaged; train it again with a smaller learning_rate"
            )
        yield chosen, output
        start += len(chosen)
