"""Fine-tuning on the source language: Adam, linear decay after a warm-up, batches padded to their own longest row."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from alignfreeze.encoders.vocabulary import TrimmedVocabulary
from alignfreeze.support.trackers import Tracker
from alignfreeze.training.batches import TensorBatch, TrainingItems, epoch_batches
from alignfreeze.training.loop import TrainingReport, adam, autocast, train
from alignfreeze.training.memory import MovableBatch
from alignfreeze.training.settings import FinetuningSettings, Precision
from alignfreeze.training.state import TrainingState
from alignfreeze.training.steps import schedule_steps, total_steps


class AuxiliaryLoss(Protocol):
    """A loss that is added to the task's at every step, from batches of its own.

    Attributes
    ----------
    module : torch.nn.Module
        What is trained for this loss alone, such as a projection head; it is not saved with the model.
    """

    module: nn.Module

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids of its batches."""

    def prepare(self, vocabulary: TrimmedVocabulary, precision: Precision) -> None:
        """Called once before the first batch: ids are to be those of this vocabulary from now on.

        Parameters
        ----------
        vocabulary : TrimmedVocabulary
            The vocabulary that the model was trimmed to.
        precision : Precision
            That of fine-tuning; see `autocast`.
        """

    def batches(self, first: int) -> Iterator[MovableBatch]:
        """Endless batches from step `first` on, the same ones each time.

        Parameters
        ----------
        first : int
            Number of steps already done.

        Yields
        ------
        MovableBatch
            On the CPU, with ids of the trimmed vocabulary.
        """

    def loss(self, batch: Any, step: int) -> torch.Tensor:
        """Loss of a batch on the device, its weight included; steps count from 0.

        Parameters
        ----------
        batch : object
            One of `batches`, on the device.
        step : int
            Number of the step, counted from 0.

        Returns
        -------
        torch.Tensor
            () scalar, with its graph.
        """

    def loss_in_parts(self, batch: Any, step: int, size: int) -> torch.Tensor:
        """Add the gradients of `loss` to the parameters, `size` rows at a time; return the loss without a graph.

        Parameters
        ----------
        batch : object
            One of `batches`, on the device.
        step : int
            Number of the step, counted from 0.
        size : int
            Rows at a time.

        Returns
        -------
        torch.Tensor
            () scalar, the loss of the whole batch.
        """

    def tokens(self, batch: Any) -> int:
        """Subwords of a batch without padding.

        Parameters
        ----------
        batch : object
            One of `batches`, on the CPU.

        Returns
        -------
        int
        """


@dataclass(frozen=True)
class FinetuningBatch:
    """What one step takes: a batch of the task and one of each auxiliary loss; steps count from 0."""

    step: int
    task: TensorBatch
    auxiliary: tuple[Any, ...]

    def __len__(self) -> int:
        return max(map(len, (self.task, *self.auxiliary)))

    def to(self, device: torch.device) -> FinetuningBatch:
        """The batch on a device.

        Parameters
        ----------
        device : torch.device

        Returns
        -------
        FinetuningBatch
            A new batch; this one stays where it is.
        """
        return FinetuningBatch(self.step, self.task.to(device), tuple(batch.to(device) for batch in self.auxiliary))


