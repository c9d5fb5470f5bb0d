"""Section `tasks`: data, realignment and fine-tuning of each task."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, TypeAdapter, model_validator

from alignfreeze.experiment.configuration.data import Files, OneFile
from alignfreeze.experiment.configuration.section import Choice, Distinct, Section
from alignfreeze.sources.settings import Format
from alignfreeze.support.paths import Label, Name
from alignfreeze.support.settings import Count, one_of
from alignfreeze.tasks.settings import (
    EncodingSettings,
    PairSettings,
    SpanSettings,
    TaggingSettings,
    UposSettings,
    WikiannSettings,
    WindowSettings,
    XnliSettings,
)
from alignfreeze.training.settings import EPOCHS, Epochs, FinetuningRecipe
from alignfreeze.training.steps import total_steps

StepCount = Annotated[Count, Field(json_schema_extra={"unit": "steps"})]
Steps = Annotated[
    Literal["match_finetuning"] | StepCount | dict[Name, StepCount],
    one_of("match_finetuning", "a whole number from 1 on", "one by model"),
]
Items = Annotated[Count | dict[Name, Count], one_of("a whole number", "one by model")]
Names = Annotated[list[str], Field(min_length=1), Distinct]


class Task(Section, EncodingSettings, FinetuningRecipe):
    """One task."""

    data_format: ClassVar[Format]
    encoding_settings: ClassVar[type[EncodingSettings]] = EncodingSettings

    label: Label | None = Field(default=None, description="How tables and figures write the name.")
    train: OneFile = Field(description="Training data in the source language.")
    train_in_language: Files | None = Field(
        default=None,
        description="Training data by language, for fine-tuning in each evaluated language itself: an upper bound. "
        "Languages without any, by file or treebank, are left out.",
    )
    test: Files = Field(description="Test data by language.")
    test_source: OneFile | None = Field(
        default=None, description="Test data in the source language; where it is left out, that of test."
    )
    evaluate: str | None = Field(
        default=None, description="Language set of this task; where it is left out, the top-level evaluate."
    )
    aligners: Names = Field(description="Aligners whose realignments are fine-tuned on this task.")
    strategies: Names | None = Field(
        default=None, description="Strategies that are run on this task; all where it is left out."
    )
    realignment_languages: Names | None = Field(
        default=None,
        description="Those of the sets of realignment.languages that are run on this task; all where it is left out.",
    )
    realignment_steps: Steps = Field(
        description="Steps of realignment before fine-tuning, or match_finetuning (as many as fine-tuning has); by "
        "model where they differ.",
    )
    train_items: Items | None = Field(
        default=None,
        description="Number of training items, checked when they are encoded; by model where the tokenizer decides it.",
    )
    max_train_items: Count | None = Field(
        default=None, description="Train on so many of the file's first examples only; all where it is left out."
    )
    max_test_items: Count | None = Field(
        default=None,
        description="Evaluate so many of each file's first examples only, which is no benchmark; all where left out.",
    )

    @property
    def encoding(self) -> EncodingSettings:
        """How the task's text becomes subwords."""
        kind = self.encoding_settings
        return kind(**{name: getattr(self, name) for name in kind.model_fields})

    def test_data(self, is_source: bool) -> Any:
        """Entry of the test data of a language; the source language may have one of its own.

        Parameters
        ----------
        is_source : bool
            Whether the language is the source language.

        Returns
        -------
        str or Source
            A path, or a public source.
        """
        return self.test_source if is_source and self.test_source is not None else self.test

    def items_of(self, model: str) -> int | None:
        """Number of training items with a model's tokenizer, if the configuration states it.

        Parameters
        ----------
        model : str
            Name of a model.

        Returns
        -------
        int or None
        """
        return self.train_items[model] if isinstance(self.train_items, dict) else self.train_items

    def steps(self, items: int) -> int:
        """Steps of fine-tuning on `items` training items.

        Parameters
        ----------
        items : int
            Training items.

        Returns
        -------
        int
        """
        return total_steps(items, self.batch_size, self.epochs)


