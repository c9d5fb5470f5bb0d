"""Named entities of WikiANN."""

from __future__ import annotations

from functools import partial

from transformers import AutoModelForTokenClassification

from alignfreeze.data.bio import TAGS, read_bio
from alignfreeze.tasks import Task
from alignfreeze.tasks.settings import SequenceSettings
from alignfreeze.tasks.token_classification import TaggedItems, evaluation_tokenizer, word_tokenizer

SETTINGS = SequenceSettings


def make_task(settings: SequenceSettings) -> Task:
    """Tag words with entity spans in BIO."""
    return Task(
        kind=AutoModelForTokenClassification,
        labels=TAGS,
        read=read_bio,
        tokenizer=partial(word_tokenizer, settings=settings),
        evaluation_tokenizer=partial(evaluation_tokenizer, settings=settings),
        items=lambda sentences, tokenizer: TaggedItems(sentences.words, sentences.tags, TAGS, tokenizer),
    )
