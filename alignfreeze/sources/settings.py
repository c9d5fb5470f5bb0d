"""Public sources of data, as a configuration names them: what they need, and the file that each becomes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from alignfreeze.sources.formats import COLUMNS, CONVERTED, ENDINGS, ending_of_file
from alignfreeze.support.paths import COMPONENT, LANGUAGE, Label, LanguageCode, Matching, Name
from alignfreeze.support.settings import Settings, one_of

RowFormat = Literal["lines", "tags", "bio", "sentences", "nli", "squad"]
Format = Literal["conllu", "dictionary", RowFormat]
MUSE_PARTS = {"full": "", "train": ".0-5000", "test": ".5000-6500"}

Commit = Annotated[str, Matching(r"[0-9a-f]{40}", "A commit, 40 digits (0-9, a-f).")]
HubName = Annotated[str, Matching(rf"{COMPONENT}(?:/{COMPONENT})?", "OWNER/NAME.", 200)]
DatasetCode = Annotated[str, Matching(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", "How a dataset writes a language.", 100)]
Revision = Annotated[Commit | Literal["refs/convert/parquet"], one_of("a commit (40 digits)", CONVERTED)]
_FILLED = r"\{lang\}|\{pair\}"
_HOST = r"https://[a-z0-9][a-z0-9.-]*|http://127\.0\.0\.1|http://localhost"
_PART = rf"(?:[A-Za-z0-9_]|{_FILLED})(?:[A-Za-z0-9_.+=%-]|{_FILLED})*"
Codes = Annotated[
    dict[LanguageCode, DatasetCode],
    Field(
        description="How the source writes languages, such as sw: swh_Latn; {lang} is that, or else the code itself."
    ),
]


def _filled(text: str, codes: dict[str, str], language: str, source_language: str) -> str:
    """Text with a language, and both languages in alphabetical order, in their places."""
    own, other = (codes.get(code, code) for code in (language, source_language))
    return text.replace("{lang}", own).replace("{pair}", "-".join(sorted([own, other])))


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
    format: RowFormat = Field(
        description="Rows: translations (lines), words with tags (tags) or with spans in BIO (bio), labelled sentences "
        "(sentences) or pairs (nli), or questions (squad)."
    )
    codes: Codes = {}
    columns: dict[str, Label] = Field(
        default={},
        description="The dataset's names of columns, where they are others: of words (tokens) and tags (upos or "
        "ner_tags), of text and label, or of premise, hypothesis and label.",
    )
    labels: list[Label] | None = Field(
        default=None,
        description="Names of the labels or tags 0, 1, 2 and so on, where the dataset has numbers without names.",
    )
    side: Annotated[str, Matching(rf"{LANGUAGE}|\{{lang\}}", "A language's code, or {lang}.")] | None = Field(
        default=None, description="Language that is taken from translations, en or {lang}; required for format lines."
    )
    revision: Revision | None = Field(
        default=None,
        description="Commit that is fetched (40 digits), or refs/convert/parquet, the hub's own conversion of a "
        "dataset without Parquet files; where left out, the newest. What is fetched is locked.",
    )

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        allowed = COLUMNS.get(self.format, {})
        if unknown := sorted(self.columns.keys() - allowed.keys()):
            raise PydanticCustomError(
                "form",
                "no column {unknown} in format {format}; allowed are {allowed}",
                {"unknown": ", ".join(unknown), "format": self.format, "allowed": ", ".join(allowed) or "none"},
            )
        return self

    def rows(self) -> dict[str, Any]:
        """Names of columns and labels that its rows are read with."""
        return {"columns": COLUMNS.get(self.format, {}) | self.columns, "labels": self.labels}

    def format_of_file(self) -> Format:
        """Format of the files that the source becomes."""
        return self.format

    def file_of(self, language: str, source_language: str) -> str:
        """Path of a split's file below the resources folder."""
        subset, side = (_filled(text, self.codes, language, source_language) for text in (self.subset, self.side or ""))
        return f"datasets/{self.hub}/{subset}/{self.split}.{ENDINGS[self.format].format(side=side)}"


class PlainFiles(Source):
    """Files of a web server, in formats that the user's own files may have; they are fetched and taken as they are."""

    url: Annotated[
        str,
        Matching(
            rf"(?:{_HOST})(?::[0-9]{{1,5}})?(?:/{_PART})+",
            "An address, https://HOST/FOLDERS/FILE (http on this machine alone): letters, digits, _ . + = % - and "
            "{lang} or {pair}; no query, and no . at the beginning of a part.",
            500,
        ),
    ] = Field(
        description="Address of a file, https alone; {lang} and {pair} (both codes in alphabetical order, such as "
        "de-en) are filled in. One that names a commit or a release stays the same; what is fetched is locked anyway."
    )
    format: Format = Field(
        description="What the file is, as the user's own would be: CoNLL-U (conllu), words with tags (tags) or with "
        "spans in BIO (bio), labelled sentences (sentences) or pairs (nli; both TSV, or .jsonl), questions (squad), a "
        "dictionary, or sentences (lines)."
    )
    codes: Codes = {}

    def format_of_file(self) -> Format:
        """Format of the files that the source becomes."""
        return self.format

    def file_of(self, language: str, source_language: str) -> str:
        """Path of a file below the resources folder: its address, and the ending that readers go by.

        >>> masakhapos = PlainFiles(url="https://a.org/{lang}/test.txt", codes={"sw": "swa"}, format="tags")
        >>> masakhapos.file_of("sw", "en")
        'files/https/a.org/swa/test.txt.tags'
        """
        scheme, address = _filled(self.url, self.codes, language, source_language).split("://")
        return f"files/{scheme}/{address}.{ending_of_file(self.format, address)}"