class Tagging(Task, TaggingSettings):
    """A tag for each word; files are CoNLL-U (.conllu), or have a word, a space or a tab and its tag on each line."""

    data_format = "conllu"
    encoding_settings = TaggingSettings
    kind: Literal["tagging"] = Field(default="tagging", description="A tag for each word.")


class Spans(Task, SpanSettings):
    """Spans of words; a line of a file is a word, a tab (or a space) and its tag: O, or B- or I- with a type."""

    data_format = "bio"
    encoding_settings = SpanSettings
    kind: Literal["spans"] = Field(default="spans", description="Spans of words.")


class SentencePairs(Task, PairSettings):
    """A label for each pair of sentences; files are TSV or .jsonl with premise, hypothesis and label."""

    data_format = "nli"
    encoding_settings = PairSettings
    kind: Literal["sentence_pairs"] = Field(default="sentence_pairs", description="A label for each pair of sentences.")
    epochs: Epochs = Field(default=2, description=EPOCHS)


class Questions(Task, WindowSettings):
    """Extractive question answering; files are SQuAD v1.1 JSON."""

    data_format = "squad"
    encoding_settings = WindowSettings
    kind: Literal["questions"] = Field(default="questions", description="Extractive question answering.")
    # As many as the published step counts fit. The script of the paper's repository asks for 5 (commit 75446a2), but
    # 18,010 and 20,228 steps (BERT's and XLM-R's vocabulary) have no common divisors but 1 and 2, and one epoch would
    # be 6.6 windows a question.
    epochs: Epochs = Field(default=2, description=EPOCHS)


class PartOfSpeechTagging(UposSettings, Tagging):
    """Part-of-speech tagging on Universal Dependencies; files are CoNLL-U."""

    encoding_settings = UposSettings


class NamedEntityRecognition(WikiannSettings, Spans):
    """Named entity recognition on WikiANN; a line of a file is a word, a tab and its tag (O, B-/I- PER ORG LOC)."""

    encoding_settings = WikiannSettings


class LanguageInference(XnliSettings, SentencePairs):
    """Natural language inference on XNLI; files are TSV or .jsonl with premise, hypothesis and label."""

    encoding_settings = XnliSettings


KINDS = {"tagging": Tagging, "spans": Spans, "sentence_pairs": SentencePairs, "questions": Questions}
"""Kinds of tasks; a new one is an entry here, and a module in `alignfreeze.tasks` and in `alignfreeze.metrics`."""


def _kind(entry: Any) -> str | None:
    kind = entry.get("kind") if isinstance(entry, dict) else getattr(entry, "kind", None)
    return f"<{kind}>" if kind in KINDS else None


AnyTask = Annotated[
    Annotated[Tagging, Tag("<tagging>")]
    | Annotated[Spans, Tag("<spans>")]
    | Annotated[SentencePairs, Tag("<sentence_pairs>")]
    | Annotated[Questions, Tag("<questions>")],
    Discriminator(
        _kind,
        custom_error_type="form",
        custom_error_message=f"a task of a name of your own has a kind: {', '.join(KINDS)}",
    ),
]


class Tasks(Choice):
    """The tasks of the experiment: the paper's four, and any others, each with its kind."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, AnyTask]

    udpos: PartOfSpeechTagging | None = Field(default=None, description="Part-of-speech tagging.")
    wikiann: NamedEntityRecognition | None = Field(default=None, description="Named entity recognition.")
    xnli: LanguageInference | None = Field(default=None, description="Natural language inference.")
    xquad: Questions | None = Field(default=None, description="Extractive question answering.")

    @model_validator(mode="before")
    @classmethod
    def _names(cls, found: Any) -> Any:
        """Names of tasks become part of file names."""
        for name in found if isinstance(found, dict) else ():
            TypeAdapter(Name).validate_python(name)
        return found
