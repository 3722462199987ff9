"""The dry run over the guard's socket: a process of its own replays the journal on disk and changes nothing."""

import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.guard.clock import moment
from ringfence.guard.ledger import BanRecord
from ringfence.guard.offenders import dryrun
from ringfence.guardlink import GuardRefusal
from ringfence.journal.layout import SEGMENT_BYTES, segment_path
from ringfence.journal.reader import CHUNK_BYTES, LINE_START
from ringfence.policy.book import AddressEntry, Book, Target
from ringfence.policy.offenders.dryrun import SWITCHES
from ringfence.policy.settings import SecuritySettings
from tests.unit.guard.test_socket import Ask, served
from tests.unit.guard.workshop import OFFICE, SOURCE, failure, guard, publish, registration, write_journal

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["src", os.environ.get("PYTHONPATH", "")]))


def rehearsed(home: Path, **args: Any) -> dict[str, Any]:
    answer: dict[str, Any] = served(home, lambda ask_guard: ask_guard("policy.dry-run", timeout=60.0, **args))
    return answer


def test_who_would_have_been_banned_and_who_loses_service(tmp_path: Path) -> None:
    write_journal(tmp_path, registration(), *(failure() for _ in range(20)), b"torn", registration("102@acme.example"))
    wanted = {"failed_authentication_limit": 10}
    answer = rehearsed(tmp_path, settings=wanted, entries=[{"cidr": f"{OFFICE}/24", "target": "block"}])
    assert answer["whole"] is True
    assert (answer["events"], answer["spoiled"]) == (22, 1)
    assert [(one["address"], one["fate"], one["phones"]) for one in answer["stopped"]] == [
        (OFFICE, "blocked", ["101@acme.example", "102@acme.example"]),
        (SOURCE, "banned", []),
    ]
    assert answer["summary"].startswith(f"This would have stopped 2 more sources: {OFFICE} (2 phones)")
    assert served(tmp_path, lambda ask_guard: ask_guard("bans.list")) == []


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"settings": {"failed_authentication_limit": 0}}, "settings.range"),
        ({"settings": {"nothing": 1}}, "settings.unknown"),
        ({"settings": 5}, "request.settings"),
        ({"entries": [{"cidr": "300.1.1.1", "target": "block"}]}, "address.octet_range"),
        ({"entries": [{"cidr": "192.0.2.1", "target": "maybe"}]}, "request.entries"),
        ({"entries": [{}] * 1001}, "request.entries"),
        ({"entries": [{"cidr": "0.0.0.0/0", "target": "block"}]}, "ip_filter.everything"),
        ({"entries": [{"cidr": "::/0", "target": "block"}]}, "ip_filter.everything"),
        ({"entries": [{"cidr": "126.0.0.0/7", "target": "block"}]}, "ip_filter.never_block"),
        ({"entries": [{"cidr": "2000::/3", "target": "allow"}]}, "ip_filter.trusts_strangers"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, args: dict[str, Any], error: str) -> None:
    def work(ask_guard: Ask) -> str:
        with pytest.raises(GuardRefusal) as refused:
            ask_guard("policy.dry-run", **args)
        return refused.value.error_id

    assert served(tmp_path, work) == error


def test_without_an_entry_the_next_longer_range_decides(tmp_path: Path) -> None:
    """The allow entry that an administrator thinks of removing: who would have been banned without it."""
    allow, block = AddressEntry(1, "192.0.2.0/24", Target.ALLOW), AddressEntry(2, "198.51.100.0/24", Target.BLOCK)
    publish(tmp_path, Book(address_entries=(allow, block)))
    write_journal(tmp_path, registration(), *(failure() for _ in range(60)))
    gone = [{"cidr": entry.cidr, "target": "remove"} for entry in (allow, block)]
    answer = rehearsed(tmp_path, entries=gone)
    assert [(one["address"], one["fate"]) for one in answer["stopped"]] == [(SOURCE, "banned")]
    assert [(one["address"], one["fate"]) for one in answer["let_through"]] == [(OFFICE, "blocked")]


def test_recorded_bans_for_rates_and_silence_are_replayed_by_their_switch_and_entries(tmp_path: Path) -> None:
    """Of them the journal has no counts; the answer names the settings about which nothing can be known."""
    service = guard(tmp_path)
    now = moment()
    for number, rule in enumerate(SWITCHES):
        key = f"203.0.113.{number}"
        service.parts.bans.add(
            BanRecord(key, rule, "", "guard", now.wall, now.wall + 60, service.parts.boot_id, now.boot + 60, {}), now
        )
    service.commit()
    off = {"failed_challenge_enabled": False}
    answer = rehearsed(tmp_path, settings=off, entries=[{"cidr": "203.0.113.1", "target": "allow"}])
    assert [one["address"] for one in answer["let_through"]] == ["203.0.113.0", "203.0.113.1"]
    assert answer["not_replayed"] == ["failed_challenge_limit", "level_1_packets", "level_2_packets"]


