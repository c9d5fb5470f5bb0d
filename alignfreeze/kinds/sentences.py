"""Labels of sentences: topics, sentiments, or any others."""

from __future__ import annotations

from alignfreeze.data.labelled import SENTENCE
from alignfreeze.kinds.kind import Corpus
from alignfreeze.kinds.texts import TextLabels


class Sentences(TextLabels):
    """A label for each sentence; files are TSV or .jsonl with text and label."""

    columns = SENTENCE
    formats = ("sentences",)
    # SIB-200 (Adelani et al. 2024); widths are those of running text, as in tagging.
    corpus = Corpus(701, 204, 204, 63, 33)
    metrics = ("accuracy", "macro_f1", "majority")


KIND = Sentences
