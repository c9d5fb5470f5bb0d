"""Rows of hub datasets (Parquet) as the plain files that everything downstream reads."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError

logger = logging.getLogger(__name__)
ROWS = 10_000
LINE_BREAKS = re.compile(r"[\r\n]+")
WHITE_SPACE = re.compile(r"[\t\r\n]+")


def shards_of(folder: str | Path) -> list[Path]:
    """Parquet files of a split, in order."""
    paths = sorted(Path(folder).glob("*.parquet"))
    if not paths:
        raise InputError(f"{folder}: no Parquet file; delete the folder to fetch it again")
    return paths


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except pa.ArrowException as error:
        raise InputError(f"{path}: not a Parquet file ({str(error).splitlines()[0]})") from error


def _rows(shards: Sequence[Path], columns: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Rows of all shards; `columns` maps each column that is needed to what it must hold."""
    for path in shards:
        with _readable(path), pq.ParquetFile(path) as file:
            missing = [name for name in columns if name not in file.schema_arrow.names]
            if missing:
                wanted = ", ".join(f"{name} ({content})" for name, content in columns.items())
                raise InputError(
                    f"{path}: no column {', '.join(missing)}; found {', '.join(file.schema_arrow.names)}, "
                    f"wanted {wanted}: check format in the configuration"
                )
            for batch in file.iter_batches(ROWS, columns=list(columns)):
                yield from batch.to_pylist()


def _class_names(path: Path, column: str) -> list[str] | None:
    """Names of a column's classes, which the hub writes into the schema; None if it holds text or is not there."""
    with _readable(path):
        schema = pq.read_schema(path)
    if column not in schema.names:
        return None
    kind = schema.field(column).type
    if pa.types.is_string(kind) or (pa.types.is_list(kind) and pa.types.is_string(kind.value_type)):
        return None
    features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    feature = features.get(column, {})
    while "names" not in feature:  # a list of classes holds the class: {"feature": class} or [class]
        feature = feature.get("feature") if isinstance(feature, dict) else feature[0] if feature else None
        if feature is None:
            raise InputError(f"{path}: the schema does not name the classes of column {column}; use files of your own")
    return feature["names"]


def write_lines(shards: Sequence[Path], path: str | Path, side: str) -> None:
    """Write one side of a parallel corpus, a sentence a line; both sides have the same lines.

    Parameters
    ----------
    shards : Parquet files with a column `translation` that holds a text for each language.
    path : the file.
    side : language to write.
    """
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for row in _rows(shards, {"translation": "a text by language"}):
            if side not in row["translation"]:
                raise InputError(
                    f"{shards[0]}: no language {side}; found {', '.join(row['translation'])}: check side and subset"
                )
            file.write(LINE_BREAKS.sub(" ", row["translation"][side] or "").strip(" ") + "\n")


def write_bio(shards: Sequence[Path], path: str | Path) -> None:
    """Write `word<TAB>tag` lines with a blank line after each sentence; columns tokens and ner_tags."""
    names = _class_names(shards[0], "ner_tags")
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for row in _rows(shards, {"tokens": "words", "ner_tags": "BIO tags"}):
            for word, tag in zip(row["tokens"], row["ner_tags"], strict=True):
                # A word must not vanish with its tag.
                file.write(f"{WHITE_SPACE.sub(' ', word).strip(' ') or '_'}\t{names[tag] if names else tag}\n")
            file.write("\n")


def write_nli(shards: Sequence[Path], path: str | Path) -> None:
    """Write a table premise, hypothesis, label (tabs, no quoting); rows without a label are dropped, counted."""
    columns = {"premise": "text", "hypothesis": "text", "label": "a class"}
    names = _class_names(shards[0], "label")
    dropped = 0
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\t".join(columns) + "\n")
        for row in _rows(shards, columns):
            label = row["label"]
            if label is None or (names and label < 0):
                dropped += 1
                continue
            texts = [WHITE_SPACE.sub(" ", row[name]).strip(" ") for name in ("premise", "hypothesis")]
            file.write("\t".join([*texts, names[label] if names else label]) + "\n")
    logger.info("%s: dropped %d rows without a label", path, dropped)


def write_squad(shards: Sequence[Path], path: str | Path) -> None:
    """Write SQuAD v1.1 JSON; columns id, context, question, answers (text, answer_start)."""
    columns = {"id": "text", "context": "text", "question": "text", "answers": "text and answer_start"}
    paragraphs = []
    for context, rows in groupby(_rows(shards, columns), key=lambda row: row["context"]):
        questions = [
            {
                "id": row["id"],
                "question": row["question"],
                "answers": [
                    {"text": text, "answer_start": start}
                    for text, start in zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True)
                ],
            }
            for row in rows
        ]
        paragraphs.append({"context": context, "qas": questions})
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        json.dump({"version": "1.1", "data": [{"title": "", "paragraphs": paragraphs}]}, file, ensure_ascii=False)
