"""Tags of words: parts of speech, or any others."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from alignfreeze.data.tagging import read_tagged
from alignfreeze.data.treebank import NO_TAG, TreebankSentences, read_treebank
from alignfreeze.kinds.kind import Corpus, Score
from alignfreeze.kinds.words import WordLabels
from alignfreeze.tasks.settings import TaggingSettings

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Item = TypeVar("Item")


class Tagging(WordLabels[TaggingSettings, TreebankSentences]):
    """A tag for each word; files are CoNLL-U (.conllu), or have a word, a space or a tab and its tag on each line."""

    settings_class = TaggingSettings
    formats = ("conllu", "tags")
    # Examples as UD publishes them; widths measured with XLM-R's vocabulary and max_length 96 on a sample of EWT.
    corpus = Corpus(12_543, 1_000, 1_000, 63, 33)
    metrics = ("accuracy", "paper_accuracy")

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The given tags, and that of multiword ranges where all lines of a treebank are tokens."""
        beside = () if self.settings.tokens == "words" else (NO_TAG,)
        return None if self.settings.labels is None else (*self.settings.labels, *beside)

    def for_training(self, examples: TreebankSentences) -> Self:
        """The task with the tags of its training data, where none are given."""
        if self.settings.labels is not None:
            return self
        found = sorted({tag for tags in examples.tags for tag in tags} - {NO_TAG})
        return type(self)(self.settings.model_copy(update={"labels": found}))

    def read(self, path: str | Path, language: str) -> TreebankSentences:  # noqa: ARG002 (other kinds need it)
        """Sentences of a treebank, or of a file with a word and its tag on each line."""
        if Path(path).suffix == ".conllu":
            return read_treebank(path, self.settings.tokens)
        read = read_tagged(path)
        return TreebankSentences(read.words, read.tags, [[True] * len(words) for words in read.words])

    def evaluate(
        self,
        model: PreTrainedModel,
        examples: TreebankSentences,
        tokenizer: Any,
        device: torch.device,
        is_source: bool,  # noqa: ARG002 (question answering needs it)
    ) -> dict[str, Score]:
        """Score tags.

        Returns
        -------
        dict from str to Score
            `accuracy`, share of syntactic words with the right tag. `paper_accuracy`, share of all lines of the
            treebank, without those of which no subword is left: only if the model has a tag for multiword ranges.
        """
        from alignfreeze.metrics.token_classification import accuracy, predict

        predictions, tags = predict(model, examples.words, tokenizer, device), examples.tags
        is_word = examples.is_word
        scores = {"accuracy": Score(*accuracy(_where(is_word, predictions), _where(is_word, tags)))}
        if NO_TAG in (model.config.label2id or ()):
            present = [[tag is not None for tag in sentence] for sentence in predictions]
            scores["paper_accuracy"] = Score(*accuracy(_where(present, predictions), _where(present, tags)))
        return scores


def _where(chosen: Sequence[Sequence[bool]], sentences: Sequence[Sequence[Item]]) -> list[list[Item]]:
    """Keep the chosen tokens of each sentence."""
    return [list(itertools.compress(sentence, flags)) for sentence, flags in zip(sentences, chosen, strict=True)]


KIND = Tagging
