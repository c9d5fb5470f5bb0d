"""Training items of texts and of pairs of them: encoded by the tokenizer's own template, one label each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from alignfreeze.encoders.loading import check_length, positions
from alignfreeze.encoders.padding import pad, pad_batch
from alignfreeze.encoders.settings import DEFAULT_MAX_LENGTH
from alignfreeze.tasks.settings import SequenceSettings

logger = logging.getLogger(__name__)
CHUNK = 10_000  # examples that go to the tokenizer at once


@dataclass(frozen=True)
class EncodedText:
    """Subwords of a text, or of two in one sequence.

    Attributes
    ----------
    ids : numpy.ndarray
        (subwords,) int32, with the special tokens.
    types : numpy.ndarray
        (subwords,) int8, the token type of each, as the tokenizer's template has them.
    """

    ids: np.ndarray
    types: np.ndarray


def has_token_types(config: PreTrainedConfig) -> bool:
    """Whether a model tells the two texts apart by token types: BERT does, DistilBERT and XLM-R do not.

    Parameters
    ----------
    config : PreTrainedConfig

    Returns
    -------
    bool
    """
    return getattr(config, "type_vocab_size", 0) > 1


def pad_texts(texts: Sequence[EncodedText], pad_id: int, token_types: bool) -> dict[str, torch.Tensor]:
    """Pad encoded texts to the longest of them.

    Parameters
    ----------
    texts : sequence of EncodedText
        B sequences of T subwords at most.
    pad_id : int
        Id of the padding token.
    token_types : bool
        Whether the model takes token types; see `has_token_types`.

    Returns
    -------
    dict from str to torch.Tensor
        `input_ids`, `attention_mask` and, where the model takes them, `token_type_ids`: (B, T) int64.
    """
    batch = pad_batch(texts, pad_id)
    if token_types:
        batch["token_type_ids"], _ = pad([text.types for text in texts], 0)
    return batch


@dataclass(frozen=True)
class TextTokenizer:
    """Encode texts, or pairs of them.

    Attributes
    ----------
    max_length : int
        Subwords of a training sequence, special tokens counted; the longer text of a pair is cut first.
    evaluation_length : int
        The same for a sequence that is classified.
    token_types : bool
        See `has_token_types`.
    """

    tokenizer: PreTrainedTokenizerBase
    max_length: int
    evaluation_length: int
    token_types: bool

    def encode(self, texts: Sequence[Sequence[str]], max_length: int) -> list[EncodedText]:
        """Encode examples of one or two texts; what is longer than `max_length` is cut and counted in the log.

        Parameters
        ----------
        texts : sequence of sequence of str
            `texts[c][i]` is text c of example i.
        max_length : int
            Subwords of a sequence, special tokens counted.

        Returns
        -------
        list of EncodedText
            One for each example, in order.
        """
        sequences, cut = [], 0
        for start in range(0, len(texts[0]), CHUNK):
            encoded = self.tokenizer(
                *(list(column[start : start + CHUNK]) for column in texts),
                truncation="longest_first",
                max_length=max_length,
                return_token_type_ids=True,
                return_attention_mask=False,
            )
            cut += sum(bool(encoding.overflowing) for encoding in encoded.encodings)
            sequences += [
                EncodedText(np.asarray(ids, np.int32), np.asarray(types, np.int8))
                for ids, types in zip(encoded["input_ids"], encoded["token_type_ids"], strict=True)
            ]
        if cut:
            logger.info("%d of %d sequences cut to %d subwords", cut, len(sequences), max_length)
        return sequences


def text_tokenizer(
    tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, settings: SequenceSettings
) -> TextTokenizer:
    """Tokenizer of whole texts; in evaluation one may be as long as the model takes, if nothing else is said.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        A fast Hugging Face tokenizer.
    config : PreTrainedConfig
        The model's configuration: its longest input, and whether it has token types.
    settings : SequenceSettings
        Lengths; without an `evaluation_length` the model's longest input is taken.

    Returns
    -------
    TextTokenizer

    Raises
    ------
    InputError
        A length exceeds the model's longest input.
    """
    evaluation_length = settings.evaluation_length or positions(config) or DEFAULT_MAX_LENGTH
    for length in (settings.max_length, evaluation_length):
        check_length(config, length)
    return TextTokenizer(tokenizer, settings.max_length, evaluation_length, has_token_types(config))


class TextItems:
    """Encoded training sequences with a label each.

    Parameters
    ----------
    texts : sequence of sequence of str
        `texts[c][i]` is text c of example i.
    gold : sequence of str
        Label of each example.
    labels : sequence of str
        All labels, in the order of the model's head.
    """

    def __init__(
        self, texts: Sequence[Sequence[str]], gold: Sequence[str], labels: Sequence[str], tokenizer: TextTokenizer
    ) -> None:
        self.pad_id = tokenizer.tokenizer.pad_token_id
        self.token_types = tokenizer.token_types
        self.encoded = tokenizer.encode(texts, tokenizer.max_length)
        self.labels = torch.tensor([labels.index(label) for label in gold])

    def __len__(self) -> int:
        return len(self.encoded)

    def lengths(self) -> np.ndarray:
        """(items,), subwords of each sequence with special tokens."""
        return np.array([len(text.ids) for text in self.encoded])

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids, sorted, with the padding id."""
        return np.unique(np.concatenate([[self.pad_id], *(text.ids for text in self.encoded)]))

    def collate(self, chosen: Sequence[int]) -> dict[str, torch.Tensor]:
        """Arguments of the model's `forward` for the chosen examples; `labels` is (B,).

        Parameters
        ----------
        chosen : sequence of int
            Numbers of B examples.

        Returns
        -------
        dict from str to torch.Tensor
            `labels` (B,); `input_ids`, `attention_mask` and, where the model takes them, `token_type_ids` (B, T). All
            int64.
        """
        batch = pad_texts([self.encoded[i] for i in chosen], self.pad_id, self.token_types)
        return batch | {"labels": self.labels[list(chosen)]}
