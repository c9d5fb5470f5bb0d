"""Part-of-speech tagging on Universal Dependencies."""

from __future__ import annotations

from transformers import AutoModelForTokenClassification

from alignfreeze.data.treebank import UPOS, read_treebank
from alignfreeze.tasks import Task
from alignfreeze.tasks.token_classification import TaggedItems, word_tokenizer

TASK = Task(
    kind=AutoModelForTokenClassification,
    labels=UPOS,
    read=lambda path, _: read_treebank(path),
    tokenizer=word_tokenizer,
    items=lambda sentences, tokenizer: TaggedItems(sentences.words, sentences.tags, UPOS, tokenizer),
)
