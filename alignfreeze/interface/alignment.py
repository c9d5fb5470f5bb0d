"""Word alignment for the public interface: one function over the three aligners."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignfreeze.aligners import fastalign
from alignfreeze.aligners.dictionary import align as align_by_dictionary
from alignfreeze.aligners.dictionary import make_dictionary, read_dictionary
from alignfreeze.aligners.settings import AwesomeSettings, DictionarySettings, FastAlignSettings
from alignfreeze.data.bitext import Bitext, write_bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.encoders.settings import DEFAULT_MAX_LENGTH
from alignfreeze.interface.arguments import check_names, kind, make_settings
from alignfreeze.support.errors import InputError
from alignfreeze.support.settings import Settings

if TYPE_CHECKING:
    import torch

    from alignfreeze.interface.encoder import EncoderSource


def align(bitext: Bitext, aligner: str = "awesome", **settings: Any) -> list[Links]:
    """Word alignments of all pairs of a bitext.

    Parameters
    ----------
    bitext : Bitext
        See `load_bitext`.
    aligner : str
        `awesome`: similarity of an encoder's states (Dou and Neubig 2021); `fastalign`: statistics of this bitext
        alone (Dyer et al. 2013); `dictionary`: a bilingual dictionary.
    **settings : object
        For `awesome`: `encoder` (as `load_encoder` takes it; needed), `device`, and the settings of
        `alignfreeze.aligners.settings.AwesomeSettings` (`layer`, half of the blocks by default; `extraction`;
        `threshold`). For `fastalign`: those of `FastAlignSettings` (`iterations`, `lowercase`). For `dictionary`:
        `dictionary` (path of a file in MUSE's format, or a dict from a word to its translations; needed) and those of
        `DictionarySettings` (`matching`).

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
    function, recipe = ALIGNERS[aligner]
    own = dict(list(inspect.signature(function).parameters.items())[2:])
    check_names(settings, own.keys() | recipe.model_fields.keys(), f"aligner {aligner}")
    for name, parameter in own.items():
        if parameter.default is parameter.empty and name not in settings:
            raise TypeError(f"aligner {aligner} needs {name}=")
    arguments = {name: settings.pop(name) for name in own if name in settings}
    return list(function(bitext, settings, **arguments))


def _awesome(
    bitext: Bitext, settings: Mapping[str, Any], encoder: EncoderSource, device: str | torch.device = "auto"
) -> Iterator[Links]:
    # Here, so that the other aligners do without PyTorch.
    from alignfreeze.aligners import awesome
    from alignfreeze.encoders.anatomy import encoder_blocks
    from alignfreeze.encoders.loading import positions
    from alignfreeze.encoders.subwords import WordTokenizer
    from alignfreeze.interface.encoder import as_device, load_encoder

    loaded = load_encoder(encoder)
    middle = {"layer": len(encoder_blocks(loaded.model)) // 2}
    chosen = make_settings(AwesomeSettings, {**middle, **settings})
    tokenizer = WordTokenizer(
        loaded.tokenizer, chosen.max_length or positions(loaded.model.config) or DEFAULT_MAX_LENGTH
    )
    return awesome.align(bitext, loaded.model, tokenizer, chosen, as_device(device))


def _fastalign(bitext: Bitext, settings: Mapping[str, Any]) -> Iterator[Links]:
    chosen = make_settings(FastAlignSettings, settings)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bitext.parquet"
        write_bitext(path, [bitext])
        fitted = fastalign.fit(path, chosen.iterations, chosen.lowercase)
        return fastalign.align(bitext, fitted, chosen.lowercase)


def _dictionary(
    bitext: Bitext, settings: Mapping[str, Any], dictionary: str | Path | Mapping[str, Any]
) -> Iterator[Links]:
    matching = make_settings(DictionarySettings, settings).matching
    if isinstance(dictionary, str | Path):
        return align_by_dictionary(bitext, read_dictionary(dictionary, matching))
    if not isinstance(dictionary, Mapping):
        raise TypeError(f"dictionary: {kind(dictionary)} found; give a path or a dict of words to their translations")
    entries = [
        (word, translation)
        for word, found in dictionary.items()
        for translation in ([found] if isinstance(found, str) else found)
    ]
    return align_by_dictionary(bitext, make_dictionary(entries, matching))


ALIGNERS: dict[str, tuple[Callable[..., Iterator[Links]], type[Settings]]] = {
    "awesome": (_awesome, AwesomeSettings),
    "fastalign": (_fastalign, FastAlignSettings),
    "dictionary": (_dictionary, DictionarySettings),
}
