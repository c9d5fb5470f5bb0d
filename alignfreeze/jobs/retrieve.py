"""Word retrieval of one encoder on gold-linked sentences, at the middle and the last block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.encoders.loading import load_encoder, load_tokenizer
from alignfreeze.encoders.retrieval import retrieval_by_language
from alignfreeze.encoders.settings import Word
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.support.devices import torch_device


def retrieve(
    encoder: str | Path,
    gold: Mapping[str, tuple[Bitext, Sequence[Links]]],
    *,
    max_length: int,
    word: Word,
    device: str | None,
) -> list[dict[str, Any]]:
    """Retrieval accuracy of an encoder, one row per language and layer.

    Parameters
    ----------
    encoder : str or Path
        Encoder with its tokenizer.
    gold : mapping
        Language -> sentences and their links.
    max_length : int
        Subwords of a sentence; what comes after is cut.
    word : Word
        Which subwords represent a word.
    device : str or None
        Name of the claimed GPU; None for the CPU.

    Returns
    -------
    list of dict
        `language`, `layer` (index into `hidden_states`), `place` (`middle` or `last`), `accuracy` (mean of the two
        directions, 0 to 1), the directions and the number of words asked for.
    """
    model = load_encoder(encoder)
    tokenizer = WordTokenizer(load_tokenizer(encoder), max_length)
    last = len(encoder_blocks(model))
    places = {last // 2: "middle", last: "last"}
    found = retrieval_by_language(model, gold, tokenizer, list(places), torch_device(device), word)
    return [
        {
            "language": language,
            "layer": layer,
            "place": places[layer],
            "accuracy": score.mean,
            "source_to_target": score.source_to_target,
            "target_to_source": score.target_to_source,
            "n_source_words": score.source_words,
            "n_target_words": score.target_words,
        }
        for language, scores in found.items()
        for layer, score in scores.items()
    ]
