"""The data under data/demo: well formed, complete and without overlap. What they say, people must check."""

import csv
import re
import unicodedata

import conllu
import pytest
import yaml
from support import ROOT

from alignfreeze.data.treebank import UPOS

DEMO = ROOT / "data" / "demo"
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
LANGUAGES = CONFIG["language_sets"][CONFIG["evaluate"]]
EVERY = ["en", *LANGUAGES]


def lines(path):
    data = path.read_bytes()
    text = data.decode("utf-8")
    assert text.endswith("\n")
    assert "\r" not in text
    assert not text.startswith("\ufeff")
    return text.removesuffix("\n").split("\n")


def treebank(path):
    return conllu.parse("\n".join(lines(path)) + "\n")


def words(sentence):
    return [token for token in sentence if isinstance(token["id"], int)]


def treebanks():
    return [DEMO / "train" / "en.conllu", *(DEMO / "test" / f"{language}.conllu" for language in EVERY)]


def plain(text):
    """A sentence stripped of what tokenisation and spelling may change: spaces, case, punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum() or c in "°%$€£¥")


def test_every_language_of_the_configuration_has_everything_and_there_is_nothing_else():
    for folder, suffix, languages in (
        ("bitext", "{}.txt", EVERY),
        ("test", "{}.conllu", EVERY),
        ("links", "{}.txt", LANGUAGES),
        ("dictionaries", "en-{}.txt", LANGUAGES),
        ("train", "{}.conllu", ["en"]),
    ):
        assert {path.name for path in (DEMO / folder).iterdir()} == {suffix.format(code) for code in languages}


def test_languages_are_of_eight_families_and_seven_scripts():
    with (ROOT / "alignfreeze/languages/languages.tsv").open(encoding="utf-8") as handle:
        facts = {row["code"]: row for row in csv.DictReader(handle, delimiter="\t")}
    assert len(LANGUAGES) == len(set(LANGUAGES)) >= 12
    assert set(LANGUAGES) >= {"de", "es", "ru", "el", "ar", "hi", "tr", "fi", "zh", "ja", "ko", "vi"}
    assert len({facts[language]["family"] for language in LANGUAGES}) >= 8
    assert len({facts[language]["script"] for language in LANGUAGES}) >= 7


@pytest.mark.parametrize("path", treebanks(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_tagged_sentences_are_conllu(path):
    raw = [line for line in lines(path) if line and not line.startswith("#")]
    assert {line.count("\t") for line in raw} == {9}
    sentences = treebank(path)
    assert len(sentences) == (330 if path.parent.name == "train" else 60)
    names = [sentence.metadata["sent_id"] for sentence in sentences]
    assert len(set(names)) == len(names)
    for sentence in sentences:
        where = f"{path.name} {sentence.metadata['sent_id']}"
        tokens = words(sentence)
        assert [token["id"] for token in tokens] == list(range(1, len(tokens) + 1)), where
        for token in tokens:
            assert token["upos"] in UPOS, where
            assert token["form"], where
            assert token["form"] == token["form"].strip(" \u00a0"), where
            assert unicodedata.is_normalized("NFC", token["form"]), where
            has_letter = any(c.isalnum() for c in token["form"])
            assert (token["upos"] in ("PUNCT", "SYM")) or has_letter, f"{where}: {token['form']} is {token['upos']}"
            assert token["upos"] != "PUNCT" or not has_letter, f"{where}: {token['form']} is PUNCT"


@pytest.mark.parametrize("path", treebanks(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_words_and_spaces_give_the_text_back(path):
    for sentence in treebank(path):
        surface, covered = [], 0
        for token in sentence:
            if isinstance(token["id"], tuple):  # a multiword range stands for its words
                assert token["id"][1] == "-"
                covered = token["id"][2]
            elif token["id"] <= covered:
                continue
            no_space = (token["misc"] or {}).get("SpaceAfter") == "No"
            surface.append(token["form"] + ("" if no_space else " "))
        where = f"{path.name} {sentence.metadata['sent_id']}"
        assert "".join(surface).rstrip(" ") == sentence.metadata["text"], where


def test_treebanks_translate_one_another_line_by_line():
    names = [sentence.metadata["sent_id"] for sentence in treebank(DEMO / "test" / "en.conllu")]
    for language in LANGUAGES:
        assert [s.metadata["sent_id"] for s in treebank(DEMO / "test" / f"{language}.conllu")] == names


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_join_words_that_are_there(language):
    source, target = (treebank(DEMO / "test" / f"{code}.conllu") for code in ("en", language))
    rows = lines(DEMO / "links" / f"{language}.txt")
    assert len(rows) == 60
    linked = total = 0
    for number, (row, s, t) in enumerate(zip(rows, source, target, strict=True), 1):
        where = f"links/{language}.txt:{number}"
        assert re.fullmatch(r"\d+-\d+( \d+-\d+)*", row), where
        links = [tuple(map(int, field.split("-"))) for field in row.split(" ")]
        assert len(set(links)) == len(links), where
        assert all(i < len(words(s)) and j < len(words(t)) for i, j in links), where
        linked += len({i for i, _ in links})
        total += len(words(s))
    assert linked / total > 0.6


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_join_punctuation_with_punctuation(language):
    """A check of the counting: an index that is one off soon links a full stop to a noun."""
    source, target = (treebank(DEMO / "test" / f"{code}.conllu") for code in ("en", language))
    wrong = 0
    for row, s, t in zip(lines(DEMO / "links" / f"{language}.txt"), source, target, strict=True):
        for i, j in (map(int, field.split("-")) for field in row.split(" ")):
            wrong += (words(s)[i]["upos"] == "PUNCT") != (words(t)[j]["upos"] == "PUNCT")
    assert wrong <= 3


@pytest.mark.parametrize("language", EVERY)
def test_bitext_is_120_lines_of_plain_words(language):
    rows = lines(DEMO / "bitext" / f"{language}.txt")
    assert len(rows) == 120
    for number, row in enumerate(rows, 1):
        where = f"bitext/{language}.txt:{number}"
        assert all(row.split(" ")), where  # one space between words, none at the ends
        assert not any(c.isspace() for c in row.replace(" ", "").replace("\u00a0", "")), where
        assert unicodedata.is_normalized("NFC", row), where
        assert any(c.isalnum() for c in row), where
    assert len(set(rows)) == 120


@pytest.mark.parametrize("language", LANGUAGES)
def test_dictionary_is_muse_s_format(language):
    rows = lines(DEMO / "dictionaries" / f"en-{language}.txt")
    assert len(rows) >= 250
    assert len(set(rows)) == len(rows)
    for number, row in enumerate(rows, 1):
        where = f"dictionaries/en-{language}.txt:{number}"
        assert len(row.split(" ")) == 2, where
        assert row == row.strip(), where
        assert "\t" not in row, where
        assert row == row.lower(), where
        assert unicodedata.is_normalized("NFC", row), where
    assert len({row.split(" ")[0] for row in rows}) >= 200


def test_no_english_sentence_is_in_two_sets_or_twice_in_one():
    train = [plain(s.metadata["text"]) for s in treebank(DEMO / "train" / "en.conllu")]
    test = [plain(s.metadata["text"]) for s in treebank(DEMO / "test" / "en.conllu")]
    bitext = [plain(row) for row in lines(DEMO / "bitext" / "en.txt")]
    everything = train + test + bitext
    assert len(everything) == 330 + 60 + 120
    assert sorted(x for x in set(everything) if everything.count(x) > 1) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_in_two_sets_or_twice_in_one(language):
    test = [plain(s.metadata["text"]) for s in treebank(DEMO / "test" / f"{language}.conllu")]
    bitext = [plain(row) for row in lines(DEMO / "bitext" / f"{language}.txt")]
    assert sorted(x for x in set(test + bitext) if (test + bitext).count(x) > 1) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_is_in_the_script_of_the_language(language):
    """A file under the wrong name would show here."""
    scripts = {
        "ru": "CYRILLIC", "el": "GREEK", "ar": "ARABIC", "hi": "DEVANAGARI", "ta": "TAMIL", "th": "THAI",
        "ko": "HANGUL", "zh": "CJK", "ja": ("HIRAGANA", "KATAKANA", "CJK"),
    }  # fmt: skip
    text = "".join(lines(DEMO / "bitext" / f"{language}.txt"))
    text += "".join(s.metadata["text"] for s in treebank(DEMO / "test" / f"{language}.conllu"))
    letters = [unicodedata.name(c, "") for c in text if c.isalpha()]
    share = sum(name.startswith(scripts.get(language, "LATIN")) for name in letters) / len(letters)
    assert share > 0.97


def test_training_sentences_cover_the_frequent_tags():
    counts = {}
    for sentence in treebank(DEMO / "train" / "en.conllu"):
        for token in words(sentence):
            counts[token["upos"]] = counts.get(token["upos"], 0) + 1
    assert {tag for tag, count in counts.items() if count >= 5} >= set(UPOS) - {"X", "SYM", "INTJ"}
