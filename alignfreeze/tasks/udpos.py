"""Part-of-speech tagging on Universal Dependencies: accuracy over words."""

from __future__ import annotations

import torch
from transformers import AutoModelForTokenClassification, PreTrainedModel

from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.data.treebank import UPOS, read_treebank
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.tasks import Score, Task
from alignfreeze.tasks.token_classification import TaggedItems, accuracy, predict, word_tokenizer


def evaluate(
    model: PreTrainedModel, sentences: TaggedSentences, encoder: WordTokenizer, device: torch.device, _: bool
) -> dict[str, Score]:
    """Share of words with the right tag."""
    return {"accuracy": Score(*accuracy(predict(model, sentences.words, encoder, device), sentences.tags))}


TASK = Task(
    metrics=("accuracy",),
    kind=AutoModelForTokenClassification,
    labels=UPOS,
    read=lambda path, _: read_treebank(path),
    encoder=word_tokenizer,
    items=lambda sentences, encoder: TaggedItems(sentences.words, sentences.tags, UPOS, encoder),
    evaluate=evaluate,
)
