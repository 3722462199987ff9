"""Bans: one truth in kernel, signaling and ledger; time that no clock step changes; a full set that fails safe."""

import time
from pathlib import Path

import pytest

from ringfence.guard.clock import Moment, moment
from ringfence.guard.kernel.firewall import DryRun, FirewallRefused, Outcome
from ringfence.guard.kernel.shape import Shape, Timed
from ringfence.guard.ledger import BanRecord, Ledger
from ringfence.guard.offenders.neverblock import ADMINISTRATOR_SECONDS
from ringfence.guard.service import Service
from ringfence.policy.addresses import key_network, parse_network
from ringfence.policy.book import AddressEntry, Book, Target

from .workshop import SOURCE, SmallKernel, failure, guard, kinds, publish, worker_says


def record(service: Service, key: str = SOURCE, seconds: float = 100.0) -> BanRecord:
    now = moment()
    return BanRecord(
        key, "ban.manual", "", "me", now.wall, now.wall + seconds, service.parts.boot_id, now.boot + seconds, {}
    )


def later(seconds: float) -> Moment:
    now = moment()
    return Moment(now.wall + seconds, now.boot + seconds)


def test_a_ban_runs_out_everywhere(tmp_path: Path) -> None:
    service = guard(tmp_path)
    service.parts.bans.add(record(service), moment())
    service.parts.bans.expire(later(99))
    assert SOURCE in service.parts.bans
    service.parts.bans.expire(later(101))
    service.commit()
    assert len(service.parts.bans) == 0
    assert service.parts.ledger.live_bans() == []
    assert kinds(service) == ["ban.added", "ban.expired"]
    assert [ended.ended_why for ended in service.parts.ledger.past_bans(SOURCE)] == ["expired"]


def test_a_renewed_ban_keeps_the_new_end(tmp_path: Path) -> None:
    service = guard(tmp_path)
    service.parts.bans.add(record(service, seconds=10), moment())
    service.parts.bans.add(record(service, seconds=100), moment())
    service.parts.bans.expire(later(50))
    service.commit()
    assert SOURCE in service.parts.bans
    assert len(service.parts.ledger.live_bans()) == 1


def test_a_restarted_guard_bans_for_the_time_that_remains(tmp_path: Path) -> None:
    first = guard(tmp_path)
    first.parts.bans.add(record(first, seconds=100), moment())
    first.parts.bans.add(record(first, "192.0.2.1", seconds=0.01), moment())
    first.commit()
    time.sleep(0.05)
    kernel = SmallKernel()
    guard(tmp_path, kernel)
    assert list(kernel.banned) == [key_network(SOURCE)]
    assert 98 < kernel.banned[key_network(SOURCE)] < 100


def test_a_ban_that_runs_out_while_no_guard_runs_is_told_of_once(tmp_path: Path) -> None:
    """Who hears of a ban on the event socket hears of its end too (docs/wsi.md)."""
    first = guard(tmp_path)
    first.parts.bans.add(record(first, seconds=0.01), moment())
    first.commit()
    time.sleep(0.05)
    assert kinds(guard(tmp_path)) == ["ban.added", "ban.expired"]
    assert kinds(guard(tmp_path)) == ["ban.added", "ban.expired"]


def test_of_registrations_only_the_newest_are_kept_for_sure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that comes back has to know that some are gone: older alarms are still there (docs/wsi.md)."""
    monkeypatch.setattr("ringfence.guard.ledger.MAX_REGISTRATION_EVENTS", 3)
    ledger = Ledger(tmp_path / "ledger.db")
    assert ledger.thinned_to() == 0
    ledger.note(1.0, "alarm.raised", {})
    for number in range(5):
        ledger.note(number, "registration.saved", {})
    for _ in range(2):
        ledger.commit(ledger.saved)
        ledger._since_trim = 1_000
        ledger.note(9.0, "alarm.cleared", {})
    ledger.commit(ledger.saved)
    kept = [event["id"] for event in ledger.events_since(0, ("registration.saved",), 100)]
    assert min(kept) == ledger.thinned_to() + 1
    assert ledger.oldest_event() == 1
    ledger.close()


@pytest.mark.parametrize("step", [7200.0, -7200.0])
def test_a_clock_step_changes_no_lifetime_within_one_boot(step: float) -> None:
    ban = BanRecord(SOURCE, "r", "", "", since=1000.0, until=1100.0, boot_id="b", boot_until=600.0)
    assert ban.remaining(Moment(wall=1050.0 + step, boot=550.0), "b") == 50.0
    assert ban.remaining(Moment(wall=1050.0, boot=3.0), "another boot") == 50.0


@pytest.mark.parametrize("wall", [3.0, 999.0 - 7200.0])
def test_a_ban_grows_no_longer_when_the_clock_begins_in_the_past_at_boot(wall: float) -> None:
    """Attack case 122: without a battery it is 1970, and bans of an hour held for 56 years of that boot."""
    ban = BanRecord(SOURCE, "r", "", "", since=1e9, until=1e9 + 100, boot_id="b", boot_until=600.0)
    assert ban.remaining(Moment(wall=wall, boot=3.0), "another boot") == 100.0


def test_an_administrators_address_is_not_protected_for_years_either(tmp_path: Path) -> None:
    """Attack case 122: the address may be somebody else's long since."""
    first = guard(tmp_path)
    first.parts.ledger.note_administrator(SOURCE, time.time() + 1e9, time.time())
    first.commit()
    service = guard(tmp_path)
    service.start()
    never_block = service.parts.never_block
    assert SOURCE in {str(member.network.network_address) for member in never_block.members()}
    assert never_block.expire(moment().boot + ADMINISTRATOR_SECONDS + 1)
    assert SOURCE not in {str(member.network.network_address) for member in never_block.members()}


