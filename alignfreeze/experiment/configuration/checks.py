"""What is wrong between sections of a configuration, each of which is right by itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignfreeze.analysis.names import BASELINE, IN_LANGUAGE, NONE
from alignfreeze.encoders.blocks import check_shares, check_trains, describe_freeze, frozen_blocks, layer_index
from alignfreeze.encoders.settings import ConflictBlocks
from alignfreeze.experiment.configuration.experiment import Experiment, Scored
from alignfreeze.experiment.configuration.messages import shown, suggestion
from alignfreeze.experiment.cost import Architecture, architecture_of
from alignfreeze.languages.registry import OwnFacts, canonical, facts_of, is_known
from alignfreeze.sources.settings import HubDataset, Source
from alignfreeze.support.errors import InputError
from alignfreeze.support.paths import LONGEST_NAME, LONGEST_PATH


@dataclass(frozen=True)
class Surroundings:
    """What a configuration is checked against.

    Attributes
    ----------
    own : OwnFacts
        The user's own facts about languages, by code.
    exists : callable
        Whether a data file is there, from its path in the configuration.
    base : Path
        Where the user's own relative paths start.
    """

    own: OwnFacts
    exists: Callable[[str], bool]
    base: Path

    def knows(self, code: str) -> bool:
        """Whether a code is that of a language.

        Parameters
        ----------
        code : str

        Returns
        -------
        bool
        """
        return is_known(code, self.own)


Check = Callable[[Experiment, Surroundings], Iterator[str]]
"""From a configuration and its surroundings, a line `key: what is wrong, and what to do` for each problem."""


def _check_language_sets(config: Scored, around: Surroundings) -> Iterator[str]:
    """Language sets have languages that somebody knows, each in one spelling."""
    source = config.source_language
    yield from _unknown("source_language", source, around)
    sets = {name: config.languages_of(name) for name in config.language_sets}
    used = {source, *(code for members in sets.values() for code in members)}
    for name, members in sets.items():
        key = f"language_sets.{name}"
        if name in used:
            yield f"{key}: a set's name must not be the code of one of the languages"
        spellings = {canonical(source, around.own): source}
        for code in members:
            other = spellings.setdefault(canonical(code, around.own), code)
            if code == source:
                yield f"{key}: {code!r} is the source language and is always evaluated; remove it"
            elif other != code:
                yield f"{key}: {code!r} is the same language as {other!r}; keep one of them"
            yield from _unknown(key, code, around)


def _unknown(key: str, code: str, around: Surroundings) -> Iterator[str]:
    try:
        facts_of(code, around.own)
    except InputError as error:
        yield f"{key}: {error}, or describe it in language_facts"


def _check_lock_file(config: Experiment, around: Surroundings) -> Iterator[str]:
    """The lock file is written, and so stays in the checkout or in the folder where the workflow runs."""
    path = (around.base / config.resources_lock).resolve()
    if not any(path.is_relative_to(folder.resolve()) for folder in (around.base, Path.cwd())):
        yield (
            f"resources_lock: {shown(config.resources_lock)} found; it is written, so name a file below the checkout "
            "or below the folder where the workflow runs"
        )


def _is_set(key: str, name: str, config: Scored, around: Surroundings) -> Iterator[str]:
    sets = config.language_sets
    if name not in sets and not around.knows(name):
        yield f"{key}: {name!r} found{suggestion(name, sets)}; allowed are {', '.join(sets)} or a language code"


def _check_evaluate(config: Scored, around: Surroundings) -> Iterator[str]:
    """The language set to evaluate exists."""
    yield from _is_set("evaluate", config.evaluate, config, around)


def _check_realignment_languages(config: Experiment, around: Surroundings) -> Iterator[str]:
    """The language sets to realign on exist, and a task's are among them."""
    for name in config.realignment_sets:
        yield from _is_set("realignment.languages", name, config, around)
    known = [name for name in config.realignment_sets if name in config.language_sets or around.knows(name)]
    known += [name for name, filtered in config.filtered_bitexts.items() if filtered.languages in known]
    for task in config.tasks.names:
        for name in config.tasks[task].realignment_languages or ():
            if name not in known:
                yield (
                    f"tasks.{task}.realignment_languages: {name!r} found{suggestion(name, known)}; "
                    f"allowed are those of realignment.languages: {', '.join(known)}"
                )
        chosen = [name for name in config.tasks[task].realignment_languages or config.bitexts if name in known]
        for one, other in itertools.combinations(chosen, 2):
            alike = config.percentile_of(one) == config.percentile_of(other)
            if alike and set(config.languages_of(one)) == set(config.languages_of(other)):
                yield (
                    f"tasks.{task}.realignment_languages: {one} and {other} have the same languages, and one order of "
                    "them is all that a task can have; name one of the two"
                )


