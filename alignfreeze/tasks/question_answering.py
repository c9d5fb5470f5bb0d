"""Training items of extractive question answering: the context in overlapping windows.

Two windows that follow one another share `stride` subwords of the context, and no answer is longer than that; so every
possible answer stands whole in some window.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from alignfreeze.data.squad import Answer, Question
from alignfreeze.encoders.loading import check_length, positions
from alignfreeze.encoders.subwords import lone_mark_id
from alignfreeze.support.errors import InputError
from alignfreeze.tasks.settings import Prediction, WindowSettings
from alignfreeze.tasks.text_classification import EncodedText, has_token_types, pad_texts

logger = logging.getLogger(__name__)
CHUNK = 1_000  # questions that go to the tokenizer at once
# Defaults of the question-answering pipeline of Hugging Face's transformers 4, with which the paper's code predicts.
PUBLISHED_MAX_LENGTH, PUBLISHED_STRIDE, PUBLISHED_LONGEST_ANSWER = 384, 128, 15  # subwords
NO_ANSWER = 0  # both ends of the answer in a window that does not hold it: the first token


@dataclass(frozen=True)
class Window(EncodedText):
    """A question with a part of its context.

    Attributes
    ----------
    question : int
        Number of the question.
    first : int
        Position in `ids` of the context's first subword here.
    spans : numpy.ndarray
        (context subwords, 2) int32, characters [start, end) of the context under each; they may begin with the
        space before a word, and a lone `▁` has none.
    word_spans : numpy.ndarray
        (context subwords, 2) int32, the same for the word that a subword belongs to, as far as this window
        has it; words are what the tokenizer takes for them.
    """

    question: int
    first: int
    spans: np.ndarray
    word_spans: np.ndarray

    def locate(self, answer: Answer) -> tuple[int, int] | None:
        """Positions in `ids` of an answer's first and last subword; None if it is not whole in this window.

        Parameters
        ----------
        answer : Answer
            Characters of the context.

        Returns
        -------
        tuple of 2 int, or None
            Both ends are inside the answer.
        """
        start, end = answer.start, answer.start + len(answer.text)
        touched = np.flatnonzero((self.spans[:, 1] > start) & (self.spans[:, 0] < end))
        if not len(touched) or self.spans[0, 0] > start or self.spans[-1, 1] < end:
            return None
        return self.first + int(touched[0]), self.first + int(touched[-1])


@dataclass(frozen=True)
class WindowTokenizer:
    """Encode questions with their contexts.

    Attributes
    ----------
    max_length : int
        Subwords of a window, question and special tokens counted.
    stride : int
        Subwords of the context that two windows share.
    longest_answer : int
        Subwords of the longest predicted answer.
    empty_windows : bool
        Whether windows without the answer are trained on (their answer is the first token).
    token_types : bool
        See `has_token_types`.
    prediction : Prediction
        How an answer is predicted, see `WindowSettings`.
    """

    tokenizer: PreTrainedTokenizerBase
    max_length: int
    stride: int
    longest_answer: int
    empty_windows: bool
    token_types: bool
    prediction: Prediction

    @property
    def longest_question(self) -> int:
        """Subwords of a question that are kept: at least a quarter of a window's room is new context."""
        return (self.max_length - self.tokenizer.num_special_tokens_to_add(pair=True) - self.stride) * 3 // 4

    def windows(self, questions: Sequence[Question]) -> Iterator[Window]:
        """Cut the contexts of questions into windows.

        A question longer than `longest_question` is cut; their number is logged.

        Parameters
        ----------
        questions : sequence of Question
            In order; a window counts them from 0.

        Yields
        ------
        Window
            All windows of a question follow one another.
        """
        cut, mark = 0, lone_mark_id(self.tokenizer)
        for start in range(0, len(questions), CHUNK):
            chunk = questions[start : start + CHUNK]
            asked = self._cut([question.question for question in chunk])
            cut += sum(short != question.question for short, question in zip(asked, chunk, strict=True))
            encoded = self.tokenizer(
                asked,
                [question.context for question in chunk],
                truncation="only_second",
                max_length=self.max_length,
                stride=self.stride,
                return_overflowing_tokens=True,
                return_offsets_mapping=True,
                return_token_type_ids=True,
                return_attention_mask=False,
            )
            for row, question in enumerate(encoded["overflow_to_sample_mapping"]):
                context = [i for i, part in enumerate(encoded.sequence_ids(row)) if part == 1]
                if not context:
                    continue
                ids = np.asarray(encoded["input_ids"][row], np.int32)
                spans = np.asarray(encoded["offset_mapping"][row], np.int32)[context]
                word_spans = _word_spans(spans, np.asarray(encoded.word_ids(row))[context])
                # A `▁` before the text's first character is said to be over that character.
                spans[ids[context] == mark, 1] = spans[ids[context] == mark, 0]
                types = np.asarray(encoded["token_type_ids"][row], np.int8)
                yield Window(ids, types, start + question, context[0], spans, word_spans)
        if cut:
            logger.info("%d of %d questions cut to %d subwords", cut, len(questions), self.longest_question)

    def _cut(self, questions: list[str]) -> list[str]:
        encoded = self.tokenizer(questions, add_special_tokens=False, return_offsets_mapping=True)
        longest = self.longest_question
        return [
            question if len(spans) <= longest else question[: spans[longest - 1][1]]
            for question, spans in zip(questions, encoded["offset_mapping"], strict=True)
        ]


