"""Question answering on SQuAD and XQuAD."""

from __future__ import annotations

from functools import partial

from transformers import AutoModelForQuestionAnswering

from alignfreeze.data.squad import read_squad
from alignfreeze.tasks import Task
from alignfreeze.tasks.question_answering import QuestionItems, evaluation_tokenizer, window_tokenizer
from alignfreeze.tasks.settings import WindowSettings

SETTINGS = WindowSettings


def make_task(settings: WindowSettings) -> Task:
    """Make the task of finding the answer to a question in a text.

    Parameters
    ----------
    settings : WindowSettings

    Returns
    -------
    Task
    """
    return Task(
        model_class=AutoModelForQuestionAnswering,
        labels=None,
        read=lambda path, _: read_squad(path),
        tokenizer=partial(window_tokenizer, settings=settings),
        evaluation_tokenizer=partial(evaluation_tokenizer, settings=settings),
        items=QuestionItems,
    )
