"""Fine-tune an encoder on a task's training data."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from alignfreeze.encoders.loading import load_config, load_tokenizer
from alignfreeze.kinds import load_task
from alignfreeze.support.atomic import atomic_directory
from alignfreeze.support.checksums import file_checksum, weights_checksums
from alignfreeze.support.devices import torch_device
from alignfreeze.support.errors import InputError
from alignfreeze.support.records import write_run_record
from alignfreeze.support.space import space_for
from alignfreeze.support.trackers import Tracker
from alignfreeze.training.finetuning import finetune
from alignfreeze.training.loop import write_log
from alignfreeze.training.settings import FinetuningSettings
from alignfreeze.training.state import TrainingState, fingerprint, tensor_bytes


def finetune_on_task(
    output: str | Path,
    *,
    task: str,
    kind: str,
    encoder: str | Path,
    train: str | Path,
    language: str,
    settings: FinetuningSettings,
    encoding: Mapping[str, Any],
    seed: int,
    device: str | None,
    state: str | Path,
    resume_every: int,
    max_train_items: int | None = None,
    train_items: int | None = None,
    realignment: Mapping[str, Any] | None = None,
    code: Mapping[str, str] | None = None,
    description: str = "fine-tune",
    trackers: Sequence[Tracker] = (),
) -> None:
    """Write a fine-tuned model with its tokenizer, log and run record.

    Parameters
    ----------
    output : str or Path
        The model's folder.
    task : str
        Name of the task in the configuration.
    kind : str
        Its kind, see `alignfreeze.kinds`.
    encoder : str or Path
        Encoder with its tokenizer.
    train : str or Path
        Training data in `language`.
    language : str
        Code of the language of `train`.
    settings : FinetuningSettings
    encoding : mapping
        Settings of how the task's text becomes subwords.
    seed : int
    device : str or None
        Name of the claimed GPU; None for the CPU.
    state : str or Path
        File of the training state, outside `output`.
    resume_every : int
        Steps between two states.
    max_train_items : int, optional
        Only the first examples of the file.
    train_items : int, optional
        Number of training items that the experiment was planned with.
    realignment : mapping, optional
        Realignment that goes on meanwhile: `folder` of its rows, and what `alignfreeze.realignment.interleaved.load`
        takes.
    code : mapping from str to str, optional
        Checksums of the code that decides the result; a state of other code is not resumed.
    description : str
        Name of the run in its log.
    trackers : sequence of Tracker
        Told the points of the training log, too.

    Raises
    ------
    InputError
        The data give another number of training items than `train_items`.
    """
    started = time.perf_counter()
    chosen = load_task(kind, encoding)
    tokenizer = load_tokenizer(encoder)
    task_tokenizer = chosen.tokenizer(tokenizer, load_config(encoder))
    examples = chosen.read_first(train, language, max_train_items)
    chosen = chosen.for_training(examples)
    items = chosen.items(examples, task_tokenizer)
    if train_items not in (None, len(items)):
        raise InputError(
            f"tasks.{task}.train_items: {train_items} in the configuration, but {train} gives {len(items)} training "
            f"items with the vocabulary of {encoder}; write {len(items)}"
        )
    torch.manual_seed(seed)
    model = chosen.load_new(encoder)
    torch_name = torch_device(device)
    auxiliary = []
    if realignment:
        # Loaded by its name, as tasks are: a plain fine-tuning does not depend on its code.
        interleaved = importlib.import_module("alignfreeze.realignment.interleaved")
        auxiliary.append(interleaved.load(model.base_model, realignment["folder"], realignment, seed, torch_name))
    decisive = {
        "task": kind,
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "encoding": dict(encoding),
        "max_train_items": max_train_items,
        "train": file_checksum(train),
        "encoder": weights_checksums(encoder),
        "device": str(torch_name),
        "code": code or {},
        "realignment": [loss.description() for loss in auxiliary],
    }
    kept = TrainingState(Path(state), fingerprint(decisive), resume_every)
    report = finetune(
        model,
        items,
        settings,
        seed,
        torch_name,
        auxiliary=auxiliary,
        state=kept,
        description=description,
        trackers=trackers,
    )
    needed = tensor_bytes(model.state_dict())
    with space_for(output, "the fine-tuned model", needed), atomic_directory(output) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        write_log(folder / "training_log.csv", report.log)
        write_run_record(
            folder,
            output=output,
            settings=decisive,
            seed=seed,
            device=device or "cpu",
            seconds=time.perf_counter() - started,
            steps=report.steps,
            tokens_per_second=report.tokens_per_second,
            micro_batch=report.micro_batch,
            train_items=len(items),
            interleaved=auxiliary[0].seen(report.steps) if auxiliary else None,
        )
    kept.clear()
