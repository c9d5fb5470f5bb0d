"""FastAlign (Dyer et al. 2013) in both directions, symmetrised by grow-diag-final-and, through `sil-thot`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from thot.alignment import FastAlignModel, SymmetrizationHeuristic, SymmetrizedAligner

from alignfreeze.bitext import Bitext
from alignfreeze.pharaoh import Links


def fit(bitext: Bitext, iterations: int) -> SymmetrizedAligner:
    """Fit the direct and the inverse model by expectation maximisation.

    Parameters
    ----------
    bitext : pairs to fit on; words are lower-cased.
    iterations : passes of expectation maximisation (the C++ tool's default is 5).

    Returns
    -------
    an aligner that `align` applies to this or another bitext.
    """
    models = FastAlignModel(), FastAlignModel()
    for source, target in zip(bitext.source, bitext.target, strict=True):
        source_words, target_words = _lower(source), _lower(target)
        models[0].add_sentence_pair(source_words, target_words)
        models[1].add_sentence_pair(target_words, source_words)
    for model in models:
        model.start_training()
        for _ in range(iterations):
            model.train()
        model.end_training()
    aligner = SymmetrizedAligner(*models)
    aligner.heuristic = SymmetrizationHeuristic.GROW_DIAG_FINAL_AND
    return aligner


def align(bitext: Bitext, aligner: SymmetrizedAligner) -> Iterator[Links]:
    """Links of every pair of the bitext, in order."""
    for source, target in zip(bitext.source, bitext.target, strict=True):
        _, matrix = aligner.get_best_alignment(_lower(source), _lower(target))
        yield [(int(i), int(j)) for i, j in np.argwhere(matrix.to_numpy())]


def _lower(words: list[str]) -> list[str]:
    return [word.lower() for word in words]
