"""Settings of realignment, with the paper's values as defaults. No PyTorch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alignfreeze.encoders.settings import FREEZE_FORMS, Freeze, Layer, Word
from alignfreeze.support.settings import Count, Settings
from alignfreeze.training.settings import Bucketing, LearningRate, Precision

Variant = Literal["strong", "weak"]
Interleave = Literal["first_exhausted", "all_exhausted"]
Objective = Literal["words", "sentences"]
Shuffle = Literal["whole", "buffer"]
Schedule = Literal["before", "during", "after", "before+during"]
Positive = Annotated[float, Field(gt=0)]


class RealignmentRecipe(Settings):
    """What an experiment chooses for all its realignments (paper, section 3 and appendix B)."""

    learning_rate: LearningRate = Field(default=2.0e-5, description="Constant learning rate of Adam.")
    batch_size: Count = Field(
        default=16, description="Sentence pairs of one step.", json_schema_extra={"unit": "sentence pairs"}
    )
    layer: Layer = Field(
        default="paper",
        description="Layer whose states the loss compares: an index into hidden_states, paper (last but one) or last.",
    )
    objective: Objective = Field(
        default="words",
        description="What finds its translation in a batch: each linked word, or each sentence by the mean of its "
        "subwords' states, for which no aligner is needed (aligners: [none]).",
    )
    word: Word = Field(
        default="first",
        description="State of a word: of its first subword (the paper), of its last one, or the mean of all. Word "
        "retrieval reads the same one.",
    )
    temperature: Positive = Field(default=0.1, description="Divisor of the cosine similarities in the loss.")
    head: bool = Field(
        default=True, description="Whether a projection head is trained between the states and the loss."
    )
    head_size: Count = Field(
        default=128, description="Width of the projection head's output.", json_schema_extra={"unit": "dimensions"}
    )
    variant: Variant = Field(
        default="strong",
        description="With strong, all words of a batch compete; with weak, only those of the other language.",
    )
    interleave: Interleave = Field(
        default="first_exhausted",
        description="Whether a pass over the languages ends where the first has no next pair, or with the longest.",
    )
    shuffle: Shuffle = Field(
        default="whole",
        description="Order of a language's pairs: whole draws a new one of all pairs for each pass; buffer draws from "
        "10,000 pairs at a time, in the order of the files and the same way in each pass, as the published code does.",
    )
    bucketing: Bucketing = Field(
        default="none",
        description="With window, batches are made of pairs of like length: faster, but other words compete.",
    )
    freeze_embeddings: bool = Field(default=False, description="Whether the embeddings are frozen beside the blocks.")
    trim_vocabulary: bool = Field(
        default=True,
        description="Whether only the embeddings of subwords that occur are held in memory; the numbers are the same.",
    )


class RealignmentSettings(RealignmentRecipe):
    """Settings of one realignment."""

    freeze: Freeze = Field(default="full", description=f"Frozen blocks: {FREEZE_FORMS}; full freezes none.")
    precision: Precision = Field(
        default="fp32", description="fp32, tf32 (matrix products in TensorFloat-32) or bf16 (autocast, fp32 weights)."
    )


class Strategy(Settings):
    """What a strategy freezes and when it realigns."""

    freeze: Freeze = Field(
        description="Blocks that realignment does not train: full (none), front or back (a half), [first, end), "
        "blocks by number, a number of random ones, or only: all but some."
    )
    freeze_embeddings: bool | None = Field(
        default=None, description="Whether the embeddings are frozen, too; where left out, as realignment has it."
    )
    objective: Objective | None = Field(
        default=None,
        description="What finds its translation, words or sentences; where left out, as realignment has it.",
    )
    schedule: Schedule = Field(
        default="before",
        description="Realignment before fine-tuning; during it, with one batch of each in a step; after it, of the "
        "encoder of the fine-tuned baseline, whose head stays as it is; or before and during.",
    )
    weight: Positive = Field(
        default=0.1, description="Weight of the realignment loss beside the task's loss, during fine-tuning."
    )
