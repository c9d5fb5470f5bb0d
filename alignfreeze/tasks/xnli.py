"""Natural language inference on XNLI: accuracy over sentence pairs."""

from __future__ import annotations

import torch
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from alignfreeze.data.nli import LABELS, InferencePairs, read_inference
from alignfreeze.tasks import Score, Task
from alignfreeze.tasks.pair_classification import PairItems, PairTokenizer, pair_tokenizer, predict


def evaluate(
    model: PreTrainedModel, pairs: InferencePairs, encoder: PairTokenizer, device: torch.device, _: bool
) -> dict[str, Score]:
    """Share of pairs with the right label."""
    found = predict(model, pairs.premises, pairs.hypotheses, encoder, device)
    right = sum(label == gold for label, gold in zip(found, pairs.labels, strict=True))
    return {"accuracy": Score(right / len(pairs), len(pairs))}


def items(pairs: InferencePairs, encoder: PairTokenizer) -> PairItems:
    """Encoded training pairs."""
    return PairItems(pairs.premises, pairs.hypotheses, pairs.labels, LABELS, encoder)


TASK = Task(
    metrics=("accuracy",),
    kind=AutoModelForSequenceClassification,
    labels=LABELS,
    read=lambda path, _: read_inference(path),
    encoder=pair_tokenizer,
    items=items,
    evaluate=evaluate,
)
