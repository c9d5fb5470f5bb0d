"""Predicted labels of texts and of pairs of them, and their scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.encoders.prediction import outputs
from alignfreeze.tasks.text_classification import TextTokenizer, pad_texts


def predict(
    model: PreTrainedModel,
    texts: Sequence[Sequence[str]],
    tokenizer: TextTokenizer,
    device: torch.device,
    batch_size: int = 64,
) -> list[str]:
    """A label for every example, which is cut at the tokenizer's `evaluation_length`.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a head for sequences.
    texts : sequence of sequence of str
        `texts[c][i]` is text c of example i.
    tokenizer : TextTokenizer
    device : torch.device
    batch_size : int
        Examples.

    Returns
    -------
    list of str
        In the order of the examples.
    """
    encoded = tokenizer.encode(texts, tokenizer.evaluation_length)
    best = np.zeros(len(encoded), np.int64)
    pad = partial(pad_texts, pad_id=tokenizer.tokenizer.pad_token_id, token_types=tokenizer.token_types)
    for chosen, output in outputs(model, encoded, pad, device, batch_size):
        best[chosen] = output.logits.argmax(-1).cpu().numpy()
    labels = cast("dict[int, str]", model.config.id2label)
    return [labels[int(number)] for number in best]


def accuracy(found: Sequence[str], gold: Sequence[str]) -> float:
    """Share of examples with the right label.

    Parameters
    ----------
    found, gold : sequence of str
        Predicted and right labels, one for each example.

    Returns
    -------
    float
    """
    return sum(label == truth for label, truth in zip(found, gold, strict=True)) / len(gold)


def macro_f1(found: Sequence[str], gold: Sequence[str]) -> float:
    """Mean of F1 over the labels that are gold or predicted; 0 for a label that is never predicted rightly.

    Parameters
    ----------
    found, gold : sequence of str
        Predicted and right labels, one for each example.

    Returns
    -------
    float
    """
    from sklearn.metrics import f1_score

    return float(f1_score(gold, found, average="macro", zero_division=0))


def majority(_: Sequence[str], gold: Sequence[str]) -> float:
    """Accuracy of the most frequent label of the gold data: what needs no model.

    Parameters
    ----------
    gold : sequence of str
        Right label of each example.

    Returns
    -------
    float
    """
    return Counter(gold).most_common(1)[0][1] / len(gold)


SCORES: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "majority": majority,
}
