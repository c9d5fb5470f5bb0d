"""Realign an encoder: one trajectory, a checkpoint at each step count that a task needs."""

import shutil
import time
from pathlib import Path
from typing import Any

from alignfreeze.support.devices import claimed_device, torch_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write realigned/.../seed{seed}/, with a checkpoint steps{n}/ for every n."""
    configure_logging(smk.log[0])
    with claimed_device(smk.params.device) as name:
        realign(smk, name, time.perf_counter())


def realign(smk: Any, device_name: str | None, started: float) -> None:
    """Train on the claimed device and write checkpoints, logs and records.

    Checkpoints wait beside the training state until the last step, because Snakemake deletes the declared output of
    a job that is stopped, and a resumed job will not write earlier checkpoints again.
    """
    from alignfreeze.encoders.loading import load_encoder, load_tokenizer
    from alignfreeze.realignment.objective import Realigner
    from alignfreeze.realignment.settings import RealignmentSettings
    from alignfreeze.realignment.word_pairs import PairRows
    from alignfreeze.support.atomic import atomic_directory
    from alignfreeze.support.checksums import code_checksums, file_checksum
    from alignfreeze.support.records import write_record
    from alignfreeze.training.loop import write_log
    from alignfreeze.training.state import TrainingState, fingerprint

    settings = RealignmentSettings(**smk.params.settings)
    seed = int(smk.wildcards.seed)
    device = torch_device(device_name)
    streams = {language: PairRows(Path(smk.input.rows) / f"{language}.arrow") for language in smk.params.languages}
    realigner = Realigner(load_encoder(smk.input.model), streams, settings, seed, device)
    tokenizer = load_tokenizer(smk.input.model)
    decisive = {
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "rows": {language: file_checksum(stream.path) for language, stream in streams.items()},
        "encoder": file_checksum(Path(smk.input.model) / "model.safetensors"),
        "steps": smk.params.steps,
        "device": str(device),
        "code": code_checksums(smk.input.code),
    }
    state = TrainingState(Path(smk.params.state), fingerprint(decisive), smk.params.resume_every)
    waiting_room = Path(smk.params.state).with_suffix("")
    waiting = {count: waiting_room / f"steps{count}" for count in smk.params.steps}

    def save(count: int, write: Any) -> None:
        with atomic_directory(waiting[count]) as folder:
            write(folder)
            tokenizer.save_pretrained(folder)

    report = realigner.run(smk.params.steps, save, state)
    for count, folder in waiting.items():
        seen, distinct = realigner.pairs_seen(count)
        write_log(folder / "training_log.csv", [row for row in report.log if row[0] <= count])
        write_record(
            folder / "run.json",
            settings=decisive,
            seed=seed,
            device=device_name or "cpu",
            seconds=time.perf_counter() - started,
            steps=count,
            trajectory_steps=report.steps,
            pairs_seen=seen,
            distinct_pairs=distinct,
            tokens_per_second=report.tokens_per_second,
            micro_batch=report.micro_batch,
            sentence_pairs={language: len(stream) for language, stream in streams.items()},
            frozen_blocks=list(realigner.frozen.blocks),
            frozen_parameters=realigner.frozen.frozen,
            trainable_parameters=realigner.frozen.trainable,
        )
    with atomic_directory(smk.output[0]) as trajectory:
        for folder in waiting.values():
            shutil.move(folder, trajectory / folder.name)
    state.clear()
    shutil.rmtree(waiting_room)


if __name__ == "__main__":
    main(snakemake)
