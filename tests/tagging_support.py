"""A tiny tagger and its training data."""

import numpy as np
import torch
from support import tiny_encoder, wordpiece_tokenizer
from transformers import AutoModelForTokenClassification

from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.tasks.token_classification import TaggedItems

LABELS = ["NOUN", "VERB", "X"]
TAG = {"a": "NOUN", "b": "VERB", "c": "NOUN", "abcd": "VERB", "cdab": "X"}


def tagged_items(count=22):
    rng = np.random.default_rng(0)
    words = [[str(word) for word in rng.choice(list(TAG), int(rng.integers(1, 9)))] for _ in range(count)]
    tags = [[TAG[word] for word in sentence] for sentence in words]
    return TaggedItems(words, tags, LABELS, WordTokenizer(wordpiece_tokenizer(), 20))


def tagger(family="bert", seed=1):
    config = tiny_encoder(family).config
    config.num_labels = len(LABELS)
    config.id2label, config.label2id = dict(enumerate(LABELS)), {label: i for i, label in enumerate(LABELS)}
    torch.manual_seed(seed)
    return AutoModelForTokenClassification.from_config(config)
