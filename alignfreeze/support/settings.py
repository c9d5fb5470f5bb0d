"""Base of all settings: typed, immutable, strict. The library computes with them, the configuration is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

Count = Annotated[int, Field(ge=1)]
"""A number of things, at least one."""


class Settings(BaseModel):
    """Settings that are checked when they are made and never change.

    Unknown names, numbers that are not finite, and values of another type (31.0 for a whole number, text for a number)
    are refused. `model_dump(mode="json")` gives plain dictionaries and lists, always in the order of declaration.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def one_of(*options: str) -> WrapValidator:
    """One error for a union of types, in place of one for each of them.

    Parameters
    ----------
    options : str
        What is allowed, in words, such as `paper, last` and `a whole number`.

    Returns
    -------
    WrapValidator
        For `typing.Annotated`.
    """

    def validate(value: Any, inner: Callable[[Any], Any]) -> Any:
        try:
            return inner(value)
        except ValidationError:
            facts = {"found": repr(value), "allowed": " or ".join(options)}
            raise PydanticCustomError("one_of", "{found} found; allowed are {allowed}", facts) from None

    return WrapValidator(validate)
