"""Classification of sentence pairs: encoded by the tokenizer's own template for pairs, one label each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from alignfreeze.encoders.loading import check_length, positions
from alignfreeze.encoders.padding import pad_batch
from alignfreeze.encoders.prediction import outputs
from alignfreeze.tasks.settings import EncodingSettings

logger = logging.getLogger(__name__)
CHUNK = 10_000  # pairs that go to the tokenizer at once


@dataclass(frozen=True)
class EncodedPair:
    """Subwords of two texts in one sequence.

    ids : (subwords,) int32, with the special tokens.
    types : (subwords,) int8, the token type of each, as the tokenizer's template has them.
    """

    ids: np.ndarray
    types: np.ndarray


def has_token_types(config: PreTrainedConfig) -> bool:
    """Whether a model tells the two texts apart by token types: BERT does, DistilBERT and XLM-R do not."""
    return getattr(config, "type_vocab_size", 0) > 1


def pad_pairs(pairs: Sequence[EncodedPair], pad_id: int, token_types: bool) -> dict[str, torch.Tensor]:
    """Ids, attention mask and, where the model has them, token types: (B, T), padded to the longest pair."""
    batch = pad_batch(pairs, pad_id)
    if token_types:
        types = torch.zeros_like(batch["input_ids"])
        for row, pair in enumerate(pairs):
            types[row, : len(pair.types)] = torch.from_numpy(pair.types)
        batch["token_type_ids"] = types
    return batch


@dataclass(frozen=True)
class PairTokenizer:
    """Encode pairs of texts.

    max_length : subwords of a training pair, special tokens counted; the longer text is cut first.
    positions : the same for a pair that is classified: all that the model takes.
    token_types : see `has_token_types`.
    """

    tokenizer: PreTrainedTokenizerBase
    max_length: int
    positions: int
    token_types: bool

    def encode(self, first: Sequence[str], second: Sequence[str], max_length: int) -> list[EncodedPair]:
        """Encode `first[i]` with `second[i]`; what is longer than `max_length` is cut and counted in the log."""
        pairs, cut = [], 0
        for start in range(0, len(first), CHUNK):
            encoded = self.tokenizer(
                list(first[start : start + CHUNK]),
                list(second[start : start + CHUNK]),
                truncation="longest_first",
                max_length=max_length,
                return_token_type_ids=True,
                return_attention_mask=False,
            )
            cut += sum(bool(encoding.overflowing) for encoding in encoded.encodings)
            pairs += [
                EncodedPair(np.asarray(ids, np.int32), np.asarray(types, np.int8))
                for ids, types in zip(encoded["input_ids"], encoded["token_type_ids"], strict=True)
            ]
        if cut:
            logger.info("%d of %d pairs cut to %d subwords", cut, len(pairs), max_length)
        return pairs


def pair_tokenizer(
    tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, settings: EncodingSettings
) -> PairTokenizer:
    """The encoder of tasks on pairs."""
    check_length(config, settings.max_length)
    return PairTokenizer(tokenizer, settings.max_length, positions(config), has_token_types(config))


class PairItems:
    """Encoded training pairs with a label each.

    Parameters
    ----------
    first, second : the texts.
    gold : label of each pair.
    labels : all labels, in the order of the model's head.
    """

    def __init__(
        self,
        first: Sequence[str],
        second: Sequence[str],
        gold: Sequence[str],
        labels: Sequence[str],
        encoder: PairTokenizer,
    ) -> None:
        self.pad_id = encoder.tokenizer.pad_token_id
        self.token_types = encoder.token_types
        self.encoded = encoder.encode(first, second, encoder.max_length)
        self.labels = torch.tensor([labels.index(label) for label in gold])

    def __len__(self) -> int:
        return len(self.encoded)

    def lengths(self) -> np.ndarray:
        """(items,), subwords of each pair with special tokens."""
        return np.array([len(pair.ids) for pair in self.encoded])

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids, sorted, with the padding id."""
        return np.unique(np.concatenate([[self.pad_id], *(pair.ids for pair in self.encoded)]))

    def collate(self, chosen: Sequence[int]) -> dict[str, torch.Tensor]:
        """Arguments of the model's `forward` for the chosen pairs; `labels` is (B,)."""
        batch = pad_pairs([self.encoded[i] for i in chosen], self.pad_id, self.token_types)
        return batch | {"labels": self.labels[list(chosen)]}


def predict(
    model: PreTrainedModel,
    first: Sequence[str],
    second: Sequence[str],
    encoder: PairTokenizer,
    device: torch.device,
    batch_size: int = 64,
) -> list[str]:
    """A label for every pair, which is seen whole as far as the model has positions."""
    encoded = encoder.encode(first, second, encoder.positions)
    best = np.zeros(len(encoded), np.int64)
    pad = partial(pad_pairs, pad_id=encoder.tokenizer.pad_token_id, token_types=encoder.token_types)
    for chosen, output in outputs(model, encoded, pad, device, batch_size):
        best[chosen] = output.logits.argmax(-1).cpu().numpy()
    return [model.config.id2label[int(number)] for number in best]
