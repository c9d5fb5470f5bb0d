"""Fine-tuning on the source language: Adam, linear decay after a warm-up, batches padded to their own longest row."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from alignfreeze.encoders.vocabulary import TrimmedVocabulary
from alignfreeze.realignment.batches import RealignmentBatch, bucketed_batches
from alignfreeze.realignment.objective import InterleavedRealignment, stream_token_ids, subwords_of
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRows
from alignfreeze.tasks.token_classification import IGNORED
from alignfreeze.training.loop import TrainingReport, TrainingState, adam, autocast, train
from alignfreeze.training.settings import Bucketing, FinetuningSettings
from alignfreeze.training.steps import schedule_steps, total_steps


@dataclass(frozen=True)
class TensorBatch:
    """Named tensors of one batch, as the model's `forward` takes them."""

    tensors: dict[str, torch.Tensor]

    def __len__(self) -> int:
        return len(self.tensors["input_ids"])

    def split(self, size: int) -> list[TensorBatch]:
        """Parts of at most `size` items, as wide as the whole."""
        return [
            TensorBatch({name: tensor[start : start + size] for name, tensor in self.tensors.items()})
            for start in range(0, len(self), size)
        ]

    def loss_terms(self) -> int:
        """Number of terms whose mean is the model's loss: labels that are not ignored, or items (answer spans)."""
        return int((self.tensors["labels"] != IGNORED).sum()) if "labels" in self.tensors else len(self)

    def to(self, device: torch.device) -> TensorBatch:
        """The batch on a device."""
        return TensorBatch({name: t.to(device, non_blocking=True) for name, t in self.tensors.items()})


@dataclass(frozen=True)
class Interleaving:
    """Realignment during fine-tuning: one batch of sentence pairs beside each batch of the task.

    streams : rows of each language, in the order in which languages take turns.
    settings : all but `learning_rate`, `precision` and `trim_vocabulary`, which are fine-tuning's own.
    weight : of the realignment loss beside the task's.
    """

    streams: Mapping[str, PairRows]
    settings: RealignmentSettings
    weight: float


@dataclass(frozen=True)
class InterleavedBatch:
    """What one step of an interleaved fine-tuning takes; steps count from 0."""

    step: int
    task: TensorBatch
    realignment: RealignmentBatch

    def __len__(self) -> int:
        return max(len(self.task), len(self.realignment))

    def to(self, device: torch.device) -> InterleavedBatch:
        """The batch on a device."""
        return InterleavedBatch(self.step, self.task.to(device), self.realignment.to(device))


def epoch_batches(lengths: np.ndarray, batch_size: int, bucketing: Bucketing, seed: int, epoch: int) -> list[list[int]]:
    """Item numbers of each batch of an epoch, in random order.

    Parameters
    ----------
    lengths : (items,), subwords of each item.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths)).tolist()
    return bucketed_batches(order, lambda item: lengths[item], batch_size, bucketing, rng)


def finetune(
    model: PreTrainedModel,
    lengths: np.ndarray,
    token_ids: np.ndarray,
    collate: Callable[[Sequence[int]], dict[str, torch.Tensor]],
    settings: FinetuningSettings,
    seed: int,
    device: torch.device,
    save: Callable[[Callable[[Path], None]], None],
    state: TrainingState | None = None,
    description: str = "fine-tune",
    interleaving: Interleaving | None = None,
) -> TrainingReport:
    """Train the whole model with a task head, then save it with its full vocabulary.

    Parameters
    ----------
    model : a model with a task head whose `forward` returns a loss.
    lengths : (items,), subwords of each training item.
    token_ids : subword ids that occur in the training items.
    collate : item numbers -> the arguments of `forward`, ids in the full vocabulary.
    save : called at the end with a function that writes the model to a folder.
    interleaving : realignment that goes on meanwhile, or None.
    """
    if interleaving:
        token_ids = np.union1d(token_ids, stream_token_ids(interleaving.streams))
    vocabulary = TrimmedVocabulary(model, token_ids)
    model.requires_grad_(True)  # what a realignment in the same process froze, too
    realignment = interleaving and InterleavedRealignment(
        model.base_model,
        interleaving.streams,
        interleaving.settings.model_copy(update={"precision": settings.precision}),
        interleaving.weight,
        seed,
        device,
        vocabulary,
    )
    modules = nn.ModuleDict(
        {"model": model, "realignment": realignment.module} if realignment else {"model": model}
    ).to(device)
    body = {id(p) for name, p in model.base_model.named_parameters() if not name.startswith("pooler.")}
    projection = realignment.module.parameters() if realignment else []
    optimiser = adam(
        [
            {"params": [*(p for p in model.parameters() if id(p) in body), *projection]},
            {
                "params": [p for p in model.parameters() if id(p) not in body],
                "lr": settings.head_learning_rate or settings.learning_rate,
            },
        ],
        settings.learning_rate,
        device,
    )
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

    def batches(first: int) -> Iterator[TensorBatch]:
        plan = (
            batch
            for epoch in range(settings.epochs)
            for batch in epoch_batches(lengths, settings.batch_size, settings.bucketing, seed, epoch)
        )
        for chosen in itertools.islice(plan, first, None):
            tensors = collate(chosen)
            yield TensorBatch(tensors | {"input_ids": vocabulary.map(tensors["input_ids"])})

    def loss_of(batch: TensorBatch) -> Any:
        return model(**batch.tensors).loss

    def loss_in_parts(batch: TensorBatch, size: int) -> torch.Tensor:
        parts = batch.split(size)
        terms = [part.loss_terms() for part in parts]
        total = torch.zeros((), device=device)
        for part, count in zip(parts, terms, strict=True):
            if count == 0:
                continue
            with autocast(device, settings.precision):
                loss = loss_of(part) * (count / sum(terms))
            loss.backward()
            total += loss.detach()
        return total

    def tokens_of(batch: TensorBatch) -> int:
        return int(batch.tensors["attention_mask"].sum())

    def interleaved_batches(first: int) -> Iterator[InterleavedBatch]:
        pairs = zip(batches(first), realignment.batches(first), strict=False)
        return (InterleavedBatch(step, *both) for step, both in enumerate(pairs, first))

    def interleaved_loss(batch: InterleavedBatch) -> Any:
        return loss_of(batch.task) + realignment.weighted_loss(batch.realignment, batch.step)

    def interleaved_loss_in_parts(batch: InterleavedBatch, size: int) -> torch.Tensor:
        return loss_in_parts(batch.task, size) + realignment.weighted_loss_in_parts(batch.realignment, batch.step, size)

    def interleaved_tokens(batch: InterleavedBatch) -> int:
        return tokens_of(batch.task) + subwords_of(batch.realignment)

    torch.manual_seed(seed)
    report = train(
        modules,
        *(
            (interleaved_batches, interleaved_loss, interleaved_tokens)
            if realignment
            else (batches, loss_of, tokens_of)
        ),
        optimiser,
        steps,
        device,
        in_parts=interleaved_loss_in_parts if realignment else loss_in_parts,
        schedule=schedule,
        precision=settings.precision,
        state=state,
        description=description,
    )
    if realignment:
        report.pairs_seen, report.distinct_pairs = realignment.pairs_seen(steps)
    save(vocabulary.save)
    vocabulary.restore()
    return report
