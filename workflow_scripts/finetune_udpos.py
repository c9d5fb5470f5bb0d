"""Fine-tune an encoder on English part-of-speech tags."""

import time
from pathlib import Path
from typing import Any

from alignfreeze.devices import claimed_device, torch_device
from alignfreeze.logs import configure_logging


def main(smk: Any) -> None:
    """Write finetuned/.../seed{seed}/."""
    configure_logging(smk.log[0])
    with claimed_device(smk.params.training["device"]) as name:
        finetune_udpos(smk, name, time.perf_counter())


def finetune_udpos(smk: Any, device_name: str | None, started: float) -> None:
    """Train on the claimed device and write the model, its log and its record."""
    from dataclasses import asdict

    import torch

    from alignfreeze.atomic import atomic_directory
    from alignfreeze.encoders import load_tokenizer
    from alignfreeze.errors import InputError
    from alignfreeze.finetuning import FinetuningSettings, finetune
    from alignfreeze.records import file_checksum, write_record
    from alignfreeze.subwords import WordTokenizer
    from alignfreeze.token_classification import TaggedItems, load_model
    from alignfreeze.training import TrainingState, fingerprint, write_log
    from alignfreeze.treebank import UPOS, read_treebank

    settings = FinetuningSettings(
        **smk.params.settings,
        learning_rate=smk.params.learning_rate,
        precision=smk.params.training["precision"],
    )
    seed = int(smk.wildcards.seed)
    sentences = read_treebank(smk.input.train)
    if smk.params.train_items not in (None, len(sentences)):
        raise InputError(
            f"tasks.udpos.train_items: {smk.params.train_items} in the configuration, but {smk.input.train} "
            f"has {len(sentences)} sentences; write {len(sentences)}"
        )
    tokenizer = load_tokenizer(smk.input.encoder)
    items = TaggedItems(sentences.words, sentences.tags, UPOS, WordTokenizer(tokenizer, smk.params.max_length))
    torch.manual_seed(seed)
    model = load_model(smk.input.encoder, UPOS)
    device = torch_device(device_name)
    decisive = {
        "settings": asdict(settings),
        "seed": seed,
        "max_length": smk.params.max_length,
        "train": file_checksum(smk.input.train),
        "encoder": file_checksum(Path(smk.input.encoder) / "model.safetensors"),
        "device": str(device),
    }
    state = TrainingState(Path(smk.params.state), fingerprint(decisive), smk.params.resume_every)
    with atomic_directory(smk.output[0]) as folder:
        report = finetune(
            model,
            items.lengths(),
            items.token_ids(),
            items.collate,
            settings,
            seed,
            device,
            save=lambda write: write(folder),
            state=state,
            description=f"fine-tune {smk.wildcards.strategy}",
        )
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
            train_items=len(items),
        )


if __name__ == "__main__":
    main(snakemake)
