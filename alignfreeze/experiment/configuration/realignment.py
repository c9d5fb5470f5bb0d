"""Section `realignment`: its strategies and the settings that all of them share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from alignfreeze.encoders.settings import PAPER_MAX_LENGTH, MaxLength
from alignfreeze.experiment.configuration.section import Section
from alignfreeze.realignment.settings import RealignmentRecipe, Strategy
from alignfreeze.support.paths import Name


class ConfiguredStrategy(Section, Strategy):
    """A strategy by its name: what it freezes, or more."""


def _in_full(entry: Any) -> Any:
    return entry if isinstance(entry, dict | Strategy) else {"freeze": entry}


class Realignment(Section, RealignmentRecipe):
    """Realignment, the same for all tasks."""

    strategies: dict[Name, Annotated[ConfiguredStrategy, BeforeValidator(_in_full)]] = Field(
        min_length=1,
        description="Strategies by name: what each freezes, such as front, or more: {freeze: front, schedule: during}.",
    )
    pairs: str = Field(description="Language set, or single language, whose bitext is used.")
    max_length: MaxLength = Field(
        default=PAPER_MAX_LENGTH, description="Longest sentence of a pair; words behind it are left out."
    )
