"""The tasks: one module each says how its files are read and encoded, and which head is trained on them.

`load_task("xnli")` asks `alignfreeze.tasks.xnli`. A new task is a new module here, one of the same name in
`alignfreeze.metrics` that predicts and scores, and a section of the configuration.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from alignfreeze.tasks.settings import EncodingSettings

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from alignfreeze.training.batches import TrainingItems


class Examples(Protocol):
    """What a file of a task holds."""

    def __len__(self) -> int: ...  # noqa: D105

    def first(self, count: int) -> Examples:
        """The first `count` examples."""


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    kind : type
        The AutoModel class with the task's head.
    labels : tuple of str or None
        What the head tells apart, in order; None where it has no labels.
    read : callable
        (a file, its language) -> examples.
    tokenizer : callable
        (a Hugging Face tokenizer, the model's configuration) -> what turns the task's text into subwords.
    evaluation_tokenizer : callable
        The same for evaluation, whose windows may be others.
    items : callable
        (examples, what `tokenizer` gave) -> training items.
    """

    kind: Any
    labels: tuple[str, ...] | None
    read: Callable[[str | Path, str], Examples]
    tokenizer: Callable[[PreTrainedTokenizerBase, PreTrainedConfig], Any]
    evaluation_tokenizer: Callable[[PreTrainedTokenizerBase, PreTrainedConfig], Any]
    items: Callable[[Any, Any], TrainingItems]

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
        """A fine-tuned model from its checkpoint."""
        from alignfreeze.encoders.loading import load_weights

        return load_weights(self.kind, path)


def task_settings(name: str) -> type[EncodingSettings]:
    """Class of a task's settings, from the module of its name."""
    settings: type[EncodingSettings] = importlib.import_module(f"{__name__}.{name}").SETTINGS
    return settings


def load_task(name: str, settings: Mapping[str, Any] = MappingProxyType({})) -> Task:
    """Load a task by its name, which is that of its module.

    Parameters
    ----------
    name : str
    settings : mapping from str
        Values other than the defaults, see `task_settings`.

    Returns
    -------
    Task
    """
    task: Task = importlib.import_module(f"{__name__}.{name}").make_task(task_settings(name)(**settings))
    return task
