"""Settings of how a task's text becomes subwords. No PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from alignfreeze.data.labelled import INFERENCE_LABELS
from alignfreeze.data.treebank import UPOS
from alignfreeze.encoders.settings import PAPER_MAX_LENGTH, MaxLength
from alignfreeze.support.settings import Count, Settings

Tokens = Literal["words", "all_lines"]
ChineseTokens = Literal["characters", "words"]
Prediction = Literal["ours", "published"]
Labels = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class EncodingSettings(Settings):
    """For a task whose items are one sequence each."""

    evaluation_only: ClassVar[frozenset[str]] = frozenset()

    max_length: MaxLength = Field(
        default=PAPER_MAX_LENGTH, description="Longest training item, and width of a window of a longer text."
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Settings that do not go together.

        Yields
        ------
        key : str
        problem : str
            What is wrong with its value.
        """
        yield from ()

    def for_training(self) -> dict[str, Any]:
        """Settings that fine-tuning depends on: all but those of evaluation."""
        return self.model_dump(mode="json", exclude=set(self.evaluation_only))


class SequenceSettings(EncodingSettings):
    """For tasks on sentences and on pairs of sentences."""

    evaluation_only: ClassVar[frozenset[str]] = frozenset({"evaluation_length"})

    evaluation_length: MaxLength | None = Field(
        default=None,
        description="Width of a window in evaluation, or longest pair of sentences. Where it is left out: max_length "
        "for windows, all that the model takes for pairs.",
    )


class LabelSettings(SequenceSettings):
    """For labels of sentences, or of pairs of them."""

    labels: Labels | None = Field(
        default=None, description="Labels; where they are left out, those of the training data in alphabetical order."
    )


class SpanSettings(SequenceSettings):
    """For spans in BIO tags, such as named entities."""

    evaluation_only: ClassVar[frozenset[str]] = frozenset({"evaluation_length", "chinese"})

    types: Labels | None = Field(
        default=None,
        description="Types of spans, such as PER; where they are left out, those of the training data in alphabetical "
        "order.",
    )
    chinese: ChineseTokens = Field(
        default="characters",
        description="Tokens of Chinese text, which WikiANN has as characters: these, or the words that ICU finds, cut "
        "where the entity changes, as the published code does with another segmenter.",
    )


class TaggingSettings(SequenceSettings):
    """For tags of words."""

    labels: Labels | None = Field(
        default=None, description="Tags; where they are left out, those of the training data in alphabetical order."
    )
    tokens: Tokens = Field(
        default="words",
        description="Tokens of a treebank that are trained on and scored: its syntactic words, or all lines, multiword "
        "ranges (whose tag is _) and empty nodes included, as in the published code.",
    )


class WindowSettings(EncodingSettings):
    """For question answering, whose context is read in overlapping windows."""

    evaluation_only: ClassVar[frozenset[str]] = frozenset({"prediction"})

    stride: Count = Field(
        default=32,
        description="Overlap of neighbouring windows, and longest answer; at most half of max_length.",
        json_schema_extra={"unit": "subwords"},
    )

    empty_windows: bool = Field(default=True, description="Whether windows without the answer are trained on, too.")
    prediction: Prediction = Field(
        default="ours",
        description="ours: the best span of the windows of training, at most stride subwords long. published: that of "
        "windows of 384 subwords that share 128, at most 15 subwords long, widened to whole words.",
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Windows must move on."""
        most = self.max_length // 2
        if self.stride > most:
            yield "stride", f"{self.stride} found; at most half of max_length ({most}) lets windows move on"


class UposSettings(TaggingSettings):
    """For part-of-speech tagging on Universal Dependencies."""

    labels: Labels | None = Field(default=list(UPOS), description="Tags.")


class WikiannSettings(SpanSettings):
    """For named entities of WikiANN."""

    types: Labels | None = Field(default=["PER", "ORG", "LOC"], description="Types of spans.")


class XnliSettings(LabelSettings):
    """For natural language inference on XNLI."""

    labels: Labels | None = Field(default=list(INFERENCE_LABELS), description="Labels.")


KNOWN: dict[str, tuple[str, type[EncodingSettings]]] = {
    "udpos": ("tagging", UposSettings),
    "wikiann": ("spans", WikiannSettings),
    "xnli": ("sentence_pairs", XnliSettings),
    "xquad": ("questions", WindowSettings),
}
"""Kind and settings of the paper's tasks, by name; any other task says its kind."""
