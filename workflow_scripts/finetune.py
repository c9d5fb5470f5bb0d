"""Fine-tune an encoder on a task's English data."""

import time
from pathlib import Path
from typing import Any

from alignfreeze.support.devices import claimed_device, torch_device
from alignfreeze.support.logs import configure_logging


def main(smk: Any) -> None:
    """Write finetuned/.../seed{seed}/."""
    configure_logging(smk.log[0])
    with claimed_device(smk.params.device) as name:
        finetune_task(smk, name, time.perf_counter())


def finetune_task(smk: Any, device_name: str | None, started: float) -> None:
    """Train on the claimed device and write the model, its log and its record."""
    import importlib

    import torch

    from alignfreeze.encoders.loading import load_config, load_tokenizer
    from alignfreeze.support.atomic import atomic_directory
    from alignfreeze.support.checksums import code_checksums, file_checksum
    from alignfreeze.support.errors import InputError
    from alignfreeze.support.records import write_record
    from alignfreeze.tasks import load_task
    from alignfreeze.training.finetuning import finetune
    from alignfreeze.training.loop import write_log
    from alignfreeze.training.settings import FinetuningSettings
    from alignfreeze.training.state import TrainingState, fingerprint

    settings = FinetuningSettings(**smk.params.settings)
    task, seed = load_task(smk.wildcards.task), int(smk.wildcards.seed)
    start = Path(smk.input.start, smk.params.checkpoint)
    tokenizer = load_tokenizer(start)
    task_tokenizer = task.tokenizer(tokenizer, load_config(start), task.settings(**smk.params.encoding))
    items = task.items(task.read_first(smk.input.train, smk.params.source, smk.params.max_train_items), task_tokenizer)
    if smk.params.train_items not in (None, len(items)):
        raise InputError(
            f"tasks.{smk.wildcards.task}.train_items: {smk.params.train_items} in the configuration, but "
            f"{smk.input.train} gives {len(items)} training items for {smk.wildcards.model}; write {len(items)}"
        )
    torch.manual_seed(seed)
    model = task.load_new(start)
    device = torch_device(device_name)
    realignment = None
    if smk.params.interleaving:
        # Loaded by its name, as tasks are: the rule of a plain fine-tuning does not depend on its code.
        interleaved = importlib.import_module("alignfreeze.realignment.interleaved")
        realignment = interleaved.load(model.base_model, smk.input.pairs, smk.params.interleaving, seed, device)
    decisive = {
        "task": smk.wildcards.task,
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "encoding": smk.params.encoding,
        "max_train_items": smk.params.max_train_items,
        "train": file_checksum(smk.input.train),
        "encoder": file_checksum(start / "model.safetensors"),
        "device": str(device),
        "code": code_checksums(smk.input.code),
    }
    if realignment:
        decisive["realignment"] = realignment.description()
    state = TrainingState(Path(smk.params.state), fingerprint(decisive), smk.params.resume_every)
    with atomic_directory(smk.output[0]) as folder:
        report = finetune(
            model,
            items,
            settings,
            seed,
            device,
            auxiliary=[realignment] if realignment else [],
            state=state,
            description=f"fine-tune {smk.wildcards.task} {smk.wildcards.strategy}",
        )
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        write_log(folder / "training_log.csv", report.log)
        write_record(
            folder / "run.json",
            settings=decisive,
            seed=seed,
            device=device_name or "cpu",
            seconds=time.perf_counter() - started,
            steps=report.steps,
            tokens_per_second=report.tokens_per_second,
            micro_batch=report.micro_batch,
            train_items=len(items),
            interleaved=realignment and realignment.seen(report.steps),
        )
    state.clear()


if __name__ == "__main__":
    main(snakemake)
