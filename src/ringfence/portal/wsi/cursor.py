"""Where a listener stands in the two streams of events: the guard's ledger and the audit log."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

_TEXT: Final = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)


class Stream(StrEnum):
    LEDGER = "ledger"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to these numbers was told. As text it is the id of an event: resuming needs nothing else."""

    ledger: int = 0
    audit: int = 0

    def __str__(self) -> str:
        return f"{self.ledger}-{self.audit}"

    def at(self, stream: Stream) -> int:
        return self.ledger if stream is Stream.LEDGER else self.audit

    def moved(self, stream: Stream, number: int) -> "Cursor":
        return replace(self, ledger=number) if stream is Stream.LEDGER else replace(self, audit=number)


def parse_cursor(text: str) -> Cursor | None:
    """None if this was never an id of ours.

    >>> parse_cursor("1042-77"), parse_cursor("x")
    (Cursor(ledger=1042, audit=77), None)
    """
    found = _TEXT.fullmatch(text)
    return Cursor(int(found[1]), int(found[2])) if found else None
