"""Evaluation, word retrieval and comparisons for the public interface; the results are tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase

from alignfreeze.analysis.rows import table_of
from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import Links
from alignfreeze.diagnostics.representation import LayerRow, Movement, block_movements, compare_layers
from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.encoders.blocks import layer_index
from alignfreeze.encoders.loading import check_length
from alignfreeze.encoders.retrieval import retrieval_by_language
from alignfreeze.encoders.settings import PAPER_MAX_LENGTH, Word
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.interface.arguments import by_language, kind
from alignfreeze.interface.encoder import EncoderSource, TaskModel, as_device, load_encoder, load_task_model
from alignfreeze.kinds import load_task
from alignfreeze.support.errors import InputError

VALUE = "value"
KEYS = ("language", "metric", "layer")


def evaluate(
    model: TaskModel | str | Path,
    test: str | Path | Mapping[str, str | Path],
    *,
    items: int | None = None,
    source: str = "en",
    device: str | torch.device = "auto",
    revision: str | None = None,
) -> pd.DataFrame:
    """Scores of a fine-tuned model on test data of one or more languages.

    Parameters
    ----------
    model : TaskModel, str or Path
        What `finetune` returned, its folder, or its name on the hub.
    test : str, Path or dict of str to path
        Test data in the task's format, by language code where there are several.
    items : int, optional
        Only the first examples of each file.
    source : str
        Language that the model was fine-tuned in.
    device : str or torch.device
        See `realign`.
    revision : str, optional
        See `load_encoder`.

    Returns
    -------
    pandas.DataFrame
        Columns language, metric, value (0 to 1) and n (scored items).

    Raises
    ------
    TypeError, InputError
        An argument of the wrong kind; a file that cannot be read.
    """
    files: dict[str, str | Path] = by_language(test, "test", (str, Path), "the path of a file")
    tuned, place = load_task_model(model, revision=revision), as_device(device)
    task = load_task(tuned.task, tuned.encoding)
    tokenizer = task.evaluation_tokenizer(tuned.tokenizer, tuned.model.config)
    tuned.model.eval().to(place)
    rows: list[dict[str, Any]] = []
    for language, path in files.items():
        scores = task.evaluate(
            tuned.model, task.read_first(path, language, items), tokenizer, place, language == source
        )
        rows += [
            {"language": language, "metric": metric, VALUE: value, "n": n} for metric, (value, n) in scores.items()
        ]
    return pd.DataFrame(rows)


def retrieve(
    model: EncoderSource,
    gold: tuple[Bitext, Sequence[Links]] | Mapping[str, tuple[Bitext, Sequence[Links]]],
    *,
    layers: Sequence[int] | None = None,
    max_length: int = PAPER_MAX_LENGTH,
    word: Word = "first",
    device: str | torch.device = "auto",
    tokenizer: PreTrainedTokenizerBase | None = None,
    revision: str | None = None,
) -> pd.DataFrame:
    """Word retrieval: how often a word's nearest one among all words of the other side is its translation.

    Parameters
    ----------
    model : str, Path, PreTrainedModel or Encoder
        See `load_encoder`.
    gold : tuple of Bitext and links, or dict of str to these
        Sentences with gold links, see `load_gold`; by language code where there are several.
    layers : sequence of int, optional
        Indices into `hidden_states`; by default the middle and the last one.
    max_length : int
        Subwords of a sentence; words after the cut count as missed.
    word : str
        State of a word: `first` or `last` (subword), or `mean` (of all).
    device : str or torch.device
        `auto`, `cpu` or `cuda`.
    tokenizer : PreTrainedTokenizerBase, optional
        Of a model in memory; see `load_encoder`.
    revision : str, optional
        Commit of a model on the hub; the newest by default.

    Returns
    -------
    pandas.DataFrame
        Columns language, metric (`retrieval`, the mean of both directions), layer, value (0 to 1) and n (words asked
        for, of both sides).

    Raises
    ------
    TypeError, InputError
        An argument of the wrong kind; layers that the encoder does not have.
    """
    sentences = _gold_by_language(gold)
    if word not in get_args(Word):
        raise InputError(f"word: {word!r} found; allowed are {', '.join(get_args(Word))}")
    encoder, place = load_encoder(model, tokenizer, revision=revision), as_device(device)
    check_length(encoder.model.config, max_length)
    blocks = len(encoder_blocks(encoder.model))
    chosen = [blocks // 2, blocks] if layers is None else [layer_index(layer, blocks) for layer in layers]
    words = WordTokenizer(encoder.tokenizer, max_length)
    encoder.model.eval().to(place)
    found = retrieval_by_language(encoder.model, sentences, words, chosen, place, word)
    return pd.DataFrame(
        {
            "language": language,
            "metric": "retrieval",
            "layer": layer,
            VALUE: score.mean,
            "n": score.source_words + score.target_words,
        }
        for language, scores in found.items()
        for layer, score in scores.items()
    )


def diagnose(
    before: EncoderSource,
    after: EncoderSource,
    gold: tuple[Bitext, Sequence[Links]] | Mapping[str, tuple[Bitext, Sequence[Links]]] | None = None,
    *,
    sentences: int | None = None,
    max_length: int = PAPER_MAX_LENGTH,
    device: str | torch.device = "auto",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a realignment did to each layer and block of an encoder.

    Parameters
    ----------
    before, after : str, Path, PreTrainedModel or Encoder
        An encoder and its realigned version; see `load_encoder`.
    gold : tuple of Bitext and links, or dict of str to these, optional
        Sentences with gold links, see `load_gold`; by language code where there are several. Without them the weights
        alone are compared.
    sentences : int, optional
        Only so many of the first sentences of each language.
    max_length : int
        Subwords of a sentence; words after the cut count as missed.
    device : str or torch.device
        See `realign`.

    Returns
    -------
    tuple of pandas.DataFrame
        By language and layer (0 is the embeddings): retrieval and linear CKA of linked words before and after, and CKA
        of the target language's words before with the same after. By block: how far its weights moved.

    Raises
    ------
    TypeError, InputError
        An argument of the wrong kind; encoders that are not versions of one.
    """
    data = {} if gold is None else _gold_by_language(gold)
    encoders, place = [load_encoder(model) for model in (before, after)], as_device(device)
    moved = block_movements(*(encoder.model for encoder in encoders))
    for encoder in encoders:
        check_length(encoder.model.config, max_length)
    first, second = ((encoder.model, WordTokenizer(encoder.tokenizer, max_length)) for encoder in encoders)
    chosen = {
        language: (Bitext(bitext.source[:sentences], bitext.target[:sentences]), links[:sentences])
        for language, (bitext, links) in data.items()
    }
    return table_of(LayerRow, compare_layers(first, second, chosen, place)), table_of(Movement, moved)


