import logging

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import (
    random_row,
    representing,
    sentencepiece_tokenizer,
    slow_encode,
    slow_pairs,
    slow_subwords,
    wordpiece_tokenizer,
)

from alignfreeze.data.bitext import Bitext
from alignfreeze.data.pharaoh import one_to_one
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.realignment.word_pairs import COLUMNS, PairRow, PairRows, build_rows, drop_identical, write_rows
from alignfreeze.support.errors import InputError

TINY = {"wordpiece": wordpiece_tokenizer(), "sentencepiece": sentencepiece_tokenizer()}
words = st.lists(st.sampled_from(["a", "ab", "abc", "猫", "狗猫", "▁", "\u200b", "c", "bca"]), min_size=1, max_size=7)


@st.composite
def aligned_pairs(draw):
    source, target = draw(words), draw(words)
    link = st.tuples(st.integers(0, len(source) - 1), st.integers(0, len(target) - 1))
    return source, target, draw(st.lists(link, max_size=8))


def test_one_to_one_keeps_links_whose_both_ends_occur_once():
    assert one_to_one([(0, 0), (1, 1), (1, 2), (3, 4), (2, 4), (5, 5)]) == [(0, 0), (5, 5)]


def test_link_that_is_given_twice_is_one_link():
    assert one_to_one([(0, 1), (0, 1)]) == [(0, 1)]


def test_one_to_one_is_decided_on_the_raw_alignment():
    # 0-0 pairs identical words; it goes, and still keeps 0-1 from being one-to-one.
    links = drop_identical(one_to_one([(0, 0), (0, 1), (1, 2)]), ["x", "y"], ["x", "z", "w"])
    assert links == [(1, 2)]


def test_identical_surface_forms_are_dropped_and_case_counts():
    assert drop_identical([(0, 0), (1, 1)], ["Berlin", "the"], ["Berlin", "The"]) == [(1, 1)]


@pytest.mark.parametrize("word", ["first", "last", "mean"])
@pytest.mark.parametrize("family", TINY)
@given(pairs=st.lists(aligned_pairs(), min_size=1, max_size=3), max_length=st.integers(3, 14))
def test_rows_equal_a_slow_reading_of_the_rules(family, word, pairs, max_length):
    tokenizer = TINY[family]
    bitext = Bitext([source for source, _, _ in pairs], [target for _, target, _ in pairs])
    rows = build_rows(bitext, [links for _, _, links in pairs], WordTokenizer(tokenizer, max_length), word)
    found = []
    for row in rows:
        source = [[*range(*places)] for places in zip(row.source_start, row.source_end, strict=True)]
        target = [[*range(*places)] for places in zip(row.target_start, row.target_end, strict=True)]
        word_pairs = sorted((source[i], target[j]) for i, j in zip(row.source_pairs, row.target_pairs, strict=True))
        found.append((row.source_ids.tolist(), row.target_ids.tolist(), source, target, word_pairs))
    expected = []
    for source, target, links in pairs:
        source_ids, source_first = slow_encode(tokenizer, source, max_length)
        target_ids, target_first = slow_encode(tokenizer, target, max_length)
        sides = [
            [representing(places, word) for places in slow_subwords(tokenizer, side, max_length)[1]]
            for side in (source, target)
        ]
        kept = sorted(
            (sides[0][i], sides[1][j]) for i, j in slow_pairs(links, source, target, source_first, target_first)
        )
        if kept:
            expected.append((source_ids, target_ids, *([w for w in side if w] for side in sides), kept))
    assert found == expected


