"""Main memory of the jobs, so that no more of them start than a machine has memory for.

The constants are upper bounds: of jobs that hold a model, of what benchmarks/memory.py measured on a CPU (those of a
GPU's job are guesses); of the others, of what Snakemake measured in the demo and in the tests (docs/reliability.md).
"""

from __future__ import annotations

from alignfreeze.experiment.cost import Architecture

PROCESS = 900_000_000  # bytes: the process with its imports, the tokenizer and data
CUDA = 3_000_000_000  # bytes: the driver's and the libraries' share of main memory
WEIGHT = 4  # bytes of a parameter in float32
TRAINED = 12  # bytes more of one that is trained: its gradient and Adam's two moments
STATE = 140  # bytes of what a block keeps for the backward pass, for each subword and unit of its width

# MB (10^6 bytes) of jobs that hold no model.
TEXT = 400  # text, dictionaries, scores and records: read, fetched, converted
TABLE = 700  # tables, statistics, figures, the page
FOREST = 1_600  # random forests, in processes side by side
TOKENIZER = 1_000
CONVERSION = 1_800  # of the embedded model
PAIRS = 200_000  # sentence pairs of a bitext whose size is not known before it is read


def fastalign_megabytes(pairs: int | None) -> int:
    """Main memory of FastAlign, which fits both directions side by side.

    Parameters
    ----------
    pairs : int or None
        Sentence pairs that it is fitted on; None where they are not counted yet.

    Returns
    -------
    int
        MB (10^6 bytes), at the most.
    """
    return 400 + 2 * (150 + 3 * (pairs or PAIRS) // 1_000)


def training_megabytes(size: Architecture, rows: int, length: int, trimmed: bool, gpu: bool) -> int:
    """Main memory of a training.

    Parameters
    ----------
    size : Architecture
        Sizes of the encoder.
    rows : int
        Sequences of a batch.
    length : int
        Subwords of the longest one.
    trimmed : bool
        Whether embeddings are trained of the subwords that occur alone; these are taken for few.
    gpu : bool
        Whether it computes on a GPU, which then holds what is trained; the rest of a state passes through.

    Returns
    -------
    int
        MB (10^6 bytes), at the most.
    """
    trained = size.parameters - (size.vocabulary * size.hidden if trimmed else 0)
    if gpu:
        return (PROCESS + CUDA + WEIGHT * size.parameters + TRAINED * size.parameters) // 1_000_000
    batch = STATE * rows * length * size.blocks * size.hidden
    return (PROCESS + WEIGHT * size.parameters + TRAINED * trained + batch) // 1_000_000


def inference_megabytes(size: Architecture, gpu: bool) -> int:
    """Main memory of a job that reads an encoder's states or a model's predictions.

    Parameters
    ----------
    size : Architecture
        Sizes of the encoder.
    gpu : bool
        Whether it computes on a GPU.

    Returns
    -------
    int
        MB (10^6 bytes), at the most.
    """
    return (PROCESS + gpu * CUDA + WEIGHT * size.parameters) // 1_000_000
