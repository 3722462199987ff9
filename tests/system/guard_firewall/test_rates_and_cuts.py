"""Packet rates that become blocks, known sources during a flood, connections that end with a ban, long lists."""

import collections
import socket
import sys
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
from guarded import PORT, Guarded, Sender, passes, until

from ringfence.guard.kernel.shape import Level
from ringfence.guard.live.registrations import MANY
from ringfence.journal.writer import JournalWriter
from ringfence.policy.book import Book
from ringfence.policy.events import Kind
from ringfence.policy.settings import SecuritySettings

pytestmark = pytest.mark.system
FLOODER = "10.77.9.10"
SLOW = replace(SecuritySettings(), level_1_packets=20, level_2_packets=100, level_1_block=7, level_2_block=77)
TCP_PORT = 5063


def set_rates(guard: Guarded, security: SecuritySettings) -> None:
    guard.publish(Book(security=security))
    wanted = (f"over {security.level_1_packets}/second", f"rate {security.unknown_sources_packets}/second")
    until(lambda: all(text in guard.rates() for text in wanted), 2.0)


def flood(sender: Sender, source: str, target: str, count: int) -> None:
    sender.from_address(source)
    with sender.host.udp(0, source) as sock:
        sock.sendto(b"", (target, 9))  # who has the address is asked before the packets count
        time.sleep(0.05)
        for _ in range(count):
            sock.sendto(b"x", (target, PORT))


def ban_of(guard: Guarded, address: str) -> dict[str, object] | None:
    return next((ban for ban in guard.ask("bans.list") if ban["address"] == address), None)


def registered(guard: Guarded, source: str, aor: str = "101@acme.example") -> None:
    contact = {"uri": f"sip:101@{source}", "expires_at": int(time.time()) + 300, "received": "", "socket": ""}
    fields = {"aor": aor, "contacts": [contact], "complete": True, "source": source, "port": 5060}
    with closing(JournalWriter(guard.home / "state" / "journal", guard.home / "run" / "doorbell.sock")) as journal:
        journal.append(Kind.REGISTRATION_SAVED, {**fields, "transport": "udp", "user_agent": "phone", "tenant_id": 1})


def heard(sock: socket.socket) -> list[bytes]:
    packets: list[bytes] = []
    while True:
        try:
            packets.append(sock.recv(10))
        except TimeoutError:
            return packets


def received(sock: socket.socket) -> int:
    return len(heard(sock))


