"""Predicted labels of sentence pairs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.encoders.prediction import outputs
from alignfreeze.tasks.pair_classification import PairTokenizer, pad_pairs


def predict(
    model: PreTrainedModel,
    first: Sequence[str],
    second: Sequence[str],
    tokenizer: PairTokenizer,
    device: torch.device,
    batch_size: int = 64,
) -> list[str]:
    """Label every pair of texts, which is cut at the tokenizer's `evaluation_length`.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a head for sequence classification.
    first, second : sequence of str
        Texts, as many on each side.
    tokenizer : PairTokenizer
    device : torch.device
    batch_size : int
        Pairs of a batch, at most.

    Returns
    -------
    list of str
        A label for each pair, in order.

    Raises
    ------
    InputError
        See `outputs`.
    """
    encoded = tokenizer.encode(first, second, tokenizer.evaluation_length)
    best = np.zeros(len(encoded), np.int64)
    pad = partial(pad_pairs, pad_id=tokenizer.tokenizer.pad_token_id, token_types=tokenizer.token_types)
    for chosen, output in outputs(model, encoded, pad, device, batch_size):
        best[chosen] = output.logits.argmax(-1).cpu().numpy()
    labels = cast("dict[int, str]", model.config.id2label)
    return [labels[int(number)] for number in best]
