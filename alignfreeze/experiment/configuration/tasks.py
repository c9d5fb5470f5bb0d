"""Section `tasks`: data, realignment and fine-tuning of each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias, Union

from pydantic import ConfigDict, Discriminator, Field, Tag, TypeAdapter, create_model, model_validator

from alignfreeze.experiment.configuration.data import Files, OneFile
from alignfreeze.experiment.configuration.section import Choice, Distinct, Section
from alignfreeze.kinds import NAMES, load_kind
from alignfreeze.sources.settings import Format
from alignfreeze.support.paths import Label, Name
from alignfreeze.support.settings import Count, one_of
from alignfreeze.tasks.settings import KNOWN, EncodingSettings
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

    formats: ClassVar[tuple[Format, ...]]
    encoding_settings: ClassVar[type[EncodingSettings]] = EncodingSettings

    if TYPE_CHECKING:
        kind: str  # of each section its own

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
    aligners: Names = Field(
        description="Aligners whose realignments are fine-tuned on this task; none, for those that compare sentences."
    )
    strategies: Names | None = Field(
        default=None, description="Strategies that are run on this task; all where it is left out."
    )
    realignment_languages: Names | None = Field(
        default=None,
        description="Those of the sets of realignment.languages that are run on this task, and names of what a filter "
        "leaves of them at one of several percentiles; all where it is left out.",
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
        settings = self.encoding_settings
        return settings(**{name: getattr(self, name) for name in settings.model_fields})

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


def _section(name: str) -> type[Task]:
    """Section of the tasks of a kind: its settings and its default of epochs, beside the keys of every task."""
    kind = load_kind(name)
    summary = (kind.__doc__ or "").strip().split("\n")[0]
    bases: Any = (Task, kind.settings_class)
    literal: Any = Literal[name]
    section: type[Task] = create_model(
        kind.__name__,
        __base__=bases,
        __doc__=summary,
        __module__=__name__,
        kind=(literal, Field(default=name, description=summary.partition(";")[0].rstrip(".") + ".")),
        epochs=(Epochs, Field(default=kind.epochs, description=EPOCHS)),
    )
    section.formats, section.encoding_settings = kind.formats, kind.settings_class
    return section


def _known_section(task: str, summary: str) -> type[Task]:
    """Section of one of the paper's tasks: that of its kind, with the labels of its corpus."""
    kind, settings = KNOWN[task]
    # The settings of a corpus go before those of its kind.
    bases: Any = (KINDS[kind],) if settings is KINDS[kind].encoding_settings else (settings, KINDS[kind])
    section: type[Task] = create_model(f"{task.capitalize()}Task", __base__=bases, __doc__=summary, __module__=__name__)
    section.encoding_settings = settings
    return section


KINDS = {name: _section(name) for name in NAMES}
"""Sections of the kinds of tasks."""

if TYPE_CHECKING:
    UposTask: TypeAlias = Task
    WikiannTask: TypeAlias = Task
    XnliTask: TypeAlias = Task
    XquadTask: TypeAlias = Task
    AnyTask: TypeAlias = Task
else:
    UposTask = _known_section("udpos", "Part-of-speech tagging on Universal Dependencies; files are CoNLL-U.")
    WikiannTask = _known_section(
        "wikiann",
        "Named entity recognition on WikiANN; a line of a file is a word, a tab and its tag (O, B-/I- PER ORG LOC).",
    )
    XnliTask = _known_section(
        "xnli", "Natural language inference on XNLI; files are TSV or .jsonl with premise, hypothesis and label."
    )
    XquadTask = _known_section("xquad", "Extractive question answering on SQuAD and XQuAD; files are SQuAD v1.1 JSON.")


def _kind(entry: Any) -> str | None:
    kind = entry.get("kind") if isinstance(entry, dict) else getattr(entry, "kind", None)
    return f"<{kind}>" if kind in KINDS else None


if not TYPE_CHECKING:
    AnyTask = Annotated[
        Union[tuple(Annotated[section, Tag(f"<{name}>")] for name, section in KINDS.items())],  # noqa: UP007
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

    udpos: UposTask | None = Field(default=None, description="Part-of-speech tagging.")
    wikiann: WikiannTask | None = Field(default=None, description="Named entity recognition.")
    xnli: XnliTask | None = Field(default=None, description="Natural language inference.")
    xquad: XquadTask | None = Field(default=None, description="Extractive question answering.")

    @model_validator(mode="before")
    @classmethod
    def _names(cls, found: Any) -> Any:
        """Names of tasks become part of file names."""
        for name in found if isinstance(found, dict) else ():
            TypeAdapter(Name).validate_python(name)
        return found
