"""Section `aligners`."""

from __future__ import annotations

from pydantic import Field

from alignfreeze.aligners.settings import AwesomeSettings, DictionarySettings, FastAlignSettings
from alignfreeze.experiment.configuration.data import Pairs
from alignfreeze.experiment.configuration.section import Choice, Section


class Awesome(Section, AwesomeSettings):
    """By the states of an encoder (Dou and Neubig 2021)."""

    model: str = Field(description="The encoder, a key of models.")


class FastAlign(Section, FastAlignSettings):
    """FastAlign in both directions, joined by grow-diag-final-and (Dyer et al. 2013)."""

    fit_pairs: Pairs | None = Field(
        default=None,
        description="Pairs to fit on, more than the sample, which is among them; where left out, the sample alone.",
    )


class Dictionary(Section, DictionarySettings):
    """Unambiguous translations by data.dictionary."""


class Aligners(Choice):
    """Word aligners; where there are gold links, those named here are compared with them."""

    awesome: Awesome | None = Field(default=None, description="Alignment by an encoder's states.")
    fastalign: FastAlign | None = Field(default=None, description="FastAlign.")
    dictionary: Dictionary | None = Field(default=None, description="A bilingual dictionary.")
