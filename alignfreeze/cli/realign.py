"""`alignfreeze realign`: two text files and a model in, a folder with the realigned encoder out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from alignfreeze.cli.options import (
    Aligner,
    AlignerName,
    Device,
    DeviceName,
    Dictionary,
    MaxLength,
    Model,
    Objective,
    Revision,
    Sample,
    Segment,
    Source,
    Target,
    Verbose,
    WordName,
    WordState,
    align_by,
    check_dictionary,
    computing,
    say,
)
from alignfreeze.encoders.settings import PAPER_MAX_LENGTH
from alignfreeze.realignment.settings import RealignmentSettings
from alignfreeze.support.errors import InputError

DEFAULTS = RealignmentSettings()


def parse_freeze(text: str) -> str | Sequence[int] | Mapping[str, Any]:
    """What is frozen, as the library takes it.

    Parameters
    ----------
    text : str
        Value of `--freeze`.

    Returns
    -------
    str or sequence of int or mapping from str to object
        Any other text is returned as it stands; whether it is a strategy is checked later.

    Examples
    --------
    >>> parse_freeze("front"), parse_freeze("0:6"), parse_freeze("only=7"), parse_freeze("random=6,seed=1")
    ('front', [0, 6], {'only': [7]}, {'random': 6, 'seed': 1})
    """
    if re.fullmatch(r"\d+:\d+", text):
        return [int(number) for number in text.split(":")]
    if found := re.fullmatch(r"(blocks|only)=(\d+(?:,\d+)*)", text):
        return {found[1]: [int(number) for number in found[2].split(",")]}
    if found := re.fullmatch(r"random=(\d+)(?:,seed=(\d+))?", text):
        return {"random": int(found[1]), "seed": int(found[2] or 0)}
    return text


def describe(files: Sequence[Path | None], links: object) -> str:
    """What the model card says of the data where the user says nothing.

    Parameters
    ----------
    files : sequence of Path or None
        Files of the bitext; None is passed over.
    links : object
        File of the links, or name of the aligner.

    Returns
    -------
    str

    Examples
    --------
    >>> describe([Path("data/en.txt"), Path("data/de.txt")], "fastalign")
    'en.txt, de.txt; word links: fastalign'
    """
    return f"{', '.join(file.name for file in files if file)}; word links: {links}"


def run(
    source: Source,
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for the realigned encoder.")],
    target: Target = None,
    revision: Revision = None,
    language: Annotated[str, typer.Option(help="Code of the target language, for the model card.")] = "und",
    segment: Segment = None,
    sample: Sample = None,
    alignments: Annotated[Path | None, typer.Option(help="Links of your own (Pharaoh lines), no aligner.")] = None,
    aligner: AlignerName = Aligner.awesome,
    dictionary: Dictionary = None,
    freeze: Annotated[
        str,
        typer.Option(
            help="full (nothing), front, back, blocks FIRST:END, blocks=1,3,5, random=6,seed=0, or only=7 (all others)."
        ),
    ] = "front",
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps; one pass by default.")] = None,
    learning_rate: Annotated[float, typer.Option(min=0, help="Constant, Adam.")] = DEFAULTS.learning_rate,
    batch_size: Annotated[int, typer.Option(min=1, help="Sentence pairs.")] = DEFAULTS.batch_size,
    objective: Annotated[
        Objective,
        typer.Option(help="What finds its translation: linked words, or whole sentences, without an aligner."),
    ] = Objective.words,
    word: WordName = WordState.first,
    max_length: MaxLength = PAPER_MAX_LENGTH,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 31,
    description: Annotated[str, typer.Option(help="Name and licence of the data, for the model card.")] = "",
    device: DeviceName = Device.auto,
    verbose: Verbose = False,
) -> None:
    """Realign an encoder: translated words get similar vectors, frozen blocks stay as they are."""
    check_dictionary(aligner, dictionary)
    by_sentence = objective is Objective.sentences
    if by_sentence and (alignments is not None or aligner is not Aligner.awesome):
        raise InputError("--objective sentences uses no word links; leave --alignments and --aligner out")
    if alignments is not None and sample is not None:
        raise InputError("--alignments and --sample: links belong to all lines; give one of the two")
    with computing(device, verbose) as place:
        from alignfreeze.interface.bitext import load_bitext, load_links
        from alignfreeze.interface.encoder import check_new_folder, load_encoder
        from alignfreeze.interface.training import check_realignment, realign

        check_new_folder(out)
        bitext = load_bitext(source, target, segment=segment, sample=sample, seed=seed)
        encoder = load_encoder(model, revision=revision)
        settings: dict[str, Any] = {
            "freeze": parse_freeze(freeze),
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "objective": objective.value,
            "word": word.value,
        }
        check_realignment(encoder, max_length, settings)  # before the bitext is aligned
        if by_sentence:
            links, used = None, "none"
        elif alignments is None:
            links, used = align_by(aligner, bitext, encoder, dictionary, place), aligner.value
        else:
            links, used = load_links(alignments, bitext), str(alignments)
        realigned = realign(
            encoder,
            {language: bitext},
            alignments=None if links is None else {language: links},
            steps=steps,
            seed=seed,
            max_length=max_length,
            device=place,
            out=out,
            description=description or describe([source, target], used),
            **settings,
        )
    training = realigned.trainings[-1]
    losses = f"loss {training.loss[0][1]:.3f} to {training.loss[-1][1]:.3f}"
    say(f"{out}: {training.steps:,} steps on {len(bitext):,} sentence pairs, {losses}")
