"""The grid of an experiment: its runs, its realignments and their steps, from the configuration alone.

Rules and the plan of costs count with the same functions; nothing here imports PyTorch.
"""

from __future__ import annotations

from typing import NamedTuple

from alignfreeze.analysis.names import BASELINE, NONE, Filtered
from alignfreeze.encoders.settings import ConflictBlocks, RandomBlocks
from alignfreeze.experiment.configuration import Experiment


class Run(NamedTuple):
    """A realignment, or the baseline's `baseline/none/none`, fine-tuned on a task."""

    model: str
    strategy: str
    aligner: str
    realignment_languages: str
    task: str
    seed: int


class Realignment(NamedTuple):
    """A trajectory of `steps` optimiser steps before fine-tuning, on the bitext of one language set."""

    model: str
    strategy: str
    aligner: str
    realignment_languages: str
    seed: int
    steps: int


def strategies_before(config: Experiment) -> list[str]:
    """Strategies that realign before fine-tuning, some of them during it, too.

    Parameters
    ----------
    config : Experiment

    Returns
    -------
    list of str
        In the order of the configuration.
    """
    return _scheduled(config, "before", "before+during")


def strategies_during(config: Experiment) -> list[str]:
    """Strategies that realign during fine-tuning, some of them before it, too.

    Parameters
    ----------
    config : Experiment

    Returns
    -------
    list of str
        In the order of the configuration.
    """
    return _scheduled(config, "during", "before+during")


def strategies_after(config: Experiment) -> list[str]:
    """Strategies that realign the encoder of the fine-tuned baseline.

    Parameters
    ----------
    config : Experiment

    Returns
    -------
    list of str
        In the order of the configuration.
    """
    return _scheduled(config, "after")


def _scheduled(config: Experiment, *schedules: str) -> list[str]:
    return [name for name, strategy in config.realignment.strategies.items() if strategy.schedule in schedules]


def trajectory_of(config: Experiment, strategy: str) -> str:
    """Trajectory that a strategy starts from: that of the first strategy before fine-tuning that freezes the same.

    Parameters
    ----------
    config : Experiment
    strategy : str
        A strategy that realigns before fine-tuning.

    Returns
    -------
    str
        Name of that first strategy.
    """

    def frozen(name: str) -> tuple[object, bool, str]:
        return config.realignment.strategies[name].freeze, config.freezes_embeddings(name), config.objective(name)

    # Those that realign before fine-tuning alone go first: another schedule beside them changes no path.
    named = [*_scheduled(config, "before"), *_scheduled(config, "before+during")]
    return next(name for name in named if frozen(name) == frozen(strategy))


def choice_of_blocks(config: Experiment, strategy: str) -> str:
    """How a strategy chooses the blocks that it freezes, if not by their place: `random`, `conflict` or nothing.

    Parameters
    ----------
    config : Experiment
    strategy : str
        Name of a strategy.

    Returns
    -------
    str
        Empty where the blocks are named by their place.
    """
    freeze = config.realignment.strategies[strategy].freeze
    if isinstance(freeze, RandomBlocks):
        return "random"
    return "conflict" if isinstance(freeze, ConflictBlocks) else ""


def realignment_steps(config: Experiment, task: str, model: str) -> int:
    """Optimiser steps of realignment that a task's runs start from.

    Parameters
    ----------
    config : Experiment
    task : str
        Name of a task.
    model : str
        Name of a model.

    Returns
    -------
    int
    """
    settings = config.tasks[task]
    steps = settings.realignment_steps
    if steps == "match_finetuning":
        return settings.steps(settings.items_of(model))
    return steps[model] if isinstance(steps, dict) else steps


def methods(config: Experiment, task: str) -> list[tuple[str, str, str]]:
    """Realignments of a task.

    Parameters
    ----------
    config : Experiment
    task : str
        Name of a task.

    Returns
    -------
    list of (str, str, str)
        Strategy, aligner and the language set whose bitext is used, or the name of what a filter leaves of it.
    """
    own = config.tasks[task].realignment_languages
    return [
        (strategy, aligner, bitext)
        for bitext in (config.bitexts if own is None else own)
        for aligner in config.tasks[task].aligners
        for strategy in config.strategies_with(task, aligner)
    ]


