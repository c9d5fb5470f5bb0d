"""Sets of languages: a list, or languages that are chosen from another set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from alignfreeze.experiment.configuration.section import Distinct, Section
from alignfreeze.languages.choice import choose_languages
from alignfreeze.languages.registry import OwnFacts
from alignfreeze.support.errors import InputError
from alignfreeze.support.paths import LanguageCode, Name
from alignfreeze.support.settings import Count


class ChosenLanguages(Section):
    """Languages that are chosen from another set, by their distances in URIEL, by chance or by group."""

    choose: Count = Field(description="Number of languages.", json_schema_extra={"unit": "languages"})
    from_: Name = Field(alias="from", description="The set to choose from.")
    by: Literal["diverse", "similar", "random", "family", "script"] = Field(
        description="diverse: each next one as far as possible from the source language and those before. similar: the "
        "nearest to the source language. random: by the seed. family, script: one of each in turn."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(default=0, description="Seed of random.")


def _kind(entry: Any) -> str:
    return "<chosen>" if isinstance(entry, dict | ChosenLanguages) else "<list>"


Members = Annotated[list[LanguageCode], Field(min_length=1), Distinct]
LanguageSet = Annotated[
    Annotated[Members, Tag("<list>")] | Annotated[ChosenLanguages, Tag("<chosen>")], Discriminator(_kind)
]


def members_of(
    sets: Mapping[str, list[str] | ChosenLanguages], source: str, own: OwnFacts
) -> tuple[dict[str, list[str]], list[str]]:
    """Resolve how language sets are chosen.

    Parameters
    ----------
    sets : mapping from str to list of str or ChosenLanguages
        Name of each set -> its languages, or how they are chosen.
    source : str
        Code of the source language.
    own : mapping
        The user's own facts about languages, by code; see `read_table`.

    Returns
    -------
    members : dict from str to list of str
        Languages of every set that could be resolved, in the order of the configuration.
    problems : list of str
        What is wrong with the others, a line each.
    """
    members = {name: entry for name, entry in sets.items() if isinstance(entry, list)}
    problems = []
    for name, entry in sets.items():
        if isinstance(entry, ChosenLanguages):
            key = f"language_sets.{name}"
            if not isinstance(sets.get(entry.from_), list):
                lists = ", ".join(other for other, found in sets.items() if isinstance(found, list))
                problems.append(f"{key}.from: {entry.from_!r} found; allowed are the sets that are lists: {lists}")
                continue
            try:
                chosen = choose_languages(
                    entry.choose, sorted(members[entry.from_]), source, entry.by, seed=entry.seed, own=own
                )
                members[name] = sorted(chosen)
            except InputError as error:
                problems.append(f"{key}: {error}")
    return {name: members[name] for name in sets if name in members}, problems
