"""Section `diagnostics`: what is measured inside the network beside the scores."""

from __future__ import annotations

from pydantic import Field

from alignfreeze.diagnostics.settings import ConflictSettings, RepresentationSettings
from alignfreeze.experiment.configuration.section import Section


class Conflict(Section, ConflictSettings):
    """Gradient conflict of realignment and task."""


class Representation(Section, RepresentationSettings):
    """Each encoder beside its realigned versions, layer by layer and block by block."""


class Diagnostics(Section):
    """Where in the network realignment acts."""

    conflict: Conflict | None = Field(
        default=None,
        description="Compare the gradients of the realignment loss and of each task's loss, block by block; {} takes "
        "the defaults, and where it is left out nothing is compared.",
    )
    representation: Representation | None = Field(
        default=None,
        description="Compare each realigned encoder with the one it was made of: word retrieval and similarity at "
        "every layer, and how far each block's weights moved; needs data.gold.",
    )
    sweeps: bool = Field(
        default=False,
        description="Table and figure of all strategies by which blocks they freeze (one, all but one, spans from "
        "either end, random ones, those that conflict most) and, where conflict is measured, whether it tells which.",
    )
