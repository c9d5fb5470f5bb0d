import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT

from alignfreeze.aligners.quality import alignment_quality

DATA = ROOT.parent / "shared" / "data" / "aer"
links = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8)


def test_by_hand():
    """Och and Ney's definition on two sentence pairs."""
    found = [[(0, 0), (1, 1), (1, 2)], [(0, 1), (2, 2)]]
    sure = [[(0, 0), (2, 2)], [(0, 1)]]
    possible = [[(1, 1)], [(1, 0)]]
    quality = alignment_quality(found, sure, possible)
    # |A| = 5, |S| = 3, A∩S = 2 (0-0, 0-1), A∩P = 3 (and 1-1)
    assert quality.aer == pytest.approx(1 - (2 + 3) / (5 + 3))
    assert quality.precision == pytest.approx(3 / 5)
    assert quality.recall == pytest.approx(2 / 3)
    # 1-1 and 1-2 share a word; of 0-0, 0-1, 2-2 two are possible
    assert (quality.one_to_one_links, quality.one_to_one_precision) == (3, pytest.approx(2 / 3))
    assert (quality.links, quality.gold_links) == (5, 3)


@given(st.lists(st.tuples(links, links, links), max_size=5))
def test_equals_the_definition_with_sets(pairs):
    quality = alignment_quality(*([list(side) for side in zip(*pairs, strict=True)] if pairs else ([], [], [])))
    tagged = [{(n, *link) for n, pair in enumerate(pairs) for link in pair[side]} for side in range(3)]
    a, s, p = tagged[0], tagged[1], tagged[1] | tagged[2]
    assert quality.aer == (pytest.approx(1 - (len(a & s) + len(a & p)) / (len(a) + len(s))) if a or s else None)
    assert quality.precision == (pytest.approx(len(a & p) / len(a)) if a else None)
    assert quality.recall == (pytest.approx(len(a & s) / len(s)) if s else None)
    alone = {x for x in a if not any(y != x and y[0] == x[0] and (y[1] == x[1] or y[2] == x[2]) for y in a)}
    assert quality.one_to_one_links == len(alone)
    assert quality.one_to_one_precision == (pytest.approx(len(alone & p) / len(alone)) if alone else None)


def test_all_gold_links_are_sure_where_none_are_only_possible():
    quality = alignment_quality([[(0, 0), (1, 1)]], [[(0, 0)]])
    assert quality.aer == pytest.approx(1 - 2 / 3)


def test_different_numbers_of_sentences_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        alignment_quality([[]], [[], []])


def test_nothing_to_divide_by():
    quality = alignment_quality([[]], [[]])
    assert (quality.aer, quality.precision, quality.recall, quality.one_to_one_precision) == (None,) * 4


@pytest.mark.skipif(not DATA.is_dir(), reason="the public word-alignment sets are not beside this checkout")
@pytest.mark.parametrize(("pair", "percent"), [("enfr", 4.07), ("jaen", 37.36), ("roen", 20.75), ("zhen", 13.31)])
def test_public_sets_give_the_known_error_rates(pair, percent):
    """awesome-align's own outputs; gold links count from 1, `ipj` is possible only."""

    def read(name):
        return (DATA / f"{pair}.{name}").read_text(encoding="utf-8").removesuffix("\n").split("\n")

    sure, possible = [], []
    for line in read("gold"):
        parts = [(field, "p" if "p" in field else "-") for field in line.split()]
        numbers = [(mark, tuple(int(x) - 1 for x in field.split(mark))) for field, mark in parts]
        sure.append([link for mark, link in numbers if mark == "-"])
        possible.append([link for mark, link in numbers if mark == "p"])
    found = [[tuple(map(int, field.split("-"))) for field in line.split()] for line in read("awesome-align.out")]
    assert 100 * alignment_quality(found, sure, possible).aer == pytest.approx(percent, abs=0.005)
