"""Natural language inference on XNLI."""

from __future__ import annotations

from functools import partial

from transformers import AutoModelForSequenceClassification

from alignfreeze.data.nli import LABELS, InferencePairs, read_inference
from alignfreeze.tasks import Task
from alignfreeze.tasks.pair_classification import PairItems, PairTokenizer, pair_tokenizer
from alignfreeze.tasks.settings import SequenceSettings

SETTINGS = SequenceSettings


def items(pairs: InferencePairs, tokenizer: PairTokenizer) -> PairItems:
    """Encoded training pairs."""
    return PairItems(pairs.premises, pairs.hypotheses, pairs.labels, LABELS, tokenizer)


def make_task(settings: SequenceSettings) -> Task:
    """Label pairs of sentences."""
    return Task(
        kind=AutoModelForSequenceClassification,
        labels=LABELS,
        read=lambda path, _: read_inference(path),
        tokenizer=partial(pair_tokenizer, settings=settings),
        evaluation_tokenizer=partial(pair_tokenizer, settings=settings),
        items=items,
    )
