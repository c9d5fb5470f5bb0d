"""Words to subwords: each distinct word is tokenised once, lone `▁` pieces are removed; which subwords stand for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignfreeze.encoders.settings import Word

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NO_SUBWORD = -1
LONE_MARK = "▁"  # of SentencePiece
BYTE_LEVEL_MARK = "Ġ"


def lone_mark_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Id of the piece that holds nothing but the mark of a word's start.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase

    Returns
    -------
    int
        -1 where the tokenizer has no such piece.
    """
    # A byte-level vocabulary writes a space as Ġ. Elsewhere Ġ is a letter (Maltese has it), and ▁ is the mark.
    byte_level = "ByteLevel" in repr(getattr(tokenizer, "backend_tokenizer", tokenizer).pre_tokenizer)
    # In vocabularies without marks, ▁ is unknown.
    mark = tokenizer.convert_tokens_to_ids(BYTE_LEVEL_MARK if byte_level else LONE_MARK)
    return -1 if not isinstance(mark, int) or mark == tokenizer.unk_token_id else mark


def space_before_words(tokenizer: PreTrainedTokenizerBase) -> str:
    """What a word needs before it to be encoded as in running text: a space, or nothing.

    Some tokenizers (of Llama, Gemma, RoBERTa without `add_prefix_space`) mark a word's start by the space before it
    alone. Given word by word, `the cat` would be `thecat` to them.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase

    Returns
    -------
    str
        One space, or the empty string.
    """

    def encode(text: str | list[str]) -> list[int]:
        ids: list[int] = tokenizer(text, is_split_into_words=isinstance(text, list), add_special_tokens=False)[
            "input_ids"
        ]
        return ids

    running = encode("a a")
    return " " if encode(["a", "a"]) != running and encode([" a"]) == running[-1:] else ""


@dataclass(frozen=True)
class EncodedSentence:
    """Subwords of one sentence.

    Attributes
    ----------
    ids : numpy.ndarray
        (subwords,) int32, with the special tokens.
    first : numpy.ndarray
        (words,) int32, position in `ids` of each word's first subword, or `NO_SUBWORD`.
    last : numpy.ndarray
        (words,) int32, the same of its last subword that is left after the cut.
    """

    ids: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """Numbers of the words that have a subword, ascending."""
        return np.flatnonzero(self.first != NO_SUBWORD)

    def ranges(self, word: Word) -> tuple[np.ndarray, np.ndarray]:
        """Subwords whose mean state represents each word that has one.

        Parameters
        ----------
        word : str
            `first`, `last` or `mean`; see `RealignmentSettings`.

        Returns
        -------
        start, end : ndarray
            (present words,) int32, [start, end) as positions in `ids`: one subword, or all of the word.
        """
        first, last = self.first[self.present], self.last[self.present]
        return (last if word == "last" else first), (first if word == "first" else last) + 1


class WordTokenizer:
    """Encode sentences that are lists of words.

    Words are encoded independently of one another, so a table of the distinct words' subwords gives exactly what
    `tokenizer(words, is_split_into_words=True)` gives, each word with a space before it where the tokenizer needs one.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        A fast Hugging Face tokenizer.
    max_length : int
        Subwords a sentence, special tokens counted; what comes after is cut.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self._subwords: dict[str, np.ndarray] = {}
        self._mark = lone_mark_id(tokenizer)
        self._space = space_before_words(tokenizer)
        self._prefix, self._suffix = self._special_tokens()

    @property
    def capacity(self) -> int:
        """Subwords that fit beside the special tokens."""
        return self.max_length - len(self._prefix) - len(self._suffix)

    def _special_tokens(self) -> tuple[np.ndarray, np.ndarray]:
        word = [f"{self._space}a"]
        bare = self.tokenizer(word, is_split_into_words=True, add_special_tokens=False)["input_ids"]
        full = self.tokenizer(word, is_split_into_words=True)["input_ids"]
        start = next(i for i in range(len(full)) if full[i : i + len(bare)] == bare)
        return np.asarray(full[:start], np.int32), np.asarray(full[start + len(bare) :], np.int32)

    def learn(self, sentences: Iterable[Sequence[str]]) -> None:
        """Tokenise the distinct words of the sentences that are not known yet, in one batch.

        Parameters
        ----------
        sentences : iterable of sequence of str
            Words of each sentence.
        """
        words = sorted({word for sentence in sentences for word in sentence} - self._subwords.keys())
        if words:
            encoded = self.tokenizer(
                [[self._space + word] for word in words],
                is_split_into_words=True,
                add_special_tokens=False,
                return_attention_mask=False,
                return_token_type_ids=False,
            )["input_ids"]
            self._subwords.update((word, np.asarray(ids, np.int32)) for word, ids in zip(words, encoded, strict=True))

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[EncodedSentence]:
        """Encode sentences: cut to `max_length`, then remove lone `▁` pieces and shift the positions.

        Parameters
        ----------
        sentences : sequence of sequence of str
            Words of each sentence.

        Returns
        -------
        list of EncodedSentence
            One for each sentence, in the same order.
        """
        self.learn(sentences)
        return [self._encode(sentence) for sentence in sentences]

    def windows(self, sentence: Sequence[str]) -> list[tuple[int, int]]:
        """Split a sentence into word ranges [start, end) that `encode` does not cut.

        A single word longer than the window forms a window of its own: its first subword is never lost.

        Parameters
        ----------
        sentence : sequence of str
            Its words.

        Returns
        -------
        list of tuple of 2 int
            Ranges of words that follow one another and cover the whole sentence.
        """
        self.learn([sentence])
        ranges, start, used = [], 0, 0
        for position, word in enumerate(sentence):
            size = len(self._subwords[word])
            if position > start and used + size > self.capacity:
                ranges.append((start, position))
                start, used = position, 0
            used += size
        ranges.append((start, len(sentence)))
        return ranges

    def _encode(self, sentence: Sequence[str]) -> EncodedSentence:
        pieces = [self._subwords[word] for word in sentence]
        lengths = np.fromiter((len(piece) for piece in pieces), np.int64, len(pieces))
        flat = np.concatenate(pieces) if pieces else np.zeros(0, np.int32)
        word_of = np.repeat(np.arange(len(pieces)), lengths)
        flat, word_of = flat[: self.capacity], word_of[: self.capacity]
        kept = flat != self._mark
        flat, word_of = flat[kept], word_of[kept]
        first, last = (np.full(len(pieces), NO_SUBWORD, np.int32) for _ in range(2))
        present, where, count = np.unique(word_of, return_index=True, return_counts=True)
        first[present] = where + len(self._prefix)
        last[present] = first[present] + count - 1
        return EncodedSentence(np.concatenate([self._prefix, flat, self._suffix]), first, last)
