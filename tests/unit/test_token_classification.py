import numpy as np
import pytest
import torch
from support import CPU, sentencepiece_tokenizer, slow_encode, tiny_encoder, weights, wordpiece_tokenizer

from alignfreeze.encoders.padding import IGNORED
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.kinds import load_task
from alignfreeze.metrics.token_classification import accuracy, predict
from alignfreeze.tasks.token_classification import TaggedItems

LABELS = ["NOUN", "PUNCT", "VERB"]


def load_new(folder):
    return load_task("udpos", {"labels": list(LABELS)}).load_new(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("encoder")
    tiny_encoder("bert").save_pretrained(path)
    return path


@pytest.fixture
def model(folder):
    torch.manual_seed(5)
    return load_new(folder)


def test_labels_stand_on_first_subwords_only():
    tokenizer = sentencepiece_tokenizer()
    items = TaggedItems(
        [["abc", "猫", "\u200b", "狗猫"], ["a"]], [["NOUN", "VERB", "PUNCT", "NOUN"], ["VERB"]], LABELS,
        WordTokenizer(tokenizer, 96),
    )  # fmt: skip
    batch = items.collate([0, 1])
    for row, (words, tags) in enumerate(
        [(["abc", "猫", "\u200b", "狗猫"], ["NOUN", "VERB", "PUNCT", "NOUN"]), (["a"], ["VERB"])]
    ):
        ids, first = slow_encode(tokenizer, words, 96)
        expected = [IGNORED] * batch["input_ids"].shape[1]
        for position, tag in zip(first, tags, strict=True):
            if position is not None:
                expected[position] = LABELS.index(tag)
        assert batch["labels"][row].tolist() == expected
        assert batch["input_ids"][row, : len(ids)].tolist() == ids
        assert batch["attention_mask"][row].tolist() == [1] * len(ids) + [0] * (len(expected) - len(ids))
    assert set(batch["input_ids"][1, 3:].tolist()) == {tokenizer.pad_token_id}


def test_words_that_are_cut_have_no_label():
    items = TaggedItems([["a", "b", "c"]], [["NOUN", "VERB", "PUNCT"]], LABELS, WordTokenizer(wordpiece_tokenizer(), 4))
    assert items.collate([0])["labels"].tolist() == [[IGNORED, 0, 2, IGNORED]]


def test_token_ids_are_those_of_the_items_and_the_padding():
    items = TaggedItems([["a"], ["b"]], [["NOUN"], ["VERB"]], LABELS, WordTokenizer(wordpiece_tokenizer(), 9))
    assert items.token_ids().tolist() == [0, 2, 3, 5, 6]
    assert items.lengths().tolist() == [3, 3]


def test_head_has_the_labels_and_the_body_the_encoder_s_weights(model):
    assert model.config.id2label == dict(enumerate(LABELS))
    body = {name.removeprefix("bert."): value for name, value in weights(model).items() if name.startswith("bert.")}
    encoder = weights(tiny_encoder("bert"))
    assert all(torch.equal(value, encoder[name]) for name, value in body.items())
    assert len(body) > 60


def test_seed_decides_the_head(folder):
    heads = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        heads.append(load_new(folder).classifier.weight)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_predictions_equal_one_sentence_at_a_time(model):
    tokenizer = wordpiece_tokenizer()
    rng = np.random.default_rng(0)
    sentences = [
        [str(w) for w in rng.choice(["a", "abcd", "cdab", "g", "efg"], int(n))] for n in rng.integers(1, 9, 40)
    ]
    found = predict(model, sentences, WordTokenizer(tokenizer, 60), CPU, batch_size=7)
    for words, labels in zip(sentences, found, strict=True):
        ids, first = slow_encode(tokenizer, words, 60)
        best = model(torch.tensor([ids])).logits[0].argmax(-1)
        assert labels == [LABELS[int(best[position])] for position in first]
    assert {label for sentence in found for label in sentence} == set(LABELS)


def test_long_sentences_are_split_between_words_and_lose_none(model):
    tokenizer = WordTokenizer(wordpiece_tokenizer(), 8)
    words = ["a", "abcdefg", "b", "c", "dab", "g", "abcdefgabcdefg", "e"]
    assert len(tokenizer.windows(words)) > 2
    (labels,) = predict(model, [words], tokenizer, CPU)
    assert all(label in LABELS for label in labels)
    parts = [words[start:end] for start, end in tokenizer.windows(words)]
    assert labels == [label for part in parts for label in predict(model, [part], tokenizer, CPU)[0]]


def test_word_without_a_subword_has_no_label_and_counts_as_wrong(model):
    tokenizer = WordTokenizer(wordpiece_tokenizer(), 20)
    (labels,) = predict(model, [["a", "\u200b", "b"]], tokenizer, CPU)
    assert labels[1] is None
    assert accuracy([labels], [[labels[0], "X", labels[2]]]) == (pytest.approx(2 / 3), 3)


def test_empty_sentence_is_no_obstacle(model):
    tokenizer = WordTokenizer(wordpiece_tokenizer(), 20)
    assert predict(model, [[], ["a"], []], tokenizer, CPU)[0::2] == [[], []]


def test_accuracy_is_over_words_not_sentences():
    assert accuracy([["A"], ["B", "B", "B"]], [["A"], ["A", "A", "B"]]) == (0.5, 4)


def test_prediction_switches_dropout_off(model):
    model.train()
    tokenizer = WordTokenizer(wordpiece_tokenizer(), 20)
    sentences = [["a", "b", "abcd"]] * 9
    assert len({tuple(labels) for labels in predict(model, sentences, tokenizer, CPU)}) == 1
