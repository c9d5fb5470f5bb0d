"""The tasks: one module each says which metrics it has and how files are read, encoded, trained on and evaluated.

`load_task("xnli")` gives `alignfreeze.tasks.xnli.TASK`. A new task is a new module and a section of the schema.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from alignfreeze.tasks.settings import EncodingSettings

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


class Score(NamedTuple):
    """A metric's value, 0 to 1, over `n` scored items."""

    value: float
    n: int


class Examples(Protocol):
    """What a file of a task holds."""

    def __len__(self) -> int: ...  # noqa: D105

    def first(self, count: int) -> Examples:
        """The first `count` examples."""


class TrainingItems(Protocol):
    """Encoded training items, as `alignfreeze.training.finetuning.finetune` takes them."""

    def __len__(self) -> int: ...  # noqa: D105

    def lengths(self) -> np.ndarray:
        """(items,), subwords of each item with special tokens."""

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids, with the padding id."""

    def collate(self, chosen: Sequence[int]) -> dict[str, torch.Tensor]:
        """Arguments of the model's `forward` for the chosen items."""


@dataclass(frozen=True)
class Task:
    """One task.

    metrics : names in the table of scores; `evaluate` gives just these.
    kind : the AutoModel class with the task's head.
    labels : what the head tells apart, in order; None where it has no labels.
    read : (a file, its language) -> examples.
    settings : class of the settings that `encoder` takes.
    encoder : (tokenizer, the model's configuration, settings) -> what turns text into subwords.
    items : (examples, encoder) -> training items.
    evaluate : (model, examples, encoder, device, whether the language is the source language) -> scores.
    """

    metrics: tuple[str, ...]
    kind: Any
    labels: tuple[str, ...] | None
    read: Callable[[str | Path, str], Examples]
    encoder: Callable[[PreTrainedTokenizerBase, PreTrainedConfig, Any], Any]
    items: Callable[[Any, Any], TrainingItems]
    evaluate: Callable[[PreTrainedModel, Any, Any, torch.device, bool], dict[str, Score]]
    settings: type[EncodingSettings] = EncodingSettings

    def read_first(self, path: str | Path, language: str, count: int | None) -> Examples:
        """Examples of a file in a language, only the first `count` of them where that is given."""
        examples = self.read(path, language)
        return examples if count is None else examples.first(count)

    def load_new(self, path: str | Path) -> PreTrainedModel:
        """An encoder's weights under a new head; seed torch before for the head's first weights."""
        from alignfreeze.encoders.loading import load_weights

        if self.labels is None:
            return load_weights(self.kind, path)
        return load_weights(
            self.kind,
            path,
            num_labels=len(self.labels),
            id2label=dict(enumerate(self.labels)),
            label2id={label: number for number, label in enumerate(self.labels)},
        )

    def load_finetuned(self, path: str | Path) -> PreTrainedModel:
        """A fine-tuned model as `finetune` saved it."""
        from alignfreeze.encoders.loading import load_weights

        return load_weights(self.kind, path)


def load_task(name: str) -> Task:
    """The task of a name, which is that of its module."""
    return importlib.import_module(f"{__name__}.{name}").TASK
