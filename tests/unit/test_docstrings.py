"""Docstrings of public functions: every parameter with its type, and what is returned.

Without import, by the text of the modules alone. A function is public if neither its name nor that of its class begins
with an underscore. Not asked of: commands, whose docstring is their help; properties and validators; methods that
override one of this library's, which has it; parameters that begin with an underscore, which are not read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "alignfreeze"
ROOMS = sorted(path.parent.name for path in LIBRARY.glob("*/__init__.py"))
HEADING = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)
NO_PARAMETERS_OF_THEIR_OWN = re.compile(r"(cached_)?property|\w+_validator|overload")


@cache
def modules() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(LIBRARY.rglob("*.py"))}


@cache
def classes() -> dict[str, ast.ClassDef]:
    nodes = (node for tree in modules().values() for node in tree.body)
    return {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}


def last_name(node: ast.expr) -> str:
    """The name after the last point, without arguments: of a decorator or a base class."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def bases(node: ast.ClassDef) -> Iterator[ast.ClassDef]:
    for name in map(last_name, node.bases):
        if name in classes() and name != node.name:
            yield classes()[name]
            yield from bases(classes()[name])


def overrides(function: ast.FunctionDef, owner: ast.ClassDef | None) -> bool:
    methods = (part for base in (bases(owner) if owner else ()) for part in base.body)
    return any(isinstance(part, ast.FunctionDef) and part.name == function.name for part in methods)


def public_functions(
    body: list[ast.stmt], owner: ast.ClassDef | None = None
) -> Iterator[tuple[str, ast.FunctionDef, ast.ClassDef | None]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, node)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{owner.name}.{node.name}" if owner else node.name, node, owner


def parameters(function: ast.FunctionDef) -> set[str]:
    own = function.args
    every = [*own.posonlyargs, *own.args, *own.kwonlyargs, *filter(None, (own.vararg, own.kwarg))]
    return {one.arg for one in every if one.arg not in ("self", "cls") and not one.arg.startswith("_")}


def sections(docstring: str) -> dict[str, str]:
    _, *parts = HEADING.split(docstring)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def described(section: str) -> set[str]:
    """Names of the entries that have a type: `name : type` or `name, other : type`."""
    entries = (line.partition(" : ") for line in section.splitlines() if line and not line.startswith(" "))
    return {name.strip().lstrip("*") for names, _, kind in entries if kind.strip() for name in names.split(",")}


def problems(function: ast.FunctionDef) -> Iterator[str]:
    wanted, found = parameters(function), sections(ast.get_docstring(function) or "")
    if not wanted:
        return
    named = described(found.get("Parameters", ""))
    if missing := wanted - named:
        yield f"Parameters lacks {', '.join(sorted(missing))} (name : type)"
    if unknown := named - {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}:
        yield f"Parameters has {', '.join(sorted(unknown))}, which it does not take"
    returned = "None" if function.returns is None else ast.unparse(function.returns)
    if returned not in ("None", "NoReturn") and not {"Returns", "Yields"} & found.keys():
        yield f"neither Returns nor Yields, but it gives {returned}"


def is_asked(path: Path, function: ast.FunctionDef, owner: ast.ClassDef | None) -> bool:
    is_command = path.parent.name == "cli" and function.name == "run"
    exempt = any(NO_PARAMETERS_OF_THEIR_OWN.fullmatch(last_name(node)) for node in function.decorator_list)
    return not (is_command or exempt or overrides(function, owner))


@pytest.mark.parametrize("room", ROOMS)
def test_public_functions_say_what_they_take_and_give(room: str) -> None:
    found = [
        f"{path.relative_to(LIBRARY)}:{function.lineno} {name}: {problem}"
        for path, tree in modules().items()
        if path.relative_to(LIBRARY).parts[0] == room
        for name, function, owner in public_functions(tree.body)
        if is_asked(path, function, owner)
        for problem in problems(function)
    ]
    assert not found, "\n".join(found)


WRONG = """
def add(a: int, b: int, _: int) -> int:
    '''Sum.

    Parameters
    ----------
    a : int
    b
    c : int
    '''
"""


def test_a_wrong_docstring_is_found() -> None:
    (function,) = ast.parse(WRONG).body
    assert isinstance(function, ast.FunctionDef)
    assert list(problems(function)) == [
        "Parameters lacks b (name : type)",
        "Parameters has c, which it does not take",
        "neither Returns nor Yields, but it gives int",
    ]
