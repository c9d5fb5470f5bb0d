"""Trimmed vocabulary: train without the embedding rows that no token of the data uses, put them back on saving.

A row whose token never occurs gets no gradient and, with Adam without weight decay, never moves; so this is exact.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel


def _word_embeddings(model: PreTrainedModel) -> nn.Embedding:
    return cast(nn.Embedding, model.get_input_embeddings())


class TrimmedVocabulary:
    """Replace the model's word embeddings by the rows of the tokens in use.

    Parameters
    ----------
    model : PreTrainedModel
        Any model with word embeddings; changed in place.
    token_ids : numpy.ndarray
        Ids that the data hold, in any order.
    """

    def __init__(self, model: PreTrainedModel, token_ids: np.ndarray) -> None:
        self._model = model
        self._full = _word_embeddings(model)
        padding = max(self._full.padding_idx or 0, model.config.pad_token_id or 0)
        # XLM-R counts positions from the padding id, so the ids up to it must keep their numbers.
        self.kept = np.union1d(token_ids, np.arange(padding + 1))
        self._new_id = np.full(self._full.num_embeddings, -1, np.int64)
        self._new_id[self.kept] = np.arange(len(self.kept))
        model.set_input_embeddings(_with_rows(self._full, torch.from_numpy(self.kept)))

    def map(self, ids: torch.Tensor) -> torch.Tensor:
        """Map ids of the full vocabulary to ids of the trimmed one.

        Parameters
        ----------
        ids : torch.Tensor
            Any shape, whole numbers, on the CPU.

        Returns
        -------
        torch.Tensor
            Of the same shape, int64.

        Raises
        ------
        ValueError
            An id that is not kept.
        """
        mapped = self._new_id[ids.numpy()]
        if mapped.min(initial=0) < 0:
            raise ValueError(f"token {int(ids.numpy()[mapped < 0][0])} is not in the trimmed vocabulary")
        return torch.from_numpy(mapped)

    def restored_state(self) -> dict[str, torch.Tensor]:
        """The model's state with the full embedding matrix, on the CPU; the model itself stays trimmed."""
        trained = _word_embeddings(self._model).weight
        # A decoder may know the same weights by another name.
        names = [name for name, found in self._model.named_parameters(remove_duplicate=False) if found is trained]
        full = self._full.weight.detach().cpu().clone()
        full[torch.from_numpy(self.kept)] = trained.detach().cpu()
        state = {key: value.detach().cpu() for key, value in self._model.state_dict().items()}
        return state | dict.fromkeys(names, full)

    def restore(self) -> None:
        """Give the model its full embedding matrix back, with the rows in use as trained; nothing is trimmed then."""
        trained = _word_embeddings(self._model).weight.detach()
        self._full.to(trained.device)
        with torch.no_grad():
            self._full.weight[torch.from_numpy(self.kept).to(trained.device)] = trained
        self._model.set_input_embeddings(self._full)

    def save(self, path: str | Path) -> None:
        """Save an ordinary checkpoint with the full vocabulary.

        Parameters
        ----------
        path : str or Path
            The folder.
        """
        self._model.save_pretrained(path, state_dict=self.restored_state())


def _with_rows(embeddings: nn.Embedding, rows: torch.Tensor) -> nn.Embedding:
    """The same kind of embeddings (some scale what they look up), with some of its rows."""
    chosen = copy.copy(embeddings)
    chosen._parameters = {"weight": nn.Parameter(embeddings.weight.detach()[rows].clone())}
    chosen.num_embeddings = len(rows)
    return chosen