def test_rows_by_hand():
    bitext = Bitext([["ab", "猫", "c", "x"]], [["狗", "b", "\u200b", "x"]])
    (row,) = build_rows(bitext, [[(0, 1), (1, 0), (2, 2), (3, 3)]], WordTokenizer(TINY["sentencepiece"], 96))
    assert TINY["sentencepiece"].convert_ids_to_tokens(row.source_ids) == ["<s>", "▁ab", "猫", "c", "<unk>", "</s>"]
    assert row.source_start.tolist() == [1, 2, 3, 4]
    assert row.target_start.tolist() == [1, 2, 3]  # the zero-width word has no subword and its pair goes
    assert list(zip(row.source_pairs, row.target_pairs, strict=True)) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("word", "ranges"), [("first", [(1, 2), (3, 4)]), ("last", [(2, 3), (4, 5)]), ("mean", [(1, 3), (3, 5)])]
)
def test_word_that_is_cut_is_represented_by_what_is_left_of_it(word, ranges):
    """By hand: `bca` is b ##c ##a; four pieces fit, so the second word loses its last one."""
    bitext = Bitext([["ac", "bca"]], [["b", "ac"]])
    (row,) = build_rows(bitext, [[(0, 0), (1, 1)]], WordTokenizer(TINY["wordpiece"], 6), word)
    assert TINY["wordpiece"].convert_ids_to_tokens(row.source_ids) == ["[CLS]", "a", "##c", "b", "##c", "[SEP]"]
    assert list(zip(row.source_start, row.source_end, strict=True)) == ranges
    assert row.source_pairs.tolist() == [0, 1]


def test_skipped_sentence_pairs_are_counted_in_the_log(caplog):
    bitext = Bitext([["a"], ["a"], ["b"]], [["b"], ["a"], ["c"]])
    with caplog.at_level(logging.INFO):
        rows = list(build_rows(bitext, [[(0, 0)], [(0, 0)], []], WordTokenizer(TINY["wordpiece"], 20)))
    assert len(rows) == 1
    assert "kept 1 of 3 sentence pairs with 1 word pairs" in caplog.text


def test_first_rows_with_a_word_pair_may_be_enough():
    words = [["a", "b"]] * 5
    bitext, tokenizer = Bitext(words, [["b", "a"]] * 5), WordTokenizer(TINY["wordpiece"], 20)
    links = [[(0, 0)], [], [(0, 0), (1, 1)], [(1, 1)], [(0, 0)]]
    every = list(build_rows(bitext, links, tokenizer))
    assert [len(row.source_pairs) for row in every] == [1, 2, 1, 1]
    for count in range(1, 6):
        found = list(build_rows(bitext, links, tokenizer, max_rows=count))
        assert [len(row.source_pairs) for row in found] == [1, 2, 1, 1][:count]


def test_rows_survive_the_arrow_file(tmp_path):
    rng = np.random.default_rng(0)
    rows = [random_row(rng) for _ in range(20)]
    write_rows(tmp_path / "de.arrow", rows)
    read = PairRows(tmp_path / "de.arrow")
    assert len(read) == 20
    for number, row in enumerate(rows):
        for name in COLUMNS:
            assert getattr(read[number], name).tolist() == getattr(row, name).tolist()
            assert getattr(read[number], name).dtype == np.int32
    used = {int(i) for row in rows for i in (*row.source_ids, *row.target_ids)}
    assert read.token_ids().tolist() == sorted(used)


def test_file_without_a_row_is_refused_by_name(tmp_path):
    write_rows(tmp_path / "ta.arrow", [])
    with pytest.raises(InputError, match=r"ta\.arrow: no sentence pair with a word pair"):
        PairRows(tmp_path / "ta.arrow")


@pytest.mark.parametrize("damage", ["cut", "offsets", "text", "empty", "other columns", "missing"])
def test_damaged_rows_are_named_with_what_makes_them_anew(tmp_path, damage):
    path = tmp_path / "de.arrow"
    field = np.array([1, 2, 3], np.int32)
    write_rows(path, [PairRow(*[field] * 8)] * 4)
    content = path.read_bytes()
    offsets = np.array([0, 3, 6, 9, 12], np.int32).tobytes()
    wrong = content.replace(offsets, np.array([0, 3, 6, 9, 10**6], np.int32).tobytes())
    path.write_bytes({"cut": content[:-99], "offsets": wrong, "text": b"a b", "empty": b""}.get(damage, content))
    if damage == "other columns":
        table = pa.table({"x": [1]})
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    if damage == "missing":
        path.unlink()
    with pytest.raises(InputError, match=r"de\.arrow: damaged \(.*\); delete the folder .* and run the same"):
        PairRows(path)


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"no Arrow file at all"])
def test_damaged_file_is_named_with_what_makes_it_anew(tmp_path, content):
    path = tmp_path / "all" / "de.arrow"
    write_rows(path, [random_row(np.random.default_rng(0))])
    path.write_bytes(content or path.read_bytes()[:200])
    with pytest.raises(InputError, match=rf"{path}: damaged .*; delete the folder {path.parent} and run"):
        PairRows(path)
