"""The program at the links that drops banned sources before nftables sees them (docs/adr/0074)."""

import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from guarded import PORT, Guarded, Sender, passes, until

from ringfence.hosts.paths import CODE
from ringfence.lab.network import Lab, inside
from ringfence.policy.book import AddressEntry, Book, ProtectedAddress, Protection, Target

pytestmark = pytest.mark.system
OFFENDER = "10.77.9.9"
PREFIX = "fd99:1:2:3::"
OFFENDER_6 = f"{PREFIX}9"
SERVER_6 = "fd99:1:2:4::1"
"""In another /64: that of an own address is never banned."""


@pytest.fixture
def guard(lab: Lab, tmp_path: Path) -> Iterator[Guarded]:
    machine = Guarded(lab.host("doorstep", 100), tmp_path, doorstep=True)
    machine.start()
    machine.host.run("ip", "address", "replace", f"{SERVER_6}/64", "dev", "eth0", "nodad")
    machine.host.run("ip", "-6", "route", "replace", f"{PREFIX}/64", "dev", "eth0")
    yield machine
    machine.kill()
    machine.host.run("nft", "flush", "ruleset")


@pytest.fixture
def sender(lab: Lab) -> Sender:
    found = Sender(lab.host("doorsender", 101))
    found.from_address(OFFENDER)
    found.from_address(OFFENDER_6)
    found.host.run("ip", "-6", "route", "replace", f"{SERVER_6}/128", "dev", "eth0")
    return found


@pytest.fixture
def is_heard(guard: Guarded, sender: Sender) -> Iterator[Callable[[str], bool]]:
    """Whether a packet from this address reaches the port."""
    with guard.host.udp(PORT) as four, guard.host.udp(PORT, SERVER_6) as six:
        for sock in (four, six):
            sock.settimeout(0.3)
        yield lambda source: passes(
            sender, source, six if ":" in source else four, SERVER_6 if ":" in source else guard.host.address
        )


def counted(guard: Guarded) -> tuple[int, int]:
    """What was dropped at the links, and by nftables."""
    both = guard.ask("status")["kernel"]["dropped_banned"]
    listed = guard.host.run("nft", "list", "counter", "inet", "ringfence", "dropped_banned").stdout
    behind = int(listed.split("packets")[1].split()[0])
    return both - behind, behind


def chain(guard: Guarded) -> str:
    return guard.host.run("nft", "list", "chain", "inet", "ringfence", "doorstep", check=False).stdout


def test_a_banned_source_dies_at_the_program_and_a_lift_lets_it_through_at_once(
    guard: Guarded, is_heard: Callable[[str], bool]
) -> None:
    assert guard.ask("status")["stands_at_links"]
    assert not chain(guard)
    for source, key in ((OFFENDER, OFFENDER), (OFFENDER_6, PREFIX)):
        assert is_heard(source)
        before = counted(guard)
        guard.ask("bans.add", address=source, seconds=100)
        assert not is_heard(source)
        assert counted(guard) == (before[0] + 1, before[1])
        guard.ask("bans.lift", address=key)
        assert is_heard(source)


def test_a_ban_that_is_renewed_for_less_ends_in_time_while_the_guard_hangs(
    guard: Guarded, is_heard: Callable[[str], bool]
) -> None:
    """Attack case 67."""
    guard.ask("bans.add", address=OFFENDER, seconds=600)
    guard.ask("bans.add", address=OFFENDER, seconds=2)
    assert guard.process is not None
    guard.process.send_signal(signal.SIGSTOP)
    try:
        assert not is_heard(OFFENDER)
        until(lambda: is_heard(OFFENDER), 5.0)
    finally:
        guard.process.send_signal(signal.SIGCONT)


def test_with_the_guard_the_program_goes_and_its_bans_stay(guard: Guarded, is_heard: Callable[[str], bool]) -> None:
    guard.ask("bans.add", address=OFFENDER, seconds=100)
    guard.ask("bans.add", address="10.77.9.8", seconds=1)
    behind = counted(guard)[1]
    guard.kill()
    assert not is_heard(OFFENDER)
    listed = guard.host.run("nft", "list", "counter", "inet", "ringfence", "dropped_banned").stdout
    assert f"packets {behind + 1} " in listed
    guard.start()
    assert guard.ask("status")["stands_at_links"]
    assert not is_heard(OFFENDER)
    assert counted(guard) == (1, 0)


def test_after_a_flush_the_program_holds_what_the_ledger_holds(guard: Guarded, is_heard: Callable[[str], bool]) -> None:
    guard.ask("bans.add", address=OFFENDER, seconds=100)
    guard.host.run("nft", "flush", "ruleset")
    until(lambda: guard.bans(OFFENDER), 5.0)
    assert not is_heard(OFFENDER)
    assert counted(guard) == (1, 0)
    assert not chain(guard)


