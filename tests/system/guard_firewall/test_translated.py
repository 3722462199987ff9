"""An IPv4 address is the same attacker, and the same customer, however its packets come (issue 3, point 5)."""

import socket
from ipaddress import IPv4Address

import pytest
from guarded import PORT, Guarded, Sender, passes, until

from ringfence.lab.network import Host
from ringfence.policy.book import AddressEntry, Book, Target

pytestmark = pytest.mark.system
OURS = "64:ff9b::a4d:3c"


def translated(address: str) -> str:
    """RFC 6052 section 2.1."""
    return f"64:ff9b::{int(IPv4Address(address)) >> 16:x}:{int(IPv4Address(address)) & 0xFFFF:x}"


def behind_nat64(host: Host, address: str) -> None:
    host.run("ip", "address", "replace", f"{address}/96", "dev", "eth0", "nodad")


@pytest.mark.parametrize("spelling", ["{}", "::ffff:{}", "64:ff9b::{}"])
def test_a_ban_holds_for_the_address_and_for_its_translation_and_so_does_its_end(
    guard: Guarded, sender: Sender, receiver: socket.socket, spelling: str
) -> None:
    banned, neighbour = "10.77.9.40", "10.77.9.41"
    for address in (banned, neighbour):
        sender.from_address(address)
        behind_nat64(sender.host, translated(address))
    behind_nat64(guard.host, OURS)
    with guard.host.udp(PORT, OURS) as receiver6:
        receiver6.settimeout(0.3)

        def heard(address: str) -> tuple[bool, bool]:
            return (
                passes(sender, address, receiver, guard.host.address),
                passes(sender, translated(address), receiver6, OURS),
            )

        assert heard(banned) == (True, True)
        guard.ask("bans.add", address=spelling.format(banned), seconds=600)
        assert heard(banned) == (False, False)
        assert heard(neighbour) == (True, True)
        assert [ban["address"] for ban in guard.ask("bans.list")] == [banned]
        guard.ask("bans.lift", address=spelling.format(banned))
        assert heard(banned) == (True, True)


def test_failures_behind_nat64_ban_nobody_whom_an_entry_for_the_ipv4_address_allows(
    guard: Guarded, sender: Sender
) -> None:
    allowed, other = "10.77.9.42", "10.77.9.43"
    guard.publish(Book(address_entries=(AddressEntry(1, f"{allowed}/32", Target.ALLOW),)))
    until(lambda: allowed in guard.entries(), 2.0)
    for address in (allowed, other):
        guard.fail(translated(address), 60)
        guard.fail(f"::ffff:{address}", 60)
    until(lambda: guard.bans(other), 3.0)
    assert [ban["address"] for ban in guard.ask("bans.list")] == [other]
    for address in (allowed, other):
        behind_nat64(sender.host, translated(address))
    behind_nat64(guard.host, OURS)
    with guard.host.udp(PORT, OURS) as receiver6:
        receiver6.settimeout(0.3)
        assert passes(sender, translated(allowed), receiver6, OURS)
        assert not passes(sender, translated(other), receiver6, OURS)