def _check_max_rows(config: Experiment, around: Surroundings) -> Iterator[str]:
    """Aligners, models and languages whose pairs are limited exist."""
    for aligner, models in config.realignment.max_rows.items():
        key = f"realignment.max_rows.{aligner}"
        known = [*config.aligners.names, NONE]
        if aligner not in known:
            yield f"{key}: no such aligner{suggestion(aligner, known)}; allowed are {', '.join(known)}"
        for model, languages in models.items():
            if model not in config.models:
                keys = ", ".join(config.models)
                yield f"{key}.{model}: no such model{suggestion(model, config.models)}; allowed are {keys}"
            for language in languages:
                yield from _unknown(f"{key}.{model}", language, around)


def _check_tasks_languages(config: Experiment, around: Surroundings) -> Iterator[str]:
    """Each task's own language set exists."""
    for name in config.tasks.names:
        if (own := config.tasks[name].evaluate) is not None:
            yield from _is_set(f"tasks.{name}.evaluate", own, config, around)


def _check_bitext(config: Experiment, _: Surroundings) -> Iterator[str]:
    """Bitext is in one file or in two."""
    bitext = config.data.bitext
    sides = [side for side in ("source", "target") if getattr(bitext, side) is not None]
    if bitext.pairs is None and len(sides) < 2:
        missing = [side for side in ("source", "target") if side not in sides]
        yield f"data.bitext: {', '.join(missing)} missing; required are source, target"
    if bitext.pairs is not None:
        for side in sides:
            yield f"data.bitext.{side}: data.bitext.pairs holds both sides; remove one of the two keys"


def _check_awesome(config: Experiment, _: Surroundings) -> Iterator[str]:
    """The aligner's model exists."""
    awesome = config.aligners.awesome
    if awesome is not None and awesome.model not in config.models:
        keys = ", ".join(config.models)
        yield f"aligners.awesome.model: {awesome.model!r} found; allowed are the keys of models: {keys}"


def _check_filter(config: Experiment, around: Surroundings) -> Iterator[str]:
    """The encoder of the quality filter exists, and the names of what it leaves are no other's."""
    chosen = config.data.bitext.filter
    for name in config.filtered_bitexts:
        if name in config.language_sets or around.knows(name):
            yield f"language_sets.{name}: this names what data.bitext.filter leaves at a percentile; rename the set"
    if chosen is not None and chosen.model is not None and chosen.model not in config.models:
        keys = ", ".join(config.models)
        yield f"data.bitext.filter.model: no such model{suggestion(chosen.model, config.models)}; allowed are {keys}"


def _check_fastalign(config: Experiment, _: Surroundings) -> Iterator[str]:
    """What FastAlign is fitted on is more than the sample."""
    fastalign = config.aligners.fastalign
    fit_pairs = None if fastalign is None else fastalign.fit_pairs
    sample = config.data.bitext.sample
    if fit_pairs is not None and (sample is None or fit_pairs <= sample):
        yield (
            f"aligners.fastalign.fit_pairs: {fit_pairs} found, but data.bitext.sample is {sample or 'all pairs'}; "
            "it must be more than the sample, on which FastAlign is fitted anyway"
        )


def _check_dictionary(config: Experiment, _: Surroundings) -> Iterator[str]:
    """The dictionary aligner has dictionaries."""
    if config.aligners.dictionary is not None and config.data.dictionary is None:
        yield "data.dictionary: missing; the aligner dictionary needs it"


def _check_any_chosen(config: Experiment, _: Surroundings) -> Iterator[str]:
    """There is a task, and an aligner where words are compared."""
    for key in ("aligners", "tasks"):
        section = getattr(config, key)
        needed = key == "tasks" or any(config.objective(name) == "words" for name in config.realignment.strategies)
        if needed and not section.names:
            yield f"{key}: nothing found; allowed are {', '.join(type(section).model_fields)}"


def _check_baseline(config: Experiment, _: Surroundings) -> Iterator[str]:
    """No strategy is named like the baseline."""
    if BASELINE in config.realignment.strategies:
        yield "realignment.strategies.baseline: the baseline has no realignment and is always run; remove it"
    if IN_LANGUAGE in config.realignment.strategies:
        yield (
            f"realignment.strategies.{IN_LANGUAGE}: this names fine-tuning in the language itself; rename the strategy"
        )


