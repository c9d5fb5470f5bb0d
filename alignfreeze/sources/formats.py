"""Formats that rows of a dataset are converted to: endings of the files, and names of the columns."""

from __future__ import annotations

ENDINGS = {
    "lines": "{side}.txt",
    "tags": "tags",
    "bio": "bio",
    "sentences": "sentences.tsv",
    "nli": "nli.tsv",
    "squad": "squad.json",
}
"""Ending of the file, by the name of the format."""

OF_FILES = {
    "conllu": "conllu",
    "dictionary": "txt",
    "lines": "txt",
    "tags": "tags",
    "bio": "bio",
    "sentences": "tsv",
    "nli": "tsv",
    "squad": "json",
}
"""Ending of a file that is taken as it is, by the name of the format."""

JSON_LINES = "jsonl"
"""Ending of the other files with labelled texts."""

COLUMNS = {
    "tags": {"words": "tokens", "tags": "upos"},
    "bio": {"words": "tokens", "tags": "ner_tags"},
    "sentences": {"text": "text", "label": "label"},
    "nli": {"premise": "premise", "hypothesis": "hypothesis", "label": "label"},
}
"""Columns that may have other names in a dataset, and their usual ones."""

CONVERTED = "refs/convert/parquet"
"""Branch with the hub's own conversion of a dataset to Parquet."""


def format_of_ending(ending: str) -> str:
    """Format that a converted file is in, by its ending.

    Parameters
    ----------
    ending : str
        What follows the first dot of its name.

    Returns
    -------
    str

    Examples
    --------
    >>> format_of_ending("nli.tsv"), format_of_ending("sw.txt")
    ('nli', 'lines')
    """
    return next((name for name, other in ENDINGS.items() if other == ending), "lines")


def ending_of_file(format_name: str, name: str) -> str:
    """Ending by which readers know a file that is taken as it is.

    Parameters
    ----------
    format_name : str
        Name of its format.
    name : str
        Its own name; of labelled texts there are two forms.

    Returns
    -------
    str

    Examples
    --------
    >>> ending_of_file("tags", "test.txt"), ending_of_file("nli", "test.txt"), ending_of_file("nli", "test.jsonl")
    ('tags', 'tsv', 'jsonl')
    """
    ending = OF_FILES[format_name]
    return JSON_LINES if ending == "tsv" and name.endswith(f".{JSON_LINES}") else ending
