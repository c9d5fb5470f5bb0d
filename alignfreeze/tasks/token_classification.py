"""Token classification: labels on first subwords; evaluation loses no word (DESIGN.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from alignfreeze.encoders.loading import check_length
from alignfreeze.encoders.padding import pad_batch
from alignfreeze.encoders.prediction import outputs
from alignfreeze.encoders.subwords import NO_SUBWORD, WordTokenizer
from alignfreeze.tasks.settings import EncodingSettings

IGNORED = -100  # the label that cross-entropy passes over


def word_tokenizer(
    tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, settings: EncodingSettings
) -> WordTokenizer:
    """The encoder of token classification tasks."""
    check_length(config, settings.max_length)
    return WordTokenizer(tokenizer, settings.max_length)


class TaggedItems:
    """Encoded training sentences with a label on each word's first subword.

    Parameters
    ----------
    words, tags : sentences and their labels, word by word.
    labels : all labels, in the order of the model's head.
    tokenizer : cuts sentences at its `max_length`.
    """

    def __init__(
        self,
        words: Sequence[Sequence[str]],
        tags: Sequence[Sequence[str]],
        labels: Sequence[str],
        tokenizer: WordTokenizer,
    ) -> None:
        number = {label: i for i, label in enumerate(labels)}
        self.pad_id = tokenizer.tokenizer.pad_token_id
        self.encoded = tokenizer.encode(words)
        self.labels = [np.array([number[tag] for tag in sentence]) for sentence in tags]

    def __len__(self) -> int:
        return len(self.encoded)

    def lengths(self) -> np.ndarray:
        """(items,), subwords of each item with special tokens."""
        return np.array([len(sentence.ids) for sentence in self.encoded])

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids, sorted, with the padding id."""
        return np.unique(np.concatenate([[self.pad_id], *(sentence.ids for sentence in self.encoded)]))

    def collate(self, chosen: Sequence[int]) -> dict[str, torch.Tensor]:
        """Arguments of the model's `forward` for the chosen items; every tensor is (B, T)."""
        sentences = [self.encoded[i] for i in chosen]
        batch = pad_batch(sentences, self.pad_id)
        labels = torch.full_like(batch["input_ids"], IGNORED)
        for row, item in enumerate(chosen):
            present = self.encoded[item].first != NO_SUBWORD
            labels[row, self.encoded[item].first[present]] = torch.from_numpy(self.labels[item][present])
        return batch | {"labels": labels}


def predict(
    model: PreTrainedModel,
    words: Sequence[Sequence[str]],
    tokenizer: WordTokenizer,
    device: torch.device,
    batch_size: int = 64,
) -> list[list[str | None]]:
    """A label for every word, or None for a word that has no subword.

    Sentences longer than the tokenizer's window are split between words, not cut; windows are sorted by length.
    """
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
                    predictions[number][start + offset] = model.config.id2label[int(best[row, position])]
    return predictions


def accuracy(predictions: Sequence[Sequence[str | None]], tags: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Share of words with the right label, and the number of words; a word without a label counts as wrong."""
    pairs = [pair for p, t in zip(predictions, tags, strict=True) for pair in zip(p, t, strict=True)]
    return sum(predicted == tag for predicted, tag in pairs) / len(pairs), len(pairs)