def _check_tasks_aligners(config: Experiment, _: Surroundings) -> Iterator[str]:
    """Each task's aligners exist; strategies that compare words have one, those that compare sentences have none."""
    known = config.aligners.names
    for name in config.tasks.names:
        key, aligners = f"tasks.{name}.aligners", config.tasks[name].aligners
        for aligner in aligners:
            if aligner not in [*known, NONE]:
                yield (
                    f"{key}: {aligner!r} found{suggestion(aligner, known)}; "
                    f"allowed are the keys of aligners: {', '.join(known)}"
                )
        own = config.tasks[name].strategies
        by_objective: dict[str, list[str]] = {"words": [], "sentences": []}
        for strategy in config.realignment.strategies if own is None else own:
            if strategy in config.realignment.strategies:
                by_objective[config.objective(strategy)].append(strategy)
        words, sentences = (", ".join(strategies) for strategies in by_objective.values())
        if words and set(aligners) == {NONE}:
            yield (
                f"{key}: only none found, but {words} compares words, which needs word links; name an aligner, or "
                "compare sentences (realignment.objective: sentences)"
            )
        if sentences and NONE not in aligners:
            yield f"{key}: {sentences} compares sentences (objective), which uses no word links; write none among them"
        if not words and (idle := [aligner for aligner in aligners if aligner != NONE]):
            yield f"{key}: no strategy of the task compares words, so {', '.join(idle)} is not used; remove it"
        if not sentences and NONE in aligners and words and len(aligners) > 1:
            yield f"{key}: none found, but no strategy of the task has objective sentences; remove none"


def _check_tasks_strategies(config: Experiment, _: Surroundings) -> Iterator[str]:
    """Each task's strategies exist."""
    known = config.realignment.strategies
    for name in config.tasks.names:
        for strategy in config.tasks[name].strategies or ():
            if strategy not in known:
                yield (
                    f"tasks.{name}.strategies: {strategy!r} found{suggestion(strategy, known)}; "
                    f"allowed are the keys of realignment.strategies: {', '.join(known)}"
                )


def _check_train_items(config: Experiment, _: Surroundings) -> Iterator[str]:
    """Numbers of training items are there where they are needed, and those by model are complete."""
    for name in config.tasks.names:
        task = config.tasks[name]
        if task.realignment_steps == "match_finetuning" and task.train_items is None:
            yield f"tasks.{name}.train_items: missing; match_finetuning needs the number of training items"
        for key in ("train_items", "realignment_steps"):
            if isinstance(numbers := getattr(task, key), dict) and numbers.keys() != config.models.keys():
                yield (
                    f"tasks.{name}.{key}: numbers for {', '.join(numbers) or 'no model'}; "
                    f"wanted is one for each of the models: {', '.join(config.models)}"
                )


def _check_windows(config: Experiment, _: Surroundings) -> Iterator[str]:
    """Settings of a task's kind go together."""
    for name in config.tasks.names:
        for key, problem in config.tasks[name].encoding.problems():
            yield f"tasks.{name}.{key}: {problem}"


# Models, as far as they are here or known.


def _check_checkpoints(config: Experiment, around: Surroundings) -> Iterator[str]:
    """A user's own checkpoint is complete."""
    for name, model in config.models.items():
        if model.local_folder is None:
            continue
        folder = model.folder(around.base)
        if not folder.is_dir():
            yield f"models.{name}.source: no folder {folder}; give the folder of a Hugging Face checkpoint"
            continue
        for pattern, what in (
            ("config.json", "config.json"),
            ("model*.safetensors", "weights as safetensors; save the model with safe_serialization=True"),
            ("tokenizer*", "tokenizer; save it beside the model"),
        ):
            if not any(folder.glob(pattern)):
                yield f"models.{name}.source: {folder} has no {what}"


def _architectures(config: Experiment, around: Surroundings) -> Iterator[tuple[str, Architecture]]:
    """Sizes of the models that are here or known."""
    for name, model in config.models.items():
        try:
            yield name, architecture_of(name, model.source, model.folder(around.base))
        except InputError:
            continue  # it is fetched later, or _check_checkpoints has said it


def _check_sizes_are_readable(config: Experiment, around: Surroundings) -> Iterator[str]:
    """A checkpoint that is here says how large it is."""
    for name, model in config.models.items():
        folder = model.folder(around.base)
        if (folder / "config.json").is_file():
            try:
                architecture_of(name, model.source, folder)
            except InputError as error:
                yield str(error)


