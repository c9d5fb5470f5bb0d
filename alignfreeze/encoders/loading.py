"""Hugging Face encoders: loading from a local folder, and the longest input that they take."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    AutoConfig,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES  # type: ignore[attr-defined]

from alignfreeze.encoders.anatomy import anatomy
from alignfreeze.encoders.heads import encoder_kind, head_kind
from alignfreeze.encoders.memory import is_out_of_memory
from alignfreeze.encoders.settings import longest_input
from alignfreeze.support.errors import SHOWN, InputError, quoted
from alignfreeze.support.records import verify_checkpoint

# Names in config.json whose product is the size of a matrix, or of several; DistilBERT has names of its own.
MATRICES = (
    ("vocab_size", "hidden_size"),
    ("vocab_size", "dim"),
    ("max_position_embeddings", "hidden_size"),
    ("max_position_embeddings", "dim"),
    ("type_vocab_size", "hidden_size"),
    ("num_hidden_layers", "hidden_size", "intermediate_size"),
    ("n_layers", "dim", "hidden_dim"),
    ("num_hidden_layers",),
    ("n_layers",),
)

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
    if not isinstance(text, dict):
        raise InputError(f"{settings}: not keys with values; the checkpoint is damaged, get it anew")
    if "auto_map" in text and not _code_is_transformers_own(text):
        raise InputError(f"{settings}: auto_map asks to run code of its own, which is never done; take another model")
    if "model_type" in text and str(text["model_type"]) not in CONFIG_MAPPING_NAMES:
        raise InputError(
            f"{settings}: model_type {quoted(text['model_type'])} is not among those of transformers "
            f"{transformers.__version__}, and code of the model's own is never run; take another model"
        )


def _code_is_transformers_own(settings: dict[str, Any]) -> bool:
    """Whether the code that a checkpoint came with has become a part of transformers, by the name of its class.

    EuroBERT's is such a one. What a model of another make calls `xlm-roberta` is not.
    """
    shipped = settings["auto_map"].get("AutoConfig") if isinstance(settings["auto_map"], dict) else None
    own = CONFIG_MAPPING_NAMES.get(settings.get("model_type", ""))
    return own is not None and isinstance(shipped, str) and shipped.rsplit(".", 1)[-1] == own


@contextmanager
def _damage_is_named(path: str | Path) -> Iterator[None]:
    """Turn what a damaged checkpoint raises, which can be anything, into one line that names its folder."""
    try:
        yield
    except InputError:
        raise
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"  # of a library in Rust; no Exception
        if not (isinstance(error, Exception) or is_panic) or is_out_of_memory(error):
            raise
        shown = " ".join(str(error).split())[:SHOWN] or type(error).__name__
        raise InputError(f"{path}: cannot be loaded ({shown}); the checkpoint is damaged, get it anew") from error


def _check_sizes(path: str | Path) -> None:
    """Refuse a config.json that describes more weights than the folder's files can hold."""
    folder = Path(path)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    stored = sum(file.stat().st_size for file in folder.glob("model*.safetensors"))
    for names in MATRICES:
        sizes = [settings[name] for name in names if isinstance(settings.get(name), int)]
        if len(sizes) == len(names) and abs(math.prod(sizes)) > stored:  # a weight takes a byte at least
            raise InputError(
                f"{folder / 'config.json'}: {' times '.join(names)} is more than its safetensors hold; "
                "the checkpoint is damaged, get it anew"
            )


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerBase:
    """Load a fast tokenizer from a local folder.

    Parameters
    ----------
    path : str or Path
        Folder with `tokenizer_config.json` and the tokenizer's files.

    Returns
    -------
    PreTrainedTokenizerBase
        A fast tokenizer.

    Raises
    ------
    InputError
        The folder has no fast tokenizer, or one that needs code of its own.
    """
    _check_folder(path, "tokenizer_config.json", "tokenizer*")
    with _damage_is_named(path):
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
    path : str or Path
        Folder with `config.json` and `model*.safetensors`.
    settings : object
        Passed on to its `from_pretrained`.

    Returns
    -------
    PreTrainedModel
        In float32, on the CPU; its blocks are never skipped at random (`encoder_layerdrop` is 0).

    Raises
    ------
    InputError
        The folder has no configuration or no safetensors, needs code of its own, or is damaged.
    """
    _check_folder(path, "config.json", "config.json")
    _check_folder(path, "config.json", "model*.safetensors")
    if getattr(load_config(path), "encoder_layerdrop", 0):
        # Blocks that are left out at random would change which state is read.
        settings["encoder_layerdrop"] = 0.0
    _check_sizes(path)
    with _damage_is_named(path):
        loaded = head_kind(kind, load_config(path)).from_pretrained(
            path,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            **settings,
        )
    model: PreTrainedModel = loaded[0]
    base: Any = model.base_model
    missing = {name.removeprefix(f"{model.base_model_prefix}.") for name in loaded[1]["missing_keys"]}
    try:
        used = anatomy(base).used
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if lost := sorted(missing & used):
        raise InputError(
            f"{path}: no weights for {len(lost)} of the encoder's parameters, such as {lost[0]}; the checkpoint is of "
            f"another make than transformers' {type(model).__name__}, or incomplete; take another one"
        )
    return model


def load_encoder(path: str | Path) -> PreTrainedModel:
    """Load an encoder; weights that its folder lacks, such as a pooler, are random and always the same.

    Of a T5 only the encoder is loaded. Other models that have a decoder keep it, so that they are saved whole.

    Parameters
    ----------
    path : str or Path
        Folder of a Hugging Face checkpoint.

    Returns
    -------
    PreTrainedModel
        In float32, on the CPU.

    Raises
    ------
    InputError
        See `load_weights`.
    """
    kind = encoder_kind(load_config(path))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return load_weights(kind, path)


def load_config(path: str | Path) -> PreTrainedConfig:
    """Load a model's configuration from a local folder.

    Parameters
    ----------
    path : str or Path
        Folder with `config.json`.

    Returns
    -------
    PreTrainedConfig

    Raises
    ------
    InputError
        The folder has none, or one that needs code of its own.
    """
    _check_folder(path, "config.json", "config.json")
    with _damage_is_named(path):
        return AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)


def positions(config: PreTrainedConfig) -> int | None:
    """Number of subwords of the longest sequence that a model takes.

    Parameters
    ----------
    config : PreTrainedConfig

    Returns
    -------
    int or None
        None where the positions of the model have no end; see `longest_input`.
    """
    return longest_input(config.to_dict())


def check_length(config: PreTrainedConfig, max_length: int) -> None:
    """Refuse a `max_length` that the model has no positions for.

    Parameters
    ----------
    config : PreTrainedConfig
    max_length : int
        Number of subwords, special tokens included.

    Raises
    ------
    InputError
        The model takes fewer subwords.
    """
    longest = positions(config)
    if longest is not None and max_length > longest:
        raise InputError(f"max_length: {max_length} found, but the model takes {longest} subwords at most")
