"""Section `published`: scores from published result files in place of runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alignfreeze.experiment.configuration.section import Distinct, Section
from alignfreeze.sources.settings import Commit
from alignfreeze.support.paths import Component, Matching, Name, OwnerAndName, RelativePath

Checksum = Annotated[str, Matching(r"[0-9a-f]{64}", "A SHA-256, 64 digits (0-9, a-f).")]
Names = Annotated[list[Name], Field(min_length=1), Distinct]


class Published(Section):
    """Result files of a GitHub repository, and what they hold."""

    repository: OwnerAndName = Field(description="GitHub repository, OWNER/NAME.")
    commit: Commit = Field(description="Commit of the files (40 digits).")
    folder: RelativePath = Field(description="Folder of the files in the repository.")
    files: dict[Component, Checksum] = Field(min_length=1, description="SHA-256 of each file, by its name.")
    models: Names = Field(description="Models that the files have scores of.")
    tasks: Names = Field(description="Tasks that the files have scores of.")
    realignment_languages: Names = Field(
        default=["all"],
        description="Sets of realignment languages that the files have scores of; with several, differences are of the "
        "earlier ones minus the later ones.",
    )
