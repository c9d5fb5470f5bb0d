"""Our rules for the published procedure against outputs of the published code (shared/oracles)."""

import json
import re
from fractions import Fraction

import numpy as np
import pytest
from support import SHARED

from alignfreeze.aligners import dictionary, fastalign
from alignfreeze.data.bitext import Bitext, ParallelText, join_parts, write_bitext
from alignfreeze.data.pharaoh import read_alignments
from alignfreeze.data.segmentation import Segmenter
from alignfreeze.data.treebank import NO_TAG, read_treebank
from alignfreeze.metrics import answers, entities

ORACLES = SHARED / "oracles"
pytestmark = pytest.mark.skipif(
    not ORACLES.is_dir(), reason="outputs of the published code are not beside the checkout"
)


def read_json(name):
    return json.loads((ORACLES / name).read_text(encoding="utf-8")) if ORACLES.is_dir() else {}


@pytest.mark.parametrize("path", sorted((ORACLES / "dictionary").glob("*.tokens.txt")), ids=lambda path: path.name[:5])
def test_dictionary_links(path):
    language = path.name[3:5]
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    sides = [line.split(" ||| ") for line in lines]
    bitext = Bitext([source.split(" ") for source, _ in sides], [target.split(" ") for _, target in sides])
    entries = dictionary.read_dictionary(SHARED / "data" / "muse" / f"en-{language}.txt", "published")
    expected = read_alignments(path.with_name(f"en-{language}.links.txt"), bitext.lengths)
    assert list(dictionary.align(bitext, entries)) == expected
    assert sum(map(len, expected)) > 100


def test_repair_of_entity_tags():
    cases = read_json("ner_repair.json")
    assert cases
    for case in cases:
        assert [entities.repair(tags) for tags in case["predicted"]] == case["repaired"]
        assert entities.paper_f1(case["predicted"], case["gold"]) == pytest.approx(case["f1"], abs=1e-9)
        scores = entities.span_scores(case["predicted"], case["gold"])
        assert scores.f1 == pytest.approx(case["f1_unrepaired"], abs=1e-9)
        scores = entities.span_scores(case["repaired"], case["gold"])
        assert scores[:3] == pytest.approx((case["f1"], case["precision"], case["recall"]), abs=1e-9)


def test_scores_of_answers():
    cases = read_json("qa_scores.json")
    assert cases
    for case in cases:
        answer, gold = case["predicted"], [case["gold"]]
        assert answers.paper_f1(answer, gold) == pytest.approx(case["f1"], abs=1e-9)
        assert answers.paper_exact_match(answer, gold, is_source=False) == case["exact_raw"]
        assert answers.paper_exact_match(answer, gold, is_source=True) == case["exact_normalised"]


@pytest.mark.parametrize(("name", "counts"), read_json("udpos_tokens.json").items(), ids=lambda value: str(value)[:2])
def test_tokens_of_a_treebank(name, counts):
    path = SHARED / "data" / "ud" / name
    words, lines = read_treebank(path), read_treebank(path, "all_lines")
    tags = [tag for sentence in lines.tags for tag in sentence]
    is_word = [flag for sentence in lines.is_word for flag in sentence]
    assert sum(map(len, words.words)) == sum(is_word) == counts["words"]
    assert len(tags) == counts["scored_as_published"] == counts["words"] + counts["ranges"] + counts["empty_nodes"]
    assert tags.count(NO_TAG) / len(tags) == pytest.approx(counts["share_tagged_underscore"], abs=5e-5)


def is_tie(link, source, target):
    """Whether a word like the link's source word stands on the other side of the diagonal, equally far from it.

    Both have the same probability, which depends on the words and the distance alone; rounding decides.
    """
    place = Fraction(link[1] + 1, len(target))
    distance = [abs(place - Fraction(position + 1, len(source))) for position in range(len(source))]
    like = [position for position, word in enumerate(source) if word == source[link[0]] and position != link[0]]
    return any(distance[position] == distance[link[0]] for position in like)


@pytest.mark.parametrize(("language", "different"), [("de", 0), ("ru", 0), ("ja", 3)])
def test_fastalign_links(language, different, tmp_path):
    """Four passes of the library are the tool's default of five: the tool counts its first, uniform one, too."""
    files = [SHARED / "data" / "parallel" / f"en-{language}.{side}.txt" for side in ("en", language)]
    text = ParallelText(*files, (Segmenter("en"), Segmenter(language)))
    bitext = join_parts(text.parts())
    write_bitext(tmp_path / "bitext.parquet", [bitext])
    aligner = fastalign.fit(tmp_path / "bitext.parquet", 4, lowercase=False, processes=2)
    expected = read_alignments(ORACLES / "fast_align" / f"en-{language}.sym.txt", bitext.lengths)
    found = fastalign.align(bitext, aligner, lowercase=False)
    others = [
        (set(links) ^ set(wanted), source, target)
        for links, wanted, source, target in zip(found, expected, bitext.source, bitext.target, strict=True)
        if set(links) != set(wanted)
    ]
    assert len(others) == different
    assert all(any(is_tie(link, source, target) for link in links) for links, source, target in others)


@pytest.mark.parametrize(("name", "inverse"), [("fwd", False), ("rev", True)])
def test_fastalign_links_of_one_direction(name, inverse, tmp_path):
    files = [SHARED / "data" / "parallel" / f"en-de.{side}.txt" for side in ("en", "de")]
    bitext = join_parts(ParallelText(*files, (Segmenter("en"), Segmenter("de"))).parts())
    write_bitext(tmp_path / "bitext.parquet", [bitext])
    model = fastalign.fit_direction(tmp_path / "bitext.parquet", 4, inverse, lowercase=False)
    expected = read_alignments(ORACLES / "fast_align" / f"en-de.{name}.txt", bitext.lengths)
    for source, target, wanted in zip(bitext.source, bitext.target, expected, strict=True):
        _, matrix = model.get_best_alignment(*((target, source) if inverse else (source, target)))
        links = np.argwhere(matrix.to_numpy().T if inverse else matrix.to_numpy())
        assert set(map(tuple, links.tolist())) == set(wanted)


def test_every_file_of_outputs_is_compared():
    """A file that is new in the folder fails here until a test reads it."""
    names = {str(path.relative_to(ORACLES)) for path in ORACLES.rglob("*") if path.is_file()} - {"README.md"}
    read = {"ner_repair.json", "qa_scores.json", "udpos_tokens.json"}
    read |= {f"fast_align/en-{name}.txt" for name in ("de.fwd", "de.rev", "de.sym", "ru.sym", "ja.sym")}
    read |= {name for name in names if re.fullmatch(r"dictionary/en-[a-z]+\.(tokens|links)\.txt", name)}
    assert names == read
