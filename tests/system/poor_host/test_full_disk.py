"""A full disk stops no calls, loses none of their records, blinds nobody and raises an alarm (docs/adr/0004)."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, end_call, establish
from tests.system.poor_host.guessing import LIMIT, failures_until_silence

CALLS: Final = 20
COMES_BACK_WITHIN: Final = 10.0
KILLED: Final = ("guard", "core", "media", "voice", "ingest", "portal")


def test_while_the_disk_is_full_calls_go_on_attackers_are_banned_and_no_record_is_lost(
    poor: Any, phone: Callable[..., Softphone], stranger: Any
) -> None:
    """Case 121: the alarm is raised, nothing is lost, and all goes on by itself when there is room again."""
    one, other, evil = phone("103"), phone("104"), stranger()
    before = len(poor.product.call_records())
    with _full(poor.product.paths.state):
        _call(one, other, CALLS)
        within(3, lambda: "disk.low" in [alarm["id"] for alarm in poor.product.guard("alarms.list")], "the alarm")
        with Softphone(evil, poor.server, Account("103", one.account.domain, "guess")) as guessing:
            assert failures_until_silence(guessing) == LIMIT
        assert poor.product.guard("status")["journal_dropped"] == 0
        with pytest.raises(Refused) as refused:
            poor.product.rest.post("tenants", name="Late", domain="late.example")
        assert refused.value.status == 507
    within(10, lambda: len(poor.product.call_records()) == before + CALLS, "a record of each call")
    within(2, lambda: poor.product.ban_of(evil.address), "the ban is in the ledger")


def test_what_is_killed_while_the_disk_is_full_comes_back(poor: Any, phone: Callable[..., Softphone]) -> None:
    """DESIGN.md: any process may be killed at any time."""
    one, other = phone("103"), phone("104")
    before = len(poor.product.call_records())
    with _full(poor.product.paths.state):
        for part in KILLED:
            os.kill(poor.product.process_ids()[part], signal.SIGKILL)
            time.sleep(0.2)
            within(COMES_BACK_WITHIN, lambda part=part: poor.product.is_ready(part), part)
        _call(one, other, 2)
    within(10, lambda: len(poor.product.call_records()) == before + 2, "a record of each call")


def _call(one: Softphone, other: Softphone, times: int) -> None:
    for _ in range(times):
        dialog, _ = establish(one, other)
        assert end_call(one, other, dialog).status == 200
        assert one.register().status == 200


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    """Not one byte is free."""
    filler = folder / "filler"
    try:
        for size in (1 << 20, 1 << 12, 1):
            _fill(filler, size)
        assert os.statvfs(folder).f_bavail == 0
        yield
    finally:
        filler.unlink()


def _fill(filler: Path, size: int) -> None:
    with filler.open("ab", buffering=0) as stream:
        try:
            while stream.write(bytes(size)) == size:
                continue
        except OSError:
            return
