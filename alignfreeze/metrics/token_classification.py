"""Predicted labels of words, and their accuracy; evaluation loses no word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

import torch
from transformers import PreTrainedModel

from alignfreeze.encoders.padding import pad_batch
from alignfreeze.encoders.prediction import outputs
from alignfreeze.encoders.subwords import NO_SUBWORD, WordTokenizer


def predict(
    model: PreTrainedModel,
    words: Sequence[Sequence[str]],
    tokenizer: WordTokenizer,
    device: torch.device,
    batch_size: int = 64,
) -> list[list[str | None]]:
    """Label every word; None for a word that has no subword.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a head for token classification.
    words : sequence of sequence of str
        Words of each sentence.
    tokenizer : WordTokenizer
        Its `max_length` is the window's.
    device : torch.device
    batch_size : int
        Windows of a batch, at most.

    Returns
    -------
    list of list of str or None
        A label for each word of each sentence.

    Raises
    ------
    InputError
        See `outputs`.
    """
    labels = cast("dict[int, str]", model.config.id2label)
    windows = [
        (number, start, end) for number, sentence in enumerate(words) for start, end in tokenizer.windows(sentence)
    ]
    encoded = tokenizer.encode([words[number][start:end] for number, start, end in windows])
    predictions: list[list[str | None]] = [[None] * len(sentence) for sentence in words]
    pad = partial(pad_batch, pad_id=tokenizer.tokenizer.pad_token_id)
    for chosen, output in outputs(model, encoded, pad, device, batch_size):
        best = output.logits.argmax(-1).cpu().numpy()
        for row, item in enumerate(chosen):
            number, start, _ = windows[item]
            for offset, position in enumerate(encoded[item].first):
                if position != NO_SUBWORD:
                    predictions[number][start + offset] = labels[int(best[row, position])]
    return predictions


def accuracy(predictions: Sequence[Sequence[str | None]], tags: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Share of words with the right label, and the number of words; a word without a label counts as wrong.

    Parameters
    ----------
    predictions : sequence of sequence of str or None
        Label of each word of each sentence, or None.
    tags : sequence of sequence of str
        Gold label of each word of each sentence; there must be a word.

    Returns
    -------
    share : float
        0 to 1.
    words : int
        Their number.
    """
    pairs = [pair for p, t in zip(predictions, tags, strict=True) for pair in zip(p, t, strict=True)]
    return sum(predicted == tag for predicted, tag in pairs) / len(pairs), len(pairs)
