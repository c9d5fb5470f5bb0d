"""Questions with answers in a text: SQuAD's JSON format, version 1.1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from alignfreeze.data.text import read_lines
from alignfreeze.support.errors import InputError


class Answer(NamedTuple):
    """`text` stands in the context from character `start` on."""

    start: int
    text: str


class Question(NamedTuple):
    """A question and its gold answers in a context."""

    question: str
    context: str
    answers: tuple[Answer, ...]


class Questions(tuple[Question, ...]):
    """Questions of a file, in its order."""

    __slots__ = ()

    def first(self, count: int) -> Questions:
        """The first questions."""
        return Questions(self[:count])


def read_squad(path: str | Path) -> Questions:
    """Questions of a SQuAD v1.1 file.

    Raises
    ------
    InputError : the file is missing, not of SQuAD's form or empty, or an answer is not where its `answer_start` says.
    """
    try:
        content = json.loads("\n".join(read_lines(path)))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON ({error.msg}); the file must be SQuAD v1.1") from None
    questions, last = [], "none"
    try:
        for article in content["data"]:
            for paragraph in article["paragraphs"]:
                for item in paragraph["qas"]:
                    last = item["id"]
                    answers = tuple(Answer(answer["answer_start"], answer["text"]) for answer in item["answers"])
                    # Some of SQuAD's questions begin with a run of spaces.
                    questions.append(Question(item["question"].strip(), paragraph["context"], answers))
                    _check(path, last, questions[-1])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not SQuAD v1.1 after question {last} ({type(error).__name__}: {error}); wanted are "
            "data[].paragraphs[].context and .qas[] with id, question, answers[] of text, answer_start"
        ) from None
    if not questions:
        raise InputError(f"{path}: no question found")
    return Questions(questions)


def _check(path: str | Path, identifier: str, question: Question) -> None:
    if not question.answers:
        raise InputError(f"{path}: question {identifier} has no answer; in SQuAD v1.1 each has one, remove it")
    for start, text in question.answers:
        found = question.context[start : start + len(text)]
        if not text or start < 0 or found != text:
            raise InputError(
                f"{path}: question {identifier}: answer {text!r}, but {found!r} stands at answer_start {start}; "
                "correct answer_start (it counts characters of the context) or remove the question"
            )
