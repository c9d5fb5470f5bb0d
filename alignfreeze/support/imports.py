"""What a file imports: an edit of any module behind it may change what the file does."""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

LIBRARY = Path(__file__).parents[1]


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield str(node.module)
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from _names(child)


@functools.cache
def imported_names(path: Path) -> frozenset[str]:
    """Dotted names that a Python file imports, inside functions too; not those for type checkers only.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    frozenset of str
        Of `from a import b` both `a` and `a.b`.
    """
    return frozenset(_names(ast.parse(path.read_text(encoding="utf-8"))))


@functools.cache
def _module(name: str) -> str | None:
    """Module of the library that a dotted name stands for, such as `tasks/udpos`; None for all else."""
    top, *parts = name.split(".")
    if top != LIBRARY.name or not parts:
        return None
    candidates = ("/".join(parts), "/".join([*parts, "__init__"]))
    return next((module for module in candidates if (LIBRARY / f"{module}.py").is_file()), None)


def modules_behind(path: Path, loaded: Iterable[str] = (), without: Collection[str] = ()) -> list[str]:
    """Modules of this library that a file imports, itself or through others, sorted.

    Parameters
    ----------
    path : Path
        A Python file.
    loaded : iterable of str
        Modules, such as `tasks/udpos`, that it loads by their name.
    without : collection of str
        Modules that are left out, with what they alone import.

    Returns
    -------
    list of str
        Such as `tasks/udpos`.
    """
    found: set[str] = set()
    todo = {*loaded, *filter(None, map(_module, imported_names(path)))} - {*without}
    while todo:
        found |= todo
        behind = {_module(name) for module in todo for name in imported_names(LIBRARY / f"{module}.py")}
        todo = {module for module in behind if module} - {*without} - found
    return sorted(found)


def decisive_modules(path: Path, loaded: Iterable[str] = (), without: Collection[str] = ()) -> list[str]:
    """Modules behind a file that may change its result: all but those of the package `support`.

    Parameters
    ----------
    path : Path
        A Python file.
    loaded : iterable of str
        See `modules_behind`.
    without : collection of str
        See `modules_behind`.

    Returns
    -------
    list of str
        Sorted.
    """
    return [module for module in modules_behind(path, loaded, without) if not module.startswith("support/")]
