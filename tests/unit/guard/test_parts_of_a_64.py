"""An allow entry for less than a /64 of IPv6: bans of that /64 spare what it names, and nobody else in there
(reference: "Whitelist and Blacklist"; attack case 57).
"""

import asyncio
import time
from pathlib import Path

import pytest

from ringfence.guard.clock import Moment, moment
from ringfence.guard.control import Refusal
from ringfence.guard.kernel.firewall import DryRun
from ringfence.guard.offenders.toldparts import TOLD, ToldParts
from ringfence.guard.service import Service
from ringfence.policy.addresses import key_network
from ringfence.policy.book import AddressEntry, Book, Target

from .test_bans import record
from .test_doors import asked
from .test_unanswered import after_silence, told
from .workshop import InKernel, failure, guard, publish, worker_says

PHONE = "2001:db8::5"
NEIGHBOUR = "2001:db8::6"
BOTH = "2001:db8::/64"


def allow(home: Path, *cidrs: str, until: float | None = None) -> None:
    entries = tuple(AddressEntry(number, cidr, Target.ALLOW, until) for number, cidr in enumerate(cidrs, 1))
    publish(home, Book(address_entries=entries))


def banned(home: Path, firewall: DryRun | None = None) -> Service:
    service = guard(home, firewall or InKernel())
    service.parts.bans.add(record(service, BOTH), moment())
    return service


@pytest.mark.parametrize("before", [False, True])
def test_the_kernel_and_signaling_learn_whom_a_ban_spares(tmp_path: Path, before: bool) -> None:
    kernel = DryRun()
    if before:
        allow(tmp_path, f"{PHONE}/128")
    service = banned(tmp_path, kernel)
    if not before:
        allow(tmp_path, f"{PHONE}/128")
        assert service.obey()
    assert BOTH in service.parts.bans
    told_kernel = kernel.shape.allowed if before and kernel.shape else kernel.allowed
    assert [str(part) for part in told_kernel] == [f"{PHONE}/128"]
    assert not worker_says(tmp_path, f"is_banned({PHONE!r}, now)")
    assert worker_says(tmp_path, f"is_banned({NEIGHBOUR!r}, now)")


def test_who_is_spared_is_not_slowed_either(tmp_path: Path) -> None:
    allow(tmp_path, f"{PHONE}/127")
    service = guard(tmp_path, InKernel())
    service.parts.bans.slow(BOTH, ["101@acme.example"], moment().boot + 60)
    assert worker_says(tmp_path, f"is_slowed({NEIGHBOUR!r}, '101@acme.example', now)")
    assert not worker_says(tmp_path, f"is_slowed({PHONE!r}, '101@acme.example', now)")


def test_an_entry_that_ends_or_goes_spares_nobody_any_more(tmp_path: Path) -> None:
    allow(tmp_path, f"{PHONE}/128", until=time.time() + 0.3)
    service = banned(tmp_path, DryRun())
    assert not worker_says(tmp_path, f"is_banned({PHONE!r}, now)")
    time.sleep(0.4)
    service.sweep()
    assert worker_says(tmp_path, f"is_banned({PHONE!r}, now)")
    allow(tmp_path, f"{PHONE}/128")
    service.obey()
    assert not worker_says(tmp_path, f"is_banned({PHONE!r}, now)")
    publish(tmp_path, Book())
    service.obey()
    assert worker_says(tmp_path, f"is_banned({PHONE!r}, now)")


def test_the_first_address_of_a_64_does_not_stand_for_all_of_it(tmp_path: Path) -> None:
    """It once lifted the ban of the /64, and a block entry for it kept the allow entry of the /64 from doing so."""
    allow(tmp_path, "2001:db8::/128")
    service = banned(tmp_path)
    service.obey()
    assert BOTH in service.parts.bans
    entries = (AddressEntry(1, BOTH, Target.ALLOW), AddressEntry(2, "2001:db8::/128", Target.BLOCK))
    publish(tmp_path, Book(address_entries=entries))
    service.obey()
    assert BOTH not in service.parts.bans


def test_the_silence_of_who_is_spared_bans_nobody(tmp_path: Path) -> None:
    allow(tmp_path, f"{PHONE}/128")
    service = guard(tmp_path, InKernel())
    after_silence(service, told(5_000, source=PHONE))
    service.parts.intake.take([failure(PHONE) for _ in range(60)], moment())
    assert BOTH not in service.parts.bans
    after_silence(service, told(5_000, source=NEIGHBOUR))
    assert BOTH in service.parts.bans


def test_only_connections_of_the_others_are_cut(tmp_path: Path) -> None:
    allow(tmp_path, f"{PHONE}/128", "2001:db8:0:1::5/128")
    kernel = Cutting()
    service = banned(tmp_path, kernel)
    cut = service.cutting()
    assert cut is not None
    cut()
    assert kernel.last == ({key_network(BOTH)}, {f"{PHONE}/128"})


class Cutting(InKernel):
    """A kernel that remembers whom it spared."""

    last: tuple[set[object], set[str]] = (set(), set())

    def cut(self, networks: object, spared: object = frozenset()) -> None:
        self.last = (set(networks), {str(part) for part in spared})  # type: ignore[call-overload, attr-defined]


