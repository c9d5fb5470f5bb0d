"""Predicted answers: the best span of all windows of a question's context."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.data.squad import Question
from alignfreeze.encoders.prediction import outputs
from alignfreeze.tasks.pair_classification import pad_pairs
from alignfreeze.tasks.question_answering import WindowTokenizer


def best_span(start: np.ndarray, end: np.ndarray, longest: int) -> tuple[float, int, int]:
    """The highest `start[i] + end[j]` with i <= j < i + longest, and its (i, j); the first of equals."""
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
    """An answer to every question: the characters of the context under the best span of all its windows.

    The answer stands as the tokenizer's spans have it, with the space before a word where they include it.
    """
    windows = list(tokenizer.windows(questions))
    best = [(-np.inf, "")] * len(questions)
    pad = partial(pad_pairs, pad_id=tokenizer.tokenizer.pad_token_id, token_types=tokenizer.token_types)
    for chosen, output in outputs(model, windows, pad, device, batch_size):
        starts, ends = output.start_logits.float().cpu().numpy(), output.end_logits.float().cpu().numpy()
        for row, number in enumerate(chosen):
            window = windows[number]
            place = slice(window.first, window.first + len(window.spans))
            score, i, j = best_span(starts[row, place], ends[row, place], tokenizer.stride)
            if score > best[window.question][0]:
                context = questions[window.question].context
                best[window.question] = (score, context[window.spans[i, 0] : window.spans[j, 1]])
    return [answer for _, answer in best]
