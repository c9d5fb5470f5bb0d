"""Spans of words in BIO tags: named entities, or any others."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from transformers import AutoModelForTokenClassification

from alignfreeze.data.bio import join_characters, read_bio, tags_of
from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.tasks import Task
from alignfreeze.tasks.settings import SpanSettings
from alignfreeze.tasks.token_classification import TaggedItems, evaluation_tokenizer, word_tokenizer

SETTINGS = SpanSettings
CHINESE = "zh"


def make_task(settings: SpanSettings) -> Task:
    """Make the task of tagging words with spans in BIO.

    Parameters
    ----------
    settings : SpanSettings
        Without `types`, they are those of the training examples, sorted.

    Returns
    -------
    Task
    """
    labels = None if settings.types is None else tags_of(settings.types)

    def read(path: str | Path, language: str) -> TaggedSentences:
        sentences = read_bio(path, language, labels)
        if settings.chinese == "characters" or language.split("-")[0] != CHINESE:
            return sentences
        from alignfreeze.data.segmentation import Segmenter

        return join_characters(sentences, Segmenter(CHINESE).split)

    def with_labels_of(sentences: TaggedSentences) -> Task:
        found = sorted({tag[2:] for tags in sentences.tags for tag in tags if tag[2:]})
        return make_task(settings.model_copy(update={"types": found}))

    return Task(
        model_class=AutoModelForTokenClassification,
        labels=labels,
        read=read,
        tokenizer=partial(word_tokenizer, settings=settings),
        evaluation_tokenizer=partial(evaluation_tokenizer, settings=settings),
        items=lambda sentences, tokenizer: TaggedItems(sentences.words, sentences.tags, labels or (), tokenizer),
        with_labels_of=with_labels_of if labels is None else None,
    )
