"""The kinds of tasks: one module each says how files are read and encoded, and which head is trained on them.

`load_task("tagging")` asks `alignfreeze.tasks.tagging`; the paper's four tasks are kinds with labels, under names of
their own (`KNOWN`). A new kind is a new module here, one of the same name in `alignfreeze.metrics` that predicts and
scores, and a section of the configuration.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from alignfreeze.tasks.settings import KNOWN, EncodingSettings

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from alignfreeze.training.batches import TrainingItems


class Examples(Protocol):
    """What a file of a task holds."""

    def __len__(self) -> int: ...  # noqa: D105

    def first(self, count: int) -> Examples:
        """The first `count` examples.

        Parameters
        ----------
        count : int
            All are taken where there are fewer.

        Returns
        -------
        examples : Examples
        """


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    model_class : type
        The AutoModel class with the task's head.
    labels : tuple of str or None
        What the head tells apart, in order; None where it has no labels, or where they are those of the training data.
    read : callable
        (a file, its language) -> examples.
    tokenizer : callable
        (a Hugging Face tokenizer, the model's configuration) -> what turns the task's text into subwords.
    evaluation_tokenizer : callable
        The same for evaluation, whose windows may be others.
    items : callable
        (examples, what `tokenizer` gave) -> training items.
    with_labels_of : callable or None
        Training examples -> the task with their labels; None where the labels are known.
    """

    model_class: Any
    labels: tuple[str, ...] | None
    read: Callable[[str | Path, str], Examples]
    tokenizer: Callable[[PreTrainedTokenizerBase, PreTrainedConfig], Any]
    evaluation_tokenizer: Callable[[PreTrainedTokenizerBase, PreTrainedConfig], Any]
    items: Callable[[Any, Any], TrainingItems]
    with_labels_of: Callable[[Any], Task] | None = None

    def for_training(self, examples: Examples) -> Task:
        """The task with the labels of its training examples, where it has none of its own.

        Parameters
        ----------
        examples : Examples
            Training examples, as `read` gives them.

        Returns
        -------
        Task
            The task itself where its labels are known.
        """
        return self if self.with_labels_of is None else self.with_labels_of(examples)

    def read_first(self, path: str | Path, language: str, count: int | None) -> Examples:
        """Read the examples of a file, or only the first of them.

        Parameters
        ----------
        path : str or Path
            The file.
        language : str
            Code of its language.
        count : int or None
            Number of examples to keep; None keeps all.

        Returns
        -------
        examples : Examples
            In the order of the file.

        Raises
        ------
        InputError
            The file is missing, empty, or not of the task's form.
        """
        examples = self.read(path, language)
        return examples if count is None else examples.first(count)

    def load_new(self, path: str | Path) -> PreTrainedModel:
        """Load an encoder's weights under a new head; seed torch before for the head's first weights.

        Parameters
        ----------
        path : str or Path
            Folder of the encoder's checkpoint.

        Returns
        -------
        PreTrainedModel
            On the CPU, in float32.

        Raises
        ------
        InputError
            See `load_weights`.
        """
        from alignfreeze.encoders.loading import load_weights

        if self.labels is None:
            return load_weights(self.model_class, path)
        return load_weights(
            self.model_class,
            path,
            num_labels=len(self.labels),
            id2label=dict(enumerate(self.labels)),
            label2id={label: number for number, label in enumerate(self.labels)},
        )

    def load_finetuned(self, path: str | Path) -> PreTrainedModel:
        """Load a fine-tuned model from its checkpoint.

        Parameters
        ----------
        path : str or Path
            Folder of the checkpoint.

        Returns
        -------
        PreTrainedModel
            On the CPU, in float32.

        Raises
        ------
        InputError
            See `load_weights`.
        """
        from alignfreeze.encoders.loading import load_weights

        return load_weights(self.model_class, path)


def kind_of(name: str) -> str:
    """Kind of a task.

    Parameters
    ----------
    name : str
        A task of the paper, or a kind: a kind's name is its own.

    Returns
    -------
    str
        Name of a module of `alignfreeze.tasks`, which `alignfreeze.metrics` has, too.
    """
    return KNOWN[name][0] if name in KNOWN else name


def task_settings(name: str) -> type[EncodingSettings]:
    """Class of the settings of a task.

    Parameters
    ----------
    name : str
        A task of the paper, or a kind.

    Returns
    -------
    type[EncodingSettings]
    """
    if name in KNOWN:
        return KNOWN[name][1]
    settings: type[EncodingSettings] = importlib.import_module(f"{__name__}.{name}").SETTINGS
    return settings


def load_task(name: str, settings: Mapping[str, Any] = MappingProxyType({})) -> Task:
    """Load a task of the paper by its name, or any other by its kind.

    Parameters
    ----------
    name : str
        `udpos`, `wikiann`, `xnli` or `xquad`, or a kind.
    settings : mapping from str to object
        Values other than the defaults, see `task_settings`.

    Returns
    -------
    Task
    """
    task: Task = importlib.import_module(f"{__name__}.{kind_of(name)}").make_task(task_settings(name)(**settings))
    return task
