import pytest

from alignfreeze.data.text import parse_json, read_lines
from alignfreeze.support.errors import InputError


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("a\nb\n", ["a", "b"]),
        ("a\nb", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\n\n", ["a", ""]),
        ("\n", [""]),
        ("", []),
        ("a\u2028b\u0085c\x0bd\n", ["a\u2028b\u0085c\x0bd"]),
        ("a\rb\n", ["a\rb"]),
        ("\ufeffa\n", ["a"]),
    ],
)
def test_lines_end_at_line_feeds_only(tmp_path, data, lines):
    (tmp_path / "x.txt").write_bytes(data.encode())
    assert read_lines(tmp_path / "x.txt") == lines


def test_line_that_is_not_utf8_is_named(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"one\ntwo\nna\xefve\n")
    with pytest.raises(InputError) as caught:
        read_lines(tmp_path / "x.txt")
    assert str(caught.value) == f"{tmp_path / 'x.txt'}:3: not UTF-8; convert the file"


def test_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        read_lines(tmp_path)


def test_json_reads_a_pair_of_surrogates_as_the_character_that_it_writes():
    assert parse_json('"\\ud83d\\ude00"', "x.json", "") == "\U0001f600"


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"^.*x\.txt: no such file$"):
        read_lines(tmp_path / "x.txt")
