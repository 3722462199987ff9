"""Frozen dataclasses from plain JSON values, by their declared types: a new field of the book is written down once."""

import types
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints


def from_plain(wanted: Any, value: Any) -> Any:
    """The value as the wanted type: a dataclass, an enum, `tuple[X, ...]`, `dict[str, X]`, `X | None` or a plain type.

    A field with a default may be missing; what no field names is refused. Raises KeyError for a missing field,
    TypeError or ValueError for a value that is none of the type.

    >>> from_plain(tuple[int, ...], [1, 2]), from_plain(str | None, None)
    ((1, 2), None)
    """
    origin = get_origin(wanted)
    if origin is tuple:
        return tuple(from_plain(get_args(wanted)[0], item) for item in _a(list, value))
    if origin is dict:
        return {_a(str, key): from_plain(get_args(wanted)[1], item) for key, item in _a(dict, value).items()}
    if origin in (Union, types.UnionType):
        return None if value is None else from_plain(_something(wanted), value)
    if is_dataclass(wanted):
        return _record(wanted, _a(dict, value))
    if issubclass(wanted, Enum):
        return wanted(value)
    return float(_a((int, float), value)) if wanted is float else _a(wanted, value)


def _record(wanted: Any, value: dict[str, Any]) -> Any:
    declared = _declared(wanted)
    if strangers := value.keys() - declared.keys():
        raise TypeError(f"{wanted.__name__} has no field {sorted(strangers)[0]!r}")
    known = {}
    for name, (kind, optional) in declared.items():
        if name in value:
            known[name] = from_plain(kind, value[name])
        elif not optional:
            raise KeyError(name)
    return wanted(**known)


@cache
def _declared(wanted: Any) -> dict[str, tuple[Any, bool]]:
    """The type of each field, and whether it may be missing."""
    kinds = get_type_hints(wanted)
    return {
        item.name: (kinds[item.name], item.default is not MISSING or item.default_factory is not MISSING)
        for item in fields(wanted)
    }


def _something(optional: Any) -> Any:
    return next(kind for kind in get_args(optional) if kind is not type(None))


def _a(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r} is no {getattr(kind, '__name__', 'number')}")
    return value
