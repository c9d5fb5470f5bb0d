"""Base of the configuration's sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import AfterValidator, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from alignfreeze.support.settings import Settings

PARTIAL = "partial"
Item = TypeVar("Item")


class Missing:
    """Stands for a value that is missing or wrong; every use of it fails."""


MISSING = Missing()


class Section(Settings):
    """One section of a configuration.

    Under the validation context `PARTIAL`, what is missing or wrong becomes `MISSING` and the rest is kept, so that
    what is right can be checked further and all errors are shown at once.
    """

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, found: Any, info: ValidationInfo) -> Any:
        if info.context != PARTIAL or not isinstance(found, dict):
            return found
        required = [name for name, field in cls.model_fields.items() if field.is_required()]
        return dict.fromkeys(required, MISSING) | {name: found[name] for name in cls.model_fields if name in found}

    @field_validator("*", mode="wrap")
    @classmethod
    def _recover(cls, found: Any, validate: Any, info: ValidationInfo) -> Any:
        try:
            if found is None:
                raise PydanticCustomError("nothing", "nothing")
            return validate(found)
        except (ValidationError, PydanticCustomError, TypeError):  # TypeError: a validator meets MISSING
            if info.context != PARTIAL:
                raise
            return MISSING


class Choice(Section):
    """A section whose keys are a fixed list of names, each with settings of its own; some of them are left out."""

    def __getitem__(self, name: str) -> Any:
        """Settings of a name that is chosen."""
        if name not in self:
            raise KeyError(name)
        # A name of one's own may be that of an attribute, such as `names`.
        own = self.__pydantic_extra__ or {}
        return own[name] if name in own else getattr(self, name)

    def __contains__(self, name: str) -> bool:
        """Whether a name is chosen."""
        return name in self.names

    @property
    def names(self) -> list[str]:
        """The names that are chosen, always in the same order."""
        own = self.__pydantic_extra__ or {}
        return [*(name for name in type(self).model_fields if getattr(self, name) is not None), *own]


def _each_once(items: Sequence[Any]) -> Sequence[Any]:
    twice = sorted({str(item) for item in items if items.count(item) > 1})
    if twice:
        raise PydanticCustomError("twice", "{twice} stands twice; list each once", {"twice": ", ".join(twice)})
    return items


Distinct = AfterValidator(_each_once)
"""Annotation of a list in which nothing stands twice."""
