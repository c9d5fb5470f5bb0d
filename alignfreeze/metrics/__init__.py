"""What a fine-tuned model predicts, and the scores of its predictions; training imports nothing of it.

`load_evaluation("tagging")` gives `alignfreeze.metrics.tagging.EVALUATION`, the other half of
`alignfreeze.tasks.tagging`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from alignfreeze.tasks import kind_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class Score(NamedTuple):
    """A metric's value, 0 to 1, over `n` scored items."""

    value: float
    n: int


@dataclass(frozen=True)
class Evaluation:
    """How a task's predictions are scored.

    Attributes
    ----------
    metrics : tuple of str
        Names in the table of scores, in its order. `evaluate` gives those that the task's settings allow: what the
        paper's code measures (`paper_*`) is given only where its procedure is followed.
    evaluate : callable
        (model, examples, the task's tokenizer, device, whether the language is the source language) -> scores.
    """

    metrics: tuple[str, ...]
    evaluate: Callable[[PreTrainedModel, Any, Any, torch.device, bool], dict[str, Score]]


def load_evaluation(task: str) -> Evaluation:
    """Load the evaluation of a task.

    Parameters
    ----------
    task : str
        A task of the paper, or a kind; see `alignfreeze.tasks.kind_of`.

    Returns
    -------
    Evaluation
    """
    return importlib.import_module(f"{__name__}.{kind_of(task)}").EVALUATION
