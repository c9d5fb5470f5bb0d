"""Realignment: train an encoder so that translated words get similar vectors, with some blocks frozen."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import PreTrainedModel

from alignfreeze.encoders.anatomy import encoder_blocks, state_at
from alignfreeze.encoders.blocks import describe_freeze, layer_index
from alignfreeze.encoders.freezing import FreezeReport, freeze
from alignfreeze.encoders.vocabulary import TrimmedVocabulary
from alignfreeze.realignment.batches import (
    RealignmentBatch,
    RealignmentCollator,
    RowKey,
    RowReader,
    batch_plan,
)
from alignfreeze.realignment.loss import RealignmentLoss, word_vectors
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRow, PairRows
from alignfreeze.support.trackers import Tracker
from alignfreeze.training.loop import TrainingReport, adam, autocast, train
from alignfreeze.training.memory import random_state, set_random_state
from alignfreeze.training.state import TrainingState

logger = logging.getLogger(__name__)


def stream_token_ids(streams: Mapping[str, PairRows]) -> np.ndarray:
    """Distinct subword ids of all streams, sorted.

    Parameters
    ----------
    streams : mapping from str to PairRows
        Rows of each language.

    Returns
    -------
    numpy.ndarray
        (ids,).
    """
    return np.unique(np.concatenate([stream.token_ids() for stream in streams.values()]))


def subwords_of(batch: RealignmentBatch) -> int:
    """Subwords of both sides without padding.

    Parameters
    ----------
    batch : RealignmentBatch

    Returns
    -------
    int
    """
    return int(batch.source_mask.sum() + batch.target_mask.sum())


def _words_in_rows(
    index: torch.Tensor, sizes: torch.Tensor, width: int, start: int, rows: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Index and sizes of the words in rows [start, start + rows), counted from the first of these rows."""
    first, end = start * width, (start + rows) * width
    begins = index[sizes.cumsum(0) - sizes]  # each word's first subword
    return index[(index >= first) & (index < end)] - first, sizes[(begins >= first) & (begins < end)]


