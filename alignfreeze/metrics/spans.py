"""Named entities of WikiANN: F1, precision and recall over spans, accuracy over words, F1 after the paper's repair."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.metrics import Evaluation, Score
from alignfreeze.metrics.entities import paper_f1, span_scores
from alignfreeze.metrics.token_classification import accuracy, predict


def evaluate(
    model: PreTrainedModel, sentences: TaggedSentences, tokenizer: WordTokenizer, device: torch.device, _: bool
) -> dict[str, Score]:
    """Score spans against gold spans, and words.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a head for token classification.
    sentences : TaggedSentences
        With their gold tags in BIO.
    tokenizer : WordTokenizer
        Longer sentences are split into windows.
    device : torch.device

    Returns
    -------
    dict from str to Score
        `f1`, `precision`, `recall` and `paper_f1`, whose `n` counts gold spans; `accuracy`, whose `n` counts words.
    """
    predictions = predict(model, sentences.words, tokenizer, device)
    spans = span_scores(predictions, sentences.tags)
    scores = {name: Score(getattr(spans, name), spans.gold) for name in ("f1", "precision", "recall")}
    return scores | {
        "accuracy": Score(*accuracy(predictions, sentences.tags)),
        "paper_f1": Score(paper_f1(predictions, sentences.tags), spans.gold),
    }


EVALUATION = Evaluation(metrics=("f1", "precision", "recall", "accuracy", "paper_f1"), evaluate=evaluate)
