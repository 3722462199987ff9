"""Group D: floods and resource use that need no rate in the kernel; those are in `guard_firewall` and the bench."""

import socket
import sqlite3
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, Transport, end_call, establish, unchecked_tls
from tests.system.attack_cases.frames import poured

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

TCP, TLS = (PBX_ADDRESS, 5063), (PBX_ADDRESS, 5061)
KEEP_ALIVES = b"\r\n\r\n" * 16_000
"""Each of them is answered (RFC 5626 section 4.4.1), by whoever reads the stream."""
CONNECTION_MEMORY = 80_000
"""Bytes of the core's memory that one takes, about."""

SLOW_SENDERS = 300
MOST_CONNECTIONS = 20
ESTABLISHED = b"\x01"
CLOSED_WITHIN = 30.0
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in zip("abcdefgh", "bcdefghi", strict=True))
    + ']><presence xmlns="urn:ietf:params:xml:ns:pidf"><note>&i;</note></presence>'
).encode()


def test_slow_senders_hold_few_connections_for_thirty_seconds_and_others_are_served(phone: Any, stranger: Any) -> None:
    """Case 43: a byte now and then keeps no connection, of 300 at most 20 stand; a phone elsewhere calls meanwhile."""
    with _slow_senders(stranger(), SLOW_SENDERS) as links:
        opened = time.monotonic()
        caller, callee = phone("401", Transport.TCP), phone("402")
        dialog, _ = establish(caller, callee)
        assert end_call(caller, callee, dialog).status == 200
        first = _standing(links)
        assert first
        while set(first) & set(_standing(links)) and time.monotonic() - opened < CLOSED_WITHIN:
            assert len(_standing(links)) <= MOST_CONNECTIONS
            for link in _standing(links):
                _send_a_byte(link)
            time.sleep(2.0)
        assert not set(first) & set(_standing(links)), f"open after {time.monotonic() - opened:.0f} s"


@contextmanager
def _slow_senders(host: Host, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        links = [stack.enter_context(host.tcp()) for _ in range(count)]
        for link in links:
            link.setblocking(False)
            link.connect_ex(TCP)
        yield links


def _standing(links: list[socket.socket]) -> list[socket.socket]:
    """Those whose connection is established, at either end."""
    return [link for link in links if link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == ESTABLISHED]


def _send_a_byte(link: socket.socket) -> None:
    try:
        link.send(b"R")
    except OSError:
        return


def test_ten_silent_connections_keep_nobody_waiting(phone: Any, stranger: Any) -> None:
    """Case 44, without the PROXY listener, which does not exist: a TCP registration meanwhile takes at most 300 ms."""
    host = stranger()
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(host.tcp()).connect(TCP)
        one = phone("403", Transport.TCP)
        begun = time.monotonic()
        assert one.register().status == 200
        assert time.monotonic() - begun <= 0.3


def test_a_stranger_that_sends_nothing_but_keep_alives_takes_no_phones_turn(
    pbx: Any, phone: Any, stranger: Any
) -> None:
    """Beside cases 43 and 44: a megabyte on each of eight connections kept every phone over TCP waiting for half a
    minute, for the kernel joins segments, and saw a few packets alone.
    """
    lasting, host = [phone("931", Transport.TLS), phone("932", Transport.TCP)], stranger()
    free = pbx.product.shared_memory_free()
    with ExitStack() as stack:
        links = [stack.enter_context(_secure(host)) for _ in range(8)]
        for link in links:
            link.setblocking(False)
        waits = []
        for _ in range(10):
            for link in links:
                poured(link, KEEP_ALIVES, 16)
            begun = time.monotonic()
            assert [one.options().status for one in lasting] == [200, 200]
            waits.append(time.monotonic() - begun)
    assert max(waits) <= 1.0, waits
    within(40, lambda: free - pbx.product.shared_memory_free() < CONNECTION_MEMORY, "its connections are forgotten")


def _secure(host: Host) -> ssl.SSLSocket:
    link = host.tcp()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.settimeout(4)
    link.connect(TLS)
    return unchecked_tls().wrap_socket(link)


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE"])
def test_no_answer_is_larger_than_half_again_and_none_is_repeated(attacker: Softphone, method: str) -> None:
    """Case 47: a forged source gets at most 1.5 times what was sent in its name, and never a second 401 or 407."""
    headers = attacker.headers(method, "sip:404@acme.example")
    target = "sip:acme.example" if method == "REGISTER" else "sip:404@acme.example"
    raw = sip.compose(f"{method} {target} SIP/2.0", headers)
    attacker.send(raw)
    came = []
    deadline = time.monotonic() + 4.5  # 500 ms doubled three times (RFC 3261, timer G)
    while (left := deadline - time.monotonic()) > 0:
        message = attacker.receive(left)
        if message is not None:
            came.append(message)
    assert sum(len(message.raw) for message in came) <= 1.5 * len(raw)
    assert len([message for message in came if message.status >= 200]) <= 1


@pytest.mark.parametrize("body", [BOMB, b"<presence>" + b"x" * (1 << 20) + b"</presence>"], ids=["bomb", "1 MB"])
def test_presence_documents_are_refused_unread(phone: Any, body: bytes) -> None:
    """Case 49: PUBLISH with an XML entity bomb or 1 MB of PIDF: 4xx or 5xx or the connection is closed."""
    one = phone("405", Transport.TCP, registered=False)
    headers = [
        *one.headers("PUBLISH", one.account.aor),
        ("Event", "presence"),
        ("Content-Type", "application/pidf+xml"),
    ]
    begun = time.monotonic()
    try:
        one.send(sip.compose(f"PUBLISH {one.account.aor} SIP/2.0", headers, body))
        answer = one.receive(4.0)
    except OSError:
        answer = None
    assert answer is None or 400 <= answer.status < 600, answer.start_line
    assert time.monotonic() - begun < 4.5 if answer is None else time.monotonic() - begun < 1.0


def test_calls_go_on_while_the_database_is_locked(pbx: Any, phone: Any) -> None:
    """Cases 50 and 120: no worker asks the database, so a call between registered phones is set up in two seconds."""
    caller, callee = phone("406"), phone("407")
    with _locked(pbx.product.paths.portal_database):
        begun = time.monotonic()
        dialog, _ = establish(caller, callee)
        assert time.monotonic() - begun <= 2.0
        assert end_call(caller, callee, dialog).status == 200
        refused, _ = caller.begin_call("499"), None
        assert caller.final(_branch(refused[1])).status in (403, 404, 480, 503)


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    link = sqlite3.connect(database, isolation_level=None)
    try:
        link.execute("BEGIN EXCLUSIVE")
        yield
        link.execute("ROLLBACK")
    finally:
        link.close()


def _branch(headers: Any) -> str:
    return str(dict(headers)["Via"].split("branch=")[1].split(";")[0])
