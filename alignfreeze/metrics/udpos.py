"""Part-of-speech tagging on Universal Dependencies: accuracy over words."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.metrics import Evaluation, Score
from alignfreeze.metrics.token_classification import accuracy, predict


def evaluate(
    model: PreTrainedModel, sentences: TaggedSentences, tokenizer: WordTokenizer, device: torch.device, _: bool
) -> dict[str, Score]:
    """Share of words with the right tag."""
    return {"accuracy": Score(*accuracy(predict(model, sentences.words, tokenizer, device), sentences.tags))}


EVALUATION = Evaluation(metrics=("accuracy",), evaluate=evaluate)
