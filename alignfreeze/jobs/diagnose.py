"""Where in the network: gradient conflict of a run, and an encoder beside its realigned version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.diagnostics.conflict import gradient_conflict, task_batches
from alignfreeze.diagnostics.representation import LayerRow, Movement, block_movements, compare_layers
from alignfreeze.diagnostics.settings import ConflictSettings
from alignfreeze.encoders.loading import load_config, load_encoder, load_tokenizer
from alignfreeze.encoders.settings import Word
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.kinds import load_task
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRows
from alignfreeze.support.devices import torch_device
from alignfreeze.support.errors import InputError
from alignfreeze.training.settings import FinetuningSettings

PRETRAINED, FINETUNED = "pretrained", "finetuned"


def conflict(
    encoder: str | Path,
    finetuned: str | Path,
    *,
    task: str,
    examples: str | Path,
    source: str,
    encoding: Mapping[str, Any],
    finetuning: FinetuningSettings,
    rows: str | Path,
    languages: Sequence[str],
    realignment: RealignmentSettings,
    settings: ConflictSettings,
    seed: int,
    device: str | None,
) -> list[dict[str, Any]]:
    """Cosine and norm ratio of the gradients of realignment and task, before and after fine-tuning.

    Parameters
    ----------
    encoder : str or Path
        The encoder with its tokenizer that the run was fine-tuned from; it gets the head that fine-tuning started with.
    finetuned : str or Path
        The fine-tuned model.
    task : str
        Kind of the task, see `alignfreeze.kinds`.
    examples : str or Path
        The task's data in `source`.
    source : str
        Language of the task's data.
    encoding : mapping
        Settings of how the task's text becomes subwords.
    finetuning : FinetuningSettings
        Of the size and order of the task's batches.
    rows : str or Path
        Folder with the encoded word pairs, `{language}.arrow`.
    languages : sequence of str
    realignment : RealignmentSettings
        Of the loss, with its layer and head, and its batches.
    settings : ConflictSettings
    seed : int
        Of the run.
    device : str or None
        Name of the claimed GPU; None for the CPU.

    Returns
    -------
    list of dict
        `state` (`pretrained` or `finetuned`) and the fields of `ConflictRow`.
    """
    chosen = load_task(task, encoding)
    tokenizer = chosen.tokenizer(load_tokenizer(encoder), load_config(encoder))
    read = chosen.read_first(examples, source, None)
    chosen = chosen.for_training(read)
    trained: dict[int, str] = {int(number): name for number, name in (load_config(finetuned).id2label or {}).items()}
    if chosen.labels and chosen.labels != tuple(trained[number] for number in sorted(trained)):
        raise InputError(f"{examples}: other labels than in training; name the task's labels in the configuration")
    items = chosen.items(read, tokenizer)
    batches = task_batches(items, finetuning.batch_size, finetuning.bucketing, seed, settings.task_batches)
    streams = {language: PairRows(Path(rows) / f"{language}.arrow") for language in languages}

    def load_start() -> Any:
        torch.manual_seed(seed)  # as fine-tuning does: the same first weights of the head
        return chosen.load_new(encoder)

    found = []
    for state, load in ((PRETRAINED, load_start), (FINETUNED, lambda: chosen.load_finetuned(finetuned))):
        compared = gradient_conflict(
            load(), batches, streams, realignment, settings.realignment_batches, seed, torch_device(device)
        )
        found += [{"state": state, **row._asdict()} for row in compared]
    return found


def compare_encoders(
    before: str | Path,
    after: str | Path,
    gold: Mapping[str, tuple[Bitext, Sequence[Links]]],
    *,
    sentences: int | None,
    max_length: int,
    word: Word,
    device: str | None,
) -> tuple[list[LayerRow], list[Movement]]:
    """Compare an encoder with its realigned version at every layer and block.

    Parameters
    ----------
    before, after : path
        Encoders with their tokenizers.
    gold : mapping
        Language -> sentences and their links; may be empty.
    sentences : int or None
        Only so many of the first sentences of each language.
    max_length : int
        Subwords of a sentence; what comes after is cut.
    word : str
        Which of a word's subwords are its state; see `RealignmentSettings`.
    device : str or None
        Name of the claimed GPU; None for the CPU.

    Returns
    -------
    layers : list of LayerRow
        By language and layer; empty without `gold`.
    blocks : list of Movement
        By block, from the lowest.
    """
    models = [load_encoder(folder) for folder in (before, after)]
    moved = block_movements(*models)
    words = [WordTokenizer(load_tokenizer(folder), max_length) for folder in (before, after)]
    first, second = zip(models, words, strict=True)
    chosen = {
        language: (Bitext(bitext.source[:sentences], bitext.target[:sentences]), links[:sentences])
        for language, (bitext, links) in gold.items()
    }
    return list(compare_layers(first, second, chosen, torch_device(device), word)), moved
