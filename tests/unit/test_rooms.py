"""Packages import downwards only: the graph of their imports against the floors, and no circle among modules."""

import graphlib

import pytest

from alignfreeze.support.imports import LIBRARY, modules_behind
from alignfreeze.support.rooms import FLOORS, mermaid, package_arrows

FLOOR = {package: number for number, floor in enumerate(FLOORS) for package in floor}
ARROWS = package_arrows()


def test_every_package_has_a_floor():
    assert ARROWS.keys() == FLOOR.keys()


@pytest.mark.parametrize("package", sorted(FLOOR))
def test_a_package_imports_lower_floors_only(package):
    upward = sorted(other for other in ARROWS[package] if FLOOR[other] >= FLOOR[package])
    assert not upward, f"{package} (floor {FLOOR[package]}) imports {', '.join(upward)}"


def test_graph_has_no_circle():
    tuple(graphlib.TopologicalSorter(ARROWS).static_order())


@pytest.mark.parametrize("module", [path.stem for path in sorted((LIBRARY / "training").glob("[a-z]*.py"))])
def test_training_knows_neither_realignment_nor_tasks_nor_scores(module):
    behind = modules_behind(LIBRARY / "training" / f"{module}.py")
    assert not [name for name in behind if name.split("/")[0] in ("realignment", "tasks", "metrics")]


def test_drawn_graph_names_every_arrow():
    lines = mermaid({"a": {"b", "support"}, "b": set()}).splitlines()
    assert lines[0] == "flowchart TD"
    assert lines[-1] == "    a --> b"
