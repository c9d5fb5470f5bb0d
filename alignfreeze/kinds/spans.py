"""Spans of words in BIO tags: named entities, or any others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from alignfreeze.data.bio import join_characters, read_bio, tags_of
from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.kinds.kind import Corpus, Score
from alignfreeze.kinds.words import WordLabels
from alignfreeze.tasks.settings import SpanSettings

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

CHINESE = "zh"


class Spans(WordLabels[SpanSettings, TaggedSentences]):
    """Spans of words; a line of a file is a word, a tab (or a space) and its tag: O, or B- or I- with a type."""

    settings_class = SpanSettings
    formats = ("bio",)
    # Examples as WikiANN publishes them; widths measured with XLM-R's vocabulary and max_length 96 on a sample.
    corpus = Corpus(20_000, 5_000, 5_000, 46, 17)
    metrics = ("f1", "precision", "recall", "accuracy", "paper_f1")

    @property
    def labels(self) -> tuple[str, ...] | None:
        """BIO tags of the given types."""
        return None if self.settings.types is None else tags_of(self.settings.types)

    def for_training(self, examples: TaggedSentences) -> Self:
        """The task with the types of its training data, where none are given."""
        if self.settings.types is not None:
            return self
        found = sorted({tag[2:] for tags in examples.tags for tag in tags if tag[2:]})
        return type(self)(self.settings.model_copy(update={"types": found}))

    def read(self, path: str | Path, language: str) -> TaggedSentences:
        """Sentences in BIO; Chinese ones as characters or as words."""
        sentences = read_bio(path, language, self.labels)
        if self.settings.chinese == "characters" or language.split("-")[0] != CHINESE:
            return sentences
        from alignfreeze.data.segmentation import Segmenter

        return join_characters(sentences, Segmenter(CHINESE).split)

    def evaluate(
        self,
        model: PreTrainedModel,
        examples: TaggedSentences,
        tokenizer: Any,
        device: torch.device,
        is_source: bool,  # noqa: ARG002 (question answering needs it)
    ) -> dict[str, Score]:
        """F1, precision and recall over spans, accuracy over words, F1 after the paper's repair."""
        from alignfreeze.metrics.entities import paper_f1, span_scores
        from alignfreeze.metrics.token_classification import accuracy, predict

        predictions = predict(model, examples.words, tokenizer, device)
        spans = span_scores(predictions, examples.tags)
        scores = {name: Score(getattr(spans, name), spans.gold) for name in ("f1", "precision", "recall")}
        return scores | {
            "accuracy": Score(*accuracy(predictions, examples.tags)),
            "paper_f1": Score(paper_f1(predictions, examples.tags), spans.gold),
        }


KIND = Spans
