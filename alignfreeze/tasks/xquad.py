"""Question answering on SQuAD and XQuAD: F1 and exact match by SQuAD's rules, and by those of the paper's code."""

from __future__ import annotations

import torch
from transformers import AutoModelForQuestionAnswering, PreTrainedModel

from alignfreeze.data.squad import Questions, read_squad
from alignfreeze.metrics.answers import SCORES
from alignfreeze.tasks import Score, Task
from alignfreeze.tasks.question_answering import QuestionItems, WindowTokenizer, predict, window_tokenizer
from alignfreeze.tasks.settings import WindowSettings


def evaluate(
    model: PreTrainedModel, questions: Questions, encoder: WindowTokenizer, device: torch.device, is_source: bool
) -> dict[str, Score]:
    """Mean of each metric over the questions."""
    answers = predict(model, questions, encoder, device)
    gold = [[answer.text for answer in question.answers] for question in questions]
    return {
        metric: Score(sum(score(a, g, is_source) for a, g in zip(answers, gold, strict=True)) / len(gold), len(gold))
        for metric, score in SCORES.items()
    }


TASK = Task(
    metrics=tuple(SCORES),
    kind=AutoModelForQuestionAnswering,
    labels=None,
    read=lambda path, _: read_squad(path),
    encoder=window_tokenizer,
    items=QuestionItems,
    evaluate=evaluate,
    settings=WindowSettings,
)
