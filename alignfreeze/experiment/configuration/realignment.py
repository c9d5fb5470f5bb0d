"""Section `realignment`: its strategies and the settings that all of them share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from alignfreeze.encoders.settings import FREEZE_KEYS, PAPER_MAX_LENGTH, Freeze, MaxLength
from alignfreeze.experiment.configuration.section import Distinct, Section
from alignfreeze.realignment.settings import RealignmentRecipe, Strategy
from alignfreeze.support.paths import Label, Name
from alignfreeze.support.settings import Count, one_of

LanguageSets = Annotated[
    str | Annotated[list[str], Field(min_length=1), Distinct],
    one_of("the name of a language set", "a list of different names"),
]


class ConfiguredStrategy(Section, Strategy):
    """A strategy by its name: what it freezes, or more."""

    label: Label | None = Field(default=None, description="How tables and figures write the name.")


class _InShort:
    """Annotation of a strategy that may be written as what it freezes."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Make the long form of the short one."""

        def long_form(entry: Any) -> Any:
            in_full = isinstance(entry, Strategy) or (isinstance(entry, dict) and not entry.keys() & FREEZE_KEYS)
            return entry if in_full else {"freeze": entry}

        return core_schema.no_info_before_validator_function(long_form, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Both forms."""
        return {"anyOf": [handler(TypeAdapter(Freeze).core_schema), handler(schema)]}


class Realignment(Section, RealignmentRecipe):
    """Realignment, the same for all tasks."""

    strategies: dict[Name, Annotated[ConfiguredStrategy, _InShort()]] = Field(
        min_length=1,
        description="Strategies by name: what each freezes, such as front, or more: {freeze: front, schedule: during}.",
    )
    languages: LanguageSets = Field(
        description="Language set, or single language, whose bitext is used; a list of several compares them, with one "
        "baseline, in the table and figure realignment_languages."
    )
    max_rows: dict[Name, dict[Name, dict[str, Count]]] = Field(
        default={},
        description="Only so many sentence pairs with a word pair, the first ones, by aligner, model and language. In "
        "the published runs with dictionaries one language had few, and where it has no more all start again.",
    )
    max_length: MaxLength = Field(
        default=PAPER_MAX_LENGTH, description="Longest sentence of a pair; words behind it are left out."
    )
