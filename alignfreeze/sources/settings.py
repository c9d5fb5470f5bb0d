"""Public sources of data, as a configuration names them: what they need, and the file that each becomes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from alignfreeze.support.paths import COMPONENT, LANGUAGE, LanguageCode, Matching, Name
from alignfreeze.support.settings import Settings

Format = Literal["conllu", "dictionary", "lines", "bio", "nli", "squad"]
# Formats that a dataset's rows are converted to: name in the configuration to the file's ending.
ENDINGS = {"lines": "{side}.txt", "bio": "bio", "nli": "nli.tsv", "squad": "squad.json"}
MUSE_PARTS = {"full": "", "train": ".0-5000", "test": ".5000-6500"}

Commit = Annotated[str, Matching(r"[0-9a-f]{40}", "A commit, 40 digits (0-9, a-f).")]
HubName = Annotated[str, Matching(rf"{COMPONENT}(?:/{COMPONENT})?", "OWNER/NAME.", 200)]
_FILLED = r"\{lang\}|\{pair\}"


def _fill(pattern: str, language: str, source_language: str) -> str:
    pair = "-".join(sorted([source_language, language]))
    return pattern.replace("{lang}", language).replace("{pair}", pair)


class Source(Settings):
    """A public source; see its subclasses."""

    def format_of_file(self) -> Format:
        """Format of the files that the source becomes."""
        raise NotImplementedError

    def file_of(self, language: str, source_language: str) -> str:
        """Path below the resources folder of a language's file, in the format that everything downstream reads.

        Parameters
        ----------
        language : str
            Code of the language.
        source_language : str
            Code of the experiment's source language; some sources have files by pair.

        Returns
        -------
        str
        """
        raise NotImplementedError

    def languages_without(self, languages: Iterable[str]) -> list[str]:  # noqa: ARG002 (some of its subclasses need it)
        """Languages that the source has nothing for, as far as the configuration tells.

        Parameters
        ----------
        languages : iterable of str
            Codes of the languages that are wanted.

        Returns
        -------
        list of str
            Codes, sorted.
        """
        return []


class UniversalDependencies(Source):
    """Treebanks of one release of Universal Dependencies."""

    universal_dependencies: Annotated[str, Matching(r"r\d+\.\d+", "The tag of a release, such as r2.15.", 10)] = Field(
        description="Tag of the release, such as r2.15."
    )
    treebanks: dict[
        LanguageCode, Annotated[str, Matching(r"UD_[A-Za-z_]+-[A-Za-z]+", "A repository, such as UD_German-GSD.")]
    ] = Field(min_length=1, description="Repository of each language, such as de: UD_German-GSD.")
    split: Literal["train", "dev", "test"] = Field(description="Part of the treebank.")

    def format_of_file(self) -> Format:
        """Format of the files that the source becomes."""
        return "conllu"

    def file_of(self, language: str, source_language: str) -> str:  # noqa: ARG002 (other sources need it)
        """Path of a treebank's file below the resources folder."""
        treebank = self.treebanks[language]
        file = f"{language}_{treebank.partition('-')[2].lower()}-ud-{self.split}.conllu"
        return f"universal_dependencies/{self.universal_dependencies}/{treebank}/{file}"

    def languages_without(self, languages: Iterable[str]) -> list[str]:
        """Languages that no treebank is named for."""
        return sorted(set(languages) - self.treebanks.keys())


class Muse(Source):
    """Bilingual dictionaries of MUSE (Lample et al. 2018)."""

    muse: Literal["full", "train", "test"] = Field(description="The full dictionary, or one of MUSE's own two parts.")

    def format_of_file(self) -> Format:
        """Format of the files that the source becomes."""
        return "dictionary"

    def file_of(self, language: str, source_language: str) -> str:
        """Path of a dictionary below the resources folder.

        >>> Muse(muse="full").file_of("de", "en")
        'muse/en-de.txt'
        """
        return f"muse/{source_language}-{language}{MUSE_PARTS[self.muse]}.txt"


class HubDataset(Source):
    """A dataset of the Hugging Face hub with Parquet files; nothing of it is executed."""

    hub: HubName = Field(description="OWNER/NAME of the dataset.")
    subset: Annotated[
        str,
        Matching(
            rf"(?:[A-Za-z0-9_]|{_FILLED})(?:[A-Za-z0-9_.+=-]|{_FILLED})*",
            "One name, such as plain_text, {lang}, {pair} or xquad.{lang}; no / and no . at its beginning.",
        ),
    ] = Field(description="Subset; {lang} and {pair} (both codes in alphabetical order, such as de-en) are filled in.")
    split: Name = Field(description="Split, such as train, validation or test.")
    format: Literal["lines", "bio", "nli", "squad"] = Field(
        description="Rows: translations (lines), tagged words (bio), labelled pairs (nli) or questions (squad)."
    )
    side: Annotated[str, Matching(rf"{LANGUAGE}|\{{lang\}}", "A language's code, or {lang}.")] | None = Field(
        default=None, description="Language that is taken from translations, en or {lang}; required for format lines."
    )
    revision: Commit | None = Field(
        default=None,
        description="Commit that is fetched (40 digits); where left out, the newest, which is locked.",
    )

    def format_of_file(self) -> Format:
        """Format of the files that the source becomes."""
        return self.format

    def file_of(self, language: str, source_language: str) -> str:
        """Path of a split's file below the resources folder."""
        subset, side = (_fill(text, language, source_language) for text in (self.subset, self.side or ""))
        return f"datasets/{self.hub}/{subset}/{self.split}.{ENDINGS[self.format].format(side=side)}"
