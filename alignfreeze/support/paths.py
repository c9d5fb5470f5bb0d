"""Text that becomes part of a path: what it may be, so that nothing is written or removed outside its folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

LONGEST_NAME = 100  # characters: names are joined into file names, of which a file system takes 255 bytes
LONGEST_COMPONENT = 255  # bytes
LONGEST_PATH = 1024  # bytes


@dataclass(frozen=True)
class Matching:
    """Annotation of text that matches a pattern as a whole.

    Parameters
    ----------
    pattern : str
        Regular expression of the whole text, of what Python and JavaScript (JSON schema) have in common.
    meaning : str
        What it allows, in words, for the error message.
    longest : int
        Most characters.
    """

    pattern: str
    meaning: str
    longest: int = LONGEST_NAME

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check after the type."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The same in the JSON schema."""
        return handler(schema) | {"pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise PydanticCustomError("form", "{meaning}", {"meaning": self.meaning})
        if len(text) > self.longest:
            raise PydanticCustomError("form", "at most {longest} characters", {"longest": self.longest})
        return text


# A file or a folder, by the name alone; a component begins with a letter, a digit or _, so it is never . or ..
COMPONENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"

Name = Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9_-]*", "Letters, digits, - and _.")]
"""Name that an experiment gives to something of its own; it becomes part of file names."""

LANGUAGE = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"

LanguageCode = Annotated[
    str, Matching(LANGUAGE, "A language's code, such as sw, swh or sr-Latn: letters, digits and -.")
]
"""Code of a language; it becomes part of file names, too. Which codes are known is another question."""

Label = Annotated[str, Matching(r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*", "Text on one line.", 100)]
"""How a name is written in tables and figures."""

Component = Annotated[str, Matching(COMPONENT, "Letters, digits, _, . and -, beginning with one of the first three.")]
"""One part of a path."""

OwnerAndName = Annotated[str, Matching(rf"{COMPONENT}/{COMPONENT}", "OWNER/NAME.")]

RelativePath = Annotated[
    str, Matching(rf"{COMPONENT}(?:/{COMPONENT})*", "A folder below another one, without . and .. in it.", 500)
]


def readable(path: str) -> str:
    """Check that a path is one that a user may name to read from.

    Parameters
    ----------
    path : str
        As the configuration has it, with or without `{lang}`.

    Returns
    -------
    str
        The path itself.

    Raises
    ------
    PydanticCustomError
        It is empty, too long, or has characters that no path needs or that Snakemake gives a meaning to.
    """
    problem = None
    if not path.isprintable():
        problem = "a path has no line breaks, tabs or other characters that cannot be printed"
    elif path.strip() != path or not path:
        problem = "a path neither is empty nor begins or ends with a space"
    elif re.search(r"[{}*?\[\]]", path.replace("{lang}", "")):
        problem = "of braces, a path has {lang} alone, and no wildcards (* ? [ ])"
    elif len(path.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_COMPONENT for part in path.split("/")):
        problem = f"too long for a path ({LONGEST_PATH} bytes, and {LONGEST_COMPONENT} between two slashes)"
    if problem:
        raise PydanticCustomError("form", "{problem}", {"problem": problem})
    return path


def _file(path: str) -> str:
    if path.rsplit("/", 1)[-1] in ("", ".", ".."):
        raise PydanticCustomError("form", "this is a folder; give a file")
    return path


def _by_language(path: str) -> str:
    if "{lang}" not in path:
        raise PydanticCustomError("form", "{meaning}", {"meaning": "A path with {lang} in place of the code."})
    return path


FolderToRead = Annotated[str, AfterValidator(readable), Field(json_schema_extra={"format": "path"})]
"""A folder of the user's own, anywhere; it is read and never written or removed."""

FileToRead = Annotated[FolderToRead, AfterValidator(_file)]
"""A file of the user's own, anywhere."""

FilesToRead = Annotated[FileToRead, AfterValidator(_by_language)]
"""Files of the user's own, one for each language in place of {lang}."""
