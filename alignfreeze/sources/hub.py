"""Rows of hub datasets (Parquet), read by `datasets`, as the plain files that everything downstream reads."""

from __future__ import annotations

import glob
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import datasets

from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import SHOWN, InputError, quoted

logger = logging.getLogger(__name__)
ROWS = 10_000  # read at a time
CLASSES = ("ner_tags", "label")  # columns of classes, which the hub numbers
LINE_BREAKS = re.compile(r"[\r\n]+")
WHITE_SPACE = re.compile(r"[\t\r\n]+")
Row = dict[str, Any]


def shards_of(folder: str | Path) -> list[Path]:
    """Return the Parquet files of a split, in order.

    Parameters
    ----------
    folder : str or Path
        Where the dataset's split was fetched to.

    Returns
    -------
    list of Path
        Sorted by name.

    Raises
    ------
    InputError
        There is none.
    """
    paths = sorted(Path(folder).glob("*.parquet"))
    if not paths:
        raise InputError(f"{folder}: no Parquet file; delete the folder to fetch it again")
    return paths


def write_lines(shards: Sequence[Path], path: str | Path, side: str) -> None:
    """Write one side of a parallel corpus, a sentence a line; both sides have the same lines.

    Parameters
    ----------
    shards : sequence of Path
        Parquet files with a column `translation` that holds a text for each language.
    path : str or Path
        The file.
    side : str
        Language to write.

    Raises
    ------
    InputError
        A shard cannot be read or has not these columns, or has no such language.
    """

    def line_of(row: Row) -> str:
        if side not in row["translation"]:
            raise InputError(f"no language {side}; found {', '.join(row['translation'])}: check side and subset")
        return LINE_BREAKS.sub(" ", row["translation"][side] or "").strip(" ") + "\n"

    with _new_text(path) as file:
        file.writelines(_each(shards, {"translation": "a text by language"}, line_of))


def write_bio(shards: Sequence[Path], path: str | Path) -> None:
    """Write `word<TAB>tag` lines with a blank line after each sentence.

    Parameters
    ----------
    shards : sequence of Path
        Parquet files with the columns tokens and ner_tags (names, or classes with names).
    path : str or Path
        The file.

    Raises
    ------
    InputError
        A shard cannot be read or has not these columns.
    """

    def sentence_of(row: Row) -> str:
        # A word must not vanish with its tag.
        words = [WHITE_SPACE.sub(" ", word).strip(" ") or "_" for word in row["tokens"]]
        return "".join(f"{word}\t{_text(tag)}\n" for word, tag in zip(words, row["ner_tags"], strict=True)) + "\n"

    with _new_text(path) as file:
        file.writelines(_each(shards, {"tokens": "words", "ner_tags": "BIO tags"}, sentence_of))


def write_nli(shards: Sequence[Path], path: str | Path) -> None:
    """Write a table premise, hypothesis, label (tabs, no quoting); rows without a label are dropped and counted.

    Parameters
    ----------
    shards : sequence of Path
        Parquet files with these columns; the label is a name, or a class with a name.
    path : str or Path
        The file.

    Raises
    ------
    InputError
        A shard cannot be read or has not these columns.
    """
    columns = {"premise": "text", "hypothesis": "text", "label": "a class"}

    def fields_of(row: Row) -> list[str] | None:
        if row["label"] is None:
            return None
        return [*(WHITE_SPACE.sub(" ", row[name]).strip(" ") for name in ("premise", "hypothesis")), row["label"]]

    dropped = 0
    with _new_text(path) as file:
        file.write("\t".join(columns) + "\n")
        for fields in _each(shards, columns, fields_of):
            if fields is None:
                dropped += 1
            else:
                file.write("\t".join(fields) + "\n")
    logger.info("%s: dropped %d rows without a label", path, dropped)


