"""Part-of-speech tagging on Universal Dependencies: accuracy over words, and over all lines of a treebank."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeVar

import torch
from transformers import PreTrainedModel

from alignfreeze.data.treebank import NO_TAG, TreebankSentences
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.metrics import Evaluation, Score
from alignfreeze.metrics.token_classification import accuracy, predict

T = TypeVar("T")


def evaluate(
    model: PreTrainedModel, sentences: TreebankSentences, tokenizer: WordTokenizer, device: torch.device, _: bool
) -> dict[str, Score]:
    """Score tags.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a head for token classification.
    sentences : TreebankSentences
        With their gold tags.
    tokenizer : WordTokenizer
        Longer sentences are split into windows.
    device : torch.device

    Returns
    -------
    dict from str to Score
        `accuracy`, share of syntactic words with the right tag. `paper_accuracy`, share of all lines of the treebank,
        without those of which no subword is left: only if the model has a tag for multiword ranges.
    """
    predictions, tags = predict(model, sentences.words, tokenizer, device), sentences.tags
    is_word = sentences.is_word
    scores = {"accuracy": Score(*accuracy(_where(is_word, predictions), _where(is_word, tags)))}
    if NO_TAG in (model.config.label2id or ()):
        present = [[tag is not None for tag in sentence] for sentence in predictions]
        scores["paper_accuracy"] = Score(*accuracy(_where(present, predictions), _where(present, tags)))
    return scores


def _where(chosen: Sequence[Sequence[bool]], sentences: Sequence[Sequence[T]]) -> list[list[T]]:
    """Keep the chosen tokens of each sentence."""
    return [list(itertools.compress(sentence, flags)) for sentence, flags in zip(sentences, chosen, strict=True)]


EVALUATION = Evaluation(metrics=("accuracy", "paper_accuracy"), evaluate=evaluate)
