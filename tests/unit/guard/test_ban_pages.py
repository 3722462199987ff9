"""Bans in pages (reference: "Blocked IP addresses appear under IP Blacklist"): every ban stands on exactly one page."""

import pytest

from ringfence.guard.ledger import BanRecord
from ringfence.guard.offenders.ban_pages import BanWish, page_of, place
from ringfence.policy.scope import Scope

pytestmark = pytest.mark.unit
BANS = [
    BanRecord(f"192.0.2.{number}", "antihacking.level_1", f"reason {number % 2}", "guard", 1000.0 + number // 2,
              2000.0, "boot", 99.0, {}, Scope.SIP)
    for number in range(12)
]  # fmt: skip


def keys(records: list[BanRecord]) -> list[str]:
    return [record.key for record in records]


def walked(size: int) -> list[list[BanRecord]]:
    pages = [page_of(BANS, BanWish(limit=size))]
    while pages[-1].has_next:
        pages.append(page_of(BANS, BanWish(after=place(pages[-1].records[-1]), limit=size)))
    return [page.records for page in pages]


@pytest.mark.parametrize("size", [1, 5, 6, 12, 50])
def test_forwards_every_ban_is_shown_once_the_newest_first(size: int) -> None:
    newest = sorted(BANS, key=place, reverse=True)
    assert [record for records in walked(size) for record in records] == newest


def test_backwards_the_same_pages_come_again() -> None:
    pages = walked(5)
    back = page_of(BANS, BanWish(before=place(pages[1][0]), limit=5))
    assert (back.records, back.has_previous, back.has_next) == (pages[0], False, True)


def test_a_place_stays_good_when_its_ban_has_ended() -> None:
    first, second = walked(5)[:2]
    left = [record for record in BANS if record is not first[-1]]
    assert page_of(left, BanWish(after=place(first[-1]), limit=5)).records == second


def test_a_search_counts_what_it_finds() -> None:
    page = page_of(BANS, BanWish(search="reason 1", limit=2))
    assert (page.count, page.has_next, len(page.records)) == (6, True, 2)
    assert keys(page_of(BANS, BanWish(search="192.0.2.11")).records) == ["192.0.2.11"]
    assert page_of([], BanWish()).records == []
