"""Realign the encoder of a fine-tuned model; its head stays as it is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alignfreeze.encoders.loading import load_tokenizer
from alignfreeze.jobs.realign import measured
from alignfreeze.kinds import load_task
from alignfreeze.realignment.objective import Realigner
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRows
from alignfreeze.support.atomic import atomic_directory
from alignfreeze.support.checksums import file_checksum, weights_checksums
from alignfreeze.support.devices import torch_device
from alignfreeze.support.records import write_run_record
from alignfreeze.support.space import space_for
from alignfreeze.support.trackers import Tracker
from alignfreeze.training.loop import write_log
from alignfreeze.training.state import TrainingState, fingerprint, tensor_bytes


def realign_finetuned(
    output: str | Path,
    *,
    kind: str,
    encoding: Mapping[str, Any],
    finetuned: str | Path,
    rows: str | Path,
    languages: Sequence[str],
    steps: int,
    settings: RealignmentSettings,
    seed: int,
    device: str | None,
    state: str | Path,
    resume_every: int,
    trackers: Sequence[Tracker] = (),
    code: Mapping[str, str] | None = None,
    description: str | None = None,
) -> None:
    """Write a fine-tuned model whose encoder is realigned, with its tokenizer, log and run record.

    Parameters
    ----------
    output : str or Path
        The model's folder.
    kind : str
        Kind of the task, see `alignfreeze.kinds`.
    encoding : mapping from str
        Settings of how the task's text becomes subwords.
    finetuned : str or Path
        The fine-tuned model with its tokenizer.
    rows : str or Path
        Folder with the encoded word pairs, `{language}.arrow`.
    languages : sequence of str
        In the order in which they take turns.
    steps : int
        Optimiser steps.
    settings : RealignmentSettings
    seed : int
    device : str or None
        Name of the claimed GPU; None for the CPU.
    state : str or Path
        File of the training state, outside `output`.
    resume_every : int
        Steps between two states.
    trackers : sequence of Tracker
        Told the points of the training log, too.
    code : mapping from str to str, optional
        Checksums of the code that decides the result; a state of other code is not resumed.
    description : str, optional
        Name of the run in logs and on the terminal.
    """
    started = time.perf_counter()
    torch_name = torch_device(device)
    streams = {language: PairRows(Path(rows) / f"{language}.arrow") for language in languages}
    model = load_task(kind, encoding).load_finetuned(finetuned)
    encoder: Any = model.base_model
    realigner = Realigner(encoder, streams, settings, seed, torch_name)
    decisive = {
        "task": kind,
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "rows": {language: file_checksum(stream.path) for language, stream in streams.items()},
        "finetuned": weights_checksums(finetuned),
        "steps": steps,
        "device": str(torch_name),
        "code": code or {},
    }
    kept = TrainingState(Path(state), fingerprint(decisive), resume_every)
    report = realigner.run([steps], state=kept, description=description, trackers=trackers)
    needed = tensor_bytes(model.state_dict())
    with space_for(output, "the realigned model", needed), atomic_directory(output) as folder:
        model.save_pretrained(folder)
        load_tokenizer(finetuned).save_pretrained(folder)
        write_log(folder / "training_log.csv", report.log)
        write_run_record(
            folder,
            output=output,
            settings=decisive,
            seed=seed,
            device=device or "cpu",
            seconds=time.perf_counter() - started,
            **measured(realigner, report, steps),
        )
    kept.clear()
