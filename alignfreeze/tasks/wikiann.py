"""Named entities of WikiANN: F1, precision and recall over spans, accuracy over words."""

from __future__ import annotations

import torch
from transformers import AutoModelForTokenClassification, PreTrainedModel

from alignfreeze.data.bio import TAGS, read_bio
from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.metrics.entities import span_scores
from alignfreeze.tasks import Score, Task
from alignfreeze.tasks.token_classification import TaggedItems, accuracy, predict, word_tokenizer


def evaluate(
    model: PreTrainedModel, sentences: TaggedSentences, encoder: WordTokenizer, device: torch.device, _: bool
) -> dict[str, Score]:
    """Spans against gold spans, and words."""
    predictions = predict(model, sentences.words, encoder, device)
    spans = span_scores(predictions, sentences.tags)
    scores = {name: Score(getattr(spans, name), spans.gold) for name in ("f1", "precision", "recall")}
    return scores | {"accuracy": Score(*accuracy(predictions, sentences.tags))}


TASK = Task(
    metrics=("f1", "precision", "recall", "accuracy"),
    kind=AutoModelForTokenClassification,
    labels=TAGS,
    read=read_bio,
    encoder=word_tokenizer,
    items=lambda sentences, encoder: TaggedItems(sentences.words, sentences.tags, TAGS, encoder),
    evaluate=evaluate,
)
