import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignfreeze.data.pharaoh import format_line, parse_line, read_alignments, write_alignments
from alignfreeze.support.errors import InputError

links = st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999)))


@given(links)
def test_line_survives_and_is_sorted_without_duplicates(pairs):
    assert parse_line(format_line(pairs)) == sorted(set(pairs))


@given(alignments=st.lists(links, max_size=6))
def test_file_survives(tmp_path, alignments):
    path = tmp_path / "de.txt"
    write_alignments(path, alignments)
    assert path.read_bytes().count(b"\n") == len(alignments)
    assert read_alignments(path, [(1000, 1000)] * len(alignments)) == [sorted(set(pairs)) for pairs in alignments]


def test_sentences_without_links_are_empty_lines(tmp_path):
    write_alignments(tmp_path / "de.txt", [[], [(1, 0)], []])
    assert (tmp_path / "de.txt").read_text() == "\n1-0\n\n"
    assert read_alignments(tmp_path / "de.txt", [(2, 2)] * 3) == [[], [(1, 0)], []]


@pytest.mark.parametrize(
    "field", ["1", "1-", "-1", "a-1", "1--2", "1-2-3", "1p2", "²-1", "१-१", "1.0-2", "1:2", "0-" + "1" * 10]
)
def test_field_that_is_no_link_is_named_with_its_line(tmp_path, field):
    path = tmp_path / "de.txt"
    path.write_text(f"0-0\n0-0 {field}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_alignments(path, [(9, 9), (9, 9)])
    assert str(caught.value) == f"{path}:2: {field!r} is not a link; write source-target as in 0-1"


@pytest.mark.parametrize("space", ["\u2028", "\x85", "\xa0", "\u3000", "\x0c"])
def test_spaces_and_tabs_alone_separate_links(tmp_path, space):
    path = tmp_path / "de.txt"
    path.write_text(f" 0-0\t 1-1 \n{space}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"de\.txt:2: .* is not a link"):
        read_alignments(path, [(2, 2)] * 2)
    path.write_text(" 0-0\t 1-1 \n \n", encoding="utf-8")
    assert read_alignments(path, [(2, 2)] * 2) == [[(0, 0), (1, 1)], []]


@pytest.mark.parametrize("line", ["2-0", "0-3", "0-0 1-3"])
def test_link_outside_its_sentence_is_named_with_its_line(tmp_path, line):
    path = tmp_path / "ta.txt"
    path.write_text(f"0-0\n{line}\n")
    bad = line.split()[-1]
    with pytest.raises(InputError, match=rf"ta\.txt:2: link {bad} points outside a pair of 2 and 3 words"):
        read_alignments(path, [(1, 1), (2, 3)])


@pytest.mark.parametrize(("text", "count"), [("0-0\n", 1), ("0-0", 1), ("0-0\n\n\n", 3), ("", 0), ("\n", 1)])
def test_number_of_lines_is_checked(tmp_path, text, count):
    path = tmp_path / "ta.txt"
    path.write_text(text)
    assert len(read_alignments(path, [(1, 1)] * count)) == count
    with pytest.raises(InputError, match=rf"ta\.txt: {count} lines for {count + 1} sentence pairs; align them again"):
        read_alignments(path, [(1, 1)] * (count + 1))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"ta\.txt: no such file"):
        read_alignments(tmp_path / "ta.txt", [])
