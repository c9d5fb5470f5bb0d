"""Training items of token classification: labels on first subwords."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from alignfreeze.encoders.loading import check_length
from alignfreeze.encoders.padding import IGNORED, pad, pad_batch
from alignfreeze.encoders.subwords import NO_SUBWORD, EncodedSentence, WordTokenizer
from alignfreeze.tasks.settings import EncodingSettings, SequenceSettings


def word_tokenizer(
    tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, settings: EncodingSettings
) -> WordTokenizer:
    """Tokenizer of token classification in training.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        A fast Hugging Face tokenizer.
    config : PreTrainedConfig
        The model's configuration: its longest input.
    settings : EncodingSettings
        `max_length` of a sentence.

    Returns
    -------
    WordTokenizer

    Raises
    ------
    InputError
        `max_length` exceeds the model's longest input.
    """
    check_length(config, settings.max_length)
    return WordTokenizer(tokenizer, settings.max_length)


def evaluation_tokenizer(
    tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, settings: SequenceSettings
) -> WordTokenizer:
    """Tokenizer of token classification in evaluation.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        A fast Hugging Face tokenizer.
    config : PreTrainedConfig
        The model's configuration: its longest input.
    settings : SequenceSettings
        `evaluation_length` of a window, or `max_length` where it is left out.

    Returns
    -------
    WordTokenizer

    Raises
    ------
    InputError
        The length exceeds the model's longest input.
    """
    max_length = settings.evaluation_length or settings.max_length
    check_length(config, max_length)
    return WordTokenizer(tokenizer, max_length)


class TaggedItems:
    """Encoded training sentences with a label on each word's first subword.

    Parameters
    ----------
    words, tags : sequence of sequence of str
        Sentences and their labels, word by word.
    labels : sequence of str
        All labels, in the order of the model's head.
    tokenizer : WordTokenizer
        Cuts sentences at its `max_length`.
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
        self.labels = [
            _subword_labels(sentence, np.array([number[tag] for tag in chosen]))
            for sentence, chosen in zip(self.encoded, tags, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.encoded)

    def lengths(self) -> np.ndarray:
        """(items,), subwords of each item with special tokens."""
        return np.array([len(sentence.ids) for sentence in self.encoded])

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids, sorted, with the padding id."""
        return np.unique(np.concatenate([[self.pad_id], *(sentence.ids for sentence in self.encoded)]))

    def collate(self, chosen: Sequence[int]) -> dict[str, torch.Tensor]:
        """Arguments of the model's `forward` for the chosen items; every tensor is (B, T).

        Parameters
        ----------
        chosen : sequence of int
            Numbers of B sentences.

        Returns
        -------
        dict from str to torch.Tensor
            `input_ids`, `attention_mask` and `labels` (`IGNORED` but at first subwords): (B, T) int64.
        """
        labels, _ = pad([self.labels[i] for i in chosen], IGNORED)
        return pad_batch([self.encoded[i] for i in chosen], self.pad_id) | {"labels": labels}


def _subword_labels(sentence: EncodedSentence, labels: np.ndarray) -> np.ndarray:
    """(subwords,): each word's label at its first subword, `IGNORED` elsewhere."""
    present = sentence.first != NO_SUBWORD
    placed = np.full(len(sentence.ids), IGNORED)
    placed[sentence.first[present]] = labels[present]
    return placed
