"""Realignment and fine-tuning for the public interface: from bitext and a model to a new model."""

from __future__ import annotations

import copy
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.encoders.blocks import check_trains
from alignfreeze.encoders.loading import check_length
from alignfreeze.encoders.settings import PAPER_MAX_LENGTH
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.interface.alignment import align
from alignfreeze.interface.arguments import bitexts_by_language, by_language, check_names, kind, make_settings
from alignfreeze.interface.encoder import (
    Encoder,
    EncoderSource,
    TaskModel,
    as_device,
    check_new_folder,
    load_encoder,
)
from alignfreeze.interface.provenance import Training, bitext_facts
from alignfreeze.kinds import load_task, task_settings
from alignfreeze.realignment.objective import Realigner
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.realignment.word_pairs import PairRows, build_rows, build_sentence_rows, write_rows
from alignfreeze.support.checksums import file_checksum
from alignfreeze.support.errors import InputError
from alignfreeze.support.records import PACKAGES, package_version
from alignfreeze.training.finetuning import finetune as train_task
from alignfreeze.training.settings import FinetuningSettings

TASKS = ("udpos", "wikiann", "xnli", "xquad")


def realign(
    model: EncoderSource,
    bitext: Bitext | Mapping[str, Bitext],
    *,
    alignments: Sequence[Links] | Mapping[str, Sequence[Links]] | None = None,
    freeze: str | Sequence[int] | Mapping[str, Any] = "front",
    steps: int | None = None,
    seed: int = 31,
    max_length: int = PAPER_MAX_LENGTH,
    device: str | torch.device = "auto",
    tokenizer: PreTrainedTokenizerBase | None = None,
    revision: str | None = None,
    out: str | Path | None = None,
    description: str = "",
    **settings: Any,
) -> Encoder:
    """Realign an encoder: translated words get similar vectors, some blocks stay as they are.

    Parameters
    ----------
    model : str, Path, PreTrainedModel or Encoder
        See `load_encoder`. A model in memory is copied, not changed.
    bitext : Bitext or dict of str to Bitext
        Sentence pairs, by language code of the target side where there are several.
    alignments : list of links, or dict of str to list of links, optional
        Word links of each pair, see `align`; by default the encoder aligns the bitext itself (`awesome`). With
        `objective="sentences"` there are none.
    freeze : str, sequence of int or dict
        `full` (nothing is frozen), `front` or `back` (the lower or the upper half of the blocks), two block numbers
        [first, end), `{"blocks": [1, 3, 5]}`, `{"random": 6, "seed": 0}` (so many random blocks), or `{"only": [7]}`
        (all but those).
    steps : int, optional
        Optimiser steps; by default one pass over the bitext.
    seed : int
        Decides the head's first weights, the order of sentence pairs and dropout.
    max_length : int
        Subwords of a sentence; what comes after is cut.
    device : str or torch.device
        `auto`, `cpu` or `cuda`.
    tokenizer : PreTrainedTokenizerBase, optional
        Of a model in memory; see `load_encoder`.
    revision : str, optional
        Commit of a model on the hub; the newest by default.
    out : str or Path, optional
        New folder to save the encoder to.
    description : str
        Of the data, for the model card: name and licence.
    **settings : object
        Any of `alignfreeze.realignment.settings.RealignmentSettings`, such as `learning_rate`, `batch_size`, `word`
        (`first`, `last` or `mean`: which subwords' state is a word's) and `objective` (`words`, or `sentences`, which
        compares whole sentences).

    Returns
    -------
    Encoder
        The realigned encoder, on the CPU.

    Raises
    ------
    TypeError
        An argument of the wrong kind, or an unknown setting.
    InputError
        A wrong value: no such model, no word pair in a language, blocks that the encoder does not have.
    """
    bitexts = bitexts_by_language(bitext)
    links = {} if alignments is None else by_language(alignments, "alignments", (list, tuple), "links of each pair")
    for language in links.keys() ^ bitexts.keys() if links else ():
        raise InputError(f"alignments, bitext: language {language!r} is in one of them only; give both")
    check_names(settings, RealignmentSettings.model_fields, "realign")
    _check_count(steps, "steps")
    if out is not None:
        check_new_folder(out)
    encoder, place = load_encoder(model, tokenizer, revision=revision), as_device(device)
    chosen = check_realignment(encoder, max_length, {"freeze": freeze, **settings})
    by_sentence = chosen.objective == "sentences"
    if by_sentence and links:
        raise InputError("alignments: the objective sentences uses no word links; leave them out")
    started = time.perf_counter()
    network = copy.deepcopy(encoder.model)
    words = WordTokenizer(encoder.tokenizer, max_length)
    data = {}
    with tempfile.TemporaryDirectory() as folder:
        streams = {}
        for language, text in bitexts.items():
            if by_sentence:
                found: Sequence[Links] = [[]] * len(text)
                rows = list(build_sentence_rows(text, words))
            else:
                found = links[language] if links else align(text, "awesome", encoder=encoder, device=place)
                if len(found) != len(text):
                    raise InputError(
                        f"alignments, {language}: links of {len(found)} pairs, but the bitext has {len(text)}"
                    )
                rows = list(build_rows(text, found, words, chosen.word))
            if not rows:
                needed = "two different sentences" if by_sentence else "a word pair"
                raise InputError(f"bitext, {language}: no sentence pair with {needed}; check bitext and alignments")
            write_rows(Path(folder) / f"{language}.arrow", rows)
            streams[language] = PairRows(Path(folder) / f"{language}.arrow")
            data[language] = bitext_facts(text, found, len(rows))
        count = steps or _one_pass([len(stream) for stream in streams.values()], chosen)
        report = Realigner(network, streams, chosen, seed, place).run([count])
    training = Training(
        "realignment",
        {
            **chosen.model_dump(mode="json"),
            "max_length": max_length,
            "alignments": "none" if by_sentence else "given" if links else "awesome, by the encoder",
        },
        seed,
        report.steps,
        data,
        description,
        report.log,
        _environment(place, started),
    )
    network.requires_grad_(True).eval().to("cpu")
    realigned = Encoder(network, encoder.tokenizer, encoder.base, [*encoder.trainings, training])
    if out is not None:
        realigned.save_pretrained(out)
    return realigned


