"""What settings of every stage say about an encoder: its layers, its blocks, the length of its input. No PyTorch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from alignfreeze.support.settings import one_of

PAPER_MAX_LENGTH = 96
COUNTS_FROM_PADDING = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert")

MaxLength = Annotated[int, Field(ge=8, json_schema_extra={"unit": "subwords"})]

Layer = Annotated[
    Literal["paper", "last"] | Annotated[int, Field(ge=1)], one_of("paper, last", "a whole number from 1 on")
]
"""Index into `hidden_states`, `paper` (last but one) or `last`."""

_Block = Annotated[int, Field(ge=0)]


def _first_below_end(freeze: str | tuple[int, int]) -> str | tuple[int, int]:
    if not isinstance(freeze, str) and freeze[0] >= freeze[1]:
        first, end = freeze
        raise PydanticCustomError(
            "block_range",
            "[{first}, {end}] found; these are the first frozen block and the end, so the first must be below the end",
            {"first": first, "end": end},
        )
    return freeze


Freeze = Annotated[
    # Lists are taken for pairs: YAML and JSON know no others.
    Literal["full", "front", "back"] | Annotated[tuple[_Block, _Block], Field(strict=False)],
    one_of("full, front, back", "[first block, end block]"),
    AfterValidator(_first_below_end),
]
"""Frozen blocks: `full` (the full model is trained, none is frozen), `front`, `back`, or [first, end)."""


def unused_positions(model_type: str, pad_token_id: int) -> int:
    """Rows of the position embeddings before that of the first subword; XLM-R's family counts from the padding id."""
    return pad_token_id + 1 if model_type in COUNTS_FROM_PADDING else 0
