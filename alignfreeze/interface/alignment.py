"""Word alignment for the public interface: one function over the three aligners."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from alignfreeze.aligners import awesome, fastalign
from alignfreeze.aligners.dictionary import align as align_by_dictionary
from alignfreeze.aligners.dictionary import read_dictionary
from alignfreeze.data.bitext import Bitext, write_bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.encoders.loading import encoder_blocks, positions
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.interface.arguments import check_names, kind
from alignfreeze.interface.encoder import EncoderSource, as_device, load_encoder
from alignfreeze.support.errors import InputError


def align(bitext: Bitext, aligner: str = "awesome", **settings: Any) -> list[Links]:
    """Word alignments of all pairs of a bitext.

    Parameters
    ----------
    bitext : Bitext
        See `load_bitext`.
    aligner : str
        `awesome`: similarity of an encoder's states (Dou and Neubig 2021); `fastalign`: statistics of this bitext
        alone (Dyer et al. 2013); `dictionary`: a bilingual dictionary.
    **settings
        For `awesome`: `encoder` (as `load_encoder` takes it; needed), `layer` (index into `hidden_states`; half of the
        blocks by default), `extraction` (`softmax` or `argmax`), `threshold` (probability, for `softmax`), `device`.
        For `fastalign`: `iterations` (passes of expectation maximisation). For `dictionary`: `dictionary` (path of a
        file in MUSE's format, or a dict from a lower-case word to its translations; needed).

    Returns
    -------
    list of list of tuple
        For each pair its links (source word, target word), numbered from 0.

    Raises
    ------
    TypeError
        An argument of the wrong kind, or a setting that the aligner does not have.
    InputError
        An unknown aligner, or a damaged file.

    Examples
    --------
    >>> from alignfreeze import load_bitext
    >>> bitext = load_bitext(["a cat sleeps"], ["eine Katze schläft"])
    >>> align(bitext, "dictionary", dictionary={"cat": ["katze"], "sleeps": ["schläft"]})
    [[(1, 1), (2, 2)]]
    """
    if not isinstance(bitext, Bitext):
        raise TypeError(f"bitext: {kind(bitext)} found; give a Bitext, as load_bitext returns it")
    if aligner not in ALIGNERS:
        raise InputError(f"aligner: {aligner!r} found; allowed are {', '.join(ALIGNERS)}")
    function = ALIGNERS[aligner]
    parameters = dict(list(inspect.signature(function).parameters.items())[1:])
    check_names(settings, parameters.keys(), f"aligner {aligner}")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in settings:
            raise TypeError(f"aligner {aligner} needs {name}=")
    return list(function(bitext, **settings))


def _awesome(
    bitext: Bitext,
    encoder: EncoderSource,
    layer: int | None = None,
    extraction: awesome.Extraction = "softmax",
    threshold: float = 1e-3,
    device: str | torch.device = "auto",
) -> Iterator[Links]:
    loaded = load_encoder(encoder)
    chosen = len(encoder_blocks(loaded.model)) // 2 if layer is None else layer
    tokenizer = WordTokenizer(loaded.tokenizer, positions(loaded.model.config))
    return awesome.align(bitext, loaded.model, tokenizer, chosen, as_device(device), extraction, threshold)


def _fastalign(bitext: Bitext, iterations: int = 5) -> Iterator[Links]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bitext.parquet"
        write_bitext(path, [bitext])
        return fastalign.align(bitext, fastalign.fit(path, iterations))


def _dictionary(bitext: Bitext, dictionary: str | Path | dict[str, Any]) -> Iterator[Links]:
    if isinstance(dictionary, str | Path):
        entries = read_dictionary(dictionary)
    elif isinstance(dictionary, dict):
        entries = {
            word.lower(): frozenset(map(str.lower, [found] if isinstance(found, str) else found))
            for word, found in dictionary.items()
        }
    else:
        raise TypeError(f"dictionary: {kind(dictionary)} found; give a path or a dict of words to their translations")
    return align_by_dictionary(bitext, entries)


ALIGNERS: dict[str, Callable[..., Iterator[Links]]] = {
    "awesome": _awesome,
    "fastalign": _fastalign,
    "dictionary": _dictionary,
}
