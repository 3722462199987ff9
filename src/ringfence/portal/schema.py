"""What every body of the REST API has in common."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from ninja import Schema
from pydantic import ConfigDict, ValidationInfo, field_validator


class In(Schema):
    """A body that comes in: nothing unknown, and numbers and switches only as JSON has them.

    An unknown field is refused, so that no typing error or foreign field passes silently. `true` is no number and
    "yes" no switch, as the description says.
    """

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _exact(cls, value: Any, info: ValidationInfo) -> Any:
        kinds = _plain_kinds(cls.model_fields[info.field_name or ""].annotation)
        if isinstance(value, bool) and bool not in kinds and kinds & {int, float}:
            raise ValueError("this is a switch, not a number")
        if isinstance(value, str) and str not in kinds and kinds & {int, float, bool}:
            raise ValueError("this is a text, not a number or a switch")
        if isinstance(value, int | float) and not isinstance(value, bool) and kinds == {bool}:
            raise ValueError("this is a number, not a switch")
        return value


class Out(Schema):
    """A body that goes out."""


def _plain_kinds(annotation: Any) -> set[Any]:
    """The plain types that a field can have; None is none of them.

    >>> _plain_kinds(int | None) == {int}
    True
    """
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain_kinds(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in _plain_kinds(part)}
    return {annotation} & {int, float, bool, str} or ({str} if annotation is not type(None) else set())
