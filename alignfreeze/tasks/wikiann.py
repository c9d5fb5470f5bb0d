"""Named entities of WikiANN."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from transformers import AutoModelForTokenClassification

from alignfreeze.data.bio import TAGS, join_characters, read_bio
from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.tasks import Task
from alignfreeze.tasks.settings import EntitySettings
from alignfreeze.tasks.token_classification import TaggedItems, evaluation_tokenizer, word_tokenizer

SETTINGS = EntitySettings
CHINESE = "zh"


def make_task(settings: EntitySettings) -> Task:
    """Tag words with entity spans in BIO."""

    def read(path: str | Path, language: str) -> TaggedSentences:
        sentences = read_bio(path, language)
        if settings.chinese == "characters" or language.split("-")[0] != CHINESE:
            return sentences
        from alignfreeze.data.segmentation import Segmenter

        return join_characters(sentences, Segmenter(CHINESE).split)

    return Task(
        kind=AutoModelForTokenClassification,
        labels=TAGS,
        read=read,
        tokenizer=partial(word_tokenizer, settings=settings),
        evaluation_tokenizer=partial(evaluation_tokenizer, settings=settings),
        items=lambda sentences, tokenizer: TaggedItems(sentences.words, sentences.tags, TAGS, tokenizer),
    )
