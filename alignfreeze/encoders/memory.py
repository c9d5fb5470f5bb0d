"""Recognise that memory did not suffice, on any device, so that the caller can go on with smaller batches."""

from __future__ import annotations

import torch

CPU_ALLOCATOR = "DefaultCPUAllocator"  # names itself in the plain RuntimeError that PyTorch raises on the CPU


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the GPU's or the machine's memory did not suffice.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    bool
    """
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and CPU_ALLOCATOR in str(error)
    )
