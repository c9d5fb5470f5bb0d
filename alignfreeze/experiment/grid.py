"""The grid of an experiment: its runs, its realignments and their steps, from the configuration alone.

Rules and the plan of costs count with the same functions; nothing here imports PyTorch. Every `config` is one that was
checked (see configuration.py); the grid of published results is empty.
"""

from __future__ import annotations

from typing import NamedTuple

from alignfreeze.analysis.names import BASELINE, NONE
from alignfreeze.experiment.configuration import strategy_settings
from alignfreeze.training.steps import BATCH_SIZE, PAPER_EPOCHS, total_steps


class Run(NamedTuple):
    """A realignment, or the baseline's `baseline/none/none`, fine-tuned on a task."""

    model: str
    strategy: str
    aligner: str
    pairs: str
    task: str
    seed: int


class Realignment(NamedTuple):
    """A trajectory of `steps` optimiser steps before fine-tuning; `pairs` is the language set whose bitext is used."""

    model: str
    strategy: str
    aligner: str
    pairs: str
    seed: int
    steps: int


def strategies(config: dict) -> dict[str, dict]:
    """Settings of every strategy in full, by name."""
    entries = config.get("realignment", {}).get("strategies", {})
    return {name: strategy_settings(entry) for name, entry in entries.items()}


def strategies_before(config: dict) -> list[str]:
    """Strategies that realign before fine-tuning and so have encoders of their own; the others do it meanwhile."""
    return [name for name, settings in strategies(config).items() if settings["schedule"] == "before"]


def strategies_of(config: dict, task: str) -> list[str]:
    """Strategies that are run on a task."""
    return config["tasks"][task].get("strategies", list(strategies(config)))


def epochs(config: dict, task: str) -> int:
    """Epochs of fine-tuning."""
    return config["tasks"][task].get("epochs", PAPER_EPOCHS[task])


def train_items(config: dict, task: str, model: str) -> int | None:
    """Number of training items that the configuration states, if it does."""
    items = config["tasks"][task].get("train_items")
    return items[model] if isinstance(items, dict) else items


def finetuning_steps(config: dict, task: str, items: int) -> int:
    """Optimiser steps of fine-tuning on `items` training items."""
    return total_steps(items, config["tasks"][task].get("batch_size", BATCH_SIZE), epochs(config, task))


def realignment_steps(config: dict, task: str, model: str) -> int:
    """Optimiser steps of realignment that a task's runs start from."""
    steps = config["tasks"][task]["realignment_steps"]
    if steps != "match_finetuning":
        return steps
    return finetuning_steps(config, task, train_items(config, task, model))


def steps_of(config: dict, model: str, strategy: str, aligner: str) -> list[int]:
    """Step counts at which realignments by a strategy with an aligner are saved: one for each task that uses them."""
    return sorted(
        {
            realignment_steps(config, task, model)
            for task, settings in config["tasks"].items()
            if aligner in settings["aligners"] and strategy in strategies_of(config, task)
        }
    )


def runs(config: dict) -> list[Run]:
    """Every run of the experiment."""
    pairs = config.get("realignment", {}).get("pairs", NONE)
    return [
        Run(model, *realignment, task, seed)
        for model in config.get("models", {})
        for task, settings in config["tasks"].items()
        for realignment in [
            (BASELINE, NONE, NONE),
            *(
                (strategy, aligner, pairs)
                for aligner in settings["aligners"]
                for strategy in strategies_of(config, task)
            ),
        ]
        for seed in config["seeds"]
    ]


def realignments(config: dict) -> list[Realignment]:
    """The trajectories that the runs start from, at their last step count."""
    before = strategies_before(config)
    chosen = dict.fromkeys(
        (strategy, aligner)
        for task, settings in config.get("tasks", {}).items()
        for aligner in settings["aligners"]
        for strategy in strategies_of(config, task)
        if strategy in before
    )
    return [
        Realignment(model, strategy, aligner, config["realignment"]["pairs"], seed, steps)
        for model in config.get("models", {})
        for strategy, aligner in chosen
        for steps in [max(steps_of(config, model, strategy, aligner))]
        for seed in config["seeds"]
    ]
