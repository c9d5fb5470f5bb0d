"""Settings of the diagnostics. No PyTorch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from alignfreeze.encoders.settings import Layer
from alignfreeze.support.settings import Count, Settings


class ConflictSettings(Settings):
    """Which gradients of the realignment loss and of the task's loss are compared, and on how many batches."""

    task_batches: Count = Field(
        default=6,
        description="Batches of the task's data in the source language.",
        json_schema_extra={"unit": "batches"},
    )
    realignment_batches: Count = Field(
        default=3, description="Batches of sentence pairs of each language.", json_schema_extra={"unit": "batches"}
    )
    examples: Literal["train", "test"] = Field(
        default="train",
        description="Which data of the task in the source language: what it is trained on, or held out.",
    )
    layer: Layer = Field(
        default="last",
        description="Layer whose states the realignment loss compares: an index into hidden_states, paper or last.",
    )
    head: bool = Field(
        default=False,
        description="Whether an untrained projection head, such as realignment starts with, stands before the loss.",
    )


class RepresentationSettings(Settings):
    """On which words an encoder is compared with its realigned version."""

    sentences: Count = Field(
        default=100,
        description="Only so many of the first gold-linked sentences of each language.",
        json_schema_extra={"unit": "sentences"},
    )
