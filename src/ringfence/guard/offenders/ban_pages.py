"""The bans in force as pages, the newest first: a quarter of a million bans are not sent to show fifty."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringfence.guard.ledger import BanRecord

SEPARATOR: Final = "|"


@dataclass(frozen=True, slots=True)
class BanWish:
    """Which bans somebody wants to see: holding a text, older (`after`) or newer (`before`) than a place."""

    search: str = ""
    after: str = ""
    before: str = ""
    limit: int = 50

    def fits(self, record: BanRecord) -> bool:
        return not self.search or any(self.search in text.lower() for text in (record.key, record.rule, record.reason))


@dataclass(frozen=True, slots=True)
class BanPage:
    """Some bans, how many there are with this text, and whether there are more on either side."""

    records: list[BanRecord]
    count: int
    has_previous: bool
    has_next: bool


def place(record: BanRecord) -> str:
    """What names the place of a ban in the list. A place stays good when its ban has ended meanwhile.

    >>> from ringfence.policy.scope import Scope
    >>> place(BanRecord("192.0.2.7", "r", "", "", 12.5, 20.0, "b", 20.0, {}, Scope.WEB))
    '0000000012.500000|192.0.2.7|web'
    """
    return SEPARATOR.join((f"{record.since:017.6f}", record.key, record.scope))


def page_of(records: Iterable[BanRecord], wish: BanWish) -> BanPage:
    """The part of these bans that is wished for, from the newest to the oldest."""
    found = sorted((record for record in records if wish.fits(record)), key=place)
    end = bisect_left(found, wish.after, key=place) if wish.after else len(found)
    if wish.before:
        end = min(len(found), bisect_right(found, wish.before, key=place) + wish.limit)
    start = max(0, end - wish.limit)
    return BanPage(found[start:end][::-1], len(found), end < len(found), start > 0)