def test_an_allow_entry_inside_a_64_spares_its_own_address_as_it_does_live(tmp_path: Path) -> None:
    """A /64 is counted as one source, while entries hold for the address itself (issue 3, points 2 and 5)."""
    allowed, other = "2001:db8:64::5", "2001:db8:64::66"
    publish(tmp_path, Book(address_entries=(AddressEntry(1, f"{allowed}/128", Target.ALLOW),)))
    write_journal(
        tmp_path,
        *(failure(allowed) for _ in range(40)),
        *(failure(other) for _ in range(20)),
        registration("103@acme.example", allowed),
    )
    wanted = {"failed_authentication_limit": 30}
    answer = rehearsed(tmp_path, settings=wanted)
    assert answer["stopped"] == []
    assert [(one["address"], one["fate"]) for one in answer["spared"]] == [("2001:db8:64::/64", "spared")]


def test_a_phone_of_a_64_that_would_be_banned_is_named(tmp_path: Path) -> None:
    """Also one that registered after the ban would have begun (issue 3, point 5)."""
    lone = "2001:db8:65::66"
    write_journal(tmp_path, *(failure(lone) for _ in range(20)), registration("103@acme.example", "2001:db8:65::5"))
    answer = rehearsed(tmp_path, settings={"failed_authentication_limit": 10})
    found = [(one["address"], one["phones"]) for one in answer["stopped"]]
    assert found == [("2001:db8:65::/64", ["103@acme.example"])]


def test_garbage_of_eight_megabytes_costs_no_time_and_is_said(tmp_path: Path) -> None:
    """A line of nothing but beginnings of events once took minutes; what comes behind it counts (issue 3, point 9)."""
    garbage = LINE_START * (SEGMENT_BYTES // len(LINE_START))
    write_journal(tmp_path, *(failure() for _ in range(5)), garbage, *(failure() for _ in range(5)))
    answer = rehearsed(tmp_path, settings={"failed_authentication_limit": 10})
    assert [one["address"] for one in answer["stopped"]] == [SOURCE]
    assert answer["events"] == 10
    assert answer["spoiled"] == SEGMENT_BYTES // CHUNK_BYTES


def test_whoever_was_short_of_a_ban_when_the_journal_begins_is_not_told_as_news(tmp_path: Path) -> None:
    """Older events are deleted: this one was banned in truth, by failures that nobody has now (issue 3, point 9)."""
    now, other = time.time(), "192.0.2.67"
    write_journal(
        tmp_path,
        *(failure(t=now - 100) for _ in range(48)),
        *(failure(other, t=now - 80) for _ in range(48)),
        registration("104@acme.example"),
    )
    segment_path(tmp_path / "journal", 0).rename(segment_path(tmp_path / "journal", 7))
    answer = rehearsed(tmp_path, settings={"failed_authentication_limit": 40})
    assert [one["address"] for one in answer["stopped"]] == [other]
    assert answer["from"] == pytest.approx(now - 90)


def _attacks(home: Path, *attackers: str) -> None:
    """A segment each, of 100 s."""
    for number, attacker in enumerate(attackers):
        begin = time.time() - 100 * (len(attackers) - number)
        write_journal(home, registration(t=begin), *(failure(attacker, t=begin + 50) for _ in range(60)))
        segment_path(home / "journal", 0).rename(segment_path(home / "journal", number + 20))


def _slowly(monkeypatch: pytest.MonkeyPatch, cost: Callable[[str], float]) -> dict[str, Any]:
    """The answer where each event takes so many seconds, by its source."""
    passed = 0.0
    take = dryrun.Replay._take

    def taking(replayed: dryrun.Replay, line: bytes, event: dict[str, Any]) -> None:
        nonlocal passed
        passed += cost(event["source"])
        take(replayed, line, event)

    said = io.StringIO()
    monkeypatch.setattr(dryrun, "LOOK_EVERY", 1)
    monkeypatch.setattr(dryrun.Replay, "_take", taking)
    monkeypatch.setattr(time, "monotonic", lambda: passed)
    question = {"settings": {"failed_authentication_limit": 55}, "entries": [], "never_block": []}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(question)))
    monkeypatch.setattr(sys, "stdout", said)
    dryrun.main()
    monkeypatch.undo()
    answer: dict[str, Any] = json.loads(said.getvalue())
    return answer


ATTACKERS = [f"192.0.2.{number}" for number in range(1, 9)]


def test_of_a_journal_that_takes_too_long_the_newest_part_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was the oldest, which says least about what comes (issue 3, point 9)."""
    publish(tmp_path, Book(security=SecuritySettings(failed_authentication_limit=100)))
    _attacks(tmp_path, *ATTACKERS)
    answer = _slowly(monkeypatch, lambda _: 2.0 / 61)
    assert answer["whole"] is False
    assert [one["address"] for one in answer["stopped"]] == ATTACKERS[-5:]


def test_if_the_older_part_takes_longer_than_thought_the_newest_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, Book(security=SecuritySettings(failed_authentication_limit=100)))
    _attacks(tmp_path, *ATTACKERS)
    answer = _slowly(monkeypatch, lambda source: 0.5 if source in ATTACKERS[:6] else 0.01)
    assert answer["whole"] is False
    assert [one["address"] for one in answer["stopped"]] == ATTACKERS[-2:]
