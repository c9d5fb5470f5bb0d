"""Question answering on SQuAD and XQuAD: F1 and exact match by SQuAD's rules, and by those of the paper's code."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from alignfreeze.data.squad import Questions
from alignfreeze.metrics import Evaluation, Score
from alignfreeze.metrics.answers import SCORES
from alignfreeze.metrics.question_answering import predict
from alignfreeze.tasks.question_answering import WindowTokenizer


def evaluate(
    model: PreTrainedModel, questions: Questions, tokenizer: WindowTokenizer, device: torch.device, is_source: bool
) -> dict[str, Score]:
    """Mean of each metric over the questions; those of the paper only for answers predicted as in its code.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a head for question answering.
    questions : Questions
        With their gold answers.
    tokenizer : WindowTokenizer
        Its `prediction` decides which metrics there are.
    device : torch.device
    is_source : bool
        Whether the questions are in the source language; see `paper_exact_match`.

    Returns
    -------
    dict from str to Score
        `f1` and `em`, and for `prediction: published` also `paper_f1` and `paper_em`; `n` counts questions.
    """
    answers = predict(model, questions, tokenizer, device)
    gold = [[answer.text for answer in question.answers] for question in questions]
    return {
        metric: Score(sum(score(a, g, is_source) for a, g in zip(answers, gold, strict=True)) / len(gold), len(gold))
        for metric, score in SCORES.items()
        if tokenizer.prediction == "published" or not metric.startswith("paper_")
    }


EVALUATION = Evaluation(metrics=tuple(SCORES), evaluate=evaluate)