def test_what_an_entry_allows_of_a_64_is_through_at_once_and_the_rest_is_not(
    guard: Guarded, sender: Sender, is_heard: Callable[[str], bool]
) -> None:
    """Attack case 57; the program holds no /64 of which a part is spared."""
    neighbour = f"{PREFIX}8"
    sender.from_address(neighbour)
    assert is_heard(OFFENDER_6)
    assert is_heard(neighbour)
    guard.ask("bans.add", address=OFFENDER_6, seconds=100)
    assert not is_heard(OFFENDER_6)
    guard.publish(Book(address_entries=(AddressEntry(1, f"{OFFENDER_6}/128", Target.ALLOW),)))
    guard.ask("policy.changed")
    assert is_heard(OFFENDER_6)
    before = counted(guard)
    assert not is_heard(neighbour)
    assert counted(guard) == (before[0], before[1] + 1)
    guard.publish(Book())
    guard.ask("policy.changed")
    assert not is_heard(OFFENDER_6)
    assert counted(guard) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize(
    "book",
    [
        Book(address_entries=(AddressEntry(1, f"{OFFENDER}/32", Target.ALLOW),)),
        Book(protected_addresses=(ProtectedAddress(f"{OFFENDER}/32", Protection.TRUNK, "carrier"),)),
    ],
    ids=["allowed", "never blocked"],
)
def test_whom_the_policy_frees_is_through_at_once(guard: Guarded, is_heard: Callable[[str], bool], book: Book) -> None:
    guard.ask("bans.add", address=OFFENDER, seconds=100)
    assert not is_heard(OFFENDER)
    guard.publish(book)
    guard.ask("policy.changed")
    assert is_heard(OFFENDER)


@pytest.mark.parametrize("program", [True, False], ids=["program", "nftables"])
def test_of_frames_the_same_die_at_the_program_and_in_nftables(
    lab: Lab, sender: Sender, tmp_path: Path, program: bool
) -> None:
    """The kernel takes one tag off before anybody looks. What ends early and what is no IP is counted by nobody."""
    machine = Guarded(lab.host("doorstep", 100), tmp_path, doorstep=program)
    machine.start()
    try:
        machine.ask("bans.add", address=OFFENDER, seconds=100)
        ip = header(OFFENDER, machine.host.address)
        whole, tag = ip + struct.pack("!HHH", PORT, PORT, 9) + bytes(3), b"\x81\x00\0\5"
        kinds = {
            "plain": b"\x08\0" + whole,
            "tagged": tag + b"\x08\0" + whole,
            "tagged twice": tag + tag + b"\x08\0" + whole,
            "short": tag + b"\x08\0" + ip[:15],
            "arp": b"\x08\6" + bytes([10, 77, 9, 9]) * 9,
        }
        assert {kind: dropped(machine, sender, frame) for kind, frame in kinds.items()} == {
            "plain": 1,
            "tagged": 1,
            "tagged twice": 0,
            "short": 0,
            "arp": 0,
        }
        assert counted(machine)[not program] == 2
    finally:
        machine.kill()
        machine.host.run("nft", "flush", "ruleset")


def header(source: str, target: str) -> bytes:
    """Of IPv4 and 29 bytes, with its sum: a bridge may look."""
    plain = struct.pack("!BBHHHBBH", 69, 0, 29, 0, 0, 64, 17, 0) + socket.inet_aton(source) + socket.inet_aton(target)
    total = sum(struct.unpack("!10H", plain))
    return plain[:10] + struct.pack("!H", ~(total % 65535) & 65535) + plain[12:]


def dropped(guard: Guarded, sender: Sender, frame: bytes) -> int:
    before = sum(counted(guard))
    with inside(sender.host.namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)) as raw:
        raw.bind(("eth0", 0))
        raw.send(b"\xff" * 6 + b"\2\0\0\0\0\1" + frame)
    time.sleep(0.05)
    return sum(counted(guard)) - before


def test_a_link_without_ethernet_is_left_to_nftables_and_one_that_comes_is_found(guard: Guarded) -> None:
    """As all links are without the program, so is this one."""
    guard.host.run("ip", "tuntap", "add", "tun9", "mode", "tun")
    guard.host.run("ip", "link", "set", "tun9", "up")
    guard.kill()
    guard.start()
    assert guard.ask("status")["stands_at_links"]
    assert '"tun9"' in chain(guard)
    assert '"eth0"' not in chain(guard)
    guard.host.run("ip", "link", "delete", "tun9")


@pytest.mark.parametrize("lost", ["bpf", "clock"])
def test_without_the_right_or_the_clock_everything_falls_back_and_says_so(lab: Lab, tmp_path: Path, lost: str) -> None:
    machine = Guarded(lab.host("doorstep", 100), tmp_path, doorstep=lost != "bpf")
    if lost == "clock":
        machine.boot = ("unshare", "--time", "--monotonic", "1000", "--fork", "--kill-child=KILL", "--")
    machine.start()
    try:
        assert not machine.ask("status")["stands_at_links"]
        assert '"eth0"' in chain(machine)
    finally:
        machine.kill()
        machine.host.run("nft", "flush", "ruleset")


@pytest.mark.parametrize(("added", "count"), [("", 0), ("+bpf", 4)], ids=["as delivered", "with the drop-in"])
def test_the_rights_of_the_package_are_too_few_and_one_more_is_enough(added: str, count: int) -> None:
    """docs/install.md names the drop-in."""
    unit = (CODE / "deploy" / "systemd" / "ringfence.service").read_text()
    line = next(line for line in unit.splitlines() if line.startswith("CapabilityBoundingSet="))
    rights = [f"+{word.removeprefix('CAP_').lower()}" for word in line.partition("=")[2].split()]
    kept = ",".join(filter(None, ["-all", *rights, added]))
    asked = "from ringfence.doorstep.program import handing_on\nwith handing_on() as handed: print(len(handed.files))"
    done = subprocess.run(
        ["setpriv", f"--bounding-set={kept}", "--", sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        cwd=CODE / "src",
    )
    assert done.stdout == f"{count}\n"
    assert ("cannot be loaded" in done.stderr) == (not count)
