"""Arguments of the public interface: the wrong kind is a TypeError that says what is wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from alignfreeze.data.bitext import Bitext
from alignfreeze.support.errors import InputError, quoted
from alignfreeze.support.settings import Settings

T = TypeVar("T")
SettingsType = TypeVar("SettingsType", bound=Settings)
# BCP 47's code of a language that is not stated.
UNDETERMINED = "und"


def kind(value: Any) -> str:
    """Name of a value's type, as messages give it.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
    """
    return type(value).__name__


def by_language(value: Any, name: str, single: type[T] | tuple[type[T], ...], wanted: str) -> dict[str, T]:
    """A mapping by language; a single value belongs to the language `und`.

    Parameters
    ----------
    value : object
        What the caller gave.
    name : str
        Name of the argument, for the message.
    single : type
        Type of one language's value.
    wanted : str
        What the argument takes, for the message.

    Returns
    -------
    dict from str to T
        Language -> value, in the order of the mapping.

    Raises
    ------
    TypeError
        Something else was given.
    """
    if isinstance(value, single):
        return {UNDETERMINED: value}
    if not isinstance(value, Mapping) or not value:
        raise TypeError(f"{name}: {kind(value)} found; give {wanted}, or a dict of them by language code")
    for language, part in value.items():
        if not isinstance(language, str):
            raise TypeError(f"{name}: key {language!r} found; give language codes, such as 'de'")
        if not isinstance(part, single):
            raise TypeError(f"{name}[{language!r}]: {kind(part)} found; give {wanted}")
    return dict(value)


def bitexts_by_language(value: Any) -> dict[str, Bitext]:
    """Bitexts by language; see `by_language`.

    Parameters
    ----------
    value : object
        The argument `bitext`: a Bitext, or a mapping from languages to some.

    Returns
    -------
    dict from str to Bitext
        Language -> bitext.

    Raises
    ------
    TypeError
        Something else was given.
    """
    return by_language(value, "bitext", Bitext, "a Bitext, as load_bitext returns it")


def check_names(given: Iterable[str], allowed: Collection[str], what: str) -> None:
    """Refuse keyword arguments that a function does not have.

    Parameters
    ----------
    given : iterable of str
        Names of keyword arguments.
    allowed : collection of str
        Names that the function has.
    what : str
        The function, for the message.

    Raises
    ------
    TypeError
        A name is not allowed.
    """
    for name in given:
        if name not in allowed:
            raise TypeError(f"{what} has no setting {name!r}; it has {', '.join(sorted(allowed)) or 'none'}")


def make_settings(kind_of_settings: type[SettingsType], given: Mapping[str, Any]) -> SettingsType:
    """Make settings from keyword arguments whose names are known to be right.

    Parameters
    ----------
    kind_of_settings : type
        A class of settings.
    given : mapping from str to object
        Name -> value.

    Returns
    -------
    SettingsType
        With defaults for what is not given.

    Raises
    ------
    InputError
        A value is not allowed; one line for all of them.
    """
    try:
        return kind_of_settings(**given)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))}: "
            + (problem["msg"] if " found" in problem["msg"] else f"{quoted(problem['input'])} found; {problem['msg']}")
            for problem in error.errors()
        ]
        raise InputError("; ".join(problems)) from None
