"""Section `data`: parallel text, dictionaries, gold-linked sentences; and what names a file or a public source."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from alignfreeze.aligners.settings import Order
from alignfreeze.data.settings import Sampling, Scorer
from alignfreeze.experiment.configuration.section import Distinct, Section
from alignfreeze.sources.settings import HubDataset, Muse, PlainFiles, UniversalDependencies
from alignfreeze.support.paths import FilesToRead, FileToRead, Matching, OwnerAndName
from alignfreeze.support.settings import Count, one_of

SOURCES = {"universal_dependencies": UniversalDependencies, "muse": Muse, "hub": HubDataset, "url": PlainFiles}
"""Kinds of public sources, by the key that tells them apart."""

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Pairs = Annotated[Count, Field(json_schema_extra={"unit": "sentence pairs"})]
PublicSource = (
    Annotated[UniversalDependencies, Tag("<universal_dependencies>")]
    | Annotated[Muse, Tag("<muse>")]
    | Annotated[HubDataset, Tag("<hub>")]
    | Annotated[PlainFiles, Tag("<url>")]
)


def _kind(entry: Any) -> str:
    """Tag of an entry: a file is text, and a source is told by its own key; without one of them it is the hub's."""
    if isinstance(entry, dict):
        return f"<{next((key for key in SOURCES if key in entry), 'hub')}>"
    return next((f"<{key}>" for key, kind in SOURCES.items() if isinstance(entry, kind)), "<file>")


OneFile = Annotated[Annotated[FileToRead, Tag("<file>")] | PublicSource, Discriminator(_kind)]
"""One file (which may be one by language), or a public source."""


def _by_language(entry: Any) -> Any:
    """Check that an address is one for each language, as paths are."""
    if isinstance(entry, PlainFiles) and not re.search(r"\{lang\}|\{pair\}", entry.url):
        raise PydanticCustomError(
            "form", "{url} has no {lang} in place of the code", {"lang": "{lang}", "url": entry.url}
        )
    return entry


Files = Annotated[
    Annotated[FilesToRead, Tag("<file>")] | PublicSource, Discriminator(_kind), AfterValidator(_by_language)
]
"""A file for each language, or a public source."""


Percentile = Annotated[float, Field(gt=0, lt=100)]
Percentiles = Annotated[
    Percentile | Annotated[list[Percentile], Field(min_length=1), Distinct],
    one_of("a number above 0 and below 100", "a list of different ones"),
]


class BitextFilter(Section):
    """Quality filter between the bitext and its alignment (the paper's appendix C.1)."""

    scorer: Scorer = Field(
        default="margin",
        description="What scores a pair: an encoder's margin (Artetxe and Schwenk 2019), or cometkiwi (a package).",
    )
    percentile: Percentiles = Field(
        description="Pairs of the sample at or above this percentile of their language's scores are kept; what "
        "fastalign.fit_pairs adds is not filtered. A list (the paper: 25, 37, 50, 62 and 75) compares them with each "
        "other and with all pairs, in the table and figure filter_percentiles; realignment on those of a language set "
        "all is then called all_percentile_25.",
        json_schema_extra={"unit": "per cent"},
    )
    model: str | None = Field(
        default=None, description="Encoder of the margin, a key of models; where left out, the embedded one."
    )
    neighbours: Count = Field(
        default=4, description="Nearest neighbours on the other side that the margin is relative to."
    )
    command: Annotated[str, Matching(r"[A-Za-z0-9/][A-Za-z0-9 ._/+=:-]*", "A program and its options.", 255)] = Field(
        default="comet-score", description="Command of unbabel-comet, for cometkiwi; see envs/comet.yaml."
    )
    comet_model: OwnerAndName = Field(
        default="Unbabel/wmt22-cometkiwi-da", description="Model of cometkiwi; it needs no reference."
    )

    @property
    def side_by_side(self) -> list[float]:
        """Percentiles that are compared with all pairs; none where the one percentile filters the whole experiment."""
        return self.percentile if isinstance(self.percentile, list) else []


class Bitext(Section):
    """Parallel text: the source language and the others."""

    source: OneFile | None = Field(
        default=None,
        description="The source language's side, one sentence in a line: one file, or one for each other language by "
        "{lang}.",
    )
    target: Files | None = Field(default=None, description="The other side, line by line.")
    pairs: FilesToRead | None = Field(
        default=None,
        description="In place of source and target: lines of the source language, a tab and the other side.",
    )
    segmented: bool = Field(
        default=True, description="Whether spaces separate the words already; if not, ICU segments both sides."
    )
    sample: Pairs | None = Field(
        default=None, description="Sentence pairs to draw for each language; all where it is left out."
    )
    sampling: Sampling = Field(
        default="uniform",
        description="Whether the sample is drawn, or the first pairs are taken as in the paper's code.",
    )
    sample_seed: Seed = Field(default=0, description="Seed of the sample.")
    filter: BitextFilter | None = Field(
        default=None, description="Quality filter of the sample; without it, all pairs of the sample are aligned."
    )

    @property
    def sides(self) -> dict[str, OneFile]:
        """Files with text: one with both sides, or one for each."""
        if self.pairs is not None:
            return {"pairs": self.pairs}
        return {name: side for name in ("source", "target") if (side := getattr(self, name)) is not None}


class Gold(Section):
    """Sentences with gold word links, for the diagnostics of aligners and encoders."""

    source: FileToRead = Field(description="The source language's sentences as CoNLL-U.")
    target: FilesToRead = Field(description="The other side's sentences as CoNLL-U.")
    links: FilesToRead = Field(description="Links between their words, in Pharaoh's format.")


class Data(Section):
    """Text files (relative paths start at the folder of the Snakefile) or public sources."""

    bitext: Bitext = Field(description="Parallel text that is aligned and realigned on.")
    dictionary: Files | None = Field(
        default=None, description="Bilingual dictionaries in MUSE's format; the aligner dictionary needs them."
    )
    dictionary_order: Order = Field(
        default="source_first",
        description="Which language's word stands first in the lines of the dictionaries: the source language's or the "
        "other one's, so that a dictionary serves in both directions.",
    )
    gold: Gold | None = Field(
        default=None, description="Gold-linked sentences; with them come tables of the aligners' and encoders' quality."
    )
