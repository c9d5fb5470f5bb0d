import logging
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignfreeze.data import bitext as module
from alignfreeze.data.bitext import (
    Bitext,
    ParallelText,
    draw_more_rows,
    draw_rows,
    join_parts,
    read_bitext,
    read_parallel,
    stream_bitext,
    write_bitext,
)
from alignfreeze.support.errors import InputError

NASTY = ["a ||| b", "ice\u00a0cream", "\u2028 x", "מה שלומך ?", "猫 が いる", "x"]


def write(path, lines):
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def test_words_are_split_at_plain_spaces_only(tmp_path):
    bitext = read_parallel(write(tmp_path / "en", NASTY), write(tmp_path / "de", [" y  z ", *NASTY[1:]]))
    assert bitext.source == [["a", "|||", "b"], ["ice\u00a0cream"], ["\u2028", "x"], ["מה", "שלומך", "?"],
                             ["猫", "が", "いる"], ["x"]]  # fmt: skip
    assert bitext.target[0] == ["y", "z"]
    assert bitext.lengths[0] == (3, 2)


def test_pairs_with_an_empty_side_are_dropped_and_counted(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        bitext = read_parallel(write(tmp_path / "en", ["a", "", "c", " "]), write(tmp_path / "de", ["x", "y", "", ""]))
    assert (bitext.source, bitext.target) == ([["a"]], [["x"]])
    assert "kept 1 of 4 pairs (3 with an empty side)" in caplog.text


def test_files_of_different_length_are_refused_by_name(tmp_path):
    with pytest.raises(InputError) as caught:
        read_parallel(write(tmp_path / "en", ["a", "b"]), write(tmp_path / "de", ["x"]))
    assert str(caught.value) == f"{tmp_path}/de: 1 lines, but {tmp_path}/en has 2; line n must translate line n"


@pytest.mark.parametrize("lines", [[], ["", " "]])
def test_bitext_without_a_pair_is_refused_by_name(tmp_path, lines):
    with pytest.raises(InputError, match="de: no sentence pair with words on both sides"):
        read_parallel(write(tmp_path / "en", lines), write(tmp_path / "de", lines))


@given(st.lists(st.tuples(st.lists(st.text(min_size=1)), st.lists(st.text(min_size=1))), max_size=5))
def test_parquet_file_survives(tmp_path, pairs):
    bitext = Bitext([source for source, _ in pairs], [target for _, target in pairs])
    write_bitext(tmp_path / "de.parquet", [bitext])
    assert read_bitext(tmp_path / "de.parquet") == bitext


def test_tab_separated_file_holds_both_sides(tmp_path):
    text = ParallelText(write(tmp_path / "en-de.tsv", ["a b\tx", "\ty", "c\t z  ü"]), None)
    assert text.pairs == 2
    assert join_parts(text.parts()) == Bitext([["a", "b"], ["c"]], [["x"], ["z", "ü"]])


@pytest.mark.parametrize(("line", "fields"), [("a", 1), ("a\tb\tc", 3), ("", 1)])
def test_line_without_two_fields_is_refused_by_number(tmp_path, line, fields):
    path = write(tmp_path / "en-de.tsv", ["a\tb", line])
    with pytest.raises(InputError) as caught:
        _ = ParallelText(path, None).pairs
    assert str(caught.value) == f"{path}:2: {fields} fields; write source, one tab, target in each line"


def numbered(tmp_path, count, blank=lambda i: False):
    """A bitext of `count` lines whose words tell their number; some have a blank side."""
    source = write(tmp_path / "en", ["" if blank(i) else f"s{i} ." for i in range(count)])
    return source, write(tmp_path / "de", [f"t{i}" for i in range(count)])


def test_sample_is_drawn_by_seed_without_repetition_in_order():
    rows = draw_rows(100, 30, 0, "uniform")
    assert len(set(rows.tolist())) == 30
    assert rows.tolist() == sorted(rows)
    assert set(rows.tolist()) <= set(range(100))
    assert rows.tolist() == draw_rows(100, 30, 0, "uniform").tolist() != draw_rows(100, 30, 1, "uniform").tolist()
    for size, seed in ((100, 0), (None, 0), (1000, 3)):
        assert draw_rows(100, size, seed, "uniform").tolist() == list(range(100))
    assert draw_rows(100, 30, 0, "first").tolist() == list(range(30))
    assert draw_rows(20, 30, 0, "first").tolist() == list(range(20))


@pytest.mark.parametrize("part", [1, 7, 1000])
@pytest.mark.parametrize("size", [1, 40, None])
def test_sample_of_a_stream_is_that_of_a_list_whatever_the_parts(tmp_path, monkeypatch, part, size):
    monkeypatch.setattr(module, "PART", part)
    source, target = numbered(tmp_path, 200, blank=lambda i: i % 3 == 0)
    kept = [i for i in range(200) if i % 3]
    chosen = kept if size is None else sorted(np.random.default_rng(5).choice(kept, size, replace=False).tolist())
    text = ParallelText(source, target)
    parts = list(text.parts(draw_rows(text.pairs, size, 5, "uniform")))
    assert [len(p) for p in parts] == [min(part, len(chosen) - start) for start in range(0, len(chosen), part)]
    assert join_parts(parts) == Bitext([[f"s{i}", "."] for i in chosen], [[f"t{i}"] for i in chosen])
    write_bitext(tmp_path / "de.parquet", parts)
    assert read_bitext(tmp_path / "de.parquet") == join_parts(parts)
    assert max(len(p) for p in stream_bitext(tmp_path / "de.parquet")) <= part


@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 80), st.integers(0, 3))
def test_rows_to_fit_on_hold_the_sample_and_others(pairs, size, more, seed):
    sample = draw_rows(pairs, size, seed, "uniform")
    rows = draw_more_rows(sample, pairs, more, seed).tolist()
    assert rows == sorted(set(rows))
    assert set(sample.tolist()) <= set(rows) <= set(range(pairs))
    assert len(rows) == min(pairs, max(more, len(sample)))
    assert rows == draw_more_rows(sample, pairs, more, seed).tolist()


