"""Scores over entity spans, by seqeval; the repair of predicted tags in the paper's code."""

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

    Parameters
    ----------
    predictions : sequence of sequence of str or None
        BIO tag of each word of each sentence; None where a word has no prediction.
    gold : sequence of sequence of str
        BIO tag of each word of each sentence.

    Returns
    -------
    SpanScores
    """
    found = [_without_gaps(sentence) for sentence in predictions]
    precision, recall, f1, _ = precision_recall_fscore_support(gold, found, average="micro", zero_division=0)
    return SpanScores(float(f1), float(precision), float(recall), len(get_entities(gold)))


def paper_f1(predictions: Sequence[Sequence[str | None]], gold: Sequence[Sequence[str]]) -> float:
    """F1 of the paper's code: predicted tags are repaired first, and a word without a prediction is not scored.

    Parameters
    ----------
    predictions : sequence of sequence of str or None
        BIO tag of each word of each sentence; None where a word has no prediction.
    gold : sequence of sequence of str
        BIO tag of each word of each sentence.

    Returns
    -------
    float
        0 to 1, micro-averaged over spans.
    """
    present = [
        [(tag, truth) for tag, truth in zip(*sentence, strict=True) if tag is not None]
        for sentence in zip(predictions, gold, strict=True)
    ]
    repaired = [repair([tag for tag, _ in sentence]) for sentence in present]
    return span_scores(repaired, [[truth for _, truth in sentence] for sentence in present]).f1


def repair(tags: Sequence[str]) -> list[str]:
    """Repair one sentence's predicted BIO tags as the paper's code does before it scores them.

    An `I-` at the start or after `O` becomes a `B-`. Then, from the end, the type of an entity's last `I-` is given to
    the tags before it, up to an `O` or to the first `B-` of another type (a `B-` of the same type ends nothing).

    Parameters
    ----------
    tags : sequence of str
        `O`, or `B-` or `I-` with an entity type.

    Returns
    -------
    list of str
    """
    repaired = [
        "B" + tag[1:] if tag.startswith("I-") and before == OUTSIDE else tag
        for before, tag in zip([OUTSIDE, *tags], tags, strict=False)
    ]
    spread: str | None = None  # the type that is given to the tags before
    for position in reversed(range(len(repaired))):
        prefix, _, entity_type = repaired[position].partition("-")
        if prefix == OUTSIDE:
            spread = None
        elif spread is None:
            spread = entity_type if prefix == "I" else None
        elif entity_type != spread:
            repaired[position] = f"{prefix}-{spread}"
            spread = None if prefix == "B" else spread
    return repaired


def _without_gaps(tags: Sequence[str | None]) -> list[str]:
    return [tag or OUTSIDE for tag in tags]
