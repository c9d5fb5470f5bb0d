"""Scores over entity spans, by seqeval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support

from alignfreeze.data.bio import OUTSIDE


class SpanScores(NamedTuple):
    """Micro-averaged scores over spans; `gold` is the number of gold spans."""

    f1: float
    precision: float
    recall: float
    gold: int


def span_scores(predictions: Sequence[Sequence[str | None]], gold: Sequence[Sequence[str]]) -> SpanScores:
    """Scores by seqeval: an I- that continues no span of its type begins one, in predictions and gold alike.

    A word without a prediction is outside; without any predicted or gold span the score is 0.
    """
    found = [[tag or OUTSIDE for tag in sentence] for sentence in predictions]
    precision, recall, f1, _ = precision_recall_fscore_support(gold, found, average="micro", zero_division=0)
    return SpanScores(float(f1), float(precision), float(recall), len(get_entities(gold)))
