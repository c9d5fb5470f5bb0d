"""Natural language inference on XNLI: accuracy over sentence pairs."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from alignfreeze.data.nli import InferencePairs
from alignfreeze.metrics import Evaluation, Score
from alignfreeze.metrics.pair_classification import predict
from alignfreeze.tasks.pair_classification import PairTokenizer


def evaluate(
    model: PreTrainedModel, pairs: InferencePairs, tokenizer: PairTokenizer, device: torch.device, _: bool
) -> dict[str, Score]:
    """Share of pairs with the right label.

    Parameters
    ----------
    model : PreTrainedModel
        A model with a head for sequence classification.
    pairs : InferencePairs
        With their gold labels.
    tokenizer : PairTokenizer
    device : torch.device

    Returns
    -------
    dict from str to Score
        `accuracy`; `n` counts pairs.
    """
    found = predict(model, pairs.premises, pairs.hypotheses, tokenizer, device)
    right = sum(label == gold for label, gold in zip(found, pairs.labels, strict=True))
    return {"accuracy": Score(right / len(pairs), len(pairs))}


EVALUATION = Evaluation(metrics=("accuracy",), evaluate=evaluate)
