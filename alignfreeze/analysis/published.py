"""The paper's published per-seed results, converted to the long table of scores.

The twelve CSV files of `scripts/2025_naacl/results` in posos-tech/multilingual-alignment-and-transfer are wide:
one row per method and seed, one column per language and metric. Model and task are read from the columns, because
two file names are misspelled. Earlier files (commit 75446a2) tell some facts in their names alone: how many languages
were realigned on (`..__12_languages.csv`), the percentile of a quality filter (`..__filtered_percent_25.csv`), and the
language that was fine-tuned on (`..__in_language_de.csv`).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from alignfreeze.analysis.names import BASELINE, IN_LANGUAGE, NONE
from alignfreeze.analysis.published_files import file_facts
from alignfreeze.analysis.records import RECORD_COLUMNS, TRAINED_ON
from alignfreeze.analysis.scores import validate_scores
from alignfreeze.data.table import place, read_text_table, whole_numbers
from alignfreeze.support.errors import InputError, quoted

logger = logging.getLogger(__name__)

MODELS = {
    "distilbert-base-multilingual-cased": "distilmbert",
    "bert-base-multilingual-cased": "mbert",
    "xlm-roberta-base": "xlmr",
}
ALIGNERS = {"fastalign": "fastalign", "awesome": "awesome", "dico": "dictionary"}
# freeze_realign_unfreeze is a prefix of both names of back-freezing, during of three others. The paper's tables have no
# run of the last two, which the library's script knows.
STRATEGIES = {
    "freeze_realign_unfreeze_last_half": "back",
    "freeze_realign_unfreeze_last_6": "back",
    "freeze_realign_unfreeze": "front",
    "during_partial_freeze_front": "during_front",
    "during_partial_freeze_back": "during_back",
    "during": "during_full",
    "before": "full",
    "after": "after_full",
    "before+during": "before_during_full",
}
COUNTS = {
    "finetuning_steps": "finetuning_steps",
    "realignment_steps": "realignment_steps",
    "distinct_realignment_samples": "distinct_pairs",
    "repeated_realignment_samples": "pairs_seen",
}
SCORE_COLUMN = re.compile(r"eval_(?P<language>[a-z]+)_(?P<metric>[a-z0-9]+)")


def parse_method(method: str, where: str = "published results") -> tuple[str, str]:
    """Split a published method name into (strategy, aligner), trying the longest names first.

    Parameters
    ----------
    method : str
        Name in a published file.
    where : str
        File and line, for the message.

    Returns
    -------
    strategy, aligner : str
        Names as this project has them.

    Raises
    ------
    InputError
        The name is unknown.

    Examples
    --------
    >>> parse_method("freeze_realign_unfreeze_last_6_dico")
    ('back', 'dictionary')
    """
    if method == BASELINE:
        return BASELINE, NONE
    for name in sorted(STRATEGIES, key=len, reverse=True):
        aligner = method.removeprefix(f"{name}_")
        if aligner != method and aligner in ALIGNERS:
            return STRATEGIES[name], ALIGNERS[aligner]
    raise InputError(f"{where}: unknown method {quoted(method)}; known are baseline and <strategy>_<aligner>")


def _read(path: Path) -> pd.DataFrame:
    """Read one published file and name its model, strategy, aligner and bitext as this project does."""
    frame = read_text_table(path)
    missing = [name for name in ("seed", "model", "task", "method", *COUNTS) if name not in frame.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; this is not a published result file")
    if frame.empty:
        raise InputError(f"{path}: no run; this is not a published result file")
    unknown = ~frame["model"].isin(list(MODELS))
    if unknown.any():
        raise InputError(
            f"{place(str(path), frame, unknown)}: unknown model {quoted(frame.loc[unknown, 'model'].iloc[0])}; "
            f"known are {', '.join(MODELS)}"
        )
    frame["model"] = frame["model"].map(MODELS)
    frame["seed"] = whole_numbers(frame, "seed", str(path))
    methods = [parse_method(method, f"{path}:{line}") for line, method in frame["method"].items()]
    frame["strategy"] = [strategy for strategy, _ in methods]
    frame["aligner"] = [aligner for _, aligner in methods]
    facts = file_facts(path.name)
    frame["realignment_languages"] = frame["strategy"].map(
        lambda strategy: NONE if strategy == BASELINE else facts.realigned_on
    )
    if facts.trained_in:
        realigned = frame["strategy"] != BASELINE
        if realigned.any():
            raise InputError(
                f"{place(str(path), frame, realigned)}: {frame.loc[realigned, 'method'].iloc[0]} in a file of "
                "fine-tuning in the language itself, which has no realignment"
            )
        frame["strategy"] = IN_LANGUAGE
    return frame


def published_files(folder: str | Path) -> list[Path]:
    """Find the published result files of a folder.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    list of Path
        Sorted by name.

    Raises
    ------
    InputError
        There is none.
    """
    paths = sorted(Path(folder).glob("*__opus100__*.csv"))
    if not paths:
        raise InputError(
            f"{folder}: no published result file (*__opus100__*.csv); set published_source to their folder"
        )
    return paths


def published_scores(paths: Sequence[str | Path], experiment: str = "published", source: str = "en") -> pd.DataFrame:
    """Convert published result files to the long table of scores.

    Parameters
    ----------
    paths : sequence of str or Path
        The CSV files.
    experiment : str
        Name for the column `experiment`.
    source : str
        Code of the source language, whose scores the files call `same`.

    Returns
    -------
    pandas.DataFrame
        The columns of `alignfreeze.analysis.scores.COLUMNS`; value 0..1; `n` is missing: the files do not tell it.
        A column that is empty in all rows of a file is a language that was not evaluated. Runs that several files
        have with the same scores, such as a baseline, are taken once.
    """
    keys = ["model", "task", "strategy", "aligner", "realignment_languages", "seed"]
    tables = []
    for path in map(Path, paths):
        frame = _read(path)
        trained_in = file_facts(path.name).trained_in
        prefix = "final_" if any(name.startswith("final_eval_") for name in frame.columns) else ""
        columns = {}
        for name in frame.columns:
            match = SCORE_COLUMN.fullmatch(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if not match or match["language"] == "avg" or (frame[name] == "").all():
                continue
            # `same` is the language that was fine-tuned on.
            language = source if match["language"] == "same" else match["language"]
            if trained_in in (None, language):
                columns[name] = (language, match["metric"])
        # Beside their lines, so that a message can name them.
        long = frame.melt(id_vars=keys, value_vars=list(columns), var_name="column", ignore_index=False)
        long["language"] = long["column"].map(lambda name, columns=columns: columns[name][0])
        long["metric"] = long["column"].map(lambda name, columns=columns: columns[name][1])
        long = long.drop(columns="column").assign(experiment=experiment, n=pd.NA)
        tables.append(validate_scores(long, str(path)))
        logger.info("%s: %d runs, %d score columns", path.name, len(frame), len(columns))
    everything = pd.concat(tables, ignore_index=True).drop_duplicates(ignore_index=True)
    return validate_scores(everything, "published results")


def published_records(paths: Sequence[str | Path], source: str = "en") -> pd.DataFrame:
    """Return what the published files tell about each run, as run records.

    Parameters
    ----------
    paths : sequence of str or Path
        The CSV files.
    source : str
        Code of the source language.

    Returns
    -------
    pandas.DataFrame
        One row per run, with the columns `RECORD_COLUMNS`. `distinct_pairs` counts the sentence pairs seen before the
        realignment stream first restarts and `pairs_seen` all of them, repeats included. Wall time (seconds) and device
        are not in the files and stay missing. Where a file is of fine-tuning in the language itself, a last column
        names the language of each run's training data.

    Raises
    ------
    InputError
        A file is not a published result file.
    """
    tables = []
    for path in map(Path, paths):
        frame, trained_in = _read(path), file_facts(path.name).trained_in
        counts = {new: whole_numbers(frame, old, str(path)) for old, new in COUNTS.items()}
        tables.append(frame.assign(**counts, **{TRAINED_ON: trained_in or source}))
    runs = pd.concat(tables, ignore_index=True).copy().assign(wall_time=float("nan"), device="", frozen_blocks="")
    columns = [*RECORD_COLUMNS, *([TRAINED_ON] if (runs["strategy"] == IN_LANGUAGE).any() else [])]
    runs = runs.loc[:, columns].drop_duplicates()
    return runs.sort_values([*RECORD_COLUMNS[:6], *columns[len(RECORD_COLUMNS) :]], ignore_index=True)
