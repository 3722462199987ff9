"""What the guard does with events: bans, spares, forgets nothing and survives nonsense."""

import itertools
import time
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from ringfence.guard.clock import Moment, moment
from ringfence.policy.addresses import key_network
from ringfence.policy.book import AddressEntry, Book, Target
from ringfence.policy.settings import SecuritySettings

from .workshop import (
    OFFICE,
    SOURCE,
    SmallKernel,
    call,
    failure,
    guard,
    kinds,
    line,
    publish,
    registration,
    worker_says,
    write_journal,
)


@pytest.mark.parametrize(("count", "banned"), [(49, False), (50, True), (51, True)])
def test_the_fiftieth_failure_bans_for_an_hour(tmp_path: Path, count: int, banned: bool) -> None:
    kernel = SmallKernel()
    service = guard(tmp_path, kernel)
    service.parts.intake.take([failure() for _ in range(count)], moment())
    assert kernel.holds(key_network(SOURCE)) is banned
    assert kinds(service) == []
    service.commit()
    assert ("ban.added" in kinds(service)) is banned
    if banned:
        assert kernel.banned[key_network(SOURCE)] == pytest.approx(3600, abs=1)


def test_a_banned_source_is_not_banned_again(tmp_path: Path) -> None:
    service = guard(tmp_path)
    service.parts.intake.take([failure() for _ in range(200)], moment())
    service.commit()
    assert kinds(service).count("ban.added") == 1


def test_stale_passwords_never_count(tmp_path: Path) -> None:
    service = guard(tmp_path)
    stale = orjson.loads(failure())
    service.parts.intake.take([orjson.dumps({**stale, "kind": "auth.stale_password"}) for _ in range(100)], moment())
    assert len(service.parts.bans) == 0


def test_an_allow_entry_skips_the_count(tmp_path: Path) -> None:
    publish(tmp_path, Book(address_entries=(AddressEntry(1, "192.0.2.0/24", Target.ALLOW),)))
    service = guard(tmp_path)
    service.parts.intake.take([failure() for _ in range(100)], moment())
    assert len(service.parts.bans) == 0


def test_one_bad_phone_in_a_healthy_office_is_slowed_and_told_once_a_minute(tmp_path: Path) -> None:
    service = guard(tmp_path)
    service.parts.intake.take([registration(), *(failure(OFFICE, "102@acme.example") for _ in range(120))], moment())
    service.commit()
    assert len(service.parts.bans) == 0
    events = service.parts.ledger.events_since(0, ("ban.spared",), 10)
    assert [(event["why"], event["protects"]) for event in events] == [("office.healthy", "101@acme.example")]
    assert worker_says(tmp_path, f"is_slowed({OFFICE!r}, '102@acme.example', now)")
    assert not worker_says(tmp_path, f"is_slowed({OFFICE!r}, '101@acme.example', now)")
    assert not worker_says(tmp_path, f"is_banned({OFFICE!r}, now)")


def test_a_spared_source_is_slowed_each_time_though_told_of_once_a_minute(tmp_path: Path) -> None:
    """Issue 3, point 4: whoever waits for the end of the slowing, or takes the next account, is slowed again."""
    service = guard(tmp_path)
    service.parts.intake.take([registration(), *(failure(OFFICE, "102@acme.example") for _ in range(50))], moment())
    later = time.time() + 20
    attempts = [failure(OFFICE, "103@acme.example", later + number / 100) for number in range(50)]
    service.parts.intake.take(attempts, Moment(later, moment().boot + 20))
    assert worker_says(tmp_path, f"is_slowed({OFFICE!r}, '103@acme.example', now)")
    service.commit()
    assert kinds(service).count("ban.spared") == 1


@pytest.mark.parametrize("name", ["\U0001f600" * 200, "\u0130" * 200, "x" * 500])
def test_an_account_as_long_as_a_stranger_likes_is_slowed_too(tmp_path: Path, name: str) -> None:
    """Attack case 46: a name beyond what a key of LMDB takes once ended the round in which the guard read it."""
    service = guard(tmp_path)
    attempts = [failure(OFFICE, name[:128]) for _ in range(50)]
    service.parts.intake.take([registration(), *attempts, call()], moment())
    assert len(service.parts.standing.calls) == 1
    assert worker_says(tmp_path, f"is_slowed({OFFICE!r}, {name + '@acme.example'!r}, now)")
    assert service.parts.alarms.listing() == []


def test_a_healthy_office_behind_nat64_is_not_banned_for_one_phone(tmp_path: Path) -> None:
    """Issue 3, points 3 and 4: a translated source counts as the IPv4 address it carries, its good phones as well."""
    service = guard(tmp_path)
    office = "64:ff9b::c633:6407"
    attempts = [failure(office, "102@acme.example") for _ in range(50)]
    service.parts.intake.take([registration(source=office), *attempts], moment())
    assert len(service.parts.bans) == 0
    assert worker_says(tmp_path, f"is_slowed({office!r}, '102@acme.example', now)")


