"""Kinds of tasks, one module each: its settings, how files are read, its head, batches, predictions and scores.

A new kind is a module here that defines `KIND`, and its name in `NAMES`: the configuration, the plan, the jobs and the
documentation of the configuration find it there. The paper's four tasks are kinds with labels, under names of their own
(`alignfreeze.tasks.settings.KNOWN`). Nothing here imports PyTorch before a model is trained or read.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from alignfreeze.tasks.settings import KNOWN, EncodingSettings

if TYPE_CHECKING:
    from alignfreeze.kinds.kind import AnyKind

NAMES = ("tagging", "spans", "sentences", "sentence_pairs", "questions")
"""Modules of this package with a kind of task."""


def load_kind(name: str) -> type[AnyKind]:
    """Class of a kind of task.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    type
    """
    kind: type[AnyKind] = importlib.import_module(f"{__name__}.{name}").KIND
    return kind


def kind_of(name: str) -> str:
    """Kind of a task of the paper; a kind's name is its own.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    return KNOWN[name][0] if name in KNOWN else name


def task_settings(name: str) -> type[EncodingSettings]:
    """Class of the settings of a task of the paper, or of a kind.

    Parameters
    ----------
    name : str

    Returns
    -------
    type
    """
    return KNOWN[name][1] if name in KNOWN else load_kind(name).settings_class


def load_task(name: str, settings: Mapping[str, Any] = MappingProxyType({})) -> AnyKind:
    """Load a task of the paper by its name, or any other by its kind.

    Parameters
    ----------
    name : str
        A task of the paper, or a kind.
    settings : mapping from str
        Values other than the defaults, see `task_settings`.

    Returns
    -------
    Kind
    """
    return load_kind(kind_of(name))(task_settings(name)(**settings))
