import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignfreeze.bitext import Bitext, read_bitext, read_parallel, sample_pairs, write_bitext
from alignfreeze.errors import InputError

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
    write_bitext(tmp_path / "de.parquet", bitext)
    assert read_bitext(tmp_path / "de.parquet") == bitext


def test_sample_is_drawn_by_seed_without_repetition_in_order():
    bitext = Bitext([[str(i)] for i in range(100)], [[str(-i)] for i in range(100)])
    sample = sample_pairs(bitext, 30, 0)
    numbers = [int(words[0]) for words in sample.source]
    assert len(set(numbers)) == 30
    assert numbers == sorted(numbers)
    assert [int(words[0]) for words in sample.target] == [-n for n in numbers]
    assert sample == sample_pairs(bitext, 30, 0)
    assert sample != sample_pairs(bitext, 30, 1)
    assert sample_pairs(bitext, 100, 0) == sample_pairs(bitext, None, 0) == sample_pairs(bitext, 1000, 3) == bitext
