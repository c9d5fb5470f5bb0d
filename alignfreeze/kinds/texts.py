"""What the kinds that label whole texts have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from alignfreeze.data.labelled import LabelledTexts, read_labelled
from alignfreeze.kinds.kind import Kind, Score
from alignfreeze.tasks.settings import LabelSettings

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from alignfreeze.training.batches import TrainingItems


class TextLabels(Kind[LabelSettings, LabelledTexts]):
    """A label for each example of one text, or of several that are read as one sequence.

    Attributes
    ----------
    columns : tuple of str
        Columns of a file with the texts.
    """

    columns: ClassVar[tuple[str, ...]]
    settings_class = LabelSettings
    head = "AutoModelForSequenceClassification"

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The given labels."""
        return None if self.settings.labels is None else tuple(self.settings.labels)

    def for_training(self, examples: LabelledTexts) -> Self:
        """The task with the labels of its training data, where none are given."""
        if self.settings.labels is not None:
            return self
        return type(self)(self.settings.model_copy(update={"labels": sorted(set(examples.labels))}))

    def read(self, path: str | Path, language: str) -> LabelledTexts:  # noqa: ARG002 (other kinds need it)
        """Rows of a table, or of JSON lines."""
        return read_labelled(path, self.columns, self.labels)

    def words(self, examples: LabelledTexts) -> list[int]:
        """Words of all texts of each example."""
        return [sum(len(text.split()) for text in texts) for texts in zip(*examples.texts, strict=True)]

    def tokenizer(self, tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig) -> Any:
        """The texts of an example in one sequence, by the tokenizer's own template."""
        from alignfreeze.tasks.text_classification import text_tokenizer

        return text_tokenizer(tokenizer, config, self.settings)

    def items(self, examples: LabelledTexts, tokenizer: Any) -> TrainingItems:
        """Sequences with a label each."""
        from alignfreeze.tasks.text_classification import TextItems

        return TextItems(examples.texts, examples.labels, self.labels or (), tokenizer)

    def evaluate(
        self,
        model: PreTrainedModel,
        examples: LabelledTexts,
        tokenizer: Any,
        device: torch.device,
        is_source: bool,  # noqa: ARG002 (question answering needs it)
    ) -> dict[str, Score]:
        """Scores of `metrics`, see `alignfreeze.metrics.text_classification`."""
        from alignfreeze.metrics.text_classification import SCORES, predict

        found = predict(model, examples.texts, tokenizer, device)
        return {name: Score(SCORES[name](found, examples.labels), len(examples)) for name in self.metrics}
