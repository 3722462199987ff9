"""Whether the running request wants its change on trial, and what cannot be had so."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from ringfence.portal.problems import refuse

PARAMETER: Final = "confirm_within"
ASKING: Final = frozenset({"show", "list", "page", "explain", "since", "suspended", "dry-run", "measures", "status"})
"""How the names of verbs end that change nothing."""


@dataclass(slots=True)
class Wish:
    """What the running request wants, and the changes that were saved so."""

    minutes: int
    connection: str
    saved: list[int] = field(default_factory=list)


_wish: ContextVar[Wish | None] = ContextVar(PARAMETER, default=None)


def wish() -> Wish | None:
    """The wish of the request that is being answered."""
    return _wish.get()


def with_wish[T](minutes: int, connection: str, work: Callable[[], T]) -> T:
    """Runs work as a request with this wish would."""
    token = _wish.set(Wish(minutes, connection))
    try:
        return work()
    finally:
        _wish.reset(token)


def refuse_lasting(verb: str) -> None:
    """Before another process is asked: what it does stays, though the refused change is rolled back. Raises Refused."""
    if wish() is not None and verb.rpartition(".")[2] not in ASKING:
        raise refuse(PARAMETER, "confirm.not_reversible", f"{verb} cannot be taken back by itself.")
