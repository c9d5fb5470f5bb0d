import re

import conllu
import pytest
from support import ROOT

from alignfreeze.data.gold import read_gold
from alignfreeze.data.treebank import UPOS, read_treebank
from alignfreeze.support.errors import InputError

UD = ROOT.parent / "shared" / "data" / "ud"


def word(number, form, tag):
    return f"{number}\t{form}\t_\t{tag}" + "\t_" * 6


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_multiword_ranges_and_empty_nodes_carry_no_word(tmp_path):
    path = write(
        tmp_path / "x.conllu", "# sent_id = 1", "# text = im Haus", word("1-2", "im", "_"), word(1, "in", "ADP"),
        word(2, "dem", "DET"), word("2.1", "gone", "VERB"), word(3, "ice cream", "NOUN"), "", "", word(1, "_", "SYM"),
    )  # fmt: skip
    sentences = read_treebank(path)
    assert sentences.words == [["in", "dem", "ice cream"], ["_"]]
    assert sentences.tags == [["ADP", "DET", "NOUN"], ["SYM"]]
    assert len(sentences) == 2


def test_every_line_may_be_a_token(tmp_path):
    path = write(
        tmp_path / "x.conllu", word("1-2", "im", "_"), word(1, "in", "ADP"), word(2, "dem", "DET"),
        word("2.1", "gone", "VERB"), word("2.2", "_", "_"), word(3, "Haus", "NOUN"), "", word(1, "ja", "INTJ"),
    )  # fmt: skip
    sentences = read_treebank(path, "all_lines")
    assert sentences.words == [["im", "in", "dem", "gone", "_", "Haus"], ["ja"]]
    assert sentences.tags == [["_", "ADP", "DET", "VERB", "_", "NOUN"], ["INTJ"]]
    assert sentences.is_word == [[False, True, True, False, False, True], [True]]
    assert sentences.first(1).is_word == sentences.is_word[:1]
    assert read_treebank(path).is_word == [[True] * 3, [True]]
    with pytest.raises(InputError, match=r"bad\.conllu:1: 'im' has 'PREP', which is no UPOS tag"):
        read_treebank(write(tmp_path / "bad.conllu", word("1-2", "im", "PREP")), "all_lines")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (word(2, "Haus", "N"), r"'Haus' has 'N', which is no UPOS tag \(ADJ ADP .* X\)"),
        (word(2, "Haus", "_"), "'Haus' has '_', which is no UPOS tag"),
        (word(2, "Haus", "noun"), "'Haus' has 'noun', which is no UPOS tag"),
        ("2\tHaus\t_\tNOUN", "4 fields; a word has 10, separated by tabs"),
        ("2 Haus _ NOUN _ _ _ _ _ _", "1 fields; a word has 10, separated by tabs"),
        (word(3, "Haus", "NOUN"), "word number '3' found, 2 wanted"),
        (word(1, "Haus", "NOUN"), "word number '1' found, 2 wanted"),
        (word("x", "Haus", "NOUN"), "word number 'x' found, 2 wanted"),
        *(
            (word(number, "Haus", "NOUN"), rf"word number '{re.escape(number)}' found, 2 wanted")
            for number in ("3-", ".", "-2", "foo.bar", "1-2-3", "2.", "2.0", "0-1", "²", "")
        ),
        *(
            (word(number, "im", "_"), rf"range '{number}' found before word 2; a range begins at the word that follows")
            for number in ("4-5", "1-2", "2-1", "1-1")
        ),
        *((word(node, "x", "_"), rf"empty node '{node}' found after word 1") for node in ("0.1", "2.1", "9.9")),
        (word("2-3", "im", "_"), "the sentence ends at word 1, but a range at 3"),
        (word(2, "", "NOUN"), r"the word is blank \(''\)"),
        (word(2, "\u3000", "NOUN"), r"the word is blank \('\\u3000'\)"),
        *((space, "1 fields; a word has 10") for space in ("\u2028", "\x85", "\xa0")),
        (word(2, "H" * 20_000, "N"), r"'H{100}' \.\.\. \(20000 characters\) has 'N'"),
    ],
)
def test_bad_line_is_named(tmp_path, line, message):
    path = write(tmp_path / "de.conllu", "# sent_id = 1", word(1, "Das", "DET"), line)
    with pytest.raises(InputError, match=rf"de\.conllu:3: {message}") as caught:
        read_treebank(path)
    assert "\n" not in str(caught.value)


def test_ranges_do_not_overlap(tmp_path):
    lines = [word("1-2", "im", "_"), word(1, "in", "ADP"), word("2-3", "x", "_"), word(2, "dem", "DET")]
    with pytest.raises(InputError, match=r"de\.conllu:3: range '2-3' found before word 2"):
        read_treebank(write(tmp_path / "de.conllu", *lines, word(3, "y", "X")))


def test_file_without_a_sentence_is_named(tmp_path):
    with pytest.raises(InputError, match=r"de\.conllu: no sentence found"):
        read_treebank(write(tmp_path / "de.conllu", "# only a comment", ""))
    with pytest.raises(InputError, match=r"xx\.conllu: no such file"):
        read_treebank(tmp_path / "xx.conllu")


def test_tags_are_the_17_of_universal_dependencies():
    assert len(UPOS) == 17
    assert list(UPOS) == sorted(UPOS)


@pytest.mark.skipif(not UD.is_dir(), reason="the public treebank samples are not beside this checkout")
@pytest.mark.parametrize("path", sorted(UD.glob("*.conllu")), ids=lambda path: path.name)
def test_reads_what_the_conllu_package_reads(path):
    sentences = read_treebank(path)
    expected = [[t for t in s if isinstance(t["id"], int)] for s in conllu.parse(path.read_text(encoding="utf-8"))]
    assert sentences.words == [[token["form"] for token in sentence] for sentence in expected]
    assert sentences.tags == [[token["upos"] for token in sentence] for sentence in expected]


def test_gold_sentences_must_be_as_many_on_both_sides(tmp_path):
    source = write(tmp_path / "en.conllu", word(1, "a", "X"), "", word(1, "b", "X"))
    target = write(tmp_path / "de.conllu", word(1, "c", "X"))
    links = write(tmp_path / "de.txt", "0-0")
    with pytest.raises(InputError, match=r"de\.conllu: 1 sentences, but .*en\.conllu has 2"):
        read_gold(source, target, links)
    target = write(tmp_path / "de.conllu", word(1, "c", "X"), "", word(1, "d", "X"), word(2, "e", "X"))
    links = write(tmp_path / "de.txt", "0-0", "0-1")
    bitext, gold = read_gold(source, target, links)
    assert bitext.source == [["a"], ["b"]]
    assert bitext.target == [["c"], ["d", "e"]]
    assert gold == [[(0, 0)], [(0, 1)]]
