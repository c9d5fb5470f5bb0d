"""What settings of every stage say about an encoder: its layers, its blocks, the length of its input. No PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from alignfreeze.support.settings import Count, Settings, one_of

PAPER_MAX_LENGTH = 96
DEFAULT_MAX_LENGTH = 512  # of inference, with a model whose positions have no end
# Types of models whose first subword has the position after that of the padding id; of all of them it is 1 by default.
COUNTS_FROM_PADDING = (
    "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "xmod", "mpnet", "data2vec-text", "ibert", "lilt",
    "longformer", "luke", "roberta-prelayernorm",
)  # fmt: skip

MaxLength = Annotated[int, Field(ge=8, json_schema_extra={"unit": "subwords"})]

Layer = Annotated[
    Literal["paper", "last"] | Annotated[int, Field(ge=1)], one_of("paper, last", "a whole number from 1 on")
]
"""Index into `hidden_states`, `paper` (last but one) or `last`."""

Word = Literal["first", "last", "mean"]
"""Which state represents a word: that of its first or last subword, or the mean of those of all its subwords."""

_Block = Annotated[int, Field(ge=0)]


def _each_block_once(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(numbers)) < len(numbers):
        raise PydanticCustomError("twice", "a block stands twice; list each once")
    return numbers


_Blocks = Annotated[tuple[_Block, ...], Field(strict=False, min_length=1), AfterValidator(_each_block_once)]


class ChosenBlocks(Settings):
    """Blocks by number."""

    blocks: _Blocks = Field(description="Frozen blocks, counted from 0.")


class RandomBlocks(Settings):
    """A number of blocks, drawn at random: a control for strategies that choose by position."""

    random: Count = Field(description="Number of frozen blocks.")
    seed: int = Field(default=0, ge=0, description="Decides which ones; the same for every seed of the experiment.")


class OnlyBlocks(Settings):
    """All blocks but some."""

    only: _Blocks = Field(description="Blocks that are trained, counted from 0; all others are frozen.")


class ConflictBlocks(Settings):
    """The blocks in which the gradients of realignment and task pull apart most; an experiment measures which ones."""

    conflict: Literal["half"] = Field(
        description="How many blocks: half of them, those of the lowest cosine of the two gradients."
    )
    task: str | None = Field(
        default=None, description="Task whose gradient is meant; may be left out where the experiment has one task."
    )
    state: Literal["pretrained", "finetuned"] = Field(
        default="finetuned", description="Encoder whose gradients are compared: before fine-tuning, or fine-tuned."
    )


FREEZE_KEYS = {"blocks", "random", "only", "conflict"}
FREEZE_FORMS = (
    "full, front, back or [first, end], {blocks: [...]}, {random: ..., seed: ...}, {only: [...]} or {conflict: half}"
)


def _first_below_end(freeze: Any) -> Any:
    if isinstance(freeze, tuple) and freeze[0] >= freeze[1]:
        first, end = freeze
        raise PydanticCustomError(
            "block_range",
            "[{first}, {end}] found; these are the first frozen block and the end, so the first must be below the end",
            {"first": first, "end": end},
        )
    return freeze


Freeze = Annotated[
    # Lists are taken for pairs: YAML and JSON know no others.
    Literal["full", "front", "back"]
    | Annotated[tuple[_Block, _Block], Field(strict=False)]
    | ChosenBlocks
    | RandomBlocks
    | OnlyBlocks
    | ConflictBlocks,
    one_of(
        "full, front, back",
        "[first block, end block]",
        "{blocks: [...]}",
        "{random: ..., seed: ...}",
        "{only: [...]}",
        "{conflict: half}",
    ),
    AfterValidator(_first_below_end),
]
"""Frozen blocks: `full` (the full model is trained, none is frozen), `front`, `back`, [first, end), blocks by number, a
number of random ones, all but some, or the half that conflicts most with a task."""


def unused_positions(config: Mapping[str, Any]) -> int:
    """Number of position embeddings that come before that of the first subword.

    Parameters
    ----------
    config : mapping from str to object
        Keys and values of a config.json.

    Returns
    -------
    int
        0, or the padding id plus one for models that count positions from the padding id (RoBERTa and its kin).
    """
    padding = config.get("pad_token_id")
    return (1 if padding is None else padding) + 1 if config.get("model_type") in COUNTS_FROM_PADDING else 0


def longest_input(config: Mapping[str, Any]) -> int | None:
    """Number of subwords of the longest sequence that a model takes.

    Parameters
    ----------
    config : mapping from str to object
        Keys and values of a config.json.

    Returns
    -------
    int or None
        None where positions are relative only, as in T5 and DeBERTa: they have no end.
    """
    stated = config.get("max_position_embeddings")
    if stated is None or config.get("position_biased_input") is False:
        return None
    return int(stated) - unused_positions(config)
