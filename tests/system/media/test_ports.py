"""The media ports under attack and used up (attack cases 76, 79 and 81)."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ringfence.hosts import ports
from ringfence.lab import sip, srtp
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, NoAnswer, Softphone, Transport, end_call
from tests.system.features.steps import branch_of
from tests.system.media.talking import talk
from tests.system.media.test_no_answers import heard

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

PACKETS = 20
A_SECOND = 1_000
WEAK_SUITES = bytes.fromhex("0001 0002 002C 003B C006 C010 0034")
"""Without encryption or without a proof of who speaks."""

PORTS_OF_ONE = 2_000
"""So many sockets a program may open everywhere."""

TAKER = """
import resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
for port in range(int(sys.argv[2]), int(sys.argv[3])):
    held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    try:
        held[-1].bind((sys.argv[1], port))
    except OSError:
        held.pop().close()
print("taken", flush=True)
time.sleep(120)
"""


def weak_hello() -> bytes:
    """A DTLS 1.2 ClientHello that offers nothing else (RFC 6347 section 4.2.2), with an SRTP profile."""
    srtp_profiles = struct.pack("!HHHHB", 14, 5, 2, 1, 0)
    body = b"\xfe\xfd" + bytes(32) + b"\0\0" + struct.pack("!H", len(WEAK_SUITES)) + WEAK_SUITES + b"\x01\0"
    body += struct.pack("!H", len(srtp_profiles)) + srtp_profiles
    length = len(body).to_bytes(3)
    message = b"\x01" + length + b"\0\0" + bytes(3) + length + body
    return b"\x16\xfe\xff" + bytes(8) + struct.pack("!H", len(message)) + message


@contextmanager
def sprayed(*hosts: Host) -> Iterator[None]:
    """Each host sends it to one port after the other, a thousand a second."""
    ended, hello = threading.Event(), weak_hello()

    def spray(sock: socket.socket) -> None:
        with sock:
            while not ended.is_set():
                for port in range(ports.RTP.first, ports.RTP.last + 1):
                    sock.sendto(hello, (PBX_ADDRESS, port))
                    if port % 20 == 0 and ended.wait(20 / A_SECOND):
                        return

    threads = [threading.Thread(target=spray, args=(host.udp(),)) for host in hosts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(5)


def test_a_browser_is_heard_while_weak_handshakes_are_sprayed_over_the_ports(
    pbx: Any, stranger: Any, tmp_path: Path
) -> None:
    """Case 76 (ASVS 17.2.6): from a stranger, and from the host of the other party, which the kernel lets in."""
    with (
        Baresip(stranger(), tmp_path / "web", pbx.account("937"), Transport.WSS, 400, Keys.DTLS) as web,
        Baresip(stranger(), tmp_path / "desk", pbx.account("938"), Transport.UDP, 700) as desk,
    ):
        web.wait_registered(15)
        desk.wait_registered(15)
        with sprayed(stranger(), desk.host):
            talk(web, desk)
            talk(desk, web)


def test_a_strangers_re_invite_moves_no_sound(phone: Any, attacker: Softphone) -> None:
    """Case 79: with the right Call-ID and tags and another place for the sound: refused, and nothing is sent there."""
    caller, callee = phone("939"), phone("934")
    with caller.host.udp(40_000) as mouth, callee.host.udp(40_000) as ears, attacker.host.udp(40_000) as away:
        dialog, _, places = established(caller, callee)
        body = sip.sdp(attacker.address, 40_000)
        forged = caller.in_dialog(dialog, "INVITE", [("Content-Type", "application/sdp")], body, source=attacker)
        attacker.send(forged)
        with suppress(NoAnswer):  # silence refuses as well
            assert attacker.final(sip.parse(forged).branch, 1.0).status >= 400
        assert callee.requests_within(0.4) == []
        assert spoken(mouth, places[0], ears) == PACKETS
        assert spoken(ears, places[1], mouth) == PACKETS
        assert heard(away) == 0
    assert end_call(caller, callee, dialog).status == 200


@pytest.mark.restarts
def test_without_a_free_port_a_new_call_is_refused_and_the_old_one_is_heard(pbx: Any, phone: Any) -> None:
    """Case 81: 503, and no description passes as it is. A relay that starts anew finds the free ones."""
    caller, callee, third, fourth = phone("939"), phone("934"), phone("933"), phone("936")
    with caller.host.udp(40_000) as mouth, callee.host.udp(40_000) as ears, a_new_relay_afterwards(pbx):
        dialog, _, places = established(caller, callee)
        with all_ports_taken(pbx.product.host):
            _, headers = third.begin_call("936")
            assert third.final(branch_of(headers), 10).status == 503
            assert [one for one in fourth.requests_within(0.5) if one.method == "INVITE"] == []
            assert spoken(mouth, places[0], ears) == PACKETS
            assert spoken(ears, places[1], mouth) == PACKETS
        assert end_call(caller, callee, dialog).status == 200
    within(20, lambda: passes(third, fourth), "calls pass again")


@contextmanager
def a_new_relay_afterwards(pbx: Any) -> Iterator[None]:
    """rtpengine does not ask again for ports that it found taken: a call of some later story would get none."""
    try:
        yield
    finally:
        before = pbx.product.process_ids()["media"]
        os.kill(before, signal.SIGKILL)
        within(10, lambda: pbx.product.process_ids()["media"] not in (0, before), "a new relay")


@contextmanager
def all_ports_taken(host: Host) -> Iterator[None]:
    """Other programs hold each port of the range that the relay does not use at this moment."""
    with ExitStack() as stack:
        for first in range(ports.RTP.first, ports.RTP.last + 1, PORTS_OF_ONE):
            words = [sys.executable, "-c", TAKER, PBX_ADDRESS, str(first), str(first + PORTS_OF_ONE)]
            one = stack.enter_context(host.start(words, stdout=subprocess.PIPE))
            stack.callback(one.kill)
            assert one.stdout is not None
            assert one.stdout.readline() == b"taken\n"
        yield


def established(caller: Softphone, callee: Softphone) -> tuple[Dialog, Dialog, list[tuple[str, int]]]:
    """The call as both see it, and where each of them speaks to."""
    uri, headers = caller.begin_call(callee.account.user)
    invite = callee.request("INVITE")
    theirs = callee.answer_call(invite)
    ours = caller.call_answered(uri, headers)
    callee.request("ACK")
    return ours, theirs, [sip.media_address(body) for body in (ours.body, invite.body)]


def spoken(mouth: socket.socket, place: tuple[str, int], ears: socket.socket) -> int:
    """How many of the packets arrive."""
    for packet in srtp.packets(int(time.monotonic()), [b"SPOKEN" * 20] * PACKETS):
        mouth.sendto(packet, place)
        time.sleep(0.02)
    time.sleep(0.2)
    return heard(ears)


def passes(caller: Softphone, callee: Softphone) -> bool:
    try:
        return end_call(caller, callee, established(caller, callee)[0]).status == 200
    except NoAnswer:
        return False
