"""Part-of-speech tagging on Universal Dependencies."""

from __future__ import annotations

from functools import partial

from transformers import AutoModelForTokenClassification

from alignfreeze.data.treebank import NO_TAG, UPOS, read_treebank
from alignfreeze.tasks import Task
from alignfreeze.tasks.settings import TreebankSettings
from alignfreeze.tasks.token_classification import TaggedItems, evaluation_tokenizer, word_tokenizer

SETTINGS = TreebankSettings


def make_task(settings: TreebankSettings) -> Task:
    """Tag words with 17 tags, or all lines of a treebank with the 18th, `_`, too."""
    labels = UPOS if settings.tokens == "words" else (*UPOS, NO_TAG)
    return Task(
        kind=AutoModelForTokenClassification,
        labels=labels,
        read=lambda path, _: read_treebank(path, settings.tokens),
        tokenizer=partial(word_tokenizer, settings=settings),
        evaluation_tokenizer=partial(evaluation_tokenizer, settings=settings),
        items=lambda sentences, tokenizer: TaggedItems(sentences.words, sentences.tags, labels, tokenizer),
    )
