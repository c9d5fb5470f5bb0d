"""Labels of pairs of sentences: natural language inference, or any others."""

from __future__ import annotations

from functools import partial

from transformers import AutoModelForSequenceClassification

from alignfreeze.data.nli import InferencePairs, read_inference
from alignfreeze.tasks import Task
from alignfreeze.tasks.pair_classification import PairItems, PairTokenizer, pair_tokenizer
from alignfreeze.tasks.settings import PairSettings

SETTINGS = PairSettings


def make_task(settings: PairSettings) -> Task:
    """Make the task of labelling pairs of sentences.

    Parameters
    ----------
    settings : PairSettings
        Without `labels`, they are those of the training examples, sorted.

    Returns
    -------
    Task
    """
    labels = None if settings.labels is None else tuple(settings.labels)

    def items(pairs: InferencePairs, tokenizer: PairTokenizer) -> PairItems:
        return PairItems(pairs.premises, pairs.hypotheses, pairs.labels, labels or (), tokenizer)

    def with_labels_of(pairs: InferencePairs) -> Task:
        return make_task(settings.model_copy(update={"labels": sorted(set(pairs.labels))}))

    return Task(
        model_class=AutoModelForSequenceClassification,
        labels=labels,
        read=lambda path, _: read_inference(path, labels),
        tokenizer=partial(pair_tokenizer, settings=settings),
        evaluation_tokenizer=partial(pair_tokenizer, settings=settings),
        items=items,
        with_labels_of=with_labels_of if labels is None else None,
    )
