"""Whom the core's host names to that of its SBC, and what is done about it there (attack case 71; ADR 71)."""

import asyncio
import time
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from ringfence.guard.control import Refusal
from ringfence.guard.kernel import pinholes
from ringfence.guard.kernel.pinholes import Holes
from ringfence.guard.ledger import Ledger
from ringfence.guard.live.standing import Standing
from ringfence.guard.offenders.known import Known
from ringfence.guard.offenders.neverblock import NeverBlock
from ringfence.guard.relay.admitted import MOST_AT_ONCE, MOST_LOOKS, STALE, Admitted
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.mediadoor import MediaDoor
from ringfence.guard.relay.outsiders import Outsiders
from ringfence.hosts.addresses import Surroundings

from .workshop import InKernel, entry, registration

OWN, PHONE, CALLER, OFFICE = "192.0.2.10", "198.51.100.7", "198.51.100.8", "10.0.0.7"
BROWSER = "sip:198.51.100.1:5069;transport=tls;client=198.51.100.9:4711/wss"


def registered(source: str, aor: str = "101@acme.example") -> bytes:
    """Through the SBC."""
    place = f"[{source}]" if ":" in source else source
    through = (
        f'"received":"sip:127.0.0.1:5069;transport=tls;client={place}:5060/udp","path":"<sip:flow@198.51.100.1;lr>"'
    )
    return registration(aor, source).replace(f'"received":"sip:{source}:5060"'.encode(), through.encode())


def standing(*lines: bytes) -> Standing:
    made = Standing()
    for line in lines:
        assert made.registrations.saved_line(line)
    return made


def started(made: Standing, source: str, call_id: str = "c1", **more: Any) -> None:
    made.take(*entry("call.started", call_id=call_id, source=source, sip_call_id=call_id, **more))


def named(made: Standing, **args: Any) -> dict[str, Any]:
    around = Surroundings(ip_address(OWN), (ip_address(OWN),), (ip_address("192.0.2.1"),), ())
    never_block = NeverBlock()
    never_block.adopt_host(around)
    return asyncio.run(Outsiders(made, never_block).named(args))


def test_who_registered_through_the_sbc_is_named_once_and_nobody_elses_address_is() -> None:
    made = standing(registered(PHONE), registration("102@acme.example", OFFICE))
    first = named(made)
    assert (first["registered"], first["named"], first["legs"]) == ([PHONE], [OWN], [])
    made.registrations.saved_line(registered("2001:db8::7", "103@acme.example"))
    made.registrations.saved_line(registered(PHONE))
    second = named(made, after_registered=first["after_registered"])
    assert second["registered"] == ["2001:db8::7"]
    assert named(made, after_registered=second["after_registered"])["registered"] == []


def test_a_phone_inside_is_not_named_for_another_device_of_its_extension() -> None:
    """A taken SBC's host does not learn where the office's phones are."""
    both = registered(PHONE).replace(f'"source":"{PHONE}"'.encode(), f'"source":"{OFFICE}"'.encode())
    assert named(standing(both))["registered"] == []


def test_whose_last_registration_is_gone_is_named_no_more() -> None:
    made = standing(registered(PHONE))
    made.take(*entry("registration.removed", aor="101@acme.example", contact="*", tenant_id=1))
    assert named(made)["registered"] == []


def test_a_caller_through_the_sbc_is_named_while_the_call_lasts() -> None:
    made = standing(registered(PHONE))
    started(made, CALLER, over_link=True)
    started(made, OFFICE, "c2")
    started(made, PHONE, "c3", over_link=True)
    assert named(made)["named"] == sorted([CALLER, OWN]), "who is registered stands elsewhere"
    made.take(*entry("call.ended", call_id="c1"))
    assert named(made)["named"] == [OWN]
    started(made, CALLER, over_link=True)
    made.calls.give_up(time.time())
    assert named(made)["named"] == [OWN]


