"""Realign an encoder: one trajectory, a checkpoint at each step count that a task needs."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from alignfreeze.encoders.loading import load_encoder, load_tokenizer
from alignfreeze.realignment.objective import Realigner
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRows
from alignfreeze.support.atomic import atomic_directory
from alignfreeze.support.checksums import file_checksum, weights_checksums
from alignfreeze.support.devices import torch_device
from alignfreeze.support.errors import InputError
from alignfreeze.support.records import write_run_record
from alignfreeze.support.space import space_for
from alignfreeze.support.trackers import Tracker
from alignfreeze.training.loop import TrainingReport, write_log
from alignfreeze.training.state import TrainingState, fingerprint, tensor_bytes


def realign(
    output: str | Path,
    *,
    model: str | Path,
    rows: str | Path,
    languages: Sequence[str],
    steps: Sequence[int],
    settings: RealignmentSettings,
    seed: int,
    device: str | None,
    state: str | Path,
    resume_every: int,
    code: Mapping[str, str] | None = None,
    description: str | None = None,
    trackers: Sequence[Tracker] = (),
) -> None:
    """Write `output`/steps{n}/ for every n, each with its log and run record.

    Checkpoints wait beside the training state until the last step, because a workflow engine deletes the declared
    output of a job that is stopped, and a resumed job will not write earlier checkpoints again. Nothing of them is
    removed before `output` has its name.

    Parameters
    ----------
    output : str or Path
        Folder of the trajectory.
    model : str or Path
        Encoder with its tokenizer.
    rows : str or Path
        Folder with the encoded word pairs, `{language}.arrow`.
    languages : sequence of str
        In the order in which they take turns.
    steps : sequence of int
        Step counts at which a checkpoint is wanted.
    settings : RealignmentSettings
    seed : int
    device : str or None
        Name of the claimed GPU; None for the CPU.
    state : str or Path
        File of the training state, outside `output`; the checkpoints wait in the folder of its name.
    resume_every : int
        Steps between two states.
    code : mapping from str to str, optional
        Checksums of the code that decides the result; a state of other code is not resumed.
    description : str, optional
        Name of the run in logs and on the terminal.
    trackers : sequence of Tracker
        Told the points of the training log, too.
    """
    started = time.perf_counter()
    torch_name = torch_device(device)
    streams = {language: PairRows(Path(rows) / f"{language}.arrow") for language in languages}
    realigner = Realigner(load_encoder(model), streams, settings, seed, torch_name)
    tokenizer = load_tokenizer(model)
    decisive = {
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "rows": {language: file_checksum(stream.path) for language, stream in streams.items()},
        "encoder": weights_checksums(model),
        "steps": list(steps),
        "device": str(torch_name),
        "code": code or {},
    }
    kept = TrainingState(Path(state), fingerprint(decisive), resume_every)
    waiting_room = Path(state).with_suffix("")
    waiting = {count: waiting_room / f"steps{count}" for count in steps}

    def save(count: int, write: Callable[[Path], None]) -> None:
        needed = tensor_bytes(realigner.model.state_dict())
        with space_for(waiting[count], "a checkpoint", needed), atomic_directory(waiting[count]) as folder:
            write(folder)
            tokenizer.save_pretrained(folder)

    report = realigner.run(steps, save, kept, description, trackers)
    for count, folder in waiting.items():
        if not folder.is_dir():
            raise InputError(f"{folder}: missing, though the run was resumed after it; remove {state} and run again")
        write_log(folder / "training_log.csv", [row for row in report.log if row[0] <= count])
        write_run_record(
            folder,
            output=output,
            settings=decisive,
            seed=seed,
            device=device or "cpu",
            seconds=time.perf_counter() - started,
            trajectory_steps=report.steps,
            **measured(realigner, report, count),
        )
    needed = sum(file.stat().st_size for folder in waiting.values() for file in folder.rglob("*"))
    with space_for(output, "the checkpoints", needed), atomic_directory(output) as trajectory:
        for folder in waiting.values():
            shutil.copytree(folder, trajectory / folder.name, copy_function=_link_or_copy)
    kept.clear()
    shutil.rmtree(waiting_room)


def measured(realigner: Realigner, report: TrainingReport, steps: int) -> dict[str, Any]:
    """What a run record tells of a realignment.

    Parameters
    ----------
    realigner : Realigner
        As it is after its run.
    report : TrainingReport
        Of that run.
    steps : int
        Steps up to the checkpoint that the record is of.

    Returns
    -------
    dict
    """
    pairs_seen, distinct_pairs = realigner.pairs_seen(steps)
    return {
        "steps": steps,
        "pairs_seen": pairs_seen,
        "distinct_pairs": distinct_pairs,
        "tokens_per_second": report.tokens_per_second,
        "micro_batch": report.micro_batch,
        "sentence_pairs": {language: len(stream) for language, stream in realigner.streams.items()},
        "frozen_blocks": list(realigner.frozen.blocks),
        "frozen_parameters": realigner.frozen.frozen,
        "trainable_parameters": realigner.frozen.trainable,
    }


def _link_or_copy(source: str, destination: str) -> None:
    """A second name for the same bytes, or a copy where the file system has none."""
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)