def _gold_by_language(
    gold: tuple[Bitext, Sequence[Links]] | Mapping[str, tuple[Bitext, Sequence[Links]]],
) -> Mapping[str, tuple[Bitext, Sequence[Links]]]:
    """Check gold-linked sentences, and name the language of a single one."""
    sentences: dict[str, tuple[Bitext, Sequence[Links]]] = by_language(
        gold, "gold", tuple, "a bitext with its links, as load_gold returns them"
    )
    for language, parts in sentences.items():
        if len(parts) != 2 or not isinstance(parts[0], Bitext):
            raise TypeError(f"gold, {language}: give a bitext with its links, as load_gold returns them")
        if len(parts[0]) != len(parts[1]):
            raise InputError(f"gold, {language}: links of {len(parts[1])} pairs, but the bitext has {len(parts[0])}")
    return sentences


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Two tables of `evaluate` or `retrieve` side by side.

    Parameters
    ----------
    before, after : pandas.DataFrame
        Tables with the same rows, of two models. They say nothing about chance: one model each is one seed each.

    Returns
    -------
    pandas.DataFrame
        Columns language, metric (and layer), before, after, difference (after - before) and n.

    Raises
    ------
    TypeError
        Not tables of `evaluate` or `retrieve`.
    InputError
        A row that one table has and the other has not, or that was scored over another number of items.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"language": "de", "metric": "accuracy", "n": 8}
    >>> found = compare(pd.DataFrame([row | {"value": 0.5}]), pd.DataFrame([row | {"value": 0.75}]))
    >>> float(found.difference.iloc[0])
    0.25
    """
    for name, table in (("before", before), ("after", after)):
        if not isinstance(table, pd.DataFrame):
            raise TypeError(f"{name}: {kind(table)} found; give a table of evaluate or retrieve")
        if not {"language", "metric", VALUE, "n"} <= set(table.columns):
            raise TypeError(
                f"{name}: columns {', '.join(map(str, table.columns))}; give a table of evaluate or retrieve"
            )
    keys = [*(key for key in KEYS if key in before.columns), "n"]
    if not set(keys) <= set(after.columns):
        raise InputError("before, after: one has layers, the other has not; compare tables of one function")
    both = before[[*keys, VALUE]].merge(after[[*keys, VALUE]], on=keys, how="outer", indicator=True, sort=False)
    for _, row in both[both["_merge"] != "both"].iterrows():
        place = ", ".join(f"{key} {row[key]}" for key in keys)
        side = "before" if row["_merge"] == "left_only" else "after"
        raise InputError(f"{place}: only in the table {side}; score both models on the same data")
    both = both.rename(columns={f"{VALUE}_x": "before", f"{VALUE}_y": "after"}).drop(columns="_merge")
    both["difference"] = both["after"] - both["before"]
    return both[[*keys[:-1], "before", "after", "difference", "n"]]
