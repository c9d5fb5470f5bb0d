"""Quality filter of a bitext (the paper's appendix C.1): a score for each pair, and those at or above a percentile."""

from __future__ import annotations

import csv
import json
import logging
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from alignfreeze.data.bitext import Bitext
from alignfreeze.support.atomic import atomic_file
from alignfreeze.support.errors import InputError, damaged

logger = logging.getLogger(__name__)
COLUMNS = ("score", "source", "target")
NOT_FETCHED = (
    "; it was not fetched: accept its licence at huggingface.co/{model} where it has one, log in there (HF_TOKEN), "
    "unset HF_HUB_OFFLINE, and run the same command once where there is a network"
)
UNSPACED = {"ja", "th", "zh"}
"""Languages that are written without spaces between words."""


def as_text(words: list[str], language: str) -> str:
    """Join the words of a sentence to running text, in one line.

    Parameters
    ----------
    words : list of str
        Words of the sentence.
    language : str
        Code of the language; for those of `UNSPACED` no space is put between words.

    Returns
    -------
    str
    """
    return " ".join(("" if language in UNSPACED else " ").join(words).split())


def write_pair_scores(path: str | Path, scores: Iterable[float], parts: Iterable[Bitext]) -> None:
    """Write a score for each sentence pair beside its words, for a user to look at.

    Parameters
    ----------
    path : str or Path
        File to write: CSV with the columns `COLUMNS`.
    scores : iterable of float
        One for each pair, in order.
    parts : iterable of Bitext
        The bitext, in parts.

    Raises
    ------
    InputError
        A score is not a finite number.
    """
    found = iter(scores)
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for part in parts:
            for source, target in zip(part.source, part.target, strict=True):
                score = float(next(found))
                if not np.isfinite(score):
                    raise InputError(f"{path}: the score of a sentence pair is {score}; look at {' '.join(source)!r}")
                writer.writerow([repr(score), " ".join(source), " ".join(target)])


def read_pair_scores(path: str | Path) -> np.ndarray:
    """Read the scores of a file that `write_pair_scores` wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    numpy.ndarray
        (pairs,) float64, in order.

    Raises
    ------
    InputError
        The file is damaged.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            columns = tuple(next(rows, ()))
            scores = np.array([float(row[0]) for row in rows] if columns == COLUMNS else [], np.float64)
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise damaged(path, error) from error
    if columns != COLUMNS:
        raise damaged(path, f"its columns are not {', '.join(COLUMNS)}")
    if not np.isfinite(scores).all():
        raise damaged(path, "a score is not a finite number")
    return scores


def threshold(scores: np.ndarray, percentile: float) -> float:
    """Score at a percentile (0 to 100), interpolated linearly between neighbours.

    Parameters
    ----------
    scores : numpy.ndarray
        (pairs,).
    percentile : float
        0 to 100.

    Returns
    -------
    float
        A pair at or above it is kept.
    """
    return float(np.percentile(scores, percentile))


def kept_pairs(parts: Iterable[Bitext], scores: np.ndarray, percentile: float) -> Iterator[Bitext]:
    """Yield the pairs of each part whose score is at or above the percentile of all scores, in order.

    Parameters
    ----------
    parts : iterable of Bitext
        The bitext, in parts.
    scores : numpy.ndarray
        (pairs,), one for each pair of the bitext, in order.
    percentile : float
        0 to 100; 0 keeps all pairs.

    Yields
    ------
    Bitext
        What is left of a part; it may be empty.

    Raises
    ------
    InputError
        There is not one score for each pair.
    """
    chosen, start = scores >= threshold(scores, percentile), 0
    for part in parts:
        rows = np.flatnonzero(chosen[start : start + len(part)])
        yield Bitext([part.source[row] for row in rows], [part.target[row] for row in rows])
        start += len(part)
    if start != len(scores):
        raise InputError(f"{len(scores)} scores for {start} sentence pairs; score the bitext again")
    logger.info("%d of %d sentence pairs at or above percentile %s", chosen.sum(), len(chosen), percentile)


def cometkiwi_scores(
    parts: Iterable[Bitext], languages: tuple[str, str], command: str, model: str, gpus: int
) -> list[float]:
    """Score sentence pairs by COMETKiwi, with the command line of the package unbabel-comet.

    Parameters
    ----------
    parts : iterable of Bitext
        The bitext, in parts.
    languages : tuple of 2 str
        Codes of the source and the target.
    command : str
        The command, such as `comet-score`, or a longer one that starts it in an environment of its own.
    model : str
        A model that needs no reference.
    gpus : int
        Number of GPUs; 0 computes on the CPU.

    Returns
    -------
    list of float
        One for each pair, in order; higher is better.

    Raises
    ------
    InputError
        The command is not there, fails, or gives something else than one score for each pair.
    """
    program = shlex.split(command)
    if not program or shutil.which(program[0]) is None:
        raise InputError(
            f"data.bitext.filter.command: no command {command!r}; install unbabel-comet in an environment of its own "
            "(envs/comet.yaml) and name its comet-score by the full path, or run snakemake with --sdm conda"
        )
    with tempfile.TemporaryDirectory() as folder:
        sides = [Path(folder, side) for side in ("source.txt", "target.txt")]
        pairs = 0
        with sides[0].open("w", encoding="utf-8") as source, sides[1].open("w", encoding="utf-8") as target:
            for part in parts:
                source.writelines(f"{as_text(words, languages[0])}\n" for words in part.source)
                target.writelines(f"{as_text(words, languages[1])}\n" for words in part.target)
                pairs += len(part)
        output = Path(folder, "scores.json")
        options = ["-s", sides[0], "-t", sides[1], "--model", model, "--gpus", gpus, "--quiet", "--to_json", output]
        finished = subprocess.run([*program, *map(str, options)], capture_output=True, text=True)
        if finished.returncode or not output.is_file():
            last = (finished.stderr.strip() or finished.stdout.strip() or "it wrote no scores").splitlines()[-1]
            # What unbabel-comet says of every model that it could not fetch.
            advice = NOT_FETCHED.format(model=model) if "not supported by COMET" in last else ""
            raise InputError(
                f"data.bitext.filter.command: {command!r} failed with status {finished.returncode}: {last}{advice}"
            )
        try:
            [segments] = json.loads(output.read_text(encoding="utf-8")).values()
            scores = [float(segment["COMET"]) for segment in segments]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"data.bitext.filter.command: {command!r} wrote no scores that can be read: {error!r}; "
                "unbabel-comet 2.2.7 is what this was written for"
            ) from error
    if len(scores) != pairs:
        raise InputError(
            f"data.bitext.filter.command: {len(scores)} scores for {pairs} sentence pairs from {command!r}"
        )
    return scores
