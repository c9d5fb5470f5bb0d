"""What the names of the published result files tell, beside what stands in them. No pandas: rules read it, too."""

from __future__ import annotations

import re
from typing import NamedTuple

from alignfreeze.analysis.names import Filtered

REALIGNMENT_LANGUAGES = "all"
NUMBER_OF_LANGUAGES = re.compile(r"__(\d+_languages)\.csv$")
FILTERED = re.compile(r"__filtered_percent_(\d+)\.csv$")
TRAINED_IN = re.compile(r"__in_language_([a-z]+)\.csv$")


class FileFacts(NamedTuple):
    """Facts of earlier result files (commit 75446a2) that their names alone tell.

    Attributes
    ----------
    languages : str
        Set of realignment languages.
    filtered : Filtered or None
        What the quality filter left of its bitext, if there was one.
    trained_in : str or None
        Language that was fine-tuned on in place of the source language.
    """

    languages: str
    filtered: Filtered | None
    trained_in: str | None

    @property
    def realigned_on(self) -> str:
        """Name in the column of realignment languages."""
        return self.filtered.name if self.filtered else self.languages


def file_facts(name: str) -> FileFacts:
    """Read the name of a result file.

    Parameters
    ----------
    name : str
        Name of the file, without its folder.

    Returns
    -------
    FileFacts

    Examples
    --------
    >>> file_facts("distilbert-base-multilingual-cased__udpos__opus100__filtered_percent_25.csv").realigned_on
    'all_percentile_25'
    """
    languages, percentile, trained_in = (
        found[1] if (found := pattern.search(name)) else None for pattern in (NUMBER_OF_LANGUAGES, FILTERED, TRAINED_IN)
    )
    languages = languages or REALIGNMENT_LANGUAGES
    return FileFacts(languages, Filtered(languages, float(percentile)) if percentile else None, trained_in)