def finetune(
    model: PreTrainedModel,
    items: TrainingItems,
    settings: FinetuningSettings,
    seed: int,
    device: torch.device,
    *,
    auxiliary: Sequence[AuxiliaryLoss] = (),
    state: TrainingState | None = None,
    description: str = "fine-tune",
    trackers: Sequence[Tracker] = (),
) -> TrainingReport:
    """Train the whole model with its task head, in place (paper, section 4 and appendix B).

    Parameters
    ----------
    model : PreTrainedModel
        A model with a task head whose `forward` returns a loss; afterwards it has its full vocabulary.
    items : TrainingItems
        Encoded training items.
    settings : FinetuningSettings
    seed : int
        Decides the order of the items and dropout.
    device : torch.device
        Where to train.
    auxiliary : sequence of AuxiliaryLoss
        Losses that are added to the task's, such as a realignment that goes on during fine-tuning.
    state : TrainingState, optional
        Where a killed run's state is kept; clear it when the model is saved.
    description : str
        Name of the run in logs and on the progress bar.
    trackers : sequence of Tracker
        Told the points of the training log, too.

    Returns
    -------
    TrainingReport

    Raises
    ------
    InputError
        See `train`.
    """
    used = functools.reduce(np.union1d, [loss.token_ids() for loss in auxiliary], items.token_ids())
    vocabulary = TrimmedVocabulary(model, used)
    model.requires_grad_(True)  # what a realignment in the same process froze, too
    for loss in auxiliary:
        loss.prepare(vocabulary, settings.precision)
    trained_along = nn.ModuleList([loss.module for loss in auxiliary])
    modules = nn.ModuleDict({"model": model, "auxiliary": trained_along}).to(device)
    body = {id(p) for name, p in model.base_model.named_parameters() if not name.startswith("pooler.")}
    groups: list[dict[str, Any]] = [
        {"params": [*(p for p in model.parameters() if id(p) in body), *trained_along.parameters()]},
        {
            "params": [p for p in model.parameters() if id(p) not in body],
            "lr": settings.head_learning_rate or settings.learning_rate,
        },
    ]
    optimiser = adam(groups, settings.learning_rate)
    lengths = items.lengths()
    steps = total_steps(len(lengths), settings.batch_size, settings.epochs)
    schedule = get_linear_schedule_with_warmup(
        optimiser,
        *schedule_steps(
            len(lengths),
            settings.batch_size,
            settings.epochs,
            settings.warmup_ratio,
            settings.schedule_accumulation,
        ),
    )

    def plan() -> Iterator[list[int]]:
        for epoch in range(settings.epochs):
            yield from epoch_batches(lengths, settings.batch_size, settings.bucketing, seed, epoch)

    def name_of_batch(step: int) -> str:
        chosen = next(itertools.islice(plan(), step - 1, None))
        return f"training items {', '.join(map(str, chosen))}, counted from 0"

    def task_batches(first: int) -> Iterator[TensorBatch]:
        for chosen in itertools.islice(plan(), first, None):
            tensors = items.collate(chosen)
            yield TensorBatch(tensors | {"input_ids": vocabulary.map(tensors["input_ids"])})

    def batches(first: int) -> Iterator[FinetuningBatch]:
        beside = (loss.batches(first) for loss in auxiliary)
        for step, (task, *others) in enumerate(zip(task_batches(first), *beside, strict=False), first):
            yield FinetuningBatch(step, task, tuple(others))

    def loss_of(batch: FinetuningBatch) -> torch.Tensor:
        beside = (loss.loss(part, batch.step) for loss, part in zip(auxiliary, batch.auxiliary, strict=True))
        return sum(beside, start=model(**batch.task.tensors).loss)

    def task_loss_in_parts(batch: TensorBatch, size: int) -> torch.Tensor:
        parts = batch.split(size)
        terms = [part.loss_terms() for part in parts]
        total = torch.zeros((), device=device)
        for part, count in zip(parts, terms, strict=True):
            if count == 0:
                continue
            with autocast(device, settings.precision):
                loss = model(**part.tensors).loss * (count / sum(terms))
            loss.backward()
            total += loss.detach()
        return total

    def loss_in_parts(batch: FinetuningBatch, size: int) -> torch.Tensor:
        task = task_loss_in_parts(batch.task, size)
        pairs = zip(auxiliary, batch.auxiliary, strict=True)
        return sum((loss.loss_in_parts(part, batch.step, size) for loss, part in pairs), start=task)

    def tokens_of(batch: FinetuningBatch) -> int:
        pairs = zip(auxiliary, batch.auxiliary, strict=True)
        return batch.task.tokens() + sum(loss.tokens(part) for loss, part in pairs)

    torch.manual_seed(seed)
    report = train(
        modules,
        batches,
        loss_of,
        tokens_of,
        optimiser,
        steps,
        device,
        in_parts=loss_in_parts,
        schedule=schedule,
        precision=settings.precision,
        state=state,
        description=description,
        trackers=trackers,
        name_of_batch=name_of_batch,
    )
    vocabulary.restore()
    return report