def test_the_sides_of_browsers_are_named_as_the_sbcs_relay_calls_them() -> None:
    made = standing()
    started(made, CALLER, over_link=True)
    made.take(*entry("call.confirmed", call_id="c1", dialog={"from_tag": "a"}, vars={"caller": BROWSER}))
    legs = named(made)["legs"]
    assert [leg.partition("-")[2] for leg in legs] == ["198.51.100.9:4711"]


def test_whoever_waits_hears_of_somebody_new_at_once() -> None:
    made = standing()

    async def waited() -> tuple[dict[str, Any], float]:
        outsiders, begun = Outsiders(made, NeverBlock()), time.monotonic()
        answer = asyncio.create_task(outsiders.named({"wait": 5}))
        await asyncio.sleep(0.01)
        outsiders.look()
        assert not answer.done(), "nobody is new"
        started(made, CALLER, over_link=True)
        outsiders.look()
        return await answer, time.monotonic() - begun

    answer, took = asyncio.run(waited())
    assert answer["named"] == [CALLER] and took < 2


class Told:
    """The SBC's host: what it is told, and what its kernel holds."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pinholes, "reserve", lambda: True)
        self.kernel, self.reports, self.asked, self.now = InKernel(), {}, 0, 1_000.0
        self.ledger = Ledger(tmp_path / "ledger.sqlite")
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        relay = Relay()
        monkeypatch.setattr(relay, "reports", self._reports, raising=False)
        self.admitted = Admitted(Known(self.kernel, self.ledger), MediaDoor(self.kernel), relay)

    reports: dict[str, dict[str, Any]]

    def _reports(self, names: dict[str, str]) -> dict[str, dict[str, Any]]:
        self.asked += len(names)
        return {name: self.reports[name] for name in names if name in self.reports}

    def tell(self, **args: Any) -> None:
        asyncio.run(self.admitted.told(args))

    def look(self) -> Holes | None:
        self.kernel.holes = None
        asyncio.run(self.admitted.look())
        return self.kernel.holes


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Told(tmp_path, monkeypatch)
    yield made
    made.ledger.close()


def test_nothing_is_dropped_before_everything_was_told(told: Any) -> None:
    """A guard that was started anew in the middle of a list does not take its rest for the whole."""
    told.tell(named=[OWN], end=True)
    assert told.look() is None
    told.tell(begin=True, registered=[PHONE], named=[OWN])
    assert told.look() is None
    told.tell(named=[CALLER, "nonsense"], end=True)
    assert told.look() == Holes(frozenset({ip_network(OWN), ip_network(CALLER)}))
    assert set(told.kernel.known) == {ip_network(PHONE)}


def test_what_is_told_no_more_is_shut_and_silence_opens_everything(told: Any) -> None:
    told.tell(begin=True, named=[OWN, CALLER], end=True)
    told.look()
    told.tell(begin=True, named=[OWN], end=True)
    assert told.look() == Holes(frozenset({ip_network(OWN)}))
    told.now += STALE + 1
    assert told.look() is None, "the kernel's watch runs out"
    told.tell(begin=True, named=[OWN], end=True)
    assert told.look() == Holes(frozenset({ip_network(OWN)})), "held anew"


def test_ports_where_ice_proves_who_sends_are_asked_of_the_relay(told: Any) -> None:
    """A browser's sound comes from any of its addresses; the relay is not asked about it for ever."""
    stream = {"local port": 25_010, "endpoint": {"address": "198.51.100.9"}}
    told.reports = {"leg": {"tags": {"a": {"medias": [{"flags": ["ICE"], "streams": [stream]}]}}}}
    told.tell(begin=True, named=[], legs=["leg"], end=True)
    assert told.look() == Holes(frozenset(), frozenset({25_010}))
    for _ in range(MOST_LOOKS + 5):
        told.look()
    assert told.asked == MOST_LOOKS
    told.tell(begin=True, end=True)
    assert told.look() == Holes()


@pytest.mark.parametrize("wrong", ["x", [7], ["x" * 200], ["x"] * (MOST_AT_ONCE + 1)])
def test_nonsense_is_refused(told: Any, wrong: Any) -> None:
    with pytest.raises(Refusal):
        told.tell(named=wrong)
