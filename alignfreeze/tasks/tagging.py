"""Tags of words: parts of speech, or any others."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from transformers import AutoModelForTokenClassification

from alignfreeze.data.tagging import read_tagged
from alignfreeze.data.treebank import NO_TAG, TreebankSentences, read_treebank
from alignfreeze.tasks import Task
from alignfreeze.tasks.settings import TaggingSettings
from alignfreeze.tasks.token_classification import TaggedItems, evaluation_tokenizer, word_tokenizer

SETTINGS = TaggingSettings


def make_task(settings: TaggingSettings) -> Task:
    """Make the task of tagging words.

    A file that ends in `.conllu` is a treebank, whose lines are all tagged (with `_`, too) if `tokens` says so; any
    other file has a word and its tag a line.

    Parameters
    ----------
    settings : TaggingSettings
        Without `labels`, they are those of the training examples, sorted.

    Returns
    -------
    Task
    """
    beside = () if settings.tokens == "words" else (NO_TAG,)
    labels = None if settings.labels is None else (*settings.labels, *beside)

    def read(path: str | Path, _: str) -> TreebankSentences:
        if Path(path).suffix == ".conllu":
            return read_treebank(path, settings.tokens)
        read = read_tagged(path)
        return TreebankSentences(read.words, read.tags, [[True] * len(words) for words in read.words])

    def with_labels_of(sentences: TreebankSentences) -> Task:
        found = sorted({tag for tags in sentences.tags for tag in tags} - {NO_TAG})
        return make_task(settings.model_copy(update={"labels": found}))

    return Task(
        model_class=AutoModelForTokenClassification,
        labels=labels,
        read=read,
        tokenizer=partial(word_tokenizer, settings=settings),
        evaluation_tokenizer=partial(evaluation_tokenizer, settings=settings),
        items=lambda sentences, tokenizer: TaggedItems(sentences.words, sentences.tags, labels or (), tokenizer),
        with_labels_of=with_labels_of if labels is None else None,
    )
