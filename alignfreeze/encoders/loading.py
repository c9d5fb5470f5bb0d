"""Hugging Face encoders: loading, where their blocks are, which state realignment reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from alignfreeze.encoders.settings import unused_positions
from alignfreeze.support.errors import InputError, quoted
from alignfreeze.support.records import verify_checkpoint

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def _check_folder(path: str | Path, file: str, needed: str) -> None:
    """Refuse a folder that lacks `needed` (a glob), is damaged, or whose JSON `file` asks for code of its own."""
    folder = Path(path)
    if not any(folder.glob(needed)):
        raise InputError(f"{folder}: no {needed.replace('*', '')}; a Hugging Face checkpoint must hold it")
    verify_checkpoint(folder, file, needed)
    settings = folder / file
    try:
        text = json.loads(settings.read_text(encoding="utf-8")) if settings.is_file() else {}
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{settings}: no JSON ({quoted(str(error))}); the checkpoint is damaged, get it anew"
        ) from error
    if "auto_map" in text:
        raise InputError(f"{settings}: auto_map asks to run code of its own, which is never done; take another model")


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerBase:
    """Load a fast tokenizer from a local folder.

    Raises
    ------
    InputError
        The folder has no fast tokenizer, or one that needs code of its own.
    """
    _check_folder(path, "tokenizer_config.json", "tokenizer*")
    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    if not tokenizer.is_fast:
        raise InputError(f"{path}: no fast tokenizer (tokenizer.json); convert the tokenizer first")
    return tokenizer


def load_weights(kind: Any, path: str | Path, **settings: Any) -> PreTrainedModel:
    """Load float32 weights from a local folder: safetensors only, no remote code.

    Parameters
    ----------
    kind : object
        One of transformers' AutoModel classes.
    settings : object
        Passed on to its `from_pretrained`.

    Raises
    ------
    InputError
        The folder has no configuration or no safetensors, needs code of its own, or is damaged.
    """
    _check_folder(path, "config.json", "config.json")
    _check_folder(path, "config.json", "model*.safetensors")
    return kind.from_pretrained(
        path, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, **settings
    )


def load_encoder(path: str | Path) -> PreTrainedModel:
    """Load an encoder; weights that its folder lacks, such as a pooler, are random and always the same.

    Raises
    ------
    InputError
        See `load_weights`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return load_weights(AutoModel, path)


def load_config(path: str | Path) -> PreTrainedConfig:
    """Load a model's configuration from a local folder.

    Raises
    ------
    InputError
        The folder has none, or one that needs code of its own.
    """
    _check_folder(path, "config.json", "config.json")
    return AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)


def positions(config: PreTrainedConfig) -> int:
    """Subwords of the longest sequence that a model takes."""
    return config.max_position_embeddings - unused_positions(config.model_type, config.pad_token_id or 0)


def check_length(config: PreTrainedConfig, max_length: int) -> None:
    """Refuse a `max_length` that the model has no positions for."""
    if max_length > positions(config):
        raise InputError(f"max_length: {max_length} found, but the model takes {positions(config)} subwords at most")


def _stack_owner(model: PreTrainedModel) -> Any:
    """Module whose attribute `layer` is the list of blocks."""
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
    InputError
        The architecture keeps them elsewhere.
    """
    return _stack_owner(model).layer


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