def _check_layers(config: Experiment, around: Surroundings) -> Iterator[str]:
    """Models have the layers that are read."""
    awesome = config.aligners.awesome
    for name, size in _architectures(config, around):
        yield from _complaint(f"realignment.layer: model {name}", layer_index, config.realignment.layer, size.blocks)
        if awesome is not None and awesome.model == name:
            yield from _complaint(f"aligners.awesome.layer: model {name}", layer_index, awesome.layer, size.blocks)
        if (conflict := config.diagnostics.conflict) is not None:
            yield from _complaint(f"diagnostics.conflict.layer: model {name}", layer_index, conflict.layer, size.blocks)


def _check_blocks(config: Experiment, around: Surroundings) -> Iterator[str]:
    """Models have the blocks that are frozen."""
    for name, size in _architectures(config, around):
        for strategy, settings in config.realignment.strategies.items():
            key = f"realignment.strategies.{strategy}: model {name}"
            if isinstance(settings.freeze, ConflictBlocks):
                if size.blocks < 2:
                    yield f"{key}, freeze {describe_freeze(settings.freeze)} freezes nothing in an encoder of one block"
                continue
            if any(_complaint("", layer_index, config.realignment.layer, size.blocks)):  # _check_layers has said it
                yield from _complaint(key, frozen_blocks, settings.freeze, size.blocks)
            else:
                frozen = settings.freeze, config.freezes_embeddings(strategy)
                yield from _complaint(key, check_trains, *frozen, config.realignment.layer, size.blocks)
                yield from _complaint(key, check_shares, settings.freeze, size.weights_of_blocks)


def _check_conflict(config: Experiment, _: Surroundings) -> Iterator[str]:
    """Strategies that choose their blocks by gradient conflict have it measured, on a task of the experiment."""
    tasks = config.tasks.names
    for name, settings in config.realignment.strategies.items():
        freeze, key = settings.freeze, f"realignment.strategies.{name}"
        if not isinstance(freeze, ConflictBlocks):
            continue
        if config.diagnostics.conflict is None:
            yield f"{key}: conflict is not measured; add diagnostics.conflict ({{}} takes the defaults)"
        if freeze.task is None and len(tasks) > 1:
            yield f"{key}.task: missing; with several tasks say whose conflict decides: {', '.join(tasks)}"
        if freeze.task is not None and freeze.task not in tasks:
            yield (
                f"{key}.task: {freeze.task!r} found{suggestion(freeze.task, tasks)}; "
                f"allowed are the keys of tasks: {', '.join(tasks)}"
            )


def _check_representation(config: Experiment, _: Surroundings) -> Iterator[str]:
    """There are linked words to compare encoders on."""
    if config.diagnostics.representation is None:
        return
    if config.data.gold is None:
        yield "diagnostics.representation: needs gold-linked sentences; add data.gold, or take the key out"
    if all(strategy.schedule == "during" for strategy in config.realignment.strategies.values()):
        yield "diagnostics.representation: no strategy realigns before fine-tuning; add one, or take the key out"


def _complaint(key: str, resolve: Callable[..., object], *arguments: object) -> Iterator[str]:
    try:
        resolve(*arguments)
    except InputError as error:
        yield f"{key}, {error}"


def _check_lengths(config: Experiment, around: Surroundings) -> Iterator[str]:
    """Models have positions for the longest input."""
    wanted = {"realignment.max_length": config.realignment.max_length}
    wanted |= {f"tasks.{name}.max_length": config.tasks[name].max_length for name in config.tasks.names}
    awesome = config.aligners.awesome
    for name, size in _architectures(config, around):
        of_model = dict(wanted)
        if awesome is not None and awesome.model == name and awesome.max_length is not None:
            of_model["aligners.awesome.max_length"] = awesome.max_length
        for key, length in of_model.items():
            if size.longest_input is not None and length > size.longest_input:
                yield f"{key}: {length} found, but model {name} takes {size.longest_input} subwords at most"


# Data.

_Wanted = Iterator[tuple[str, str | Source | None, str | None, tuple[str, ...]]]


def _wanted_data(config: Experiment) -> _Wanted:
    """Key, entry, the language set that needs it (None: the source language) and the formats that it may have."""
    data = config.data
    for realigned in config.realignment_sets:
        for side, entry in data.bitext.sides.items():
            yield f"data.bitext.{side}", entry, realigned, ("lines",)
        if config.aligners.dictionary is not None:
            yield "data.dictionary", data.dictionary, realigned, ("dictionary",)
    if data.gold is not None:
        for key in type(data.gold).model_fields:
            yield f"data.gold.{key}", getattr(data.gold, key), config.evaluate, ()
    for name in config.tasks.names:
        task = config.tasks[name]
        own = "test" if task.test_source is None else "test_source"
        yield f"tasks.{name}.train", task.train, None, task.formats
        yield f"tasks.{name}.{own}", getattr(task, own), None, task.formats
        if (langs := task.evaluate or config.evaluate) != config.source_language:
            yield f"tasks.{name}.test", task.test, langs, task.formats


