import pytest

from alignfreeze.data.tagging import read_tagged
from alignfreeze.support.errors import InputError


def read(folder, text):
    path = folder / "x.txt"
    path.write_text(text, encoding="utf-8")
    return read_tagged(path)


def test_a_space_or_a_tab_before_the_tag(tmp_path):
    read_ = read(tmp_path, "wa P\n\nNew York\tN\n, PUNCT\r\n\n\n")
    assert read_.words == [["wa"], ["New York", ","]]
    assert read_.tags == [["P"], ["N", "PUNCT"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wa P\nBaraza\n", r"x.txt:2: 'Baraza' found; a line is a word"),
        ("wa \n", r"x.txt:1: 'wa ' found"),
        ("\tN\n", r"x.txt:1: '.*N' found"),
        ("\n", r"x.txt: no sentence found"),
    ],
)
def test_damaged_file(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, text)