def test_an_unproved_source_over_the_rate_is_shaped_and_not_banned(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    """Anybody can write a victim's address on UDP packets: without proof of the return path there is no ban."""
    set_rates(guard, SLOW)
    flood(sender, FLOODER, guard.host.address, 400)
    assert 20 <= received(receiver) <= 25
    time.sleep(1.5)
    assert ban_of(guard, FLOODER) is None
    assert f"{FLOODER} counter packets" in guard.kernel_set(f"over_{Level.TWO}_4")


@pytest.mark.parametrize(
    ("packets", "rule", "seconds"), [(60, "antihacking.level_1", 7), (400, "antihacking.level_2", 77)]
)
def test_a_proved_source_is_blocked_for_the_time_of_the_highest_level_it_exceeds(
    guard: Guarded, sender: Sender, packets: int, rule: str, seconds: int
) -> None:
    set_rates(guard, SLOW)
    guard.fail(FLOODER, 1)
    flood(sender, FLOODER, guard.host.address, packets)
    until(lambda: guard.bans(FLOODER), 3.0)
    ban = ban_of(guard, FLOODER)
    assert ban is not None
    assert ban["rule"] == rule
    assert seconds - 3 < float(str(ban["seconds_left"])) <= seconds
    evidence = ban["evidence"]
    assert isinstance(evidence, dict)
    assert evidence["count"] > 0
    assert evidence["reasons"] == {"proved by digest": 1}
    assert evidence["last_at"] >= evidence["first_at"] > time.time() - 10


def test_a_flood_from_behind_nat64_bans_the_address_it_carries(guard: Guarded, sender: Sender) -> None:
    """RFC 6052; the other peers of the same translator are in the same /64 and stay free."""
    set_rates(guard, SLOW)
    culprit, neighbour, ours = "64:ff9b::c000:207", "64:ff9b::c000:208", "64:ff9b::a4d:3c"
    for host, address in ((guard.host, ours), (sender.host, culprit), (sender.host, neighbour)):
        host.run("ip", "address", "replace", f"{address}/96", "dev", "eth0", "nodad")
    guard.fail("192.0.2.7", 1)
    with guard.host.udp(PORT, ours) as receiver:
        receiver.settimeout(0.3)
        with sender.host.udp(0, culprit) as sock:
            for _ in range(400):
                sock.sendto(b"x", (ours, PORT))
        until(lambda: guard.bans("192.0.2.7"), 3.0)
        received(receiver)
        assert not passes(sender, culprit, receiver, ours)
        assert passes(sender, neighbour, receiver, ours)
    assert [ban["address"] for ban in guard.ask("bans.list")] == ["192.0.2.7"]


def test_as_many_as_the_rate_allows_is_not_more(guard: Guarded, sender: Sender, receiver: socket.socket) -> None:
    """ "Exceeds" means more than."""
    set_rates(guard, SLOW)
    guard.fail(FLOODER, 1)
    flood(sender, FLOODER, guard.host.address, 20)
    assert received(receiver) == 20
    time.sleep(1.5)
    assert ban_of(guard, FLOODER) is None


def test_an_office_is_blocked_for_a_lasting_flood_and_for_the_short_time_only(guard: Guarded, sender: Sender) -> None:
    """Its address is proved by its phones; that does not prove that the flood is theirs."""
    set_rates(guard, SLOW)
    registered(guard, FLOODER)
    until(lambda: FLOODER in guard.kernel_set("known4"), 2.0)
    flood(sender, FLOODER, guard.host.address, 400)
    time.sleep(1.5)
    assert not guard.bans(FLOODER), "all phones of an office at once"
    until(lambda: flood(sender, FLOODER, guard.host.address, 200) or guard.bans(FLOODER), 30.0)
    ban = ban_of(guard, FLOODER)
    assert ban is not None
    assert float(str(ban["seconds_left"])) <= 7


def test_a_protected_address_is_shaped_and_reported_once(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    """Attack case 54: bad packets that bear the address of a member."""
    set_rates(guard, SLOW)
    guard.fail(FLOODER, 1)
    guard.ask("never-block.admin", address=FLOODER, seconds=600)
    for _ in range(3):
        flood(sender, FLOODER, guard.host.address, 400)
        time.sleep(0.5)
    assert received(receiver) <= 100 + 3 * 100
    assert not guard.ask("bans.list")
    assert [alarm["id"] for alarm in guard.ask("alarms.list")] == ["never_block.member"]
    assert len(guard.ask("events.since", cursor=0, kinds=["ban.spared"])["events"]) == 1


def test_forged_packets_never_get_a_member_of_the_never_block_set_banned(guard: Guarded, sender: Sender) -> None:
    """Attack case 54: very many packets that bear the address of an acting administrator."""
    set_rates(guard, SLOW)
    mac = guard.host.run("ip", "-brief", "link", "show", "eth0").stdout.split()[2]
    program = (
        "import socket, struct, sys\n"
        "own, mac = sys.argv[1], bytes.fromhex(sys.argv[2].replace(':', ''))\n"
        "udp = struct.pack('!HHHH', 5060, 5060, 9, 0) + b'x'\n"
        "ends = socket.inet_aton('10.77.0.61') + socket.inet_aton(own)\n"
        "ip = struct.pack('!BBHHHBBH', 69, 0, 29, 0, 0, 64, 17, 0) + ends\n"
        "def summed(head):\n"
        "    total = sum(struct.unpack('!10H', head))\n"
        "    total = (total & 65535) + (total >> 16)\n"
        "    return ~((total & 65535) + (total >> 16)) & 65535\n"
        "ip = ip[:10] + struct.pack('!H', summed(ip)) + ip[12:]\n"
        "link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        "link.bind(('eth0', 0))\n"
        "frame = mac + link.getsockname()[4] + b'\\x08\\x00' + ip + udp\n"
        "for _ in range(50000): link.send(frame)\n"
    )
    guard.ask("never-block.admin", address=sender.host.address, seconds=600)
    guard.fail(sender.host.address, 1)
    sender.host.run(sys.executable, "-c", program, guard.host.address, mac, timeout=60)
    until(lambda: bool(guard.ask("alarms.list")), 3.0)
    assert guard.ask("bans.list") == []
    assert [alarm["id"] for alarm in guard.ask("alarms.list")] == ["never_block.member"]


def test_known_sources_are_served_while_all_others_share_what_is_left(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    """Attack case 42: each of very many sources stays below its own limit; together they would not."""
    set_rates(guard, replace(SecuritySettings(), unknown_sources_packets=50))
    known = "10.77.9.11"
    sender.from_address(known)
    registered(guard, known)
    until(lambda: known in guard.kernel_set("known4"), 2.0)
    for number in range(100, 120):
        flood(sender, f"10.77.9.{number}", guard.host.address, 40)
    assert 50 <= received(receiver) < 400
    with sender.host.udp(0, "10.77.9.100") as unknown, sender.host.udp(0, known) as phone:
        for _ in range(200):
            unknown.sendto(b"noise", (guard.host.address, PORT))
            phone.sendto(b"phone", (guard.host.address, PORT))
    assert collections.Counter(heard(receiver))[b"phone"] == 200


def test_known_sources_survive_a_flush_and_a_killed_guard(guard: Guarded) -> None:
    registered(guard, "10.88.1.1")
    until(lambda: "10.88.1.1" in guard.kernel_set("known4"), 2.0)
    guard.host.run("nft", "flush", "ruleset")
    until(lambda: "10.88.1.1" in guard.kernel_set("known4"), 5.0)
    time.sleep(1.2)
    guard.kill()
    guard.host.run("nft", "flush", "ruleset")
    guard.start()
    until(lambda: "10.88.1.1" in guard.kernel_set("known4"), 5.0)


def test_an_unknown_source_holds_few_connections_and_an_office_as_many_as_it_has_phones(
    guard: Guarded, sender: Sender
) -> None:
    """Attack case 43: 300 sockets of one address; another address is served, and so is an office of 500 phones."""
    limit = SecuritySettings().unknown_connections
    office = "10.77.9.12"
    for address in (FLOODER, office):
        sender.from_address(address)
    with guard.host.tcp(TCP_PORT, guard.host.address) as listener, ExitStack() as held:
        listener.listen(1_000)
        assert opened(sender, FLOODER, guard.host.address, 300, held) <= limit // 2 + 1
        assert opened(sender, sender.host.address, guard.host.address, 1, held) == 1
        registered(guard, office)
        until(lambda: office in guard.kernel_set("known4"), 2.0)
        assert opened(sender, office, guard.host.address, 500, held, 20.0) == 500
    assert guard.ask("status")["kernel"]["dropped_connections"] >= 300 - limit
    assert guard.ask("bans.list") == []


def test_a_phone_may_send_less_over_tcp_than_an_office_may(guard: Guarded, sender: Sender) -> None:
    """Beside case 43: what an office of many phones needs at once keeps the others waiting when four phones send it."""
    phone, office, lot = "10.77.9.13", "10.77.9.14", b"\r\n\r\n" * 25_000
    registered(guard, phone)
    for number in range(MANY):
        registered(guard, office, f"{number}@acme.example")
    until(lambda: office in guard.kernel_set("many4") and phone in guard.kernel_set("known4"), 5.0)
    assert phone not in guard.kernel_set("many4")
    with guard.host.tcp(TCP_PORT, guard.host.address) as listener:
        listener.listen()
        dropped = [dropped_of_a_lot(guard, sender, source, listener, lot) for source in (office, phone)]
        assert dropped[0] == 0 < dropped[1]
        guard.host.run("nft", "flush", "ruleset")
        until(lambda: office in guard.kernel_set("many4"), 5.0)
        assert dropped_of_a_lot(guard, sender, office, listener, lot) == 0


def dropped_of_a_lot(guard: Guarded, sender: Sender, source: str, listener: socket.socket, lot: bytes) -> int:
    """How many packets the kernel dropped while all of it arrived."""
    sender.from_address(source)
    before = guard.ask("status")["kernel"]["dropped_level_1"]
    theirs, mine = connected(sender, source, guard.host.address, listener)
    with theirs, mine:
        theirs.settimeout(30)
        mine.settimeout(30)
        sending = threading.Thread(target=theirs.sendall, args=(lot,))
        sending.start()
        left = len(lot)
        while left:
            left -= len(mine.recv(left))
        sending.join()
    return int(guard.ask("status")["kernel"]["dropped_level_1"]) - before


def opened(sender: Sender, source: str, target: str, count: int, held: ExitStack, seconds: float = 0.8) -> int:
    """How many of so many connections stand after a moment; all are begun at once."""
    waiting = []
    for _ in range(count):
        one = held.enter_context(sender.host.tcp(0, source))
        one.setblocking(False)
        one.connect_ex((target, TCP_PORT))
        waiting.append(one)
    patience, stand = time.monotonic() + seconds, set()
    while time.monotonic() < patience and len(stand) < count:
        time.sleep(0.05)
        stand = {one.fileno() for one in waiting if one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\x01"}
    return len(stand)


@pytest.mark.parametrize("version", [4, 6])
def test_a_ban_cuts_the_connections_the_source_has(guard: Guarded, sender: Sender, version: int) -> None:
    attacker = FLOODER if version == 4 else "fd77:0:0:1::10"
    ours = guard.host.address if version == 4 else "fd77:0:0:1::60"
    if version == 6:
        guard.host.run("ip", "address", "replace", f"{ours}/64", "dev", "eth0", "nodad")
    sender.from_address(attacker)
    bystander = sender.host.address if version == 4 else None
    with guard.host.tcp(TCP_PORT, ours) as listener:
        listener.listen()
        with sender.host.tcp(0, attacker) as theirs:
            theirs.settimeout(3)
            theirs.connect((ours, TCP_PORT))
            held, _ = listener.accept()
            others = connected(sender, bystander, ours, listener) if bystander else None
            guard.ask("bans.add", address=attacker, seconds=60)
            held.settimeout(2)
            begun = time.monotonic()
            with held, pytest.raises(OSError, match=r"abort|reset"):
                held.recv(1)
            assert time.monotonic() - begun < 2
            if others is not None:
                others[0].sendall(b"still here")
                assert others[1].recv(100) == b"still here"
                others[0].close()
                others[1].close()


def connected(sender: Sender, source: str, target: str, listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    mine = sender.host.tcp(0, source)
    mine.settimeout(3)
    mine.connect((target, TCP_PORT))
    held, _ = listener.accept()
    held.settimeout(3)
    return mine, held


def test_a_ban_forgets_the_tracked_connections_of_the_source(
    guard: Guarded, sender: Sender, receiver: socket.socket
) -> None:
    table = "table ip watch { chain c { type filter hook prerouting priority 0; ct state new counter; }; }"
    guard.host.run("nft", "-f", "-", stdin=table)
    sender.from_address(FLOODER)
    assert passes(sender, FLOODER, receiver, guard.host.address)
    assert passes(sender, sender.host.address, receiver, guard.host.address)
    assert FLOODER in tracked(guard)
    guard.ask("bans.add", address=FLOODER, seconds=60)
    until(lambda: FLOODER not in tracked(guard), 2.0)
    assert sender.host.address in tracked(guard)


def tracked(guard: Guarded) -> str:
    return guard.host.run("cat", "/proc/net/nf_conntrack").stdout