def write_squad(shards: Sequence[Path], path: str | Path) -> None:
    """Write SQuAD v1.1 JSON.

    Parameters
    ----------
    shards : sequence of Path
        Parquet files with the columns id, context, question, answers (text, answer_start).
    path : str or Path
        The file.

    Raises
    ------
    InputError
        A shard cannot be read or has not these columns.
    """
    columns = {"id": "text", "context": "text", "question": "text", "answers": "text and answer_start"}

    def question_of(row: Row) -> tuple[str, Row]:
        answers = zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True)
        return _text(row["context"]), {
            "id": _text(row["id"]),
            "question": _text(row["question"]),
            "answers": [{"text": _text(text), "answer_start": start} for text, start in answers],
        }

    paragraphs = [
        {"context": context, "qas": [question for _, question in group]}
        for context, group in groupby(_each(shards, columns, question_of), key=lambda pair: pair[0])
    ]
    with _new_text(path) as file:
        json.dump({"version": "1.1", "data": [{"title": "", "paragraphs": paragraphs}]}, file, ensure_ascii=False)


@contextmanager
def _new_text(path: str | Path) -> Iterator[TextIO]:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def _each(shards: Sequence[Path], columns: Mapping[str, str], convert: Callable[[Row], Any]) -> Iterator[Any]:
    """Yield what each row of all shards is converted to.

    Parameters
    ----------
    shards : sequence of Path
        Parquet files.
    columns : mapping from str to str
        Columns that are needed, and what each must hold.
    convert : callable
        A row to its conversion; classes have their names.
    """
    datasets.logging.set_verbosity(logging.CRITICAL)  # what fails is raised, too
    datasets.disable_progress_bars()
    wanted = ", ".join(f"{name} ({content})" for name, content in columns.items())
    with TemporaryDirectory(prefix="alignfreeze-datasets-") as cache:
        for path in shards:
            for number, row in enumerate(_rows(path, columns, wanted, cache), 1):
                try:
                    yield convert(row)
                except InputError as error:
                    raise InputError(f"{path}: row {number}: {error}") from None
                except (TypeError, KeyError, ValueError, AttributeError) as error:
                    raise InputError(
                        f"{path}: row {number}: not of the wanted form ({_reason(error)}), which is {wanted}: "
                        "check format in the configuration"
                    ) from error


def _rows(path: Path, columns: Mapping[str, str], wanted: str, cache: str) -> Iterator[Row]:
    """Yield the rows of one Parquet file, the numbers of classes replaced by their names.

    It is streamed: a split of any size is read in parts, and no second copy of it is written.
    """
    try:
        # Not load_dataset, which tells a server of every file that it reads.
        data = datasets.IterableDataset.from_parquet(glob.escape(str(path)), cache_dir=cache)
        features = dict(data.features)
        if missing := [name for name in columns if name not in features]:
            raise InputError(
                f"{path}: no column {', '.join(missing)}; found {', '.join(features)}, wanted {wanted}: "
                "check format in the configuration"
            )
        named = {name: _namer(path, name, features[name]) for name in columns if name in CLASSES}
        for batch in data.select_columns(list(columns)).iter(ROWS):
            for values in zip(*(batch[name] for name in columns), strict=True):
                row = dict(zip(columns, values, strict=True))
                yield row | {name: name_of(row[name]) for name, name_of in named.items()}
    except InputError:
        raise
    except Exception as error:  # a damaged file fails anywhere in the libraries that read it
        raise InputError(
            f"{path}: not a Parquet file, or a damaged one ({_reason(error)}); delete its folder to fetch it again"
        ) from error


def _namer(path: Path, column: str, feature: Any) -> Callable[[Any], Any]:
    """Return what gives the names of a column's classes; -1 is no class. Text passes unchanged."""
    if isinstance(feature, datasets.List):
        name_of = _namer(path, column, feature.feature)
        return lambda numbers: [name_of(number) for number in numbers]
    if isinstance(feature, datasets.ClassLabel):
        return lambda number: None if number in (None, -1) else feature.int2str(number)
    if feature == datasets.Value("string"):
        return lambda text: text
    raise InputError(f"{path}: the schema does not name the classes of column {column}; use files of your own")


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise TypeError(f"{quoted(content)} is no text")
    return content


def _reason(error: Exception) -> str:
    """First line of an error, cut."""
    return " ".join((str(error) or type(error).__name__).split())[:SHOWN]
