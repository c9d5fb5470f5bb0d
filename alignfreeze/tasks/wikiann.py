"""Named entities of WikiANN."""

from __future__ import annotations

from transformers import AutoModelForTokenClassification

from alignfreeze.data.bio import TAGS, read_bio
from alignfreeze.tasks import Task
from alignfreeze.tasks.token_classification import TaggedItems, word_tokenizer

TASK = Task(
    kind=AutoModelForTokenClassification,
    labels=TAGS,
    read=read_bio,
    tokenizer=word_tokenizer,
    items=lambda sentences, tokenizer: TaggedItems(sentences.words, sentences.tags, TAGS, tokenizer),
)
