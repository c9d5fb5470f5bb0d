"""Rows of hub datasets (Parquet), read by `datasets`, as the plain files that everything downstream reads."""

from __future__ import annotations

import glob
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import datasets

from alignfreeze.sources.formats import COLUMNS, format_of_ending
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import SHOWN, InputError, quoted

logger = logging.getLogger(__name__)
ROWS = 10_000  # read at a time
CLASSES = ("tags", "label")  # columns of classes, which the hub numbers
LINE_BREAKS = re.compile(r"[\r\n]+")
WHITE_SPACE = re.compile(r"[\t\r\n]+")
Row = dict[str, Any]


@dataclass(frozen=True)
class Columns:
    """How a dataset names what its rows hold.

    Attributes
    ----------
    names : mapping from str to str
        Our name of a column -> the dataset's, where it is another.
    labels : sequence of str or None
        Names of the classes 0, 1, 2 and so on, in place of those of the schema.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[str] | None = None

    def of(self, name: str) -> str:
        """The dataset's name of a column.

        Parameters
        ----------
        name : str
            Ours.

        Returns
        -------
        str
        """
        return self.names.get(name, name)


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
        file.writelines(_each(shards, {"translation": "a text by language"}, line_of, Columns()))


def write_tagged(shards: Sequence[Path], path: str | Path, columns: Columns) -> None:
    """Write `word<TAB>tag` lines with a blank line after each sentence.

    Parameters
    ----------
    shards : sequence of Path
        Parquet files with columns of words and tags (names, or classes with names).
    path : str or Path
        The file.
    columns : Columns
        Names of `words` and `tags`.

    Raises
    ------
    InputError
        A shard cannot be read or has not these columns.
    """

    def sentence_of(row: Row) -> str:
        # A word must not vanish with its tag.
        words = [WHITE_SPACE.sub(" ", word).strip(" ") or "_" for word in row["words"]]
        return "".join(f"{word}\t{_text(tag)}\n" for word, tag in zip(words, row["tags"], strict=True)) + "\n"

    with _new_text(path) as file:
        file.writelines(_each(shards, {"words": "words", "tags": "a tag for each word"}, sentence_of, columns))


def write_labelled(shards: Sequence[Path], path: str | Path, texts: Sequence[str], columns: Columns) -> None:
    """Write a table of texts and label (tabs, no quoting); rows without a label are dropped and counted.

    Parameters
    ----------
    shards : sequence of Path
        Parquet files with these columns; the label is a name, or a class with a name.
    path : str or Path
        The file.
    texts : sequence of str
        Names of the table's columns with text, such as premise and hypothesis.
    columns : Columns
        Names of these and of `label` in the dataset.

    Raises
    ------
    InputError
        A shard cannot be read or has not these columns.
    """
    contents = dict.fromkeys(texts, "text") | {"label": "a class"}

    def fields_of(row: Row) -> list[str] | None:
        if row["label"] is None:
            return None
        return [WHITE_SPACE.sub(" ", row[name]).strip(" ") for name in contents]

    dropped = 0
    with _new_text(path) as file:
        file.write("\t".join(contents) + "\n")
        for fields in _each(shards, contents, fields_of, columns):
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
        for context, group in groupby(_each(shards, columns, question_of, Columns()), key=lambda pair: pair[0])
    ]
    with _new_text(path) as file:
        json.dump({"version": "1.1", "data": [{"title": "", "paragraphs": paragraphs}]}, file, ensure_ascii=False)


def convert(
    folder: str | Path, path: str | Path, ending: str, names: Mapping[str, str], labels: Sequence[str] | None
) -> None:
    """Write the rows of a split in the format that a file's ending says.

    Parameters
    ----------
    folder : str or Path
        Folder with the Parquet files.
    path : str or Path
        The file.
    ending : str
        One of `alignfreeze.sources.settings.ENDINGS`.
    names : mapping from str to str
        Our name of a column -> the dataset's.
    labels : sequence of str or None
        Names of numbered classes.

    Raises
    ------
    InputError
        A shard cannot be read or is of another form.
    """
    shards, columns = shards_of(folder), Columns(names, labels)
    match form := format_of_ending(ending):
        case "tags" | "bio":
            write_tagged(shards, path, columns)
        case "sentences" | "nli":
            write_labelled(shards, path, [name for name in COLUMNS[form] if name != "label"], columns)
        case "squad":
            write_squad(shards, path)
        case _:
            write_lines(shards, path, ending.removesuffix(".txt"))


@contextmanager
def _new_text(path: str | Path) -> Iterator[TextIO]:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def _each(
    shards: Sequence[Path], contents: Mapping[str, str], convert: Callable[[Row], Any], columns: Columns
) -> Iterator[Any]:
    """Yield what each row of all shards is converted to.

    Parameters
    ----------
    shards : sequence of Path
        Parquet files.
    contents : mapping from str to str
        Columns that are needed, by our names, and what each must hold.
    convert : callable
        A row, by our names, to its conversion; classes have their names.
    columns : Columns
        The dataset's names.
    """
    datasets.logging.set_verbosity(logging.CRITICAL)  # what fails is raised, too
    datasets.disable_progress_bars()
    wanted = ", ".join(f"{columns.of(name)} ({content})" for name, content in contents.items())
    with TemporaryDirectory(prefix="alignfreeze-datasets-") as cache:
        for path in shards:
            for number, row in enumerate(_rows(path, list(contents), wanted, columns, cache), 1):
                try:
                    yield convert(row)
                except InputError as error:
                    raise InputError(f"{path}: row {number}: {error}") from None
                except (TypeError, KeyError, ValueError, AttributeError) as error:
                    raise InputError(
                        f"{path}: row {number}: not of the wanted form ({_reason(error)}), which is {wanted}: "
                        "check format and columns in the configuration"
                    ) from error


def _rows(path: Path, ours: Sequence[str], wanted: str, columns: Columns, cache: str) -> Iterator[Row]:
    """Yield the rows of one Parquet file, the numbers of classes replaced by their names.

    It is streamed: a split of any size is read in parts, and no second copy of it is written.
    """
    try:
        # Not load_dataset, which tells a server of every file that it reads.
        data = datasets.IterableDataset.from_parquet(glob.escape(str(path)), cache_dir=cache)
        features = dict(data.features)
        theirs = [columns.of(name) for name in ours]
        if missing := [name for name in theirs if name not in features]:
            raise InputError(
                f"{path}: no column {', '.join(missing)}; found {', '.join(features)}, wanted {wanted}: "
                "check format and columns in the configuration"
            )
        named = {
            name: _namer(path, columns.of(name), features[columns.of(name)], columns.labels)
            for name in ours
            if name in CLASSES
        }
        for batch in data.select_columns(theirs).iter(ROWS):
            for values in zip(*(batch[name] for name in theirs), strict=True):
                row = dict(zip(ours, values, strict=True))
                yield row | {name: name_of(row[name]) for name, name_of in named.items()}
    except InputError:
        raise
    except Exception as error:  # a damaged file fails anywhere in the libraries that read it
        raise InputError(
            f"{path}: not a Parquet file, or a damaged one ({_reason(error)}); delete its folder to fetch it again"
        ) from error


def _namer(path: Path, column: str, feature: Any, labels: Sequence[str] | None) -> Callable[[Any], Any]:
    """Return what gives the names of a column's classes; -1 is no class. Text passes unchanged."""
    if isinstance(feature, datasets.List):
        name_of = _namer(path, column, feature.feature, labels)
        return lambda numbers: [name_of(number) for number in numbers]
    if feature == datasets.Value("string"):
        return lambda text: text
    is_named = isinstance(feature, datasets.ClassLabel)
    if not is_named and not (labels is not None and isinstance(feature, datasets.Value) and "int" in feature.dtype):
        raise InputError(
            f"{path}: the schema does not name the classes of column {column}; give labels in the configuration"
        )
    names = labels if labels is not None else feature.names

    def name_of_class(number: int | None) -> str | None:
        if number in (None, -1):
            return None
        if not 0 <= number < len(names):
            raise InputError(f"{path}: class {number} of column {column} has no name; the names are {', '.join(names)}")
        return names[number]

    return name_of_class


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise TypeError(f"{quoted(content)} is no text")
    return content


def _reason(error: Exception) -> str:
    """First line of an error, cut."""
    return " ".join((str(error) or type(error).__name__).split())[:SHOWN]
