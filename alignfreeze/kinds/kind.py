"""What every kind of task says about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from alignfreeze.tasks.settings import EncodingSettings

if TYPE_CHECKING:
    from typing import Self

    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from alignfreeze.sources.settings import Format
    from alignfreeze.training.batches import TrainingItems


class Examples(Protocol):
    """What a file of a task holds."""

    def __len__(self) -> int: ...  # noqa: D105

    def first(self, count: int) -> Any:
        """The first `count` examples.

        Parameters
        ----------
        count : int
            All are taken where there are fewer.

        Returns
        -------
        examples : Examples
        """


class Score(NamedTuple):
    """A metric's value, 0 to 1, over `n` scored items."""

    value: float
    n: int


@dataclass(frozen=True)
class Corpus:
    """Sizes of a kind's usual public data, for the plan where there is no file to count.

    Attributes
    ----------
    train, test : int
        Examples (sentences, pairs, questions); test sets as a mean over languages.
    test_source : int
        Examples of a test set of the source language's own (see `test_source` of a task).
    width : float
        Subwords of a row in a random batch of 32, padded to the batch's longest.
    sorted_width : float
        The same in batches of like length, as in evaluation.
    """

    train: int
    test: int
    test_source: int
    width: float
    sorted_width: float


SettingsType = TypeVar("SettingsType", bound=EncodingSettings)
ExamplesType = TypeVar("ExamplesType", bound=Examples)


class Kind(ABC, Generic[SettingsType, ExamplesType]):
    """A task of some kind, by its settings.

    The first line of a subclass's docstring says what is labelled and what the files are; it stands in the
    documentation of the configuration. Modules with PyTorch are imported inside of its methods, so that an experiment
    is planned without it.

    Attributes
    ----------
    settings_class : type
        Its settings, which become keys of the configuration.
    head : str
        Class of transformers with the head.
    formats : tuple of str
        Formats of public sources that it reads, see `alignfreeze.sources.settings`.
    corpus : Corpus
    metrics : tuple of str
        Names in the table of scores, in its order; the first is the one that tables and figures are about. `evaluate`
        gives those that the settings allow.
    epochs : int
        Default of the configuration.
    fills_rows : bool
        Whether nearly every row is as long as `max_length` allows.
    """

    settings_class: ClassVar[type[EncodingSettings]]
    head: ClassVar[str]
    formats: ClassVar[tuple[Format, ...]]
    corpus: ClassVar[Corpus]
    metrics: ClassVar[tuple[str, ...]]
    epochs: ClassVar[int] = 5
    fills_rows: ClassVar[bool] = False

    def __init__(self, settings: SettingsType) -> None:
        self.settings = settings

    @property
    def labels(self) -> tuple[str, ...] | None:
        """What the head tells apart, in order; None where it has no labels, or where those of the data are unread."""
        return None

    def for_training(self, examples: ExamplesType) -> Self:  # noqa: ARG002 (kinds with labels need it)
        """The task with the labels of its training examples, where it has none of its own.

        Parameters
        ----------
        examples : Examples
            Training examples, as `read` gives them.

        Returns
        -------
        Kind
            The task itself where its labels are known.
        """
        return self

    @abstractmethod
    def read(self, path: str | Path, language: str) -> ExamplesType:
        """Read the examples of a file.

        Parameters
        ----------
        path : str or Path
            The file.
        language : str
            Code of its language.

        Returns
        -------
        examples : Examples
            In the order of the file.

        Raises
        ------
        InputError
            The file is missing, empty, or not of the kind's form.
        """

    @abstractmethod
    def words(self, examples: ExamplesType) -> list[int]:
        """Number of words of each example, for the plan.

        Parameters
        ----------
        examples : Examples

        Returns
        -------
        list of int
        """

    def rows(self, examples: int, is_training: bool) -> int:  # noqa: ARG002 (question answering needs it)
        """Rows that so many examples become, as far as the plan can tell.

        Parameters
        ----------
        examples : int
            Number of examples.
        is_training : bool
            Whether they are trained on.

        Returns
        -------
        int
        """
        return examples

    @abstractmethod
    def tokenizer(self, tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig) -> Any:
        """What turns the task's text into subwords.

        Parameters
        ----------
        tokenizer : PreTrainedTokenizerBase
            A fast Hugging Face tokenizer.
        config : PreTrainedConfig
            The model's configuration.

        Returns
        -------
        object
            For `items`.

        Raises
        ------
        InputError
            A length exceeds the model's longest input.
        """

    def evaluation_tokenizer(self, tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig) -> Any:
        """The same for evaluation, whose windows may be others.

        Parameters
        ----------
        tokenizer : PreTrainedTokenizerBase
            A fast Hugging Face tokenizer.
        config : PreTrainedConfig
            The model's configuration.

        Returns
        -------
        object
            For `evaluate`.
        """
        return self.tokenizer(tokenizer, config)

    @abstractmethod
    def items(self, examples: ExamplesType, tokenizer: Any) -> TrainingItems:
        """Encode examples to train on.

        Parameters
        ----------
        examples : Examples
        tokenizer : object
            What `tokenizer` gave.

        Returns
        -------
        TrainingItems
        """

    @abstractmethod
    def evaluate(
        self, model: PreTrainedModel, examples: ExamplesType, tokenizer: Any, device: torch.device, is_source: bool
    ) -> dict[str, Score]:
        """Predict and score.

        Parameters
        ----------
        model : PreTrainedModel
            A fine-tuned model, on `device` and in evaluation mode.
        examples : Examples
        tokenizer : object
            What `evaluation_tokenizer` gave.
        device : torch.device
        is_source : bool
            Whether the examples are in the source language.

        Returns
        -------
        dict from str to Score
            Some of `metrics`, in their order.
        """

    def read_first(self, path: str | Path, language: str, count: int | None) -> ExamplesType:
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
            The file is missing, empty, or not of the kind's form.
        """
        examples = self.read(path, language)
        chosen: ExamplesType = examples if count is None else examples.first(count)
        return chosen

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
            return load_weights(self._head(), path)
        return load_weights(
            self._head(),
            path,
            num_labels=len(self.labels),
            id2label=dict(enumerate(self.labels)),
            label2id={label: number for number, label in enumerate(self.labels)},
        )

    def load_finetuned(self, path: str | Path) -> PreTrainedModel:
        """Load a fine-tuned model.

        Parameters
        ----------
        path : str or Path
            Folder of its checkpoint.

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

        return load_weights(self._head(), path)

    def _head(self) -> Any:
        import transformers

        return getattr(transformers, self.head)


AnyKind: TypeAlias = Kind[Any, Any]


def mean_score(scores: Sequence[float]) -> Score:
    """Mean of one score for each item.

    Parameters
    ----------
    scores : sequence of float
        At least one.

    Returns
    -------
    Score
        With the number of items.
    """
    return Score(sum(scores) / len(scores), len(scores))