def trajectories(config: Experiment, task: str) -> list[tuple[str, str, str]]:
    """Trajectories that a task's runs start from.

    Parameters
    ----------
    config : Experiment
    task : str
        Name of a task.

    Returns
    -------
    list of tuple
        Each once: name (see `trajectory_of`), aligner, and language set whose bitext is used.
    """
    before = strategies_before(config)
    return list(
        dict.fromkeys(
            (trajectory_of(config, strategy), aligner, languages)
            for strategy, aligner, languages in methods(config, task)
            if strategy in before
        )
    )


def steps_of(config: Experiment, model: str, trajectory: str, aligner: str, realignment_languages: str) -> list[int]:
    """Step counts at which a realignment is saved: one for each task that uses it.

    Parameters
    ----------
    config : Experiment
    model : str
        Name of a model.
    trajectory, aligner, realignment_languages : str
        A realignment, see `trajectories`.

    Returns
    -------
    list of int
        Sorted; empty where no task uses it.
    """
    method = (trajectory, aligner, realignment_languages)
    tasks = [task for task in config.tasks.names if method in trajectories(config, task)]
    return sorted({realignment_steps(config, task, model) for task in tasks})


def languages_as(config: Experiment, realignment_languages: str) -> str:
    """Name under which a language set is scored: that of the first set with its languages, in whichever order.

    The order is that in which languages take turns, so sets of another order have trajectories of their own.

    Parameters
    ----------
    config : Experiment
    realignment_languages : str
        A language set of the realignment, or what a filter leaves of its bitext.

    Returns
    -------
    str
        One of the same names.
    """
    if filtered := config.filtered_bitexts.get(realignment_languages):
        return Filtered(languages_as(config, filtered.languages), filtered.percentile).name
    own = set(config.languages_of(realignment_languages))
    return next(
        (name for name in config.realignment_sets if set(config.languages_of(name)) == own), realignment_languages
    )


def scored_sets(config: Experiment) -> list[str]:
    """Names under which the realignment languages are scored, in the configured order.

    Parameters
    ----------
    config : Experiment

    Returns
    -------
    list of str
        Language sets; what a filter leaves of them is not among them.
    """
    return list(dict.fromkeys(languages_as(config, name) for name in config.realignment_sets))


def encoded_with(config: Experiment, realignment_languages: str) -> str:
    """Language set among whose encoded rows are those of a set: the first one that has all of its languages.

    What a filter leaves of a set's bitext is among what it leaves of the other's.

    Parameters
    ----------
    config : Experiment
    realignment_languages : str
        A language set of the realignment, or what a filter leaves of its bitext.

    Returns
    -------
    str
        One of the same names.
    """
    own, percentile = set(config.languages_of(realignment_languages)), config.percentile_of(realignment_languages)
    alike = (name for name in config.bitexts if config.percentile_of(name) == percentile)
    larger = (name for name in alike if own <= set(config.languages_of(name)))
    return next(larger, realignment_languages)


def runs(config: Experiment) -> list[Run]:
    """Every run of the experiment.

    Parameters
    ----------
    config : Experiment

    Returns
    -------
    list of Run
        By model, task, method and seed, in the order of the configuration.
    """
    return [
        Run(model, *method, task, seed)
        for model in config.models
        for task in config.tasks.names
        for method in [(BASELINE, NONE, NONE), *methods(config, task)]
        for seed in config.seeds
    ]


def realignments(config: Experiment) -> list[Realignment]:
    """The trajectories that the runs start from, at their last step count.

    Parameters
    ----------
    config : Experiment

    Returns
    -------
    list of Realignment
        By model, method and seed, in the order of the configuration.
    """
    chosen = dict.fromkeys(method for task in config.tasks.names for method in trajectories(config, task))
    return [
        Realignment(model, *method, seed, max(steps_of(config, model, *method)))
        for model in config.models
        for method in chosen
        for seed in config.seeds
    ]
