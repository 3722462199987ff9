"""What workers look up by key, such as `did/+4930123`: each kind and where its values come from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

Values = Iterable[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Source:
    """Reads one kind from the database: the named keys that exist, or all. Keys begin with the kind and a slash."""

    some: Callable[[Sequence[str]], Values]
    every: Callable[[], Values]


SOURCES: Final[dict[str, Source]] = {}
"""By kind. A kind that is not in here cannot be published."""


def kind_of(key: str) -> str:
    """The kind of a key; "" for one of no known kind.

    >>> kind_of("did/+4930123")
    ''
    """
    kind = key.partition("/")[0]
    return kind if kind in SOURCES else ""
