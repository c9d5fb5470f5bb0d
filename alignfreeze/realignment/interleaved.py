"""Realignment during fine-tuning, as an auxiliary loss of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.encoders.blocks import frozen_blocks
from alignfreeze.encoders.freezing import freeze
from alignfreeze.encoders.vocabulary import TrimmedVocabulary
from alignfreeze.realignment.batches import RealignmentBatch
from alignfreeze.realignment.objective import RealignmentObjective, stream_token_ids, subwords_of
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRows
from alignfreeze.support.checksums import file_checksum
from alignfreeze.training.settings import Precision

logger = logging.getLogger(__name__)


class InterleavedRealignment:
    """Add the realignment loss of one batch of sentence pairs to the task's loss at each step.

    Blocks are frozen for the realignment's gradient only; the task trains the whole model. Dropout here draws from
    random numbers of its own, one seed a step, so that the task sees those that it would see without.

    Parameters
    ----------
    model : PreTrainedModel
        The encoder inside the model that is fine-tuned.
    streams : mapping from str to PairRows
        Rows of each language, in the order in which languages take turns.
    settings : RealignmentSettings
        All but `learning_rate`, `precision` and `trim_vocabulary`, which are fine-tuning's own.
    weight : float
        Of this loss beside the task's; 0.1 in the paper.
    seed : int
        Decides the projection head's first weights, the order of sentence pairs and dropout.
    device : torch.device
        Where to train.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        streams: Mapping[str, PairRows],
        settings: RealignmentSettings,
        weight: float,
        seed: int,
        device: torch.device,
    ) -> None:
        self.model, self.settings, self.weight, self.seed, self.device = model, settings, weight, seed, device
        self.objective = RealignmentObjective(model, streams, settings, seed, device, None)
        self.module = self.objective.module

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids of all streams, sorted."""
        return stream_token_ids(self.objective.streams)

    def prepare(self, vocabulary: TrimmedVocabulary, precision: Precision) -> None:
        """Take over the fine-tuned model's vocabulary and precision.

        Parameters
        ----------
        vocabulary : TrimmedVocabulary
            The vocabulary that the fine-tuned model was trimmed to.
        precision : Precision
            That of fine-tuning; see `autocast`.
        """
        self.objective.vocabulary, self.objective.precision = vocabulary, precision
        report = freeze(self.model, self.settings.freeze, self.settings.freeze_embeddings)
        self.model.requires_grad_(True)
        logger.info("realignment during fine-tuning: weight %s, %s; %s", self.weight, self.settings, report)

    def batches(self, first: int) -> Iterator[RealignmentBatch]:
        """Endless batches from step `first` on.

        Parameters
        ----------
        first : int
            Number of steps already done.

        Yields
        ------
        RealignmentBatch
            On the CPU, with ids of the trimmed vocabulary.
        """
        return self.objective.batches(first)

    def loss(self, batch: RealignmentBatch, step: int) -> torch.Tensor:
        """Realignment loss times its weight; frozen blocks get gradients from the task only.

        Parameters
        ----------
        batch : RealignmentBatch
            On the device.
        step : int
            Number of the step; with the seed it decides dropout.

        Returns
        -------
        torch.Tensor
            () scalar, with its graph.
        """
        with self._isolated(step):
            return self.weight * self.objective.loss(batch)

    def loss_in_parts(self, batch: RealignmentBatch, step: int, size: int) -> torch.Tensor:
        """Add the gradients of `loss`, `size` rows at a time; see `RealignmentObjective.loss_in_parts`.

        Parameters
        ----------
        batch : RealignmentBatch
            On the device.
        step : int
            Number of the step; with the seed it decides dropout.
        size : int
            Sentence pairs at a time.

        Returns
        -------
        torch.Tensor
            () scalar, the weighted loss of the whole batch, without a graph.
        """
        with self._isolated(step):
            return self.objective.loss_in_parts(batch, size, self.weight)

    def tokens(self, batch: RealignmentBatch) -> int:
        """Subwords of both sides without padding.

        Parameters
        ----------
        batch : RealignmentBatch

        Returns
        -------
        int
        """
        return subwords_of(batch)

    def description(self) -> dict[str, Any]:
        """Everything that decides this loss, for the run record."""
        rows = {language: file_checksum(stream.path) for language, stream in self.objective.streams.items()}
        return {"settings": self.settings.model_dump(mode="json"), "weight": self.weight, "rows": rows}

    def seen(self, steps: int) -> dict[str, Any]:
        """Sentence pairs that a number of steps sees and the frozen blocks, for the run record.

        Parameters
        ----------
        steps : int
            Number of steps, from the first on.

        Returns
        -------
        dict
            `steps`, `pairs_seen`, `distinct_pairs` and `frozen_blocks`.
        """
        pairs_seen, distinct_pairs = self.objective.pairs_seen(steps)
        frozen = list(frozen_blocks(self.settings.freeze, len(encoder_blocks(self.model))))
        return {"steps": steps, "pairs_seen": pairs_seen, "distinct_pairs": distinct_pairs, "frozen_blocks": frozen}

    @contextlib.contextmanager
    def _isolated(self, step: int) -> Iterator[None]:
        """Freeze what realignment freezes, and draw the step's own random numbers."""
        random = int(np.random.SeedSequence([self.seed, step]).generate_state(1, np.uint64)[0])
        freeze(self.model, self.settings.freeze, self.settings.freeze_embeddings)
        try:
            with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
                torch.manual_seed(random)
                yield
        finally:
            self.model.requires_grad_(True)


def load(
    model: PreTrainedModel, folder: str | Path, chosen: Mapping[str, Any], seed: int, device: torch.device
) -> InterleavedRealignment:
    """Realignment during a fine-tuning, on the encoded word pairs of a folder.

    Parameters
    ----------
    model : PreTrainedModel
        The encoder inside the model that is fine-tuned.
    folder : str or Path
        Holds `{language}.arrow`.
    chosen : mapping from str to object
        `languages`, `settings` (of `RealignmentSettings`) and `weight`.
    seed : int
        See `InterleavedRealignment`.
    device : torch.device
        Where to train.

    Returns
    -------
    InterleavedRealignment

    Raises
    ------
    InputError
        A file of rows is missing, empty or damaged.
    """
    streams = {language: PairRows(Path(folder) / f"{language}.arrow") for language in chosen["languages"]}
    settings = RealignmentSettings(**chosen["settings"])
    return InterleavedRealignment(model, streams, settings, chosen["weight"], seed, device)
