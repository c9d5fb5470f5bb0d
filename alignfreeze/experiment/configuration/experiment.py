"""Top level of a configuration: an experiment of one's own, or one that is made of published results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from alignfreeze.analysis.names import NONE, Filtered
from alignfreeze.analysis.published_files import file_facts
from alignfreeze.encoders.settings import ConflictBlocks
from alignfreeze.experiment.configuration.aligners import Aligners
from alignfreeze.experiment.configuration.data import Data, Seed
from alignfreeze.experiment.configuration.diagnostics import Diagnostics
from alignfreeze.experiment.configuration.languages import LanguageSet
from alignfreeze.experiment.configuration.models import Model
from alignfreeze.experiment.configuration.published import Published
from alignfreeze.experiment.configuration.realignment import Realignment
from alignfreeze.experiment.configuration.section import Distinct, Section
from alignfreeze.experiment.configuration.tasks import Tasks
from alignfreeze.realignment.settings import Objective, RealignmentRecipe, RealignmentSettings
from alignfreeze.sources.settings import HubDataset
from alignfreeze.support.devices import DeviceChoice
from alignfreeze.support.paths import FileToRead, FolderToRead, LanguageCode, Matching, Name
from alignfreeze.support.trackers import TrackerName
from alignfreeze.training.settings import FinetuningRecipe, FinetuningSettings, Precision


class Scored(Section):
    """What every experiment has."""

    experiment: Name = Field(description="Name of the experiment and of its folder below results/.")
    source_language: LanguageCode = Field(
        default="en", description="Language of fine-tuning and of the source side of all parallel text."
    )
    language_facts: FileToRead | None = Field(
        default=None,
        description="Your own facts about languages, a TSV with a column code; see docs/languages.md. It adds "
        "languages that nobody else knows, and goes before what is known of the others.",
    )
    language_sets: dict[Name, LanguageSet] = Field(
        min_length=1,
        description="Languages by the name of the set: a list, or {choose: 7, from: all, by: diverse}. A single "
        "language is a set of one and needs no entry.",
    )
    evaluate: str = Field(description="Language set, or single language, that the default target evaluates.")
    compare_with: FileToRead | None = Field(
        default=None,
        description="Table of scores of another experiment, such as results/published/tables/all/scores.csv.",
    )

    def labels(self) -> dict[str, str]:
        """How the experiment's own names are written in tables and figures, as far as the configuration says it."""
        return {}

    def languages_of(self, langs: str) -> list[str]:
        """Languages of a language set; a single code counts as a set of one language.

        Parameters
        ----------
        langs : str
            Name of a language set, or the code of a language.

        Returns
        -------
        list of str
            Codes, in the order of the set.

        Raises
        ------
        TypeError
            The languages of the set are still to be chosen: the configuration was not read by `load`.
        """
        members = self.language_sets.get(langs, [langs])
        if not isinstance(members, list):
            raise TypeError(f"{langs}: its languages are not chosen yet; see load")
        return list(members)


class PublishedExperiment(Scored):
    """An experiment whose scores are published results."""

    published: Published = Field(description="The files with the results; nothing is trained.")
    published_source: FolderToRead | None = Field(
        default=None, description="Local folder with the published files; nothing is fetched then."
    )

    @property
    def filtered_bitexts(self) -> dict[str, Filtered]:
        """Filtered bitext that the files have scores of, by name."""
        found = [file_facts(name).filtered for name in self.published.files]
        return {one.name: one for one in found if one}

    @property
    def is_trained_in_language(self) -> bool:
        """Whether some file has scores of fine-tuning in the evaluated language itself."""
        return any(file_facts(name).trained_in for name in self.published.files)


