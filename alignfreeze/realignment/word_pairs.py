"""From sentence pairs to training rows: the word pairs that realignment uses, or the sentences, as flat integers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from alignfreeze.data.bitext import Bitext, Sentence
from alignfreeze.data.pharaoh import Links, one_to_one
from alignfreeze.encoders.settings import Word
from alignfreeze.encoders.subwords import NO_SUBWORD, EncodedSentence, WordTokenizer
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError, damaged, quoted

logger = logging.getLogger(__name__)
COLUMNS = (
    "source_ids", "target_ids", "source_start", "source_end", "target_start", "target_end", "source_pairs",
    "target_pairs",
)  # fmt: skip
SCHEMA = pa.schema([(name, pa.list_(pa.int32())) for name in COLUMNS])


@dataclass(frozen=True)
class PairRow:
    """One sentence pair as realignment sees it; every field is int32.

    What is compared are words, or whole sentences: ranges [start, end) of subwords, each for its mean state.

    Attributes
    ----------
    source_ids, target_ids : numpy.ndarray
        Subwords with special tokens.
    source_start, source_end, target_start, target_end : numpy.ndarray
        Ranges of subwords: of each word that has one (see `EncodedSentence.ranges`), or one of the whole sentence.
    source_pairs, target_pairs : numpy.ndarray
        What is a translation of what, as numbers of source and of target ranges.
    """

    source_ids: np.ndarray
    target_ids: np.ndarray
    source_start: np.ndarray
    source_end: np.ndarray
    target_start: np.ndarray
    target_end: np.ndarray
    source_pairs: np.ndarray
    target_pairs: np.ndarray


def drop_identical(links: Links, source: Sentence, target: Sentence) -> Links:
    """Drop pairs of identical surface form (names, numbers, punctuation).

    Parameters
    ----------
    links : Links
        Word positions (source, target).
    source, target : Sentence
        Words of the two sentences.

    Returns
    -------
    Links
        The links that are left, in the same order.
    """
    return [(i, j) for i, j in links if source[i] != target[j]]


def build_row(links: Links, source: EncodedSentence, target: EncodedSentence, word: Word) -> PairRow | None:
    """Make a training row of one sentence pair.

    Words without a subword are dropped, and with them the pairs that touch one.

    Parameters
    ----------
    links : Links
        One-to-one links, as word positions (source, target).
    source, target : EncodedSentence
        The encoded sentences.
    word : Word
        Which subwords represent a word.

    Returns
    -------
    PairRow or None
        None if no word pair is left.
    """
    links = [(i, j) for i, j in links if source.first[i] != NO_SUBWORD and target.first[j] != NO_SUBWORD]
    if not links:
        return None
    has_source, has_target = source.first != NO_SUBWORD, target.first != NO_SUBWORD
    # A word's number among the words that are left.
    new_source, new_target = np.cumsum(has_source) - 1, np.cumsum(has_target) - 1
    sources, targets = np.asarray(links, np.int64).T
    return PairRow(
        source.ids,
        target.ids,
        *source.ranges(word),
        *target.ranges(word),
        new_source[sources].astype(np.int32),
        new_target[targets].astype(np.int32),
    )


def build_rows(
    bitext: Bitext,
    alignments: Sequence[Links],
    tokenizer: WordTokenizer,
    word: Word = "first",
    max_rows: int | None = None,
) -> Iterator[PairRow]:
    """Rows of a bitext; sentence pairs with no word pair left are skipped and counted in the log.

    The steps from links to word pairs are those of docs/design.md, section 5.

    Parameters
    ----------
    bitext : Bitext
        Sentence pairs, as words.
    alignments : sequence of Links
        Links of each sentence pair.
    tokenizer : WordTokenizer
        Cuts sentences at its `max_length`.
    word : Word
        Which subwords represent a word; `first` in the paper. Of a word that is cut, those that are left count.
    max_rows : int, optional
        Only so many rows, the first ones.

    Yields
    ------
    PairRow
    """
    _learn(bitext, tokenizer)
    kept = pairs = 0
    for source, target, links in zip(bitext.source, bitext.target, alignments, strict=True):
        if kept == max_rows:
            break
        chosen = drop_identical(one_to_one(links), source, target)
        encoded = tokenizer.encode([source, target])
        row = chosen and build_row(chosen, encoded[0], encoded[1], word)
        if row:
            kept, pairs = kept + 1, pairs + len(row.source_pairs)
            yield row
    logger.info("kept %d of %d sentence pairs with %d word pairs", kept, len(bitext), pairs)


def build_sentence_rows(bitext: Bitext, tokenizer: WordTokenizer, max_rows: int | None = None) -> Iterator[PairRow]:
    """Rows of a bitext whose sentences are compared as wholes; it needs no word alignment.

    A sentence's range is all of it, special tokens included, as in a mean over the attention mask (Reimers and Gurevych
    2019). Pairs of identical sentences are skipped, as pairs of identical words are, and those with an empty side.

    Parameters
    ----------
    bitext : Bitext
    tokenizer : WordTokenizer
        Cuts sentences at its `max_length`.
    max_rows : int, optional
        Only so many rows, the first ones.

    Yields
    ------
    PairRow
    """
    _learn(bitext, tokenizer)
    kept, zero = 0, np.zeros(1, np.int32)
    for source, target in zip(bitext.source, bitext.target, strict=True):
        if kept == max_rows:
            break
        encoded = tokenizer.encode([source, target])
        if source != target and all(len(sentence.present) for sentence in encoded):
            ends = [np.array([len(sentence.ids)], np.int32) for sentence in encoded]
            kept += 1
            yield PairRow(encoded[0].ids, encoded[1].ids, zero, ends[0], zero, ends[1], zero, zero)
    logger.info("kept %d of %d sentence pairs", kept, len(bitext))


def _learn(bitext: Bitext, tokenizer: WordTokenizer) -> None:
    tokenizer.learn(bitext.source)
    tokenizer.learn(bitext.target)


def write_rows(path: str | Path, rows: Iterable[PairRow]) -> None:
    """Write rows as an Arrow file, atomically.

    Parameters
    ----------
    path : str or Path
        The file, as `PairRows` reads it.
    rows : iterable of PairRow
        All are held in memory.
    """
    rows = list(rows)
    arrays = []
    for name in COLUMNS:
        values = [getattr(row, name) for row in rows]
        offsets = np.cumsum([0, *(len(value) for value in values)], dtype=np.int32)
        flat = np.concatenate(values).astype(np.int32) if values else np.zeros(0, np.int32)
        arrays.append(pa.ListArray.from_arrays(offsets, flat))
    table = pa.Table.from_arrays(arrays, schema=SCHEMA)
    with atomic_file(path) as temporary, pa.ipc.new_file(str(temporary), SCHEMA) as writer:
        writer.write_table(table)


class PairRows:
    """Rows of one language from an Arrow file, memory-mapped; `rows[i]` copies nothing.

    Raises
    ------
    InputError
        The file holds no row, or is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            table.validate(full=True)
            if not table.schema.equals(SCHEMA) or any(column.null_count for column in table.columns):
                raise damaged(path, f"columns {quoted(table.column_names)}, or an empty field", self.path.parent)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise damaged(path, error, self.path.parent) from error
        table = table.combine_chunks()
        if not len(table):
            raise InputError(f"{path}: no sentence pair with a word pair; check bitext and alignments")
        self._columns = []
        for name in COLUMNS:
            column = table[name].chunk(0)
            self._columns.append((column.values.to_numpy(), column.offsets.to_numpy()))

    def __len__(self) -> int:
        return len(self._columns[0][1]) - 1

    def __getitem__(self, row: int) -> PairRow:
        return PairRow(*(values[offsets[row] : offsets[row + 1]] for values, offsets in self._columns))

    def token_ids(self) -> np.ndarray:
        """Distinct subword ids of both sides, sorted."""
        return np.union1d(self._columns[0][0], self._columns[1][0])
