"""Settings of the word aligners. No PyTorch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alignfreeze.encoders.settings import MaxLength
from alignfreeze.support.settings import Count, Settings

Extraction = Literal["softmax", "argmax"]
Matching = Literal["casefolded", "published"]
Order = Literal["source_first", "target_first"]


class AwesomeSettings(Settings):
    """Alignment by the states of an encoder (Dou and Neubig 2021)."""

    layer: Count = Field(description="Layer that is read, an index into hidden_states; a middle one is best.")
    extraction: Extraction = Field(
        default="softmax", description="How links are read off the similarities: softmax (with threshold) or argmax."
    )
    threshold: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=1e-3,
        description="With softmax, the probability that a link must exceed in both directions.",
        json_schema_extra={"unit": "probability"},
    )
    batch_tokens: Count = Field(
        default=8192,
        description="Largest size of a batch, both sides with padding; it decides speed and memory only.",
        json_schema_extra={"unit": "subwords"},
    )
    max_length: MaxLength | None = Field(
        default=None,
        description="Longest sentence; words behind it stay unlinked. Where it is left out, all that the model takes.",
    )


class FastAlignSettings(Settings):
    """FastAlign in both directions, joined by grow-diag-final-and (Dyer et al. 2013)."""

    iterations: Count = Field(
        default=5,
        description="Passes of expectation maximisation after a first, uniform one. The C++ tool counts that, too: its "
        "default of 5 is 4 here.",
        json_schema_extra={"unit": "passes"},
    )
    lowercase: bool = Field(
        default=True, description="Whether words are lower-cased first; the published code takes them as they stand."
    )


class DictionarySettings(Settings):
    """Links of unambiguous translations in a bilingual dictionary."""

    matching: Matching = Field(
        default="casefolded",
        description="casefolded compares words in lower case. published: as they stand, each entry in both directions, "
        "without entries of two identical forms; it finds fewer pairs.",
    )