class RealignmentObjective:
    """The realignment loss of an encoder and its endless batches; what trains them comes from elsewhere.

    Parameters
    ----------
    model : PreTrainedModel
        A Hugging Face encoder.
    streams : mapping from str to PairRows
        Rows of each language, in the order in which languages take turns.
    settings : RealignmentSettings
        See `RealignmentSettings`.
    seed : int
        Decides the head's first weights and the order of sentence pairs.
    device : torch.device
        Where to train.
    vocabulary : TrimmedVocabulary or None
        Of the model that the encoder belongs to, if it is trimmed.

    Attributes
    ----------
    module : RealignmentLoss
        The loss with its projection head, which is trained along.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        streams: Mapping[str, PairRows],
        settings: RealignmentSettings,
        seed: int,
        device: torch.device,
        vocabulary: TrimmedVocabulary | None,
    ) -> None:
        self.model, self.streams, self.settings = model, streams, settings
        self.seed, self.device, self.vocabulary = seed, device, vocabulary
        self.precision = settings.precision
        self.layer = layer_index(settings.layer, len(encoder_blocks(model)))
        torch.manual_seed(seed)
        self.module = RealignmentLoss(
            model.config.hidden_size, settings.temperature, settings.head, settings.head_size, settings.variant
        )

    def loss(self, batch: RealignmentBatch) -> torch.Tensor:
        """Loss of a batch on the device; blocks above the layer that is read do not run.

        Parameters
        ----------
        batch : RealignmentBatch
            On the device.

        Returns
        -------
        torch.Tensor
            () scalar, with its graph; see `RealignmentLoss` for the equation.
        """
        source = state_at(self.model, self.layer, batch.source_ids, batch.source_mask)
        target = state_at(self.model, self.layer, batch.target_ids, batch.target_mask)
        return self.module(source, target, batch)

    def loss_in_parts(self, batch: RealignmentBatch, size: int, weight: float = 1.0) -> torch.Tensor:
        """Add the gradients of `weight * loss`, holding the graph of at most `size` rows of one side at a time.

        Every word competes with every other, so the loss of a batch is not a sum over its rows. Gao et al. (2021,
        gradient caching): run the encoder without a graph, take the loss's gradient at the words' states, then run
        each part again, with the same dropout, and continue the gradient into the encoder.

        Parameters
        ----------
        batch : RealignmentBatch
            On the device.
        size : int
            Sentence pairs at a time.
        weight : float
            Factor of the loss and of its gradients.

        Returns
        -------
        torch.Tensor
            () scalar, the weighted loss of the whole batch, without a graph.
        """
        parts = [
            (
                ids[start : start + size],
                mask[start : start + size],
                *_words_in_rows(index, sizes, ids.shape[1], start, size),
            )
            for ids, mask, index, sizes in (
                (batch.source_ids, batch.source_mask, batch.source_index, batch.source_sizes),
                (batch.target_ids, batch.target_mask, batch.target_index, batch.target_sizes),
            )
            for start in range(0, len(ids), size)
        ]
        states, dropout = [], []
        with torch.no_grad():
            for part in parts:
                dropout.append(random_state(self.device))
                states.append(self._word_states(*part))
        words = torch.cat(states).requires_grad_()
        with autocast(self.device, self.precision):
            loss = weight * self.module.of_words(words, batch)
        loss.backward()
        assert words.grad is not None, "the loss depends on the states of the words"
        gradients = words.grad.split([len(part) for part in states])
        for part, before, gradient in zip(parts, dropout, gradients, strict=True):
            set_random_state(before, self.device)
            again = self._word_states(*part)
            if again.requires_grad:  # not where everything below the loss is frozen
                again.backward(gradient)
        return loss.detach()

    def _word_states(
        self, ids: torch.Tensor, mask: torch.Tensor, index: torch.Tensor, sizes: torch.Tensor
    ) -> torch.Tensor:
        """Vectors (words, h) of the words of some rows; `index` into the flattened rows."""
        with autocast(self.device, self.precision):
            states = state_at(self.model, self.layer, ids, mask)
        return word_vectors(states, index, sizes)

    def plan(self) -> Iterator[list[RowKey]]:
        """Rows of each batch, endless and the same every time."""
        lengths = {language: len(stream) for language, stream in self.streams.items()}
        row_length = {
            language: np.array([len(stream[i].source_ids) + len(stream[i].target_ids) for i in range(len(stream))])
            for language, stream in self.streams.items()
            if self.settings.bucketing == "window"
        }
        return batch_plan(
            lengths,
            self.settings.batch_size,
            self.seed,
            self.settings.interleave,
            self.settings.shuffle,
            self.settings.bucketing,
            row_length,
        )

    def pairs_seen(self, steps: int) -> tuple[int, int]:
        """Sentence pairs that a number of steps sees, and how many of them are distinct.

        Parameters
        ----------
        steps : int
            Number of steps, from the first on.

        Returns
        -------
        seen : int
            Sentence pairs, each as often as it is seen.
        distinct : int
            Sentence pairs, each counted once.
        """
        seen = [key for batch in itertools.islice(self.plan(), steps) for key in batch]
        return len(seen), len(set(seen))

    def name_of_batch(self, step: int) -> str:
        """Say in words which rows a step's batch holds.

        Parameters
        ----------
        step : int
            Counted from 1.

        Returns
        -------
        str
            Language and row number of each sentence pair, for an error message.
        """
        rows = next(itertools.islice(self.plan(), step - 1, None))
        return "rows " + ", ".join(f"{language} {row}" for language, row in rows) + ", counted from 0"

    def batches(self, first: int) -> Iterator[RealignmentBatch]:
        """Endless batches from step `first` on.

        Parameters
        ----------
        first : int
            Number of steps already done.

        Returns
        -------
        iterator of RealignmentBatch
            On the CPU, in pinned memory where the device is a GPU; ids are those of the trimmed vocabulary, if there is
            one.
        """
        on_gpu = self.device.type == "cuda"
        return iter(
            DataLoader(
                RowReader(self.streams),
                batch_sampler=itertools.islice(self.plan(), first, None),
                collate_fn=self._collate,
                num_workers=2 if on_gpu else 0,
                # Of its own: a loader that draws from the global generator would change a resumed run's dropout.
                generator=torch.Generator(),
                pin_memory=on_gpu,
            )
        )

    def _collate(self, rows: Sequence[PairRow]) -> RealignmentBatch:
        batch = RealignmentCollator(pad_id=self.model.config.pad_token_id or 0)(rows)
        if self.vocabulary is None:
            return batch
        ids = {name: self.vocabulary.map(getattr(batch, name)) for name in ("source_ids", "target_ids")}
        return RealignmentBatch(**(vars(batch) | ids))


class Realigner(RealignmentObjective):
    """A model, its loss and its batches, ready to train: `Realigner(...).run(steps, ...)`.

    Parameters are those of `RealignmentObjective`; the model is trained in place, and the seed decides dropout, too.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        streams: Mapping[str, PairRows],
        settings: RealignmentSettings,
        seed: int,
        device: torch.device,
    ) -> None:
        vocabulary = TrimmedVocabulary(model, stream_token_ids(streams)) if settings.trim_vocabulary else None
        self.frozen: FreezeReport = freeze(model, settings.freeze, settings.freeze_embeddings)
        super().__init__(model, streams, settings, seed, device, vocabulary)
        self.modules = nn.ModuleDict({"encoder": model, "loss": self.module}).to(device)
        self.optimiser = adam([p for p in self.modules.parameters() if p.requires_grad], settings.learning_rate)

    def run(
        self,
        steps: Sequence[int],
        save: Callable[[int, Callable[[Path], None]], None] | None = None,
        state: TrainingState | None = None,
        description: str | None = None,
        trackers: Sequence[Tracker] = (),
    ) -> TrainingReport:
        """Train for max(steps) steps; one trajectory serves every step count, because the learning rate is constant.

        Parameters
        ----------
        steps : sequence of int
            Step counts at which a checkpoint is wanted; afterwards the model has its full vocabulary again.
        save : callable, optional
            Called at each of them with the step count and a function that writes the encoder to a folder.
        state : TrainingState, optional
            Where a killed run's state is kept.
        description : str, optional
            Name of the run in logs and on the terminal; by default what is frozen.
        trackers : sequence of Tracker
            Told the points of the training log, too.

        Returns
        -------
        TrainingReport
            What training did: steps, loss, time and memory.
        """
        lengths = {language: len(stream) for language, stream in self.streams.items()}
        logger.info("sentence pairs by language: %s", lengths)
        logger.info("settings: %s; %s", self.settings, self.frozen)
        checkpoints = {count: (lambda count=count: save(count, self.save)) for count in steps} if save else None
        report = train(
            self.modules,
            self.batches,
            self.loss,
            subwords_of,
            self.optimiser,
            max(steps),
            self.device,
            in_parts=self.loss_in_parts,
            precision=self.settings.precision,
            checkpoints=checkpoints,
            state=state,
            description=description or f"realign {describe_freeze(self.settings.freeze)}",
            trackers=trackers,
            name_of_batch=self.name_of_batch,
        )
        if self.vocabulary is not None:
            self.vocabulary.restore()
            self.vocabulary = None
        return report

    def save(self, path: str | Path) -> None:
        """Write the encoder (without the head) as an ordinary checkpoint with its full vocabulary.

        Parameters
        ----------
        path : str or Path
            The folder.
        """
        if self.vocabulary is None:
            self.model.save_pretrained(path)
        else:
            self.vocabulary.save(path)
