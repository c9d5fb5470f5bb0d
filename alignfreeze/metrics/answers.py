"""Scores of one predicted answer: by SQuAD's rules, and as the paper's code has them.

SQuAD (Rajpurkar et al. 2016): answers are compared in lower case, without ASCII punctuation, without a, an, the and
with single spaces; of several gold answers the best one counts. The paper's code differs (docs/deviations.md), so
its published numbers must be compared with `paper_f1` and `paper_em`.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """SQuAD's normal form of an answer.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        In lower case, without ASCII punctuation and articles, with single spaces.
    """
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(answer: str, gold: Sequence[str], _: bool = False) -> float:
    """Whether an answer's normal form is that of a gold answer: SQuAD's exact match (Rajpurkar et al. 2016).

    Parameters
    ----------
    answer : str
        The predicted answer.
    gold : sequence of str
        Gold answers, at least one.

    Returns
    -------
    float
        0 or 1.
    """
    return float(any(normalise(answer) == normalise(text) for text in gold))


def f1(answer: str, gold: Sequence[str], _: bool = False) -> float:
    """SQuAD's F1 (Rajpurkar et al. 2016): of the words of an answer, against the best gold answer.

    Parameters
    ----------
    answer : str
        The predicted answer.
    gold : sequence of str
        Gold answers, at least one.

    Returns
    -------
    float
        0 to 1.
    """
    return max(_f1(normalise(answer).split(), normalise(text).split()) for text in gold)


def _f1(found: list[str], wanted: list[str]) -> float:
    common = (Counter(found) & Counter(wanted)).total()
    return 2 * common / (len(found) + len(wanted)) if common else 0.0


def paper_exact_match(answer: str, gold: Sequence[str], is_source: bool) -> float:
    """Exact match of the paper's code, against the first gold answer only (docs/deviations.md).

    Parameters
    ----------
    answer : str
        The predicted answer.
    gold : sequence of str
        Gold answers, at least one.
    is_source : bool
        Whether the text is in the source language: normal forms are compared there, raw strings in the others.

    Returns
    -------
    float
        0 or 1.
    """
    return float(normalise(answer) == normalise(gold[0]) if is_source else answer == gold[0])


def paper_f1(answer: str, gold: Sequence[str], _: bool = False) -> float:
    """F1 of the paper's code against the first gold answer (docs/deviations.md).

    Distinct common words are divided by the number of words of each side, repeated ones counted, and the denominator
    of F1 is at least 1. Where a side has no word, the score is 1 if the other has none either, otherwise 0.

    Parameters
    ----------
    answer : str
        The predicted answer.
    gold : sequence of str
        Gold answers, at least one.

    Returns
    -------
    float
        0 to 1.
    """
    found, wanted = normalise(answer).split(), normalise(gold[0]).split()
    if not found or not wanted:
        return float(found == wanted)
    common = len(set(found) & set(wanted))
    precision, recall = common / len(found), common / len(wanted)
    return 2 * precision * recall / max(1.0, precision + recall)


SCORES: dict[str, Callable[[str, Sequence[str], bool], float]] = {
    "f1": f1,
    "em": exact_match,
    "paper_f1": paper_f1,
    "paper_em": paper_exact_match,
}
