"""Settings of how a task's text becomes subwords. No PyTorch."""

from __future__ import annotations

from pydantic import Field

from alignfreeze.encoders.settings import PAPER_MAX_LENGTH, MaxLength
from alignfreeze.support.settings import Count, Settings


class EncodingSettings(Settings):
    """For a task whose items are one sequence each."""

    max_length: MaxLength = Field(
        default=PAPER_MAX_LENGTH, description="Longest training item, and width of a window of a longer text."
    )


class WindowSettings(EncodingSettings):
    """For question answering, whose context is read in overlapping windows."""

    stride: Count = Field(
        default=32,
        description="Overlap of neighbouring windows, and longest answer; at most half of max_length.",
        json_schema_extra={"unit": "subwords"},
    )
    empty_windows: bool = Field(default=True, description="Whether windows without the answer are trained on, too.")
