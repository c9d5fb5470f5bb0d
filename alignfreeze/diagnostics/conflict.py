"""Gradient conflict: whether realignment and the task pull a block's weights apart.

Cosine and norm ratio of two losses' gradients, block by block (Yu et al. 2020, gradient surgery, call two gradients
conflicting where the cosine is negative). A step against the gradient of one loss raises the other to first order
exactly where the cosine is below 0. Dropout is off and no weight moves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import PreTrainedModel

from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.realignment.objective import RealignmentObjective
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRows
from alignfreeze.training.batches import TensorBatch, TrainingItems, epoch_batches
from alignfreeze.training.settings import Bucketing


class Conflict(NamedTuple):
    """Two gradients of the same weights; NaN where one of them is zero or missing.

    Attributes
    ----------
    cosine : float
        -1 (opposed) to 1 (the same direction).
    norm_ratio : float
        Norm of the first over the norm of the second.
    """

    cosine: float
    norm_ratio: float


class ConflictRow(NamedTuple):
    """Conflict of a language's realignment with the task at one block; blocks count from 0."""

    language: str
    block: int
    cosine: float
    norm_ratio: float


def block_gradients(loss: torch.Tensor, blocks: Iterable[nn.Module]) -> list[torch.Tensor]:
    """Gradient of a loss at each block's parameters.

    Parameters
    ----------
    loss : torch.Tensor
        Scalar.
    blocks : iterable of torch.nn.Module

    Returns
    -------
    list of torch.Tensor
        (parameters of the block,), flattened; zero where the loss does not depend on the block.
    """
    parameters = [list(block.parameters()) for block in blocks]
    flat = itertools.chain.from_iterable(parameters)
    found = iter(torch.autograd.grad(loss, list(flat), allow_unused=True, materialize_grads=True))
    return [torch.cat([next(found).flatten() for _ in block]) for block in parameters]


def mean_gradients(losses: Iterable[torch.Tensor], blocks: Sequence[nn.Module]) -> list[torch.Tensor]:
    """Mean over losses of `block_gradients`; one graph is held at a time.

    Parameters
    ----------
    losses : iterable of torch.Tensor
        Scalars with their graphs, at least one.
    blocks : sequence of torch.nn.Module

    Returns
    -------
    list of torch.Tensor
        (parameters of the block,) for each block, flattened.
    """
    total, count = block_gradients(next(iterator := iter(losses)), blocks), 1
    for loss in iterator:
        total = [whole + part for whole, part in zip(total, block_gradients(loss, blocks), strict=True)]
        count += 1
    return [whole / count for whole in total]


def conflict(first: torch.Tensor, second: torch.Tensor) -> Conflict:
    """Compare two gradients of the same weights.

    Parameters
    ----------
    first, second : torch.Tensor
        (parameters,).

    Returns
    -------
    Conflict
        The first against the second.
    """
    norms = first.norm(), second.norm()
    if not all(float(norm) > 0 for norm in norms):
        return Conflict(float("nan"), float("nan"))
    return Conflict(float(first @ second / (norms[0] * norms[1])), float(norms[0] / norms[1]))


def task_batches(
    items: TrainingItems, batch_size: int, bucketing: Bucketing, seed: int, count: int
) -> list[TensorBatch]:
    """The first batches of a fine-tuning's first epoch; fewer where the data have no more.

    Parameters
    ----------
    items : TrainingItems
        Encoded training items.
    batch_size : int
        Items of a batch.
    bucketing : {"none", "window"}
        See `bucketed_batches`.
    seed : int
        Decides the order, as in fine-tuning.
    count : int
        Number of batches.

    Returns
    -------
    list of TensorBatch
        On the CPU, with ids of the full vocabulary.
    """
    plan = epoch_batches(items.lengths(), batch_size, bucketing, seed, epoch=0)
    return [TensorBatch(items.collate(chosen)) for chosen in plan[:count]]


def gradient_conflict(
    model: PreTrainedModel,
    batches: Sequence[TensorBatch],
    streams: Mapping[str, PairRows],
    settings: RealignmentSettings,
    realignment_batches: int,
    seed: int,
    device: torch.device,
) -> Iterator[ConflictRow]:
    """Compare the mean gradient of each language's realignment with that of the task, block by block.

    Means over batches come before the cosine: gradients of single batches are mostly noise, which draws the cosine of
    each pair towards 0. What noise is left does the same, so more batches make the numbers larger in size.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a task head whose `forward` returns a loss.
    batches : sequence of TensorBatch
        Of the task.
    streams : mapping from str to PairRows
        Word pairs by language; each batch of realignment is of one language.
    settings : RealignmentSettings
        Of the loss and its batches; nothing is frozen.
    realignment_batches : int
        For each language.
    seed : int
        Decides the order of the sentence pairs and an untrained head's weights.
    device : torch.device

    Yields
    ------
    ConflictRow
        The first gradient is the realignment's, the second the task's.
    """
    was_training, needed = model.training, [parameter.requires_grad for parameter in model.parameters()]
    encoder: Any = model.base_model
    blocks = encoder_blocks(model)
    model.eval().requires_grad_(False).to(device)
    for part in blocks:
        part.requires_grad_(True)
    try:
        of_task = mean_gradients((model(**batch.to(device).tensors).loss for batch in batches), blocks)
        for language, stream in streams.items():
            objective = RealignmentObjective(encoder, {language: stream}, settings, seed, device, None)
            objective.module.to(device)
            pairs = itertools.islice(objective.batches(0), realignment_batches)
            of_realignment = mean_gradients((objective.loss(batch.to(device)) for batch in pairs), blocks)
            for block, gradients in enumerate(zip(of_realignment, of_task, strict=True)):
                yield ConflictRow(language, block, *conflict(*gradients))
    finally:
        model.train(was_training)
        for parameter, trained in zip(model.parameters(), needed, strict=True):
            parameter.requires_grad_(trained)
