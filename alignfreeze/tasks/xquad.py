"""Question answering on SQuAD and XQuAD."""

from __future__ import annotations

from transformers import AutoModelForQuestionAnswering

from alignfreeze.data.squad import read_squad
from alignfreeze.tasks import Task
from alignfreeze.tasks.question_answering import QuestionItems, window_tokenizer
from alignfreeze.tasks.settings import WindowSettings

TASK = Task(
    kind=AutoModelForQuestionAnswering,
    labels=None,
    read=lambda path, _: read_squad(path),
    tokenizer=window_tokenizer,
    items=QuestionItems,
    settings=WindowSettings,
)