def _check_data(config: Experiment, around: Surroundings) -> Iterator[str]:
    """Files are there for every language, and public sources have the right format."""
    datasets: dict[str, Any] = {}
    for key, entry, name, wanted in _wanted_data(config):
        asked = [config.source_language] if name is None else config.languages_of(name)
        codes = sorted(filter(around.knows, asked))
        if isinstance(entry, Source):
            yield from _source_problems(key, entry, codes, wanted, datasets)
            yield from _path_problems(key, entry, codes, config.source_language)
        elif entry is not None:
            yield from _file_problems(key, entry, codes, name, around.exists)


def _check_train_in_language(config: Experiment, around: Surroundings) -> Iterator[str]:
    """Some evaluated language has training data of its own, in the right format."""
    for name in config.tasks.names:
        task, key = config.tasks[name], f"tasks.{name}.train_in_language"
        if task.train_in_language is None:
            continue
        codes = config.trained_in_language(name, config.evaluate, around.exists)
        if not codes:
            yield f"{key}: no evaluated language has training data there; see evaluate, or take the key out"
        if isinstance(task.train_in_language, Source):
            yield from _source_problems(key, task.train_in_language, [], task.formats, {})
            yield from _path_problems(key, task.train_in_language, codes, config.source_language)


def _file_problems(
    key: str, pattern: str, codes: list[str], name: str | None, exists: Callable[[str], bool]
) -> Iterator[str]:
    absent = {code: pattern.replace("{lang}", code) for code in codes}
    absent = {code: path for code, path in absent.items() if not exists(path)}
    if absent and "{lang}" not in pattern:
        yield f"{key}: no file {pattern}; give the path of an existing file"
        return
    for code, path in absent.items():
        advice = (
            f"add it or take {code!r} out of the language set {name}"
            if name
            else "every task needs the source language"
        )
        yield f"{key}: language {code!r} has no file {path}; {advice}"


def _source_problems(
    key: str, source: Source, codes: list[str], wanted: tuple[str, ...], datasets: dict[str, Any]
) -> Iterator[str]:
    if source.format_of_file() not in wanted:
        yield f"{key}: {source.format_of_file()} found; a source here must give {' or '.join(wanted)}"
    for code in source.languages_without(codes):
        yield f"{key}.treebanks: language {code!r} has no treebank; add it or take {code!r} out of the language set"
    if isinstance(source, HubDataset):
        if source.format == "lines" and source.side is None:
            yield f"{key}: side missing; for format lines it says which language is taken, such as en or {{lang}}"
        if datasets.setdefault(source.hub, source.revision) != source.revision:
            yield f"{key}.revision: {source.hub} has another revision elsewhere; write the same one everywhere"
        if datasets.setdefault(f"{source.hub} as {source.format}", source.rows()) != source.rows():
            yield f"{key}: {source.hub} has other columns or labels elsewhere; write the same ones everywhere"


def _path_problems(key: str, source: Source, codes: list[str], source_language: str) -> Iterator[str]:
    """What is fetched has a path that can be written, with something to spare for the names of its log and lock."""
    for code in sorted({*codes} - {*source.languages_without(codes)}):
        path = source.file_of(code, source_language)
        if len(path) > LONGEST_PATH // 2 or max(map(len, path.split("/"))) > 2 * LONGEST_NAME:
            yield f"{key}: too long for a path in {code!r}; at most {2 * LONGEST_NAME} characters between two slashes"


OF_SCORED = (_check_language_sets, _check_evaluate)
OF_EXPERIMENTS: tuple[Check, ...] = (
    _check_lock_file,
    _check_realignment_languages,
    _check_max_rows,
    _check_tasks_languages,
    _check_bitext,
    _check_any_chosen,
    _check_awesome,
    _check_filter,
    _check_fastalign,
    _check_dictionary,
    _check_baseline,
    _check_tasks_aligners,
    _check_tasks_strategies,
    _check_train_items,
    _check_windows,
    _check_checkpoints,
    _check_sizes_are_readable,
    _check_layers,
    _check_blocks,
    _check_conflict,
    _check_representation,
    _check_lengths,
    _check_data,
    _check_train_in_language,
)
