"""Section `diagnostics`: what is measured inside the network beside the scores."""

from __future__ import annotations

from pydantic import Field

from alignfreeze.diagnostics.settings import ConflictSettings
from alignfreeze.experiment.configuration.section import Section


class Conflict(Section, ConflictSettings):
    """Gradient conflict of realignment and task."""


class Diagnostics(Section):
    """Where in the network realignment acts."""

    conflict: Conflict | None = Field(
        default=None,
        description="Compare the gradients of the realignment loss and of each task's loss, block by block; {} takes "
        "the defaults, and where it is left out nothing is compared.",
    )