def test_what_is_asked_of_the_guard_tells_the_spared_from_the_others(tmp_path: Path) -> None:
    allow(tmp_path, f"{PHONE}/128")
    service = guard(tmp_path, InKernel())
    for scope in ("sip", "provisioning", "web"):
        asked(service, "bans.add", address=NEIGHBOUR, seconds=60, scope=scope)
    assert not asked(service, "bans.explain", address=PHONE)["banned"]
    assert asked(service, "bans.explain", address=NEIGHBOUR)["banned"]
    doors = {
        (one, scope): asked(service, "bans.at-door", address=one, scope=scope)["banned"]
        for one in (PHONE, NEIGHBOUR)
        for scope in ("web", "provisioning")
    }
    assert doors == {
        (PHONE, "web"): True,
        (PHONE, "provisioning"): False,
        (NEIGHBOUR, "web"): True,
        (NEIGHBOUR, "provisioning"): True,
    }
    spared = {ban["scope"]: ban["spared"] for ban in asked(service, "bans.list")}
    assert spared == {"sip": [f"{PHONE}/128"], "provisioning": [f"{PHONE}/128"], "web": []}
    assert asked(service, "bans.spare") == [f"{PHONE}/128"]
    with pytest.raises(Refusal, match=f"{PHONE} is covered by the allow entry {PHONE}/128"):
        asked(service, "bans.add", address=PHONE, seconds=60)


def test_more_parts_than_the_kernel_is_asked_for_are_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.guard.offenders.bans.MOST_NARROW", 2)
    service = guard(tmp_path, InKernel())
    for cidrs, alarmed in (((f"{PHONE}/128", f"{NEIGHBOUR}/128"), True), ((f"{PHONE}/128",), False)):
        allow(tmp_path, *cidrs)
        service.obey()
        assert ("firewall.parts" in [alarm["id"] for alarm in service.parts.alarms.listing()]) is alarmed


def test_a_renewed_list_of_bans_keeps_whom_they_spare(tmp_path: Path) -> None:
    allow(tmp_path, f"{PHONE}/128")
    service = banned(tmp_path, DryRun())
    service.parts.bans.expire(Moment(moment().wall, moment().boot + 1))
    service.install()
    assert not worker_says(tmp_path, f"is_banned({PHONE!r}, now)")
    assert worker_says(tmp_path, f"is_banned({NEIGHBOUR!r}, now)")


def test_a_64_is_banned_though_an_entry_names_its_first_address(tmp_path: Path) -> None:
    """The guard of the SBC's host tells the /64; the core took the entry for all of it and gave the ban back."""
    allow(tmp_path, "2001:db8::/128")
    service = guard(tmp_path, InKernel())
    assert asked(service, "bans.add", address=BOTH, seconds=60)["spared"] == ["2001:db8::/128"]
    with pytest.raises(Refusal, match="covered by the allow entry"):
        asked(service, "bans.add", address="2001:db8::", seconds=60)


def told_parts(service: Service, *parts: str, **marks: bool) -> None:
    asyncio.run(ToldParts(service).verbs()[TOLD]({"parts": list(parts), "begin": True, "end": True, **marks}))


def test_what_the_core_names_is_spared_on_the_sbcs_host(tmp_path: Path) -> None:
    """It knows no entries of its own (ADR 58); what was told last stays in force through a restored table."""
    kernel = DryRun()
    service = banned(tmp_path, kernel)
    told_parts(service, f"{PHONE}/128", end=False)
    assert kernel.allowed == ()
    told_parts(service, f"{PHONE}/128", "2001:db8:0:7::/65")
    assert {str(part) for part in kernel.allowed} == {f"{PHONE}/128", "2001:db8:0:7::/65"}
    service.install()
    assert kernel.shape is not None and len(kernel.shape.allowed) == 2
    assert not worker_says(tmp_path, f"is_banned({PHONE!r}, now)")
    assert worker_says(tmp_path, f"is_banned({NEIGHBOUR!r}, now)")
    assert [ban["spared"] for ban in asked(service, "bans.list")] == [[f"{PHONE}/128"]]
    assert [asked(service, "bans.explain", address=one)["banned"] for one in (PHONE, NEIGHBOUR)] == [False, True]
    told_parts(service)
    assert kernel.allowed == ()
    assert worker_says(tmp_path, f"is_banned({PHONE!r}, now)")


@pytest.mark.parametrize("part", ["2001:db8::/64", "0.0.0.0/0", "192.0.2.1/32", "nonsense", ""])
def test_only_parts_of_a_64_are_taken(tmp_path: Path, part: str) -> None:
    service = guard(tmp_path, InKernel())
    with pytest.raises(Refusal):
        told_parts(service, part)


def test_more_parts_than_bans_may_spare_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.guard.offenders.toldparts.MOST_NARROW", 1)
    service = guard(tmp_path, InKernel())
    with pytest.raises(Refusal, match="at most 1 part"):
        told_parts(service, f"{PHONE}/128", f"{NEIGHBOUR}/128")
    with pytest.raises(Refusal, match="at most 100"):
        told_parts(service, *(f"2001:db8::{number:x}/128" for number in range(101)))
