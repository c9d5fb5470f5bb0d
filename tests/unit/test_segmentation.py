from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignfreeze.data.segmentation import Segmenter
from alignfreeze.languages.registry import paper_languages

PARALLEL = Path(__file__).parents[3] / "shared" / "data" / "parallel"


def words(text, language="en"):
    return Segmenter(language).split([text])[0]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "I don't know: 3.14, or 1,000?", ["I", "don't", "know", ":", "3.14", ",", "or", "1,000", "?"]),
        ("en", "(well-known)...", ["(", "well", "-", "known", ")", ".", ".", "."]),
        ("en", "\ta \u00a0b\u3000c\u200bd\ufeff\u2028e ", ["a", "b", "c", "d", "e"]),
        ("de", "Straße „Grüße“!", ["Straße", "„", "Grüße", "“", "!"]),
        ("fr", "l'été à 5 %", ["l'été", "à", "5", "%"]),
        ("es", "¿Qué tal?", ["¿", "Qué", "tal", "?"]),
        ("fi", "EU:n sääntö", ["EU:n", "sääntö"]),
        ("vi", "Tôi là sinh viên.", ["Tôi", "là", "sinh", "viên", "."]),
        # Vowel signs and the virama are marks: \w+ of Python's re ends a word at each of them.
        ("hi", "वेल्श के सदस्य, हिन्दी।", ["वेल्श", "के", "सदस्य", ",", "हिन्दी", "।"]),
        ("ta", "வெல்ஷ் பாராளுமன்ற உறுப்பினர்கள்.", ["வெல்ஷ்", "பாராளுமன்ற", "உறுப்பினர்கள்", "."]),
        ("ar", "مَرْحَبًا بِكُمْ؟", ["مَرْحَبًا", "بِكُمْ", "؟"]),
        ("he", 'צה"ל הודיע', ['צה"ל', "הודיע"]),
        ("fa", "می\u200cروم خانه", ["می\u200cروم", "خانه"]),
        ("ko", "안녕하세요, 세계!", ["안녕하세요", ",", "세계", "!"]),
        ("zh", "我喜欢学习中文。", ["我", "喜欢", "学习", "中文", "。"]),
        ("zh", "议员(AM)担心", ["议员", "(", "AM", ")", "担心"]),
        ("ja", "猫が椅子の上で寝ている。", ["猫", "が", "椅子", "の", "上", "で", "寝", "て", "いる", "。"]),
        ("ja", "ウェールズ議会", ["ウェールズ", "議会"]),
        ("th", "ฉันชอบกินข้าวมาก", ["ฉัน", "ชอบ", "กิน", "ข้าว", "มาก"]),
        ("en", "👍🏽 🏳️\u200d🌈 ok", ["👍🏽", "🏳️\u200d🌈", "ok"]),
        ("en", "x \u0301y", ["x", "\u0301", "y"]),
        ("en", " \u200b\u00a0", []),
        ("en", "", []),
    ],
)
def test_words_by_hand(language, text, expected):
    assert words(text, language) == expected
    assert Segmenter(language).is_blank(text) is (expected == [])


SPACES = st.sampled_from(list(" \t\u00a0\u3000\u200b\u2028\r\x0b\x85"))
TEXT = st.text(
    st.one_of(
        st.characters(exclude_characters="\n", exclude_categories=["Cs"]),
        st.sampled_from("aé'.:,1-\u0301\u200d\u094dकिสวัสดีがカ漢字中文한국🏽👍🇩🇪"),
        SPACES,
    ),
    max_size=25,
)
LANGUAGES = st.sampled_from(["en", "zh", "ja", "th", "hi", "fi", "no"])


def without_spaces(text):
    return "".join(c for c in text if not c.isspace() and c not in "\u200b\ufeff")


@given(st.lists(TEXT, max_size=6), LANGUAGES)
def test_nothing_is_lost_no_word_is_empty_and_lines_do_not_matter_to_one_another(lines, language):
    segmenter = Segmenter(language)
    segmented = segmenter.split(lines)
    assert ["".join(sentence) for sentence in segmented] == [without_spaces(line) for line in lines]
    assert all(word and word == without_spaces(word) for sentence in segmented for word in sentence)
    assert segmented == [segmenter.split([line])[0] for line in lines]
    assert [not sentence for sentence in segmented] == [segmenter.is_blank(line) for line in lines]


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40), st.sampled_from(["en", "hi", "fi"]))
def test_segmented_text_stays_as_it_is(text, language):
    once = words(text, language)
    assert words(" ".join(once), language) == once


@pytest.mark.skipif(not PARALLEL.is_dir(), reason="no ../shared/data/parallel")
@pytest.mark.parametrize("language", sorted({*paper_languages()} - {"en"}))
def test_real_text_of_every_language(language):
    lines = (PARALLEL / f"en-{language}.{language}.txt").read_text(encoding="utf-8").split("\n")[:600]
    segmenter = Segmenter(language)
    segmented = segmenter.split(lines)
    assert ["".join(sentence) for sentence in segmented] == [without_spaces(line) for line in lines]
    assert segmenter.split([" ".join(sentence) for sentence in segmented]) == segmented
    words_per_line = sum(map(len, segmented)) / len(lines)
    assert 15 < words_per_line < 45
