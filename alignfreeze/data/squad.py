"""Questions with answers in a text: SQuAD's JSON format, version 1.1."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from alignfreeze.data.text import read_json
from alignfreeze.support.errors import InputError, quoted

KINDS = {dict: "an object", list: "a list", str: "text", int: "a whole number"}


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
        """Return the first `count` questions.

        Parameters
        ----------
        count : int
            All are taken where there are fewer.

        Returns
        -------
        Questions
        """
        return Questions(self[:count])


def read_squad(path: str | Path) -> Questions:
    """Read the questions of a SQuAD v1.1 file.

    Parameters
    ----------
    path : str or Path
        The file: JSON with data[].paragraphs[].context and .qas[] of id, question, answers[] of text, answer_start.

    Returns
    -------
    Questions
        In the order of the file.

    Raises
    ------
    InputError
        The file is missing, not of SQuAD's form or empty, or an answer is not where its `answer_start` says.
    """
    content = read_json(path, "the file must be SQuAD v1.1")
    questions: list[Question] = []
    last = "none"
    try:
        for article in _field(_typed(content, dict, "the file"), "data", list):
            for paragraph in _field(_typed(article, dict, "an article"), "paragraphs", list):
                context = _field(_typed(paragraph, dict, "a paragraph"), "context", str)
                for item in _field(paragraph, "qas", list):
                    last = quoted(_typed(item, dict, "a question")["id"])
                    answers = tuple(
                        Answer(_field(answer, "answer_start", int), _field(answer, "text", str))
                        for answer in (_typed(a, dict, "an answer") for a in _field(item, "answers", list))
                    )
                    # Some of SQuAD's questions begin with a run of spaces.
                    questions.append(Question(_field(item, "question", str).strip(), context, answers))
                    _check(path, last, questions[-1])
    except (KeyError, TypeError) as error:
        reason = f"no {error.args[0]}" if isinstance(error, KeyError) else error
        raise InputError(
            f"{path}: not SQuAD v1.1 after question {last}: {reason}; wanted are "
            "data[].paragraphs[].context and .qas[] with id, question, answers[] of text, answer_start"
        ) from None
    if not questions:
        raise InputError(f"{path}: no question found")
    return Questions(questions)


def _typed(content: Any, kind: type, name: str) -> Any:
    # True is an int to Python, not to SQuAD.
    if not isinstance(content, kind) or isinstance(content, bool):
        raise TypeError(f"{name} is {quoted(content)}, not {KINDS[kind]}")
    return content


def _field(parent: dict[str, Any], name: str, kind: type) -> Any:
    return _typed(parent[name], kind, name)


def _check(path: str | Path, identifier: str, question: Question) -> None:
    if not question.answers:
        raise InputError(f"{path}: question {identifier} has no answer; in SQuAD v1.1 each has one, remove it")
    for start, text in question.answers:
        found = question.context[start : start + len(text)]
        if not text or start < 0 or found != text:
            raise InputError(
                f"{path}: question {identifier}: answer {quoted(text)}, but {quoted(found)} stands at answer_start "
                f"{quoted(start)}; correct answer_start (it counts characters of the context) or remove the question"
            )