@pytest.mark.parametrize("step", [7200.0, -7200.0])
def test_a_clock_step_ends_no_ban_that_signaling_enforces(tmp_path: Path, step: float) -> None:
    """Attack case 70: workers compare with the time since boot, which nobody sets."""
    service = guard(tmp_path, DryRun())
    service.parts.bans.add(record(service), moment())
    now = moment()
    service.parts.bans.expire(Moment(now.wall + step, now.boot))
    assert worker_says(tmp_path, f"is_banned({SOURCE!r}, now)")
    assert not worker_says(tmp_path, f"is_banned({SOURCE!r}, now + 101)")


def test_when_the_set_is_full_the_ban_that_ends_first_moves_to_signaling_and_back(tmp_path: Path) -> None:
    kernel = SmallKernel(size=2)
    service = guard(tmp_path, kernel)
    for number, seconds in ((1, 300), (2, 100), (3, 200)):
        service.parts.bans.add(record(service, f"192.0.2.{number}", seconds), moment())
    assert kernel.holds(key_network("192.0.2.3"))
    assert not kernel.holds(key_network("192.0.2.2"))
    assert worker_says(tmp_path, "is_banned('192.0.2.2', now)")
    assert [alarm["id"] for alarm in service.parts.alarms.listing() if "set_full" in alarm["id"]]
    service.parts.bans.lift("192.0.2.1", moment(), "me", "test")
    service.parts.bans.expire(later(1))
    assert kernel.holds(key_network("192.0.2.2"))
    assert not worker_says(tmp_path, "is_banned('192.0.2.2', now)")
    assert not [alarm["id"] for alarm in service.parts.alarms.listing() if "set_full" in alarm["id"]]


def test_a_shorter_renewal_in_a_full_set_leaves_nothing_longer_behind(tmp_path: Path) -> None:
    kernel = SmallKernel(size=1)
    service = guard(tmp_path, kernel)
    service.parts.bans.add(record(service, "192.0.2.1", 300), moment())
    service.parts.bans.add(record(service, "192.0.2.2", 200), moment())
    service.parts.bans.add(record(service, "192.0.2.1", 1), moment())
    service.parts.bans.expire(later(2))
    assert not worker_says(tmp_path, "is_banned('192.0.2.1', now)")


def test_without_the_kernel_signaling_enforces_every_ban(tmp_path: Path) -> None:
    service = guard(tmp_path, DryRun())
    service.parts.bans.add(record(service), moment())
    service.parts.bans.add(record(service, "2001:db8::/64"), moment())
    assert worker_says(tmp_path, f"is_banned({SOURCE!r}, now)")
    assert worker_says(tmp_path, "is_banned('2001:db8::99', now)")
    assert not worker_says(tmp_path, "is_banned('192.0.2.1', now)")
    assert not worker_says(tmp_path, f"is_banned({SOURCE!r}, now + 1000)")
    assert not worker_says(tmp_path, "is_banned('nonsense', now)")
    assert "firewall.not_in_kernel" in [alarm["id"] for alarm in service.parts.alarms.listing()]
    service.parts.bans.lift(SOURCE, moment(), "me", "test")
    assert not worker_says(tmp_path, f"is_banned({SOURCE!r}, now)")


