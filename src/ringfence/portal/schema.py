"""What every body of the REST API has in common."""

from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, ValidationInfo, field_validator

FIRST_DAY: Final = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
LAST_DAY: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
"""What lies beyond could not be shown in every time zone."""


def universal(moment: datetime) -> datetime:
    """The same instant in UTC, which is also meant where no zone is named. Raises ValueError beyond the calendar.

    >>> universal(datetime(2030, 1, 31, 12)).isoformat()
    '2030-01-31T12:00:00+00:00'
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not FIRST_DAY <= aware <= LAST_DAY:
        raise ValueError(f"a time lies between {FIRST_DAY:%Y-%m-%d} and {LAST_DAY:%Y-%m-%d}")
    return aware.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(universal)]
"""A time in a request."""


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
