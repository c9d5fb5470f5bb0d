"""The grid of an experiment: its runs, its realignments and their steps, from the configuration alone.

Rules and the plan of costs count with the same functions; nothing here imports PyTorch.
"""

from __future__ import annotations

from typing import NamedTuple

from alignfreeze.analysis.names import BASELINE, NONE
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
    """Strategies that realign before fine-tuning and so have encoders of their own; the others do it meanwhile."""
    return [name for name, strategy in config.realignment.strategies.items() if strategy.schedule == "before"]


def strategies_of(config: Experiment, task: str) -> list[str]:
    """Strategies that are run on a task."""
    own = config.tasks[task].strategies
    return list(config.realignment.strategies if own is None else own)


def realignment_steps(config: Experiment, task: str, model: str) -> int:
    """Optimiser steps of realignment that a task's runs start from."""
    settings = config.tasks[task]
    steps = settings.realignment_steps
    if steps == "match_finetuning":
        return settings.steps(settings.items_of(model))
    return steps[model] if isinstance(steps, dict) else steps


def steps_of(config: Experiment, model: str, strategy: str, aligner: str) -> list[int]:
    """Step counts at which realignments by a strategy with an aligner are saved: one for each task that uses them."""
    return sorted(
        {
            realignment_steps(config, task, model)
            for task in config.tasks.names
            if aligner in config.tasks[task].aligners and strategy in strategies_of(config, task)
        }
    )


def runs(config: Experiment) -> list[Run]:
    """Every run of the experiment."""
    return [
        Run(model, *realignment, task, seed)
        for model in config.models
        for task in config.tasks.names
        for realignment in [
            (BASELINE, NONE, NONE),
            *(
                (strategy, aligner, config.realignment.languages)
                for aligner in config.tasks[task].aligners
                for strategy in strategies_of(config, task)
            ),
        ]
        for seed in config.seeds
    ]


def realignments(config: Experiment) -> list[Realignment]:
    """The trajectories that the runs start from, at their last step count."""
    before = strategies_before(config)
    chosen = dict.fromkeys(
        (strategy, aligner)
        for task in config.tasks.names
        for aligner in config.tasks[task].aligners
        for strategy in strategies_of(config, task)
        if strategy in before
    )
    return [
        Realignment(model, strategy, aligner, config.realignment.languages, seed, steps)
        for model in config.models
        for strategy, aligner in chosen
        for steps in [max(steps_of(config, model, strategy, aligner))]
        for seed in config.seeds
    ]
