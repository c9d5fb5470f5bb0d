"""Natural language inference on XNLI."""

from __future__ import annotations

from transformers import AutoModelForSequenceClassification

from alignfreeze.data.nli import LABELS, InferencePairs, read_inference
from alignfreeze.tasks import Task
from alignfreeze.tasks.pair_classification import PairItems, PairTokenizer, pair_tokenizer


def items(pairs: InferencePairs, tokenizer: PairTokenizer) -> PairItems:
    """Encoded training pairs."""
    return PairItems(pairs.premises, pairs.hypotheses, pairs.labels, LABELS, tokenizer)


TASK = Task(
    kind=AutoModelForSequenceClassification,
    labels=LABELS,
    read=lambda path, _: read_inference(path),
    tokenizer=pair_tokenizer,
    items=items,
)
