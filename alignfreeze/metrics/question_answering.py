"""Predicted answers: the best span of all windows of a question's context."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.data.squad import Question
from alignfreeze.encoders.prediction import outputs
from alignfreeze.tasks.question_answering import WindowTokenizer
from alignfreeze.tasks.text_classification import pad_texts


def best_span(start: np.ndarray, end: np.ndarray, longest: int) -> tuple[float, int, int]:
    """Find the highest `start[i] + end[j]` with i <= j < i + longest.

    Parameters
    ----------
    start, end : numpy.ndarray
        (subwords,) logits of one window's context.
    longest : int
        Subwords of the longest answer.

    Returns
    -------
    score : float
        The sum; the first of equals.
    i, j : int
        Positions of the first and last subword.
    """
    score = start[:, None] + end[None, :]
    score[~np.tri(len(start), k=longest - 1, dtype=bool) | np.tri(len(start), k=-1, dtype=bool)] = -np.inf
    i, j = np.unravel_index(score.argmax(), score.shape)
    return float(score[i, j]), int(i), int(j)


def predict(
    model: PreTrainedModel,
    questions: Sequence[Question],
    tokenizer: WindowTokenizer,
    device: torch.device,
    batch_size: int = 32,
) -> list[str]:
    """Answer every question: the characters of the context under the best span of all its windows.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a head for question answering.
    questions : sequence of Question
        With their contexts; the answers are not read.
    tokenizer : WindowTokenizer
        Its `prediction` says how. `ours`: the highest sum of the logits of start and end; the answer stands as the
        tokenizer's spans have it, with the space before a word where they include it. `published`, the pipeline of
        Hugging Face's transformers 4 with its defaults: the highest product of the probabilities of start and end, for
        which the subwords of a window's context and the first special token compete; the answer is widened to whole
        words.
    device : torch.device
    batch_size : int
        Windows of a batch, at most.

    Returns
    -------
    list of str
        An answer for each question, in order; empty where no window holds any of its context.

    Raises
    ------
    InputError
        See `outputs`.
    """
    published = tokenizer.prediction == "published"
    windows = list(tokenizer.windows(questions))
    best = [(-np.inf, 0, "")] * len(questions)
    pad = partial(pad_texts, pad_id=tokenizer.tokenizer.pad_token_id, token_types=tokenizer.token_types)
    for chosen, output in outputs(model, windows, pad, device, batch_size):
        starts, ends = output.start_logits.float().cpu().numpy(), output.end_logits.float().cpu().numpy()
        for row, number in enumerate(chosen):
            window = windows[number]
            place = slice(window.first, window.first + len(window.spans))
            start, end = starts[row, place], ends[row, place]
            score, i, j = best_span(start, end, tokenizer.longest_answer)
            if published:
                score -= _log_sum_exp(starts[row, 0], start) + _log_sum_exp(ends[row, 0], end)
            if (score, -number) > best[window.question][:2]:
                context, spans = questions[window.question].context, window.word_spans if published else window.spans
                best[window.question] = (score, -number, context[spans[i, 0] : spans[j, 1]])
    return [answer for *_, answer in best]


def _log_sum_exp(special: np.floating, logits: np.ndarray) -> float:
    return float(np.logaddexp.reduce(logits.astype(np.float64), initial=special))
