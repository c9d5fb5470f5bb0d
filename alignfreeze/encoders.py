"""Hugging Face encoders: loading, where their blocks are, which state realignment reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch
import transformers
from torch import nn
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from alignfreeze.errors import InputError

Layer = int | Literal["paper", "last"]

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerBase:
    """Load a fast tokenizer from a local folder.

    Raises
    ------
    InputError : the folder's tokenizer is not a fast one.
    """
    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    if not tokenizer.is_fast:
        raise InputError(f"{path}: no fast tokenizer (tokenizer.json); convert the tokenizer first")
    return tokenizer


def load_encoder(path: str | Path) -> PreTrainedModel:
    """Load an encoder's float32 weights from a local folder (safetensors only, no remote code)."""
    return AutoModel.from_pretrained(
        path, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
    )


def _stack_owner(model: PreTrainedModel) -> nn.Module:
    base = model.base_model
    for name in ("encoder", "transformer"):  # BERT, RoBERTa, XLM-R; DistilBERT
        owner = getattr(base, name, None)
        if isinstance(getattr(owner, "layer", None), nn.ModuleList):
            return owner
    raise InputError(f"{type(model).__name__}: blocks not found at encoder.layer or transformer.layer")


def encoder_blocks(model: PreTrainedModel) -> nn.ModuleList:
    """Transformer blocks, lowest first.

    Raises
    ------
    InputError : the architecture keeps them elsewhere.
    """
    return _stack_owner(model).layer


def layer_index(layer: Layer, blocks: int) -> int:
    """Index into the blocks + 1 `hidden_states` (0 = embeddings).

    `last` is the output of the last block; `paper` is what the paper's code takes, the last but one.

    Raises
    ------
    InputError : the index is not between 1 and `blocks`.
    """
    index = {"last": blocks, "paper": blocks - 1}.get(layer, layer)
    if not isinstance(index, int) or not 1 <= index <= blocks:
        raise InputError(f"layer {layer!r}: an encoder of {blocks} blocks has layers 1 to {blocks}, paper, last")
    return index


@contextmanager
def only_lower_blocks(model: PreTrainedModel, count: int) -> Iterator[None]:
    """Run only the lowest `count` blocks inside the block of code, so that the output is `hidden_states[count]`."""
    owner = _stack_owner(model)
    every_block = owner.layer
    owner.layer = every_block[:count]
    try:
        yield
    finally:
        owner.layer = every_block
