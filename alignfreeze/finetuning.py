"""Fine-tuning on the source language: Adam, linear decay after a warm-up, batches padded to their own longest row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from alignfreeze.training import Precision, TrainingReport, TrainingState, adam, train
from alignfreeze.vocabulary import TrimmedVocabulary


@dataclass(frozen=True)
class FinetuningSettings:
    """Settings of a fine-tuning; the defaults are the paper's (DESIGN.md section 5).

    batch_size : training items.
    head_learning_rate : of the parameters that the encoder does not have; None: the encoder's.
    warmup_ratio : share of the optimiser steps over which the rate rises from 0.
    """

    learning_rate: float = 2.0e-5
    head_learning_rate: float | None = None
    batch_size: int = 32
    epochs: int = 5
    warmup_ratio: float = 0.1
    precision: Precision = "fp32"


@dataclass(frozen=True)
class TensorBatch:
    """Named tensors of one batch, as the model's `forward` takes them."""

    tensors: dict[str, torch.Tensor]

    def to(self, device: torch.device) -> TensorBatch:
        """The batch on a device."""
        return TensorBatch({name: t.to(device, non_blocking=True) for name, t in self.tensors.items()})


def total_steps(items: int, batch_size: int, epochs: int) -> int:
    """Optimiser steps of a fine-tuning on `items` training items; the last batch of an epoch may be short."""
    return math.ceil(items / batch_size) * epochs


def epoch_order(items: int, seed: int, epoch: int) -> np.ndarray:
    """Random order of the items in an epoch."""
    return np.random.default_rng([seed, epoch]).permutation(items)


def finetune(
    model: PreTrainedModel,
    items: int,
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
    items : number of training items.
    token_ids : subword ids that occur in the training items.
    collate : item numbers -> the arguments of `forward`, ids in the full vocabulary.
    save : called at the end with a function that writes the model to a folder.
    """
    vocabulary = TrimmedVocabulary(model, token_ids)
    modules = nn.ModuleDict({"model": model}).to(device)
    body = {id(p) for p in model.base_model.parameters()}
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
    steps = total_steps(items, settings.batch_size, settings.epochs)
    schedule = get_linear_schedule_with_warmup(optimiser, round(settings.warmup_ratio * steps), steps)

    def batches(first: int) -> Iterator[TensorBatch]:
        per_epoch = math.ceil(items / settings.batch_size)
        for step in range(first, steps):
            epoch, number = divmod(step, per_epoch)
            chosen = epoch_order(items, seed, epoch)[number * settings.batch_size :][: settings.batch_size]
            tensors = collate(chosen.tolist())
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
    return report
