"""The guard with real nftables."""

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guarded import PORT, SMALL_SET, Guarded, Sender, passes, until

from ringfence.guardlink import GuardRefusal
from ringfence.journal.reader import JournalReader
from ringfence.journal.writer import JournalWriter
from ringfence.policy.book import AddressEntry, Book, Target
from ringfence.policy.events import Kind
from ringfence.policy.settings import SecuritySettings
from ringfence.store.bans import BanReader, since_boot

pytestmark = pytest.mark.system
OFFENDER = "10.77.9.9"


def test_at_the_limit_and_not_before_further_packets_die_in_the_kernel(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    sender.from_address(OFFENDER)
    guard.fail(OFFENDER, 49)
    time.sleep(0.1)
    assert passes(sender, OFFENDER, receiver, guard.host.address)
    guard.fail(OFFENDER, 1)
    until(lambda: guard.bans(OFFENDER), 1.0)
    assert guard.ask("status")["kernel"]["dropped_banned"] == 0
    assert not passes(sender, OFFENDER, receiver, guard.host.address)
    assert passes(sender, sender.host.address, receiver, guard.host.address)
    assert guard.ask("status")["kernel"]["dropped_banned"] == 1


def test_an_ipv6_source_is_banned_with_its_64(guard: Guarded) -> None:
    guard.fail("fd99:1:2:3::5", 25)
    guard.fail("fd99:1:2:3::6", 25)
    until(lambda: guard.bans("fd99:1:2:3::"), 1.0)
    assert guard.ask("bans.explain", address="fd99:1:2:3::77")["banned"]


@pytest.mark.parametrize("harm", [("flush", "ruleset"), ("delete", "table", "inet", "ringfence")])
def test_after_a_flush_bans_are_back_within_5_s_with_the_time_that_remained(
    guard: Guarded, harm: tuple[str, ...]
) -> None:
    guard.ask("bans.add", address=OFFENDER, seconds=100)
    time.sleep(1.2)
    guard.host.run("nft", *harm)
    assert until(lambda: guard.bans(OFFENDER), 5.0) < 5.0
    left = re.search(rf"{OFFENDER} timeout .*? expires (?:1m)?(\d+)s", guard.kernel_set("ban4"))
    assert left is not None
    assert 90 <= int(left[1]) + 60 * ("expires 1m" in guard.kernel_set("ban4")) <= 99


@pytest.mark.parametrize("table", ["ringfence", "ringfence_lists"])
def test_lists_are_back_within_5_s_after_their_table_or_the_other_was_deleted(guard: Guarded, table: str) -> None:
    """Attack case 60."""
    guard.publish(Book(address_entries=(AddressEntry(1, "10.66.0.0/16", Target.BLOCK),)))
    until(lambda: "10.66.0.0" in guard.entries(), 1.0)
    guard.host.run("nft", "delete", "table", "inet", table)
    until(lambda: "10.66.0.0" in guard.entries() and bool(guard.kernel_set("ban4")), 5.0)


def test_while_the_guard_hangs_bans_stay_and_end_in_time(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    """Attack case 67."""
    sender.from_address(OFFENDER)
    guard.ask("bans.add", address=OFFENDER, seconds=4)
    guard.ask("bans.add", address="10.88.0.1", seconds=600)
    assert guard.process is not None
    guard.process.send_signal(signal.SIGSTOP)
    try:
        assert not passes(sender, OFFENDER, receiver, guard.host.address)
        until(lambda: passes(sender, OFFENDER, receiver, guard.host.address), 10.0)
        assert guard.bans("10.88.0.1")
    finally:
        guard.process.send_signal(signal.SIGCONT)
    until(lambda: [ban["address"] for ban in guard.ask("bans.list")] == ["10.88.0.1"], 5.0)


def test_a_deleted_element_or_chain_is_put_back_too(guard: Guarded) -> None:
    guard.ask("bans.add", address=OFFENDER, seconds=100)
    guard.host.run("nft", "delete", "element", "inet", "ringfence", "ban4", f"{{ {OFFENDER} }}")
    until(lambda: guard.bans(OFFENDER), 5.0)
    guard.host.run("nft", "flush", "chain", "inet", "ringfence", "prerouting")
    until(lambda: "@ban4" in guard.host.run("nft", "list", "chain", "inet", "ringfence", "prerouting").stdout, 5.0)


def test_other_tables_are_never_touched(guard: Guarded) -> None:
    guard.host.run("nft", "-f", "-", stdin="table ip theirs { set s { type ipv4_addr; elements = { 192.0.2.1 }; }; }")
    before = guard.host.run("nft", "-a", "list", "table", "ip", "theirs").stdout
    guard.fail(OFFENDER, 50)
    until(lambda: guard.bans(OFFENDER), 1.0)
    guard.host.run("nft", "delete", "table", "inet", "ringfence")
    until(lambda: guard.bans(OFFENDER), 5.0)
    guard.ask("bans.lift", address=OFFENDER)
    assert guard.host.run("nft", "-a", "list", "table", "ip", "theirs").stdout == before


def test_our_own_changes_are_not_taken_for_meddling(guard: Guarded) -> None:
    for number in range(20):
        guard.ask("bans.add", address=f"10.88.0.{number}", seconds=100)
    time.sleep(2.5)
    assert guard.ask("status")["reasserted"] == 0


def test_a_member_of_the_never_block_set_is_refused_by_name_and_spared(guard: Guarded) -> None:
    with pytest.raises(GuardRefusal, match="an address of this machine") as refused:
        guard.ask("bans.add", address=guard.host.address, seconds=60)
    assert refused.value.error_id == "bans.never_block"
    guard.fail(guard.host.address, 120)
    until(lambda: bool(spared(guard)), 1.0)
    assert not guard.ask("bans.list")
    assert len(spared(guard)) == 1


def spared(guard: Guarded) -> list[dict[str, object]]:
    return list(guard.ask("events.since", cursor=0, kinds=["ban.spared"])["events"])


def test_the_address_of_an_acting_administrator_is_freed_and_protected(guard: Guarded) -> None:
    guard.ask("bans.add", address=OFFENDER, seconds=100)
    guard.ask("never-block.admin", address=OFFENDER, seconds=1)
    assert not guard.bans(OFFENDER)
    assert OFFENDER in guard.kernel_set("never4")
    until(lambda: OFFENDER not in guard.kernel_set("never4"), 4.0)


def test_a_full_set_fails_safe(small_guard: Guarded, sender: Sender) -> None:
    """Attack case 59: the ban that ends first makes room and is refused in SIP meanwhile; everybody stays banned."""
    for number in range(SMALL_SET):
        small_guard.ask("bans.add", address=f"10.88.0.{number}", seconds=300 - (number == 7))
    assert small_guard.ask("alarms.list") == []
    small_guard.ask("bans.add", address=OFFENDER, seconds=400)
    assert [alarm["id"] for alarm in small_guard.ask("alarms.list")] == ["firewall.set_full"]
    assert small_guard.bans(OFFENDER)
    assert not small_guard.bans("10.88.0.7")
    workers = BanReader(small_guard.home / "run" / "bans")
    assert workers.is_banned("10.88.0.7", since_boot())
    assert not workers.is_banned(OFFENDER, since_boot())
    sender.from_address(OFFENDER)
    with small_guard.host.udp(PORT) as receiver:
        receiver.settimeout(0.3)
        assert not passes(sender, OFFENDER, receiver, small_guard.host.address)
        assert passes(sender, sender.host.address, receiver, small_guard.host.address)
    small_guard.ask("bans.lift", address="10.88.0.1")
    until(lambda: small_guard.bans("10.88.0.7"), 20.0)  # the kernel frees an element when it gets round to it
    assert not workers.is_banned("10.88.0.7", since_boot())
    until(lambda: small_guard.ask("alarms.list") == [], 3.0)


def test_the_book_reaches_the_kernel_within_a_second(guard: Guarded, sender: Sender, receiver: socket.socket) -> None:
    sender.from_address(OFFENDER)
    guard.ask("bans.add", address=OFFENDER, seconds=100)
    guard.publish(Book(address_entries=(AddressEntry(1, "10.77.9.0/24", Target.ALLOW),)))
    assert until(lambda: not guard.bans(OFFENDER), 1.0) < 1.0
    guard.fail(OFFENDER, 60)
    block = AddressEntry(2, "10.77.9.9/32", Target.BLOCK)
    guard.publish(Book(address_entries=(AddressEntry(1, "10.77.9.0/24", Target.ALLOW), block)))
    until(lambda: OFFENDER in guard.entries(), 1.0)
    assert not passes(sender, OFFENDER, receiver, guard.host.address)
    assert not guard.ask("bans.list")


def test_everything_can_be_blocked_but_what_is_allowed(guard: Guarded, sender: Sender, receiver: socket.socket) -> None:
    sender.from_address(OFFENDER)
    entries = (AddressEntry(1, "0.0.0.0/0", Target.BLOCK), AddressEntry(2, "10.77.9.9/32", Target.ALLOW))
    guard.publish(Book(address_entries=(*entries, AddressEntry(3, "::/0", Target.BLOCK))))
    until(lambda: "10.77.9.9" in guard.entries(), 1.0)
    assert passes(sender, OFFENDER, receiver, guard.host.address)
    assert not passes(sender, sender.host.address, receiver, guard.host.address)


def test_an_entry_reaches_the_peers_that_nat64_translates(guard: Guarded, sender: Sender) -> None:
    """RFC 6052: the kernel sees IPv6 packets; the entry names the IPv4 address they carry."""
    blocked, allowed, ours = "64:ff9b::c000:207", "64:ff9b::c000:208", "64:ff9b::a4d:3c"
    for host, address in ((guard.host, ours), (sender.host, blocked), (sender.host, allowed)):
        host.run("ip", "address", "replace", f"{address}/96", "dev", "eth0", "nodad")
    block, allow = AddressEntry(1, "192.0.2.0/24", Target.BLOCK), AddressEntry(2, "192.0.2.8/32", Target.ALLOW)
    with guard.host.udp(PORT, ours) as receiver:
        receiver.settimeout(0.3)
        assert passes(sender, blocked, receiver, ours)
        guard.publish(Book(address_entries=(block, allow)))
        until(lambda: "192.0.2.0" in guard.entries(), 1.0)
        assert not passes(sender, blocked, receiver, ours)
        assert passes(sender, allowed, receiver, ours)
    assert guard.ask("status")["kernel"]["dropped_blocked"] == 1


def test_an_entry_that_runs_out_leaves_the_kernel(guard: Guarded) -> None:
    entry = AddressEntry(1, "10.66.0.0/16", Target.BLOCK, time.time() + 1.5)
    guard.publish(Book(address_entries=(entry,)))
    until(lambda: "10.66.0.0" in guard.entries(), 1.0)
    until(lambda: "10.66.0.0" not in guard.entries(), 4.0)


def test_a_changed_threshold_is_obeyed_within_a_second(guard: Guarded) -> None:
    guard.publish(Book(security=replace(SecuritySettings(), failed_authentication_limit=3, level_1_packets=77)))
    until(lambda: "77/second" in guard.host.run("nft", "list", "chain", "inet", "ringfence", "sip_rates").stdout, 1.0)
    guard.fail(OFFENDER, 3)
    until(lambda: guard.bans(OFFENDER), 1.0)


def test_a_source_over_the_packet_rate_loses_the_excess_on_sip_ports_only(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    guard.publish(Book(security=replace(SecuritySettings(), level_1_packets=10)))
    until(lambda: "10/second" in guard.host.run("nft", "list", "chain", "inet", "ringfence", "sip_rates").stdout, 1.0)
    with guard.host.udp(45000) as media, sender.host.udp() as sock:
        media.settimeout(0.3)
        sock.sendto(b"who has", (guard.host.address, 45000))
        assert media.recv(10) == b"who has"
        for _ in range(100):
            sock.sendto(b"x", (guard.host.address, 5060))
            sock.sendto(b"x", (guard.host.address, 45000))
        assert 10 <= _received(receiver) <= 15
        assert _received(media) == 100


def _received(sock: socket.socket) -> int:
    count = 0
    while True:
        try:
            sock.recv(10)
        except TimeoutError:
            return count
        count += 1


def test_a_killed_guard_loses_no_ban_and_no_count(guard: Guarded) -> None:
    guard.fail("10.88.0.1", 50)
    until(lambda: guard.bans("10.88.0.1"), 1.0)
    guard.fail("10.88.0.2", 49)
    time.sleep(0.1)
    before = guard.ask("events.since", cursor=0)["events"]
    guard.kill()
    assert guard.bans("10.88.0.1")
    guard.fail("10.88.0.3", 50)
    guard.start()
    until(lambda: guard.bans("10.88.0.3"), 1.0)
    guard.fail("10.88.0.2", 1)
    until(lambda: guard.bans("10.88.0.2"), 1.0)

    def told() -> list[Any]:
        return list(guard.ask("events.since", cursor=0)["events"])

    def added() -> list[str]:
        return sorted(event["address"] for event in told() if event["kind"] == "ban.added")

    until(lambda: added() == ["10.88.0.1", "10.88.0.2", "10.88.0.3"], 2.0)
    assert told()[: len(before)] == before


def test_from_the_threshold_to_the_element_takes_at_most_5_ms(guard: Guarded) -> None:
    """Measured over the guard's own clock: the event's time against the ban's."""
    for number in range(100):
        guard.fail(f"10.89.0.{number}", 50)
        time.sleep(0.005)
    until(lambda: len(guard.ask("bans.list")) == 100, 2.0)
    delays = sorted(ban["since"] - ban["evidence"]["last_at"] for ban in guard.ask("bans.list"))
    assert delays[50] < 0.005


def test_a_full_disk_stops_no_writer_and_costs_only_what_did_not_fit(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=True)
    try:
        with closing(JournalWriter(tmp_path)) as journal, closing(JournalReader(tmp_path)) as reader:
            written = [number for number in range(3000) if journal.append(Kind.CALL_ENDED, {"n": number})]
            assert reader.dropped == 3000 - len(written) > 0
            assert _numbers(reader) == written
            filler = next(tmp_path.glob("events-*"))
            os.truncate(filler, 0)
            os.truncate(filler, reader.checkpoint.offset)
            assert journal.append(Kind.CALL_ENDED, {"n": 5000})
            assert _numbers(reader) == [5000]
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def _numbers(reader: JournalReader) -> list[int]:
    found: list[int] = []
    while batch := reader.read(time.monotonic()).entries():
        found += [event["n"] for _, event in batch]
    return found
