"""What workers look up by key, such as `did/+4930123`: each kind and where its values come from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ringfence.policy.people import browsers
from ringfence.portal.inbound import compile as inbound
from ringfence.portal.webphone import compile as webphone

Values = Iterable[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Source:
    """Reads one kind from the database: the named keys that exist, or all. Keys begin with the kind and a slash."""

    some: Callable[[Sequence[str]], Values]
    every: Callable[[], Values]


SOURCES: Final[dict[str, Source]] = {
    "did": Source(inbound.some_numbers, inbound.every_number),
    "blocked": Source(inbound.some_blocks, inbound.every_block),
    browsers.KIND: Source(webphone.some_credentials, webphone.every_credential),
}
"""By kind. A kind that is not in here cannot be published."""


def kind_of(key: str) -> str:
    """The kind of a key; "" for one of no known kind.

    >>> kind_of("did/+4930123"), kind_of("nonsense/1")
    ('did', '')
    """
    kind = key.partition("/")[0]
    return kind if kind in SOURCES else ""