def test_memory_does_not_grow_with_the_files(tmp_path):
    """A sample of 100 from 40,000 pairs takes little more than from 20,000: 8 bytes a row, not the text."""
    line = "word " * 40
    peaks = []
    for count in (20_000, 40_000):
        source, target = write(tmp_path / "en", [line] * count), write(tmp_path / "de", [line] * count)
        text = ParallelText(source, target)
        tracemalloc.start()
        assert sum(len(part) for part in text.parts(draw_rows(text.pairs, 100, 0, "uniform"))) == 100
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 3e6 < source.stat().st_size
    assert peaks[1] - peaks[0] < 1e6


def test_longer_file_is_refused_even_if_the_sample_ends_before(tmp_path):
    source, target = numbered(tmp_path, 20)
    write(source, ["a"] * 22)
    with pytest.raises(InputError, match=r"de: 20 lines, but .*en has 22"):
        _ = ParallelText(source, target).pairs


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty", "other columns", "missing"])
def test_damaged_file_is_named_with_what_makes_it_anew(tmp_path, damage):
    path = tmp_path / "de.parquet"
    write_bitext(path, [Bitext([["a", "b"]] * 99, [["c"]] * 99)])
    content = path.read_bytes()
    at = content.index(b"\0a") + 1  # a word, in its page
    flipped = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    path.write_bytes({"cut": content[:-50], "flip": flipped, "text": b"a b", "empty": b""}.get(damage, content))
    if damage == "other columns":
        pq.write_table(pa.table({"source_tokens": [1]}), path)
    if damage == "missing":
        path.unlink()
    with pytest.raises(InputError, match=r"de\.parquet: damaged \(.*\); delete it and run the same") as caught:
        read_bitext(path)
    assert "\n" not in str(caught.value)


def test_file_that_becomes_shorter_while_it_is_read(tmp_path):
    text = ParallelText(write(tmp_path / "en", ["a", "b", "c"]), write(tmp_path / "de", ["x", "y", "z"]))
    rows = np.arange(text.pairs)
    write(tmp_path / "en", ["a"])
    write(tmp_path / "de", ["x"])
    with pytest.raises(InputError, match="de: became shorter while it was read; run again"):
        join_parts(text.parts(rows))
