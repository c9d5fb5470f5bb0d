"""What the kinds that label words have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.kinds.kind import Kind
from alignfreeze.tasks.settings import SequenceSettings

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    from alignfreeze.training.batches import TrainingItems

SettingsType = TypeVar("SettingsType", bound=SequenceSettings)
SentencesType = TypeVar("SentencesType", bound=TaggedSentences)


class WordLabels(Kind[SettingsType, SentencesType]):
    """A label for each word, on its first subword."""

    head = "AutoModelForTokenClassification"

    def words(self, examples: SentencesType) -> list[int]:
        """Words of each sentence."""
        return [len(words) for words in examples.words]

    def tokenizer(self, tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig) -> Any:
        """Words of a sentence, cut at `max_length`."""
        from alignfreeze.tasks.token_classification import word_tokenizer

        return word_tokenizer(tokenizer, config, self.settings)

    def evaluation_tokenizer(self, tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig) -> Any:
        """Words of a sentence in windows."""
        from alignfreeze.tasks.token_classification import evaluation_tokenizer

        return evaluation_tokenizer(tokenizer, config, self.settings)

    def items(self, examples: SentencesType, tokenizer: Any) -> TrainingItems:
        """Sentences with a label on each word's first subword."""
        from alignfreeze.tasks.token_classification import TaggedItems

        return TaggedItems(examples.words, examples.tags, self.labels or (), tokenizer)