def test_an_event_that_breaks_the_guard_takes_none_behind_it_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 2: no finished call is lost, whatever else is in the journal."""
    service = guard(tmp_path)
    monkeypatch.setattr(service.parts.intake, "_failed_authentication", lambda *_: 1 / 0)
    service.parts.intake.take([failure(), call()], moment())
    assert len(service.parts.standing.calls) == 1
    assert [alarm["id"] for alarm in service.parts.alarms.listing()] == ["guard.broken_event"]


def test_many_accounts_from_a_healthy_office_are_an_attack(tmp_path: Path) -> None:
    service = guard(tmp_path)
    attempts = [failure(OFFICE, f"{number}@acme.example") for number in range(50)]
    service.parts.intake.take([registration(), *attempts], moment())
    record = service.parts.bans.get(OFFICE)
    assert record is not None
    assert record.evidence["distinct_accounts"] == 50
    assert record.evidence["healthy"] == ("101@acme.example",)


def test_a_worker_event_goes_to_the_portal_but_floods_do_not(tmp_path: Path) -> None:
    service = guard(tmp_path)
    lines = [registration(), failure(), call(), line("request.refused", rule="x"), registration(), registration()]
    service.parts.intake.take(lines, moment())
    service.commit()
    told = [kind for kind in kinds(service) if kind != "alarm.raised"]
    assert told == ["call.started", "request.refused", "registration.saved"]


def test_a_phone_that_comes_and_goes_is_told_and_a_refresh_or_a_restart_is_not(tmp_path: Path) -> None:
    service = guard(tmp_path)
    gone = line("registration.removed", aor="101@acme.example", contact="*", tenant_id=1)
    expiring = registration("102@acme.example", expires_in=1)
    service.parts.intake.take([registration(), registration(), gone, expiring], moment())
    service.parts.standing.registrations.expire(time.time() + 5)
    service.parts.intake.note_news(moment())
    service.commit()
    events = service.parts.ledger.events_since(0, (), 100)
    told = [(event["kind"], event["aor"], event.get("why"), event["tenant_id"]) for event in events if "aor" in event]
    assert told == [
        ("registration.saved", "101@acme.example", None, 1),
        ("registration.removed", "101@acme.example", "removed", 1),
        ("registration.saved", "102@acme.example", None, 1),
        ("registration.removed", "102@acme.example", "expired", 1),
    ]


@pytest.mark.parametrize(
    "nonsense",
    [
        line("auth.failed"),
        line("auth.failed", source=5, account="x"),
        line("auth.failed", source="not-an-address", account="x"),
        line("auth.failed", source="::nonsense", account="x"),
        line("call.ended"),
        line("registration.saved", aor="101@acme.example", contacts="none", source="x"),
        line("registration.removed"),
    ],
    ids=itertools.count(),
)
def test_a_malformed_event_is_an_alarm_and_the_next_one_is_still_heard(tmp_path: Path, nonsense: bytes) -> None:
    service = guard(tmp_path)
    assert service.parts.intake.take([nonsense, call()], moment()) == 0
    assert len(service.parts.standing.calls) == 1
    assert "journal.malformed_event" in [alarm["id"] for alarm in service.parts.alarms.listing()]


def test_lines_beyond_repair_are_counted(tmp_path: Path) -> None:
    assert guard(tmp_path).parts.intake.take([b"garbage", b"{}", call()], moment()) == 2


def test_counting_goes_on_where_a_killed_guard_stopped(tmp_path: Path) -> None:
    write_journal(tmp_path, registration(), call(), *(failure() for _ in range(49)))
    first = guard(tmp_path)
    first.consume()
    first.commit()
    write_journal(tmp_path, failure())
    kernel = SmallKernel()
    second = guard(tmp_path, kernel)
    assert (len(second.parts.standing.registrations), len(second.parts.standing.calls)) == (1, 1)
    second.consume()
    assert kernel.holds(key_network(SOURCE))
    assert kinds(second).count("call.started") == 1


def test_what_was_done_but_not_committed_is_done_again(tmp_path: Path) -> None:
    write_journal(tmp_path, *(failure() for _ in range(50)))
    first = guard(tmp_path)
    batch = first.parts.reader.read(1.0)
    first.parts.intake.take(batch.lines, moment())
    second = guard(tmp_path)
    assert len(second.parts.bans) == 0
    second.consume()
    assert SOURCE in second.parts.bans


def test_a_changed_limit_counts(tmp_path: Path) -> None:
    publish(tmp_path, Book(security=replace(SecuritySettings(), failed_authentication_limit=3)))
    service = guard(tmp_path)
    service.parts.intake.take([failure() for _ in range(3)], moment())
    assert SOURCE in service.parts.bans
