"""The contrastive realignment loss (Wu and Dredze 2020, strong and weak alignment)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from alignfreeze.encoders.pooling import mean_states
from alignfreeze.realignment.batches import RealignmentBatch
from alignfreeze.realignment.settings import Variant


def word_vectors(states: torch.Tensor, index: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """Vectors (words, h) of words, each the mean of its subwords' states.

    Parameters
    ----------
    states : torch.Tensor
        (B, T, h).
    index, sizes : torch.Tensor
        See `RealignmentBatch`.

    Returns
    -------
    torch.Tensor
        (words, h).
    """
    return mean_states(states.flatten(0, 1).index_select(0, index), sizes)


class RealignmentLoss(nn.Module):
    """Mean cross-entropy of finding each aligned word's partner among all words of the batch.

    W holds the vectors of all words of both sides, A the 2N aligned ones (N source words, then their partners).
    Both go through a projection head, Linear(h, h) - ReLU - Linear(h, 128) without biases. Similarity is
    cosine(A, W) / temperature. A row's own entry is masked; its partner is the label. The `weak` variant also masks
    all other entries of the row's own side, so that only translations compete. Of the objective `sentences`, the words
    are whole sentences: each finds its translation among all sentences of the batch.

    Parameters
    ----------
    hidden : int
        Width h of the encoder.
    temperature : float
        Dimensionless; 0.1 in the paper.
    head : bool
        Train a projection head along; without it, states are compared as they are.
    head_size : int
        Width of the head's output.
    variant : Variant
        `strong` (the paper) or `weak`.
    """

    def __init__(
        self,
        hidden: int,
        temperature: float,
        head: bool,
        head_size: int,
        variant: Variant,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.variant = variant
        self.head = (
            nn.Sequential(nn.Linear(hidden, hidden, bias=False), nn.ReLU(), nn.Linear(hidden, head_size, bias=False))
            if head
            else nn.Identity()
        )

    def forward(
        self, source_states: torch.Tensor, target_states: torch.Tensor, batch: RealignmentBatch
    ) -> torch.Tensor:
        """Loss of a batch.

        Parameters
        ----------
        source_states : torch.Tensor
            (B, Ts, h), states of the layer that realignment reads.
        target_states : torch.Tensor
            (B, Tt, h).
        batch : RealignmentBatch
            Where words and word pairs are.

        Returns
        -------
        torch.Tensor
            Scalar, float32 (float64 for float64 states).
        """
        return self.of_words(
            torch.cat(
                [
                    word_vectors(source_states, batch.source_index, batch.source_sizes),
                    word_vectors(target_states, batch.target_index, batch.target_sizes),
                ]
            ),
            batch,
        )

    def of_words(self, words: torch.Tensor, batch: RealignmentBatch) -> torch.Tensor:
        """Loss of a batch from its words' states alone.

        Parameters
        ----------
        words : torch.Tensor
            (W, h), source words, then target words.
        batch : RealignmentBatch
            The batch that the words are of; only its indices are read.

        Returns
        -------
        torch.Tensor
            Scalar, float32 (float64 for float64 states).
        """
        # Similarity and softmax are float32 at least: at temperature 0.1, bf16 of an autocast would round them away.
        projected = self.head(words)  # (W, head_size)
        vectors = functional.normalize(projected.to(torch.promote_types(projected.dtype, torch.float32)), dim=-1)
        with torch.autocast(words.device.type, enabled=False):
            similarity = vectors[batch.anchors] @ vectors.T / self.temperature  # (2N, W)
        return functional.cross_entropy(similarity.masked_fill(self._mask(batch), -torch.inf), batch.partners)

    def _mask(self, batch: RealignmentBatch) -> torch.Tensor:
        """(2N, W) boolean, True where an entry does not compete."""
        sources = len(batch.source_sizes)
        every_word = torch.arange(sources + len(batch.target_sizes), device=batch.anchors.device)
        if self.variant == "weak":
            return (batch.anchors < sources)[:, None] == (every_word < sources)[None, :]
        return batch.anchors[:, None] == every_word[None, :]