def window_tokenizer(
    tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, settings: WindowSettings
) -> WindowTokenizer:
    """Tokenizer of question answering in training.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        A fast Hugging Face tokenizer.
    config : PreTrainedConfig
        The model's configuration: its longest input, and whether it has token types.
    settings : WindowSettings
        The longest answer is the `stride`.

    Returns
    -------
    WindowTokenizer

    Raises
    ------
    InputError
        A window exceeds the model's longest input, or its `stride` leaves no room for a question.
    """
    check_length(config, settings.max_length)
    windows = WindowTokenizer(
        tokenizer,
        settings.max_length,
        settings.stride,
        settings.stride,
        settings.empty_windows,
        has_token_types(config),
        "ours",
    )
    if windows.longest_question < 1:
        raise InputError(f"stride: {windows.stride} leaves no room for a question in {windows.max_length} subwords")
    return windows


def evaluation_tokenizer(
    tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, settings: WindowSettings
) -> WindowTokenizer:
    """Tokenizer of question answering in evaluation.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        A fast Hugging Face tokenizer.
    config : PreTrainedConfig
        The model's configuration: its longest input, and whether it has token types.
    settings : WindowSettings
        With `prediction: published`, windows, stride and longest answer are those of the paper's code (384, 128 and 15
        subwords) in place of the settings' own.

    Returns
    -------
    WindowTokenizer

    Raises
    ------
    InputError
        See `window_tokenizer`.
    """
    windows = window_tokenizer(tokenizer, config, settings)
    if settings.prediction == "ours":
        return windows
    max_length = min(PUBLISHED_MAX_LENGTH, positions(config) or PUBLISHED_MAX_LENGTH)
    return dataclasses.replace(
        windows,
        max_length=max_length,
        stride=min(PUBLISHED_STRIDE, max_length // 2),
        longest_answer=PUBLISHED_LONGEST_ANSWER,
        prediction="published",
    )


def _word_spans(spans: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Span from the first to the last subword of each subword's word; `words` has its number, (subwords,)."""
    starts = np.flatnonzero(np.concatenate([[True], words[1:] != words[:-1]]))
    ends = np.append(starts[1:], len(words)) - 1
    word = np.cumsum(np.isin(np.arange(len(words)), starts)) - 1
    return np.stack([spans[starts, 0], spans[ends, 1]], axis=1)[word]


class QuestionItems:
    """Encoded training windows with the position of the first gold answer."""

    def __init__(self, questions: Sequence[Question], tokenizer: WindowTokenizer) -> None:
        self.pad_id = tokenizer.tokenizer.pad_token_id
        self.token_types = tokenizer.token_types
        self.encoded: list[EncodedText] = []
        self.answers: list[tuple[int, int]] = []
        found = set()
        for window in tokenizer.windows(questions):
            place = window.locate(questions[window.question].answers[0])
            if place:
                found.add(window.question)
            if place or tokenizer.empty_windows:
                self.encoded.append(EncodedText(window.ids, window.types))
                self.answers.append(place or (NO_ANSWER, NO_ANSWER))
        logger.info(
            "%d windows of %d questions; the answers of %d are longer than the windows' overlap and in none",
            len(self.encoded),
            len(questions),
            len(questions) - len(found),
        )

    def __len__(self) -> int:
        return len(self.encoded)

    def lengths(self) -> np.ndarray:
        """(items,), subwords of each window with special tokens."""
        return np.array([len(window.ids) for window in self.encoded])

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids, sorted, with the padding id."""
        return np.unique(np.concatenate([[self.pad_id], *(window.ids for window in self.encoded)]))

    def collate(self, chosen: Sequence[int]) -> dict[str, torch.Tensor]:
        """Arguments of the model's `forward` for the chosen windows; the positions are (B,).

        Parameters
        ----------
        chosen : sequence of int
            Numbers of B windows.

        Returns
        -------
        dict from str to torch.Tensor
            `start_positions` and `end_positions` (B,); `input_ids`, `attention_mask` and, where the model takes them,
            `token_type_ids` (B, T). All int64.
        """
        batch = pad_texts([self.encoded[i] for i in chosen], self.pad_id, self.token_types)
        starts, ends = torch.tensor([self.answers[i] for i in chosen]).T
        return batch | {"start_positions": starts, "end_positions": ends}
