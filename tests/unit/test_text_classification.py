import logging

import numpy as np
import pytest
import torch
from support import CPU, FAMILIES, sentencepiece_tokenizer, tiny_encoder, wordpiece_tokenizer
from transformers import AutoModelForSequenceClassification

from alignfreeze.metrics.text_classification import predict
from alignfreeze.tasks.settings import SequenceSettings
from alignfreeze.tasks.text_classification import TextItems, text_tokenizer

LABELS = ("entailment", "neutral", "contradiction")


def tokenizer_of(family):
    return sentencepiece_tokenizer() if family == "xlm-roberta" else wordpiece_tokenizer()


def pair_tokenizer_of(family, max_length=20):
    return text_tokenizer(tokenizer_of(family), tiny_encoder(family).config, SequenceSettings(max_length=max_length))


def classifier(family, seed=1):
    config = tiny_encoder(family).config
    config.id2label, config.label2id = dict(enumerate(LABELS)), {label: i for i, label in enumerate(LABELS)}
    config.initializer_range = 0.3  # so that not every pair gets the same label
    torch.manual_seed(seed)
    return AutoModelForSequenceClassification.from_config(config)


def random_texts(count, letters, seed):
    rng = np.random.default_rng(seed)
    return [" ".join(str(w) for w in rng.choice(letters, int(rng.integers(1, 9)))) for _ in range(count)]


def letters(family):
    return ["a", "b", "c", "ab", "猫狗"] if family == "xlm-roberta" else ["a", "b", "abcd", "cdab", "g"]


@pytest.mark.parametrize(
    ("family", "tokens", "types"),
    [
        ("bert", ["[CLS]", "ab", "##cd", "[SEP]", "a", "b", "[SEP]"], [0, 0, 0, 0, 1, 1, 1]),
        ("distilbert", ["[CLS]", "ab", "##cd", "[SEP]", "a", "b", "[SEP]"], None),
        ("xlm-roberta", ["<s>", "▁ab", "b", "</s>", "</s>", "▁a", "▁b", "</s>"], None),
    ],
)
def test_pairs_have_the_template_of_the_family(family, tokens, types):
    tokenizer = pair_tokenizer_of(family)
    first = "abb" if family == "xlm-roberta" else "abcd"
    items = TextItems([[first, "a"], ["a b", "a"]], ["neutral", "entailment"], LABELS, tokenizer)
    batch = items.collate([0, 1])
    assert tokenizer.tokenizer.convert_ids_to_tokens(batch["input_ids"][0]) == tokens
    assert batch["attention_mask"].sum(1).tolist() == items.lengths().tolist()
    assert batch["labels"].tolist() == [1, 0]
    if types is None:
        assert "token_type_ids" not in batch
    else:
        assert batch["token_type_ids"][0].tolist() == types
        assert batch["token_type_ids"][1].tolist() == [0, 0, 0, 1, 1, 0, 0]
    assert items.token_ids().tolist() == sorted(
        {tokenizer.tokenizer.pad_token_id, *batch["input_ids"].flatten().tolist()}
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_predictions_equal_one_pair_at_a_time(family):
    tokenizer, model = pair_tokenizer_of(family), classifier(family)
    first, second = (random_texts(30, letters(family), seed) for seed in (0, 1))
    found = predict(model, [first, second], tokenizer, CPU, batch_size=7)
    for one, other, label in zip(first, second, found, strict=True):
        encoded = tokenizer.tokenizer(one, other, return_tensors="pt", return_token_type_ids=family == "bert")
        assert label == LABELS[int(model(**encoded).logits[0].argmax())]
    assert len(set(found)) > 1


def test_training_pairs_are_cut_and_those_that_are_scored_are_not(caplog):
    tokenizer = pair_tokenizer_of("bert", max_length=10)
    long = " ".join("abcdefga")
    with caplog.at_level(logging.INFO):
        items = TextItems([[long, "a"], ["b a", "b"]], ["neutral", "neutral"], LABELS, tokenizer)
    assert items.lengths().tolist() == [10, 5]
    assert "1 of 2 sequences cut to 10 subwords" in caplog.text
    assert tokenizer.tokenizer.convert_ids_to_tokens(items.encoded[0].ids)[-3:] == ["b", "a", "[SEP]"], (
        "the longer is cut"
    )
    seen = []
    model = classifier("bert")
    model.register_forward_pre_hook(lambda _, args, kwargs: seen.append(kwargs["input_ids"].shape[1]), with_kwargs=True)
    predict(model, [[long], ["b a"]], tokenizer, CPU)
    assert seen == [8 + 2 + 3]
    predict(model, [[" ".join("ab" * 50)], ["b a"]], tokenizer, CPU)
    assert seen[1] == model.config.max_position_embeddings
