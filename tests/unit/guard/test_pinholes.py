"""Media ports are open for whom signalling named, and nothing is dropped that nobody looks after (attack case 71)."""

from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path

import pytest

from ringfence.guard.kernel import pinholes
from ringfence.guard.kernel.firewall import DryRun
from ringfence.guard.kernel.pinholes import Holes, reserve
from ringfence.guard.kernel.ruleset import whole_table
from ringfence.guard.kernel.shape import Ports, Shape
from ringfence.guard.live.calls import Calls
from ringfence.guard.relay.media import Relay, decoded
from ringfence.guard.relay.mediawatch import MediaWatch
from ringfence.policy.addresses import Network
from ringfence.policy.settings import SecuritySettings
from tests.unit.guard.workshop import InKernel


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "25000-34999,45000-64999"),
        ("8887,25000-34999", "8887,25000-34999,45000-64999"),
        ("20000-65000", "20000-65000"),
    ],
)
def test_the_ranges_are_kept_for_media(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "reserved"
    path.write_text(before + "\n")
    assert reserve(path)
    assert path.read_text().strip() == after


def test_without_the_right_to_reserve_nothing_is_watched(tmp_path: Path) -> None:
    assert not reserve(tmp_path / "missing")


@pytest.mark.parametrize(
    ("ports", "guarded"),
    [
        (Ports((5060,), ()), "{ 45000-64999 }"),
        (Ports((5060,), (), sbc_udp=(5066,)), "{ 25000-34999, 45000-64999 }"),
        (Ports((), (), sbc_udp=(5066,), link_from="198.51.100.2"), "{ 25000-34999 }"),
        (Ports((5060,), (), link_from="198.51.100.3"), "{ 45000-64999 }"),
    ],
    ids=["no SBC", "beside the core", "on a host of its own", "the core of that"],
)
def test_strangers_are_kept_out_of_the_ports_of_every_relay_of_the_host(ports: Ports, guarded: str) -> None:
    """Case 71, wherever the SBC is."""
    rules = whole_table(Shape(ports, (), SecuritySettings()), [])
    assert f"    udp dport {guarded} goto media_for_whom" in rules.splitlines()


@pytest.mark.anyio
async def test_without_a_kernel_nothing_is_dropped() -> None:
    firewall = DryRun()
    await MediaWatch(Calls(), Relay(), firewall).look()
    assert firewall.holes is None


def test_addresses_of_a_call_are_those_its_parties_spoke_from_and_named() -> None:
    calls = Calls()
    calls.started(b"", {"call_id": "a", "t": 1.0, "source": "192.0.2.1", "media_addresses": ["192.0.2.7"]})
    calls.answered(b"", {"call_id": "a", "t": 2.0, "media_addresses": ["192.0.2.9", "nonsense"]})
    assert [call.media_addresses for call in calls.each()] == [("192.0.2.1", "192.0.2.7", "192.0.2.9", "nonsense")]


def test_a_call_without_media_opens_nothing() -> None:
    calls = Calls()
    calls.started(b"", {"call_id": "a", "t": 1.0, "source": "192.0.2.1", "media_addresses": []})
    assert calls.newly_named() == []


@pytest.mark.parametrize("raw", [b"", b"d", b"i1", b"9:ab", b"l" * 100, b"d1:ae", b"x"])
def test_an_answer_that_is_none_is_nothing(raw: bytes) -> None:
    assert decoded(raw) is None


class Recorded(InKernel):
    """One that writes down whom it lets in."""

    def __init__(self) -> None:
        super().__init__()
        self.admitted: list[set[Network]] = []

    def admit_media(self, networks: Iterable[Network]) -> bool:
        self.admitted.append(set(networks))
        return True


@pytest.mark.anyio
async def test_whom_a_call_names_may_send_before_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of an unregistered caller, early media from elsewhere, and each only once."""
    monkeypatch.setattr(pinholes, "reserve", lambda: True)
    calls, firewall = Calls(), Recorded()
    watch = MediaWatch(calls, Relay(), firewall)
    await watch.look()
    calls.started(b"", {"call_id": "a", "t": 1.0, "source": "192.0.2.1", "media_addresses": ["nonsense"]})
    watch.admit()
    calls.named(b"", {"call_id": "a", "t": 2.0, "media_addresses": ["192.0.2.9"]})
    watch.admit()
    watch.admit()
    assert firewall.admitted == [{ip_network("192.0.2.1")}, {ip_network("192.0.2.9")}]
    await watch.look()
    assert firewall.holes == Holes(frozenset({ip_network("192.0.2.1"), ip_network("192.0.2.9")}))
