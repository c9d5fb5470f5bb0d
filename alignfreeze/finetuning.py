"""Fine-tuning on the source language: Adam, linear decay after a warm-up, batches padded to their own longest row."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from alignfreeze.batches import Bucketing, bucketed_batches
from alignfreeze.finetuning_steps import total_steps
from alignfreeze.training import Precision, TrainingReport, TrainingState, adam, train
from alignfreeze.vocabulary import TrimmedVocabulary


@dataclass(frozen=True)
class FinetuningSettings:
    """Settings of a fine-tuning; the defaults are the paper's (DESIGN.md section 5).

    batch_size : training items.
    head_learning_rate : of what stands above the encoder's blocks, a pooler included; None: the encoder's.
    warmup_ratio : share of the optimiser steps over which the rate rises from 0.
    bucketing : `window` makes batches of items of like length (faster, but items no longer meet at random).
    """

    learning_rate: float = 2.0e-5
    head_learning_rate: float | None = None
    batch_size: int = 32
    epochs: int = 5
    warmup_ratio: float = 0.1
    bucketing: Bucketing = "none"
    precision: Precision = "fp32"


@dataclass(frozen=True)
class TensorBatch:
    """Named tensors of one batch, as the model's `forward` takes them."""

    tensors: dict[str, torch.Tensor]

    def to(self, device: torch.device) -> TensorBatch:
        """The batch on a device."""
        return TensorBatch({name: t.to(device, non_blocking=True) for name, t in self.tensors.items()})


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
) -> TrainingReport:
    """Train the whole model with a task head, then save it with its full vocabulary.

    Parameters
    ----------
    model : a model with a task head whose `forward` returns a loss.
    lengths : (items,), subwords of each training item.
    token_ids : subword ids that occur in the training items.
    collate : item numbers -> the arguments of `forward`, ids in the full vocabulary.
    save : called at the end with a function that writes the model to a folder.
    """
    vocabulary = TrimmedVocabulary(model, token_ids)
    model.requires_grad_(True)  # what a realignment in the same process froze, too
    modules = nn.ModuleDict({"model": model}).to(device)
    body = {id(p) for name, p in model.base_model.named_parameters() if not name.startswith("pooler.")}
    optimiser = adam(
        [
            {"params": [p for p in model.parameters() if id(p) in body]},
            {
                "params": [p for p in model.parameters() if id(p) not in body],
                "lr": settings.head_learning_rate or settings.learning_rate,
            },
        ],
        settings.learning_rate,
        device,
    )
    steps = total_steps(len(lengths), settings.batch_size, settings.epochs)
    schedule = get_linear_schedule_with_warmup(optimiser, round(settings.warmup_ratio * steps), steps)

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

    torch.manual_seed(seed)
    report = train(
        modules,
        batches,
        loss_of,
        lambda batch: int(batch.tensors["attention_mask"].sum()),
        optimiser,
        steps,
        device,
        schedule=schedule,
        precision=settings.precision,
        state=state,
        description=description,
    )
    save(vocabulary.save)
    vocabulary.restore()
    return report
