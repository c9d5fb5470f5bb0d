"""Labels of pairs of sentences: natural language inference, or any others."""

from __future__ import annotations

from alignfreeze.data.labelled import PAIR
from alignfreeze.kinds.kind import Corpus
from alignfreeze.kinds.texts import TextLabels


class SentencePairs(TextLabels):
    """A label for each pair of sentences; files are TSV or .jsonl with premise, hypothesis and label."""

    columns = PAIR
    formats = ("nli",)
    # Examples as XNLI publishes them; widths measured with XLM-R's vocabulary and max_length 96 on some of MultiNLI.
    corpus = Corpus(392_702, 5_010, 5_010, 93, 38)
    metrics = ("accuracy",)
    epochs = 2


KIND = SentencePairs
