"""FastAlign (Dyer et al. 2013) in both directions, symmetrised by grow-diag-final-and, through `sil-thot`."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from thot.alignment import FastAlignModel, SymmetrizationHeuristic, SymmetrizedAligner
from threadpoolctl import threadpool_limits

from alignfreeze.data.bitext import Bitext, Sentence, stream_bitext
from alignfreeze.data.pharaoh import Links

DIRECTIONS = (False, True)  # inverse?


def fit(bitext: str | Path, iterations: int, lowercase: bool, processes: int = 1) -> SymmetrizedAligner:
    """Fit the direct and the inverse model by expectation maximisation.

    Parameters
    ----------
    bitext : str or Path
        Parquet file of the pairs to fit on.
    iterations : int
        Passes of expectation maximisation after a first, uniform one, which the C++ tool counts, too: its default of
        5 is 4 here.
    processes : int
        2 fits the directions side by side, with the same numbers.
    lowercase : bool
        Whether words are lower-cased first; the paper's code takes them as they stand.

    Returns
    -------
    SymmetrizedAligner
        What `align` applies to this or another bitext.
    """
    if processes == 1:
        models = [fit_direction(bitext, iterations, inverse, lowercase) for inverse in DIRECTIONS]
    else:
        # Processes, because the library holds Python's lock while it fits.
        with (
            tempfile.TemporaryDirectory() as folder,
            ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor,
        ):
            files = [str(Path(folder) / f"{inverse}") for inverse in DIRECTIONS]
            jobs = [
                executor.submit(_fit_to_file, bitext, iterations, inverse, lowercase, file)
                for inverse, file in zip(DIRECTIONS, files, strict=True)
            ]
            for job in jobs:
                job.result()
            models = [_load(file) for file in files]
    aligner = SymmetrizedAligner(*models)
    aligner.heuristic = SymmetrizationHeuristic.GROW_DIAG_FINAL_AND
    return aligner


def align(bitext: Bitext, aligner: SymmetrizedAligner, lowercase: bool) -> Iterator[Links]:
    """Links of every pair of the bitext, in order.

    Parameters
    ----------
    bitext : Bitext
        Sentence pairs, as words; not necessarily those of the fit.
    aligner : SymmetrizedAligner
        What `fit` returned.
    lowercase : bool
        As in `fit`.

    Yields
    ------
    list of tuple of 2 int
        Links (source word, target word) of one sentence pair.
    """
    for source, target in zip(bitext.source, bitext.target, strict=True):
        _, matrix = aligner.get_best_alignment(_forms(source, lowercase), _forms(target, lowercase))
        yield [(int(i), int(j)) for i, j in np.argwhere(matrix.to_numpy())]


def fit_direction(bitext: str | Path, iterations: int, inverse: bool, lowercase: bool) -> FastAlignModel:
    """Fit the model of one direction by expectation maximisation.

    Parameters
    ----------
    bitext : str or Path
        Parquet file of the pairs to fit on.
    iterations : int
        As in `fit`.
    inverse : bool
        Whether each source word is aligned with one target word, and not each target word with one source word.
    lowercase : bool
        As in `fit`.

    Returns
    -------
    FastAlignModel
        With `inverse` its first sentence is the target.
    """
    model = FastAlignModel()
    for part in stream_bitext(bitext):
        sides = (part.target, part.source) if inverse else (part.source, part.target)
        for source, target in zip(*sides, strict=True):
            model.add_sentence_pair(_forms(source, lowercase), _forms(target, lowercase))
    # Several threads sum in an order of their own each time: the last digits, and with them ties, would change.
    with threadpool_limits(1, "openmp"):
        model.start_training()
        for _ in range(iterations):
            model.train()
        model.end_training()
    return model


def _fit_to_file(bitext: str | Path, iterations: int, inverse: bool, lowercase: bool, file: str) -> None:
    if not fit_direction(bitext, iterations, inverse, lowercase).print(file):
        raise OSError(f"{file}: the fitted model could not be written")


def _load(file: str) -> FastAlignModel:
    model = FastAlignModel()
    if not model.load(file):
        raise OSError(f"{file}: the fitted model could not be read")
    return model


def _forms(words: Sentence, lowercase: bool) -> Sentence:
    return [word.lower() for word in words] if lowercase else words