def check_realignment(encoder: Encoder, max_length: int, settings: Mapping[str, Any]) -> RealignmentSettings:
    """Make the settings of a realignment and check that this encoder can have them.

    Parameters
    ----------
    encoder : Encoder
    max_length : int
        Subwords of a sentence.
    settings : mapping from str to object
        Name -> value; see `RealignmentSettings`.

    Returns
    -------
    RealignmentSettings

    Raises
    ------
    InputError
        A wrong value, or blocks, a layer or a length that the encoder does not have.
    """
    chosen = make_settings(RealignmentSettings, settings)
    blocks = len(encoder_blocks(encoder.model))
    check_trains(chosen.freeze, chosen.freeze_embeddings, chosen.layer, blocks)
    check_length(encoder.model.config, max_length)
    return chosen


def finetune(
    model: EncoderSource,
    task: str,
    train: str | Path,
    *,
    items: int | None = None,
    seed: int = 31,
    max_length: int = PAPER_MAX_LENGTH,
    windows: Mapping[str, Any] | None = None,
    language: str = "en",
    device: str | torch.device = "auto",
    tokenizer: PreTrainedTokenizerBase | None = None,
    revision: str | None = None,
    out: str | Path | None = None,
    description: str = "",
    **settings: Any,
) -> TaskModel:
    """Fine-tune an encoder on a task's training data; the whole model is trained.

    Parameters
    ----------
    model : str, Path, PreTrainedModel or Encoder
        See `load_encoder`. A model in memory is copied, not changed.
    task : str
        `udpos` (CoNLL-U), `wikiann` (BIO), `xnli` (a table of premise, hypothesis, label) or `xquad` (SQuAD's JSON).
    train : str or Path
        Training data in the task's format.
    items : int, optional
        Only the first examples of the file.
    seed : int
        Decides the new head's first weights, the order of items and dropout.
    max_length : int
        Subwords of an item.
    windows : dict, optional
        For `xquad`: `stride`, the subwords that two windows share, and `empty_windows`, whether windows without the
        answer are trained on.
    language : str
        Code of the training data's language.
    device : str or torch.device
        `auto`, `cpu` or `cuda`.
    tokenizer : PreTrainedTokenizerBase, optional
        Of a model in memory; see `load_encoder`.
    revision : str, optional
        Commit of a model on the hub; the newest by default.
    out : str or Path, optional
        New folder to save the model to.
    description : str
        Of the data, for the model card: name and licence.
    **settings : object
        Any of `alignfreeze.training.settings.FinetuningSettings`, such as `learning_rate` and `epochs`.

    Returns
    -------
    TaskModel
        The fine-tuned model, on the CPU.

    Raises
    ------
    TypeError, InputError
        See `realign`.
    """
    if task not in TASKS:
        raise InputError(f"task: {task!r} found; allowed are {', '.join(TASKS)}")
    if not isinstance(train, str | Path):
        raise TypeError(f"train: {kind(train)} found; give the path of a file")
    check_names(settings, FinetuningSettings.model_fields, "finetune")
    chosen = make_settings(FinetuningSettings, settings)
    encoding = make_settings(task_settings(task), {"max_length": max_length, **(windows or {})})
    recipe = load_task(task, encoding.model_dump())
    if out is not None:
        check_new_folder(out)
    encoder, place = load_encoder(model, tokenizer, revision=revision), as_device(device)
    started = time.perf_counter()
    examples = recipe.read_first(train, language, items)
    recipe = recipe.for_training(examples)
    encoded = recipe.items(examples, recipe.tokenizer(encoder.tokenizer, encoder.model.config))
    with tempfile.TemporaryDirectory() as folder:
        # From a folder, so that transformers puts the task's head above any family of encoders.
        encoder.model.save_pretrained(folder)
        torch.manual_seed(seed)
        network = recipe.load_new(folder)
    report = train_task(network, encoded, chosen, seed, place, description=f"fine-tune {task}")
    training = Training(
        f"fine-tuning on {task}",
        {**chosen.model_dump(mode="json"), **encoding.model_dump(mode="json")},
        seed,
        report.steps,
        {language: {"items": len(encoded), "sha256": file_checksum(train)}},
        description,
        report.log,
        _environment(place, started),
    )
    network.eval().to("cpu")
    tuned = TaskModel(
        network, encoder.tokenizer, encoder.base, [*encoder.trainings, training], task, encoding.model_dump(mode="json")
    )
    if out is not None:
        tuned.save_pretrained(out)
    return tuned


def _check_count(value: Any, name: str) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError(f"{name}: {kind(value)} found; give a whole number")
    if value is not None and value < 1:
        raise InputError(f"{name}: {value} found; give 1 or more")


def _one_pass(lengths: Sequence[int], settings: RealignmentSettings) -> int:
    """Steps in which each language's rows are seen once, as far as the shortest (or the longest) has some."""
    rounds = min(lengths) if settings.interleave == "first_exhausted" else max(lengths)
    return math.ceil(rounds * len(lengths) / settings.batch_size)


def _environment(device: torch.device, started: float) -> dict[str, Any]:
    return {
        "device": str(device),
        "seconds": round(time.perf_counter() - started, 2),
        "packages": {name: package_version(name) for name in PACKAGES},
    }
