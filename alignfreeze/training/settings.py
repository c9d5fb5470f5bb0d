"""Settings of training and fine-tuning, with the paper's values as defaults. No PyTorch."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from alignfreeze.support.settings import Count, Settings

Precision = Literal["fp32", "tf32", "bf16"]
Bucketing = Literal["none", "window"]
Epochs = Annotated[Count, Field(json_schema_extra={"unit": "epochs"})]
EPOCHS = "Passes over the training items."
LearningRate = Annotated[float, Field(gt=0, le=1)]


class FinetuningRecipe(Settings):
    """What an experiment chooses for the fine-tuning of each task (paper, section 4 and appendix B)."""

    learning_rate: LearningRate = Field(
        default=2.0e-5, description="Highest learning rate of Adam for the encoder; it rises, then falls to 0."
    )
    head_learning_rate: LearningRate | None = Field(
        default=None,
        description="Highest learning rate of the task's head and a pooler; where it is left out, that of the encoder.",
    )
    batch_size: Count = Field(
        default=32, description="Training items of one step.", json_schema_extra={"unit": "training items"}
    )
    epochs: Epochs = Field(default=5, description=EPOCHS)
    warmup_ratio: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share of the steps in which the learning rate rises from 0 to its highest value.",
        json_schema_extra={"unit": "share of the steps"},
    )
    schedule_accumulation: Count = Field(
        default=1,
        description="Micro-batches of a step as which the published code counts the warm-up and decay of the learning "
        "rate: with 4, 8 or 16 (small GPUs) the peak comes so many times later. It changes the rate only.",
        json_schema_extra={"unit": "micro-batches"},
    )
    bucketing: Bucketing = Field(
        default="none",
        description="With window, batches are made of items of like length: faster, but less random.",
    )

    @model_validator(mode="after")
    def _micro_batches_are_equal(self) -> Self:
        if self.batch_size % self.schedule_accumulation:
            raise PydanticCustomError(
                "schedule_accumulation",
                "schedule_accumulation: {found} found; it must divide batch_size, which is {batch_size}",
                {"found": self.schedule_accumulation, "batch_size": self.batch_size},
            )
        return self


class FinetuningSettings(FinetuningRecipe):
    """Settings of one fine-tuning."""

    precision: Precision = Field(
        default="fp32", description="fp32, tf32 (matrix products in TensorFloat-32) or bf16 (autocast, fp32 weights)."
    )
