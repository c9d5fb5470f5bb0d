"""One line for each error of validation: key, what was found, what is allowed, and a guess at what was meant."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from alignfreeze.experiment.configuration.data import SOURCES
from alignfreeze.experiment.configuration.languages import ChosenLanguages
from alignfreeze.experiment.configuration.tasks import KINDS

SECTIONS = SOURCES | {"chosen": ChosenLanguages} | KINDS
"""Classes of the sections that stand in place of something simpler, by their tag."""

LONGEST_VALUE = 80  # characters of a value in a message
LONGEST_LINE = 1_000
MEANT = {"gpu": "cuda", "None": "none"}  # what is often written for another word
_WANTED = {
    "string_type": "string",
    "int_type": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "bool_type": "true or false",
    "list_type": "list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "finite_number": "finite number",
}
_LIMITS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def explain(error: ValidationError, kind: type[BaseModel], config: Mapping[Any, Any]) -> Iterator[str]:
    """Lines `key: what is wrong`.

    Parameters
    ----------
    error : ValidationError
        Of `kind.model_validate(config)`.
    kind : type
        Class of the whole configuration.
    config : mapping
        As YAML was read.

    Yields
    ------
    str
        One for each error; what is missing in a section is one error.
    """
    missing: dict[str, tuple[list[str], type[BaseModel]]] = {}
    for details in error.errors(include_url=False):
        path = _key_path(details, config)
        if details["type"] == "missing":
            section = _section(kind, details["loc"][:-1])
            missing.setdefault(_joined(path), ([], section))[0].append(str(details["loc"][-1]))
        elif details["type"] == "extra_forbidden":
            allowed = sorted(_section(kind, details["loc"][:-1]).model_fields)
            yield (
                f"{_joined([*path, details['loc'][-1]])}: unknown key{suggestion(details['loc'][-1], allowed)}; "
                f"allowed are {', '.join(allowed)}"
            )
        else:
            yield f"{_joined(path)}: {_explanation(details)}"
    for key, (names, section) in missing.items():
        required = [name for name, field in section.model_fields.items() if field.is_required()]
        yield f"{key}: {', '.join(names)} missing; required are {', '.join(required)}"


def suggestion(found: Any, allowed: Iterable[Any]) -> str:
    """Guess which of the allowed names was meant.

    Parameters
    ----------
    found : object
        What stands in the configuration.
    allowed : iterable of object
        Names that are allowed.

    Returns
    -------
    str
        Such as ` (did you mean cuda?)`; empty where nothing is near.
    """
    names = [str(name) for name in allowed]
    if MEANT.get(str(found)) in names:
        return f" (did you mean {MEANT[str(found)]}?)"
    near = difflib.get_close_matches(str(found), names, 1)
    return f" (did you mean {near[0]}?)" if near else ""


def cut(line: str) -> str:
    """A line whose middle is left out where a name or a value makes it long.

    Parameters
    ----------
    line : str

    Returns
    -------
    str
        At most `LONGEST_LINE` characters and an ellipsis.
    """
    end = LONGEST_LINE // 4
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - end]}…{line[-end:]}"


def shown(value: Any) -> str:
    """A value as it stands in Python, cut where it is long.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
        At most `LONGEST_VALUE` characters and an ellipsis.
    """
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write integers of more than 4,300 digits
        return "a number of too many digits"
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _joined(path: Iterable[Any]) -> str:
    # A name with a line break stays on its line.
    return ".".join(part if str(part).isprintable() else shown(part) for part in map(str, path)) or "top level"


def _key_path(details: ErrorDetails, node: Any) -> list[Any]:
    """Keys of the configuration that lead to an error: those parts of its place that the configuration has."""
    path: list[Any] = []
    parts = details["loc"][:-1] if details["type"] in ("missing", "extra_forbidden") else details["loc"]
    for part in parts:
        if (isinstance(node, dict) and part in node) or (isinstance(node, list) and isinstance(part, int)):
            path.append(part)
            node = node[part]  # type: ignore[index]
    return path


def _section(kind: Any, place: Iterable[Any]) -> type[BaseModel]:
    """Class of the section at a place."""
    for part in place:
        if isinstance(part, str) and part.startswith("<"):
            kind = SECTIONS[part[1:-1]]
            continue
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind = kind if field is None else field.annotation  # the tag of a user's own name follows
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        kind = _without_annotation(kind)
    return kind


def _without_annotation(kind: Any) -> Any:
    """A type without `Annotated` and `None`."""
    if hasattr(kind, "__metadata__"):
        return _without_annotation(get_args(kind)[0])
    if type(None) in get_args(kind):
        return _without_annotation(get_args(kind)[0])
    return kind


def _explanation(details: ErrorDetails) -> str:
    found, kind, facts = details["input"], details["type"], details.get("ctx", {})
    if details["loc"][-1] == "[key]":
        if not isinstance(found, str):
            return f"key {found!r} is not text; YAML reads a bare no as false, put it in quotes"
        return f"key {shown(found)} found; {details['msg']}"
    if kind == "nothing" or (found is None and kind in _WANTED):
        return "nothing found; write a value, or remove the key"
    if kind in _WANTED:
        return _wrong_kind(found, _WANTED[kind])
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"{shown(found)} found; it must be {words} {facts[name]}"
    match kind:
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", facts["expected"])
            return f"{shown(found)} found{suggestion(found, allowed)}; allowed are {', '.join(allowed)}"
        case "one_of":
            names = re.findall(r"\w+", facts["allowed"])
            guess = suggestion(found, names) if isinstance(found, str) else ""
            return f"{shown(found)} found{guess}; allowed are {facts['allowed']}"
        case "too_short":
            return f"{shown(found)} found; at least {facts['min_length']} wanted"
        case "twice" | "block_range":
            return details["msg"]
    if isinstance(found, dict):  # of a section as a whole
        return details["msg"]
    return f"{shown(found)} found; {details['msg']}"


def _wrong_kind(found: Any, wanted: str) -> str:
    if isinstance(found, bool):
        hint = '; YAML reads a bare no as false, write "no" for Norwegian' if found is False else ""
        return f"{found} found, {wanted} wanted{hint}"
    if isinstance(found, str) and wanted in ("integer", "number"):
        return f"text {shown(found)} found, {wanted} wanted{_as_number(found)}"
    return f"{shown(found)} found, {wanted} wanted"


def _as_number(text: str) -> str:
    """How to write a number that YAML reads as text."""
    try:
        value = float(text)
    except ValueError:
        return ""
    if not math.isfinite(value):
        return ""
    if "e" not in text.lower():
        return " (remove the quotes)"
    short, exact = f"{value:.1e}", repr(value)
    if float(short) != value:  # YAML wants a point in the mantissa
        short = exact if "." in exact else exact.replace("e", ".0e")
    return f" (YAML reads {text} as text: write {short})"
