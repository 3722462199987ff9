"""Failed challenge requests in the guard: who is banned, who is spared, and that nonsense harms nothing."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from ringfence.guard.clock import Moment, moment
from ringfence.guard.service import Service
from ringfence.policy.addresses import key_network
from ringfence.policy.book import AddressEntry, Book, Target
from ringfence.policy.offenders.challenges import ANSWER_TIME
from ringfence.policy.settings import SecuritySettings

from .workshop import OFFICE, SOURCE, SmallKernel, failure, guard, kinds, publish, registration


def later(seconds: float) -> Moment:
    now = moment()
    return Moment(now.wall + seconds, now.boot + seconds)


def told(sent: int, answered: int = 0, source: str = SOURCE, stream: bool = True) -> bytes:
    row = [source, stream, sent, answered, 0, "REGISTER", "101", "tool", "REGISTER sip:acme.example SIP/2.0"]
    return orjson.dumps({"tallies": [row]})


def after_silence(service: Service, *datagrams: bytes) -> None:
    """The guard hears this and nobody answers."""
    assert service.parts.intake.unanswered.hear(datagrams, moment()) == 0
    service.parts.intake.unanswered.judge(later(ANSWER_TIME + 0.5))
    service.commit()


@pytest.mark.parametrize(("sent", "banned"), [(1000, False), (1001, True)])
def test_a_stream_that_exceeds_the_limit_is_banned(tmp_path: Path, sent: int, banned: bool) -> None:
    kernel = SmallKernel()
    service = guard(tmp_path, kernel)
    after_silence(service, told(sent))
    assert kernel.holds(key_network(SOURCE)) is banned
    if banned:
        record = service.parts.bans.get(SOURCE)
        assert record is not None
        assert record.rule == "antihacking.failed_challenge"
        assert "1001 challenges left unanswered within 10 s" in record.reason


def test_forged_datagrams_ban_nobody_and_are_shown_as_unproved(tmp_path: Path) -> None:
    """Attack case 54: whoever writes a victim's address on UDP packets must not get it banned."""
    service = guard(tmp_path)
    after_silence(service, told(100_000, stream=False))
    assert len(service.parts.bans) == 0
    (event,) = service.parts.ledger.events_since(0, ("ban.spared",), 10)
    assert event["why"] == "source.unproved"


def test_an_answer_or_a_failure_proves_a_udp_source(tmp_path: Path) -> None:
    service = guard(tmp_path)
    after_silence(service, told(2_000, 1, stream=False))
    service.parts.intake.take([failure("192.0.2.67")], moment())
    after_silence(service, told(2_000, source="192.0.2.67", stream=False))
    assert {record.key for record in service.parts.bans.listing()} == {SOURCE, "192.0.2.67"}


def test_an_office_with_a_healthy_phone_is_spared(tmp_path: Path) -> None:
    service = guard(tmp_path)
    service.parts.intake.take([registration()], moment())
    after_silence(service, told(5_000, source=OFFICE))
    assert len(service.parts.bans) == 0
    assert [event["why"] for event in service.parts.ledger.events_since(0, ("ban.spared",), 10)] == ["office.healthy"]


def test_an_allow_entry_and_the_switch_skip_the_count(tmp_path: Path) -> None:
    publish(tmp_path, Book(address_entries=(AddressEntry(1, "192.0.2.0/24", Target.ALLOW),)))
    service = guard(tmp_path)
    after_silence(service, told(5_000))
    publish(tmp_path, Book(security=replace(SecuritySettings(), failed_challenge_enabled=False)))
    service.obey()
    after_silence(service, told(5_000))
    assert len(service.parts.bans) == 0
    assert "ban.spared" not in kinds(service)


def test_an_ipv6_source_is_counted_by_its_64(tmp_path: Path) -> None:
    service = guard(tmp_path)
    after_silence(service, *(told(600, source=f"2001:db8::{number}") for number in (1, 2)))
    assert "2001:db8::/64" in service.parts.bans


@pytest.mark.parametrize(
    "nonsense",
    [
        b"garbage",
        b"[]",
        b'{"tallies":[[1]]}',
        b'{"tallies":[["not an address",true,1,0,0,"","","",""]]}',
        b'{"tallies":[["192.0.2.1",true,-1,0,0,"","","",""]]}',
        b'{"tallies":5}',
    ],
)
def test_nonsense_raises_an_alarm_and_harms_nothing(tmp_path: Path, nonsense: bytes) -> None:
    service = guard(tmp_path)
    service.hear([nonsense, told(1)])
    assert "tallies.spoiled" in [alarm["id"] for alarm in service.parts.alarms.listing()]
    assert len(service.parts.intake.unanswered) == 1