class Experiment(Scored):
    """An experiment that is run."""

    seeds: Annotated[list[Seed], Field(min_length=1), Distinct] = Field(
        description="Seeds; every run is repeated with each. The paper's are 31, 42, 66, 23 and 17."
    )
    device: DeviceChoice = Field(
        default="auto", description="auto takes a GPU if there is one, cuda insists on one, cpu takes none."
    )
    precision: Precision = Field(
        default="fp32",
        description="Precision of training: fp32, tf32 or bf16; evaluation, retrieval and alignment stay in fp32.",
    )
    keep: Literal["all", "finetuned", "none"] = Field(
        default="all",
        description="Checkpoints that stay on disk after everything that needs them is done. Unless all stay, a later "
        "change of a task's fine-tuning realigns again first, and fine-tunes every task that starts from the same "
        "realignment; make plan says what that takes.",
    )
    resume_every: Annotated[int, Field(ge=0)] = Field(
        default=500,
        description="Steps between two saved states of a running training; 0 saves none.",
        json_schema_extra={"unit": "steps"},
    )
    trackers: Annotated[list[TrackerName], Distinct] = Field(
        default=[],
        description="Trackers that see the loss and learning rate of each training, beside the logs: tensorboard, "
        "wandb, trackio; their packages are yours to install. Files go to results/{experiment}/trackers/. A change "
        "reruns nothing.",
    )
    resources_lock: Annotated[FileToRead, Matching(r".+\.json", "The path of a .json file.", 1000)] = Field(
        default="resources.lock.json",
        description="Lock file (JSON) with revision and SHA-256 of everything that is fetched; below the checkout or "
        "the folder where the workflow runs.",
    )
    models: dict[Name, Model] = Field(min_length=1, description="Encoders by short name.")
    data: Data = Field(description="Parallel text and what belongs to it.")
    aligners: Aligners = Field(
        default=Aligners(), description="Word aligners and their settings; none are needed to compare sentences."
    )
    realignment: Realignment = Field(description="Settings of realignment.")
    tasks: Tasks = Field(description="Tasks and their settings.")
    diagnostics: Diagnostics = Field(
        default=Diagnostics(), description="What is measured inside the network beside the scores."
    )

    @property
    def realignment_sets(self) -> list[str]:
        """Language sets whose bitext is used, in the configured order."""
        languages = self.realignment.languages
        return [languages] if isinstance(languages, str) else list(languages)

    @property
    def filtered_bitexts(self) -> dict[str, Filtered]:
        """What a filter leaves of each language set's bitext at each of several percentiles, by name."""
        chosen = self.data.bitext.filter
        percentiles = chosen.side_by_side if chosen else []
        filtered = [Filtered(name, percentile) for percentile in percentiles for name in self.realignment_sets]
        return {one.name: one for one in filtered}

    @property
    def bitexts(self) -> list[str]:
        """Names of what is realigned on: the language sets, and what a filter leaves of their bitext."""
        return [*self.realignment_sets, *self.filtered_bitexts]

    def languages_of(self, langs: str) -> list[str]:
        """Languages of a language set, or of what a filter leaves of its bitext.

        Parameters
        ----------
        langs : str
            Name of one of them; a single code counts as a set of one language.

        Returns
        -------
        list of str
            Codes.
        """
        filtered = self.filtered_bitexts.get(langs)
        return super().languages_of(filtered.languages if filtered else langs)

    def percentile_of(self, bitext: str) -> float | None:
        """Percentile at which bitext is filtered beside all of it.

        Parameters
        ----------
        bitext : str
            One of `bitexts`.

        Returns
        -------
        float or None
            None where it is not filtered, or as the whole experiment's bitext is.
        """
        filtered = self.filtered_bitexts.get(bitext)
        return filtered.percentile if filtered else None

    @property
    def realignment_languages(self) -> list[str]:
        """Languages of all sets whose bitext is used, each once."""
        return list(dict.fromkeys(code for name in self.realignment_sets for code in self.languages_of(name)))

    def labels(self) -> dict[str, str]:
        """Labels of models, tasks and strategies, by name."""
        tasks = {name: self.tasks[name] for name in self.tasks.names}
        named = [*self.models.items(), *tasks.items(), *self.realignment.strategies.items()]
        return {name: entry.label for name, entry in named if entry.label}

    def evaluated_languages(self, task: str, langs: str) -> list[str]:
        """Languages in which a task is scored for a language set or code; none where the task has none of them.

        A task with a set of its own has the languages of that set alone. A set is scored beside the source language.

        Parameters
        ----------
        task : str
            Name of a task.
        langs : str
            Name of a language set, or the code of a language.

        Returns
        -------
        list of str
            Codes.
        """
        asked, own = self.languages_of(langs), self.tasks[task].evaluate
        if own is not None:
            asked = [code for code in asked if code in {self.source_language, *self.languages_of(own)}]
        return [self.source_language, *asked] if asked and langs in self.language_sets else asked

    def conflict_objective(self, model: str, aligner: str) -> RealignmentSettings:
        """Settings of the realignment loss whose gradients are compared with the task's; nothing is frozen.

        Parameters
        ----------
        model : str
            Name of a model.
        aligner : str
            Name of an aligner; `none` compares sentences.

        Returns
        -------
        RealignmentSettings

        Raises
        ------
        ValueError
            The experiment has no `diagnostics.conflict`.
        """
        conflict = self.diagnostics.conflict
        if conflict is None:
            raise ValueError("the experiment has no diagnostics.conflict")
        return self.realignment_settings(model, next(iter(self.realignment.strategies))).model_copy(
            update={
                "freeze": "full",
                "objective": "sentences" if aligner == NONE else "words",
                "freeze_embeddings": self.realignment.freeze_embeddings,
                "layer": conflict.layer,
                "head": conflict.head,
            }
        )

    def frozen_by_conflict(self, strategy: str) -> ConflictBlocks | None:
        """How a strategy chooses its blocks by gradient conflict, with its task; None if it does not.

        Parameters
        ----------
        strategy : str
            Name of a strategy.

        Returns
        -------
        ConflictBlocks or None
            Its `task` is always named.
        """
        own = self.realignment.strategies.get(strategy)
        if own is None or not isinstance(own.freeze, ConflictBlocks):
            return None
        return own.freeze if own.freeze.task else own.freeze.model_copy(update={"task": self.tasks.names[0]})

    def trained_in_language(self, task: str, langs: str, exists: Callable[[str], bool]) -> list[str]:
        """Languages of a set or code in which a task is fine-tuned in the language itself: those with training data.

        Parameters
        ----------
        task : str
            Name of a task.
        langs : str
            Language set or code.
        exists : callable
            Whether a data file is there, from its path in the configuration.

        Returns
        -------
        list of str
            Codes; empty where the task has no `train_in_language`.
        """
        entry = self.tasks[task].train_in_language
        if entry is None:
            return []
        languages = [code for code in self.evaluated_languages(task, langs) if code != self.source_language]
        if isinstance(entry, str):
            return [code for code in languages if exists(entry.replace("{lang}", code))]
        absent = entry.languages_without(languages)
        return [code for code in languages if code not in absent]

    def realignment_settings(self, model: str, strategy: str) -> RealignmentSettings:
        """Settings of the realignment of a model by a strategy.

        Parameters
        ----------
        model : str
            Name of a model.
        strategy : str
            Name of a strategy.

        Returns
        -------
        RealignmentSettings
        """
        recipe = {name: getattr(self.realignment, name) for name in RealignmentRecipe.model_fields}
        own: dict[str, Any] = {
            "learning_rate": self.models[model].learning_rate or self.realignment.learning_rate,
        }
        own |= {"freeze_embeddings": self.freezes_embeddings(strategy), "objective": self.objective(strategy)}
        freeze = self.realignment.strategies[strategy].freeze
        return RealignmentSettings(**recipe | own, freeze=freeze, precision=self.precision)

    @property
    def longest_input(self) -> int:
        """Subwords of the longest sequence of any training."""
        return max(self.realignment.max_length, *(self.tasks[name].max_length for name in self.tasks.names))

    def objective(self, strategy: str) -> Objective:
        """What finds its translation under a strategy, by its own word or that of all realignments.

        Parameters
        ----------
        strategy : str
            Name of a strategy.

        Returns
        -------
        str
            `words` or `sentences`.
        """
        return self.realignment.strategies[strategy].objective or self.realignment.objective

    def strategies_with(self, task: str, aligner: str) -> list[str]:
        """Strategies that a task runs on an aligner's word pairs; without an aligner, those that compare sentences.

        Parameters
        ----------
        task : str
            Name of a task.
        aligner : str
            Name of an aligner, or `none`.

        Returns
        -------
        list of str
            In the order of the configuration.
        """
        own = self.tasks[task].strategies
        wanted = "sentences" if aligner == NONE else "words"
        strategies = list(self.realignment.strategies) if own is None else own
        return [name for name in strategies if self.objective(name) == wanted]

    def freezes_embeddings(self, strategy: str) -> bool:
        """Whether a strategy freezes the embeddings, by its own word or that of all realignments.

        Parameters
        ----------
        strategy : str
            Name of a strategy.

        Returns
        -------
        bool
        """
        own = self.realignment.strategies[strategy].freeze_embeddings
        return self.realignment.freeze_embeddings if own is None else own

    def finetuning_settings(self, model: str, task: str) -> FinetuningSettings:
        """Settings of the fine-tuning of a model on a task.

        Parameters
        ----------
        model : str
            Name of a model.
        task : str
            Name of a task.

        Returns
        -------
        FinetuningSettings
        """
        recipe = {name: getattr(self.tasks[task], name) for name in FinetuningRecipe.model_fields}
        own = {"learning_rate": self.models[model].learning_rate or self.tasks[task].learning_rate}
        return FinetuningSettings(**recipe | own, precision=self.precision)

    def hub_datasets(self) -> dict[str, str | None]:
        """Datasets of the hub that the configuration names, with their pinned commits."""
        return {entry.hub: entry.revision for entry in self._hub_entries()}

    def hub_rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """How rows of a dataset are read for a format: its names of columns and labels."""
        return {(entry.hub, entry.format): entry.rows() for entry in self._hub_entries()}

    def _hub_entries(self) -> list[HubDataset]:
        entries = [*self.data.bitext.sides.values(), self.data.dictionary]
        for task in map(self.tasks.__getitem__, self.tasks.names):
            entries += [task.train, task.train_in_language, task.test, task.test_source]
        return [entry for entry in entries if isinstance(entry, HubDataset)]

    def hub_models(self) -> dict[str, str | None]:
        """Models of the hub that the configuration names, with their pinned commits."""
        return {model.hub_name: model.revision for model in self.models.values() if model.hub_name}
