"""Whom an allow entry covers has no rate: while lists change too, behind NAT64, and only as long as it lasts."""

import re
import socket
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest
from guarded import PORT, Guarded, Sender, passes, until
from test_long_lists import LOADED, Stream, entry_lines
from test_rates_and_cuts import SLOW, TCP_PORT, connected, flood, received, set_rates

from ringfence.guard.kernel.netlink import SO_RCVBUFFORCE
from ringfence.policy.addresses import parse_network
from ringfence.policy.book import AddressEntry, Book, Target
from ringfence.policy.offenders.entries import line, sort_key

pytestmark = pytest.mark.system
OFFICE = "10.77.9.31"
OTHER = "10.77.9.32"
ALLOWED = 20_000
STRICT = replace(SLOW, level_1_packets=1)
ROOM = 8 << 20
"""Bytes for what arrives while nobody reads."""

BEFORE, BEHIND = -400, -200
MARK = 0x1000_0000


def allow(guard: Guarded, cidr: str, until_time: float | None = None) -> None:
    entry = AddressEntry(1, cidr, Target.ALLOW, until_time)
    guard.publish(Book(security=STRICT, address_entries=(entry,)))
    until(lambda: cidr.partition("/")[0] in guard.entries(), 2.0)


def test_who_is_allowed_stays_so_while_a_long_list_is_loaded_changed_and_restored(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    """Issue 3, point 2: one packet a second is the rate of everybody else, so a gap of milliseconds would be seen."""
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    set_rates(guard, STRICT)
    allow(guard, f"{OFFICE}/32")
    sender.from_address(OFFICE)
    with Stream(sender, (OFFICE,), guard.host.address, receiver) as stream:
        for count in (ALLOWED, ALLOWED - 1_000):
            guard.publish_entries(with_office(count))
            until(lambda wanted=count: in_force(guard) == wanted, LOADED)
        guard.host.run("nft", "delete", "table", "inet", "ringfence")
        until(lambda: guard.ask("status")["reasserted"] == 1, LOADED)
        guard.kill()
        former = asked(guard)
        guard.start()
        until(lambda: asked(guard) != former and in_force(guard) == ALLOWED - 1_000, LOADED)
    assert len(stream.arrived()) == stream.sent > 100


def with_office(count: int) -> bytes:
    office = line(sort_key(parse_network(OFFICE)), Target.ALLOW, None, 0, "").encode()
    return b"\n".join(sorted([*entry_lines(count, target="a").splitlines(), office]))


def in_force(guard: Guarded) -> int:
    """How many prefixes beside the office's are in the sets that are asked."""
    table = ("inet", "ringfence_lists")
    listed = [guard.host.run("nft", "list", "set", *table, name, check=False).stdout for name in asked(guard)]
    return len(re.findall(r"\b0x[0-9a-f]{7,8}\b", "".join(listed))) - 1


def asked(guard: Guarded) -> set[str]:
    rules = guard.host.run("nft", "list", "chain", "inet", "ringfence_lists", "entries").stdout
    return set(re.findall(r"@(allow4_\w+)", rules))


def test_an_allowance_that_ends_is_over_in_the_kernel(guard: Guarded, sender: Sender, receiver: socket.socket) -> None:
    set_rates(guard, STRICT)
    allow(guard, "10.77.9.0/24", time.time() + 2.0)
    flood(sender, OFFICE, guard.host.address, 60)
    assert received(receiver) == 60
    until(lambda: "10.77.9.0" not in guard.entries(), 6.0)
    flood(sender, OFFICE, guard.host.address, 60)
    assert received(receiver) < 5


def test_an_allowance_reaches_the_peer_that_nat64_translates(guard: Guarded, sender: Sender) -> None:
    """RFC 6052: the kernel sees IPv6 packets; the entry names the IPv4 address they carry."""
    peer, ours = "64:ff9b::c000:207", "64:ff9b::a4d:3c"
    for host, address in ((guard.host, ours), (sender.host, peer)):
        host.run("ip", "address", "replace", f"{address}/96", "dev", "eth0", "nodad")
    set_rates(guard, STRICT)
    allow(guard, "192.0.2.7/32")
    with guard.host.udp(PORT, ours) as receiver, sender.host.udp(0, peer) as sock:
        receiver.settimeout(0.3)
        for _ in range(60):
            sock.sendto(b"x", (ours, PORT))
        assert received(receiver) == 60


def test_a_ban_of_a_64_spares_what_an_allow_entry_names_of_it(guard: Guarded, sender: Sender) -> None:
    """Case 57: packets, and a connection that stands, at the links' doorstep and behind it."""
    ours, phone, neighbour = (f"fd77:0:0:2::{number}" for number in ("60", "5", "6"))
    guard.host.run("ip", "address", "replace", f"{ours}/64", "dev", "eth0", "nodad")
    for address in (phone, neighbour):
        sender.from_address(address)
    with guard.host.udp(PORT, ours) as receiver, guard.host.tcp(TCP_PORT, ours) as listener, ExitStack() as held:
        receiver.settimeout(0.3)
        listener.listen()
        for one in (phone, neighbour):
            for end in connected(sender, one, ours, listener):
                held.enter_context(end)
        guard.ask("bans.add", address=neighbour, seconds=60)
        until(lambda: guard.bans("fd77:0:0:2::"), 1.0)
        assert [passes(sender, one, receiver, ours) for one in (phone, neighbour)] == [False, False]
        guard.publish(Book(address_entries=(AddressEntry(1, f"{phone}/128", Target.ALLOW),)))
        until(lambda: phone in guard.kernel_set("allowed6"), 1.0)
        assert [passes(sender, one, receiver, ours) for one in (phone, neighbour)] == [True, False]
        theirs, mine = (held.enter_context(end) for end in connected(sender, phone, ours, listener))
        guard.ask("bans.lift", address=neighbour)
        guard.ask("bans.add", address=neighbour, seconds=60)
        time.sleep(1)
        theirs.sendall(b"still here")
        assert mine.recv(100) == b"still here"
        guard.host.run("nft", "delete", "table", "inet", "ringfence")
        until(lambda: guard.bans("fd77:0:0:2::"), 5.0)
        assert [passes(sender, one, receiver, ours) for one in (phone, neighbour)] == [True, False]
        guard.publish(Book())
        until(lambda: phone not in guard.kernel_set("allowed6"), 1.0)
        assert [passes(sender, one, receiver, ours) for one in (phone, neighbour)] == [False, False]


def test_nobody_brings_the_mark_along_and_none_is_left_behind(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    """ADR 12: the bit is ours between two chains; the other bits of a mark are the host's."""
    set_rates(guard, STRICT)
    allow(guard, f"{OFFICE}/32")
    guard.host.run("nft", "add table ip marks; " + hooked("before", BEFORE) + hooked("behind", BEHIND))
    guard.host.run("nft", f"add rule ip marks before meta mark set {MARK | 1:#x}")
    for mark in (1, MARK | 1):
        guard.host.run("nft", f"add rule ip marks behind udp dport {{ 9, {PORT} }} meta mark {mark:#x} counter")
    flood(sender, OTHER, guard.host.address, 60)
    assert received(receiver) < 5
    flood(sender, OFFICE, guard.host.address, 60)
    assert received(receiver) == 60
    listed = guard.host.run("nft", "list", "chain", "ip", "marks", "behind").stdout
    ours, others = re.findall(r"counter packets (\d+)", listed)
    assert int(ours) > 60
    assert int(others) == 0


def hooked(name: str, priority: int) -> str:
    return f"add chain ip marks {name} {{ type filter hook prerouting priority {priority}; }}; "