class Broken(SmallKernel):
    """A kernel that refuses everything."""

    def install(self, shape: Shape, bans: object, known: object) -> None:
        raise FirewallRefused("Operation not permitted")

    def ban(self, ban: Timed) -> Outcome:
        return Outcome.FAILED


def test_a_kernel_that_refuses_is_an_alarm_and_signaling_takes_over(tmp_path: Path) -> None:
    service = guard(tmp_path, Broken())
    service.parts.bans.add(record(service), moment())
    assert worker_says(tmp_path, f"is_banned({SOURCE!r}, now)")
    assert "firewall.refused" in [alarm["id"] for alarm in service.parts.alarms.listing()]


def test_an_allow_entry_lifts_the_ban_and_an_administrators_address_too(tmp_path: Path) -> None:
    publish(tmp_path, Book())
    kernel = SmallKernel()
    service = guard(tmp_path, kernel)
    for key in (SOURCE, "203.0.113.5"):
        service.parts.bans.add(record(service, key), moment())
    publish(tmp_path, Book(address_entries=(AddressEntry(1, "192.0.2.0/24", Target.ALLOW),)))
    assert service.obey()
    assert not kernel.holds(key_network(SOURCE))
    service.parts.never_block.protect_administrator(parse_network("203.0.113.5"), moment().boot + 60)
    service.protect()
    assert len(service.parts.bans) == 0


def test_a_block_entry_cuts_whoever_is_connected_unless_protected_or_allowed(tmp_path: Path) -> None:
    """Reference: blacklisted traffic is dropped immediately; Kamailio would keep the socket and ring it."""
    publish(tmp_path, Book())
    kernel = SmallKernel()
    service = guard(tmp_path, kernel)
    while work := service.cutting():
        work()
    kernel.connected = frozenset(key_network(f"192.0.2.{host}") for host in (7, 8, 9)) | {key_network("203.0.113.1")}
    service.parts.never_block.protect_administrator(parse_network("192.0.2.8"), moment().boot + 60)
    blocked = AddressEntry(1, "192.0.2.0/24", Target.BLOCK)
    publish(tmp_path, Book(address_entries=(blocked, AddressEntry(2, "192.0.2.9/32", Target.ALLOW))))
    assert service.obey()
    work = service.cutting()
    assert work is not None
    work()
    assert kernel.cut_off == [parse_network("192.0.2.7")]
    assert service.cutting() is None, "once for each list"


def test_a_broken_store_leaves_the_old_policy_in_force(tmp_path: Path) -> None:
    publish(tmp_path, Book(address_entries=(AddressEntry(1, "192.0.2.0/24", Target.BLOCK),)))
    service = guard(tmp_path)
    publish(tmp_path, Book(), entries=b"nonsense")
    assert not service.obey()
    assert service.parts.policy.addresses.lines.startswith(b"4c0000200/024 b ")
    assert "policy.broken" in [alarm["id"] for alarm in service.parts.alarms.listing()]


def test_a_ledger_that_cannot_be_written_keeps_everything_for_later(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.note(1.0, "ban.added", {"address": SOURCE})
    ledger.commit(ledger.saved)
    ledger.note(2.0, "ban.lifted", {"address": SOURCE})
    blocker = Ledger(tmp_path / "ledger.db")
    blocker._db.execute("BEGIN IMMEDIATE")
    with pytest.raises(Exception, match="locked"):
        ledger.commit(ledger.saved)
    blocker._db.execute("ROLLBACK")
    blocker.close()
    ledger.commit(ledger.saved)
    assert [event["kind"] for event in ledger.events_since(0, (), 10)] == ["ban.added", "ban.lifted"]
    assert [event["id"] for event in ledger.events_since(1, ("ban.lifted", "x"), 10)] == [2]
    assert ledger.events_since(0, ("x",), 10) == []
    assert ledger.last_event() == 2
    ledger.close()


def test_a_ban_of_a_translated_source_is_enforced_in_signaling_too(tmp_path: Path) -> None:
    """NAT64: it counts as its IPv4 address, but its packets are IPv6 and pass the kernel's set."""
    kernel = SmallKernel()
    service = guard(tmp_path, kernel)
    service.parts.intake.take([failure("64:ff9b::192.0.2.66") for _ in range(50)], moment())
    assert kernel.holds(key_network(SOURCE))
    assert worker_says(tmp_path, "is_banned('64:ff9b::192.0.2.66', now)")
    service.install()
    assert worker_says(tmp_path, "is_banned('64:ff9b::192.0.2.66', now)")
    service.parts.bans.lift(SOURCE, moment(), "me", "")
    assert not worker_says(tmp_path, "is_banned('64:ff9b::192.0.2.66', now)")
