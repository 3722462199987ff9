"""Attack case 5: what no phone writes ends no process, breaks no rule and takes no memory."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import Host
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import NoAnswer, Softphone, establish
from tests.system.attack_cases.frames import WSS, Op, frame, opened
from tests.system.conftest import DOMAIN, SHARED_MEMORY_SLACK, TCP, UDP
from tests.system.mutations import bases
from tests.system.mutations.pacing import Door, Garbler, Pacer, acknowledge, turn_down
from tests.system.mutations.wild import BY_PHONES, WANTED, chance, no_call_stays, no_rule_breaks, strange

__all__ = ("no_call_stays", "no_rule_breaks")

pytestmark = pytest.mark.usefixtures("oracle", "no_rule_breaks")

WILD, OTHER = "448", "449"


@pytest.fixture
def pacer(trusted: Host, tmp_path: Path) -> Iterator[Pacer]:
    with Softphone(trusted, UDP, Account("pacer", DOMAIN, "none")) as one:
        yield Pacer(one, tmp_path / "messages")


def test_strangers_over_udp(trusted: Host, pacer: Pacer) -> None:
    with trusted.udp() as sock:

        def send(raw: bytes) -> None:
            with suppress(BlockingIOError):
                while True:
                    sock.recv(65_535, socket.MSG_DONTWAIT)
            sock.sendto(raw, UDP)

        pacer.play(strange("{}:{}".format(*sock.getsockname()), "UDP", WANTED), send)


def test_strangers_over_tcp(trusted: Host, pacer: Pacer) -> None:
    def connected() -> socket.socket:
        link = trusted.tcp()
        link.connect(TCP)
        return link

    with Door(connected) as door:
        pacer.play(strange(f"{trusted.address}:5060", "TCP", WANTED // 5), door.send)


def test_strangers_over_a_secure_websocket(pbx: Any, trusted: Host, pacer: Pacer) -> None:
    free = pbx.product.shared_memory_free()
    with Door(lambda: opened(trusted, WSS)) as door:
        messages = strange(f"{trusted.address}:5060", "WSS", WANTED // 60)
        pacer.play(messages, lambda raw: door.send(frame(Op.TEXT, raw)))
    slack = SHARED_MEMORY_SLACK // 2
    within(60, lambda: free - pbx.product.shared_memory_free() < slack, "what closed connections took is given back")


@pytest.fixture
def garbler(pbx: Any, trusted: Host) -> Iterator[Garbler]:
    with Garbler(trusted, UDP, pbx.account(WILD)) as one:
        one.register(expires=0, contact="*")
        assert one.register().status == 200
        yield one
        one.properly()


@pytest.mark.usefixtures("no_call_stays")
def test_a_phone_that_calls_wildly(garbler: Garbler, phone: Any, pacer: Pacer) -> None:
    """With right credentials: what it asks for is judged as a call, and its offer reaches the relay."""
    by_chance, callee = chance(), phone(OTHER)
    uri = f"sip:{OTHER}@{DOMAIN}"
    for _ in range(BY_PHONES):
        content, body = garbler.offer()
        headers = [*garbler.headers("INVITE", uri), *content]
        challenge = garbler.ask("INVITE", uri, headers, body)
        garbler.send_ack(challenge, uri, headers)
        again = sip.compose(f"INVITE {uri} SIP/2.0", garbler.answered(challenge, "INVITE", uri, headers), body)
        garbler.send(pacer.note(by_chance.changed(again)))
        turn_down(callee)
        acknowledge(garbler)


@pytest.mark.usefixtures("no_call_stays")
def test_a_phone_that_answers_wildly(garbler: Garbler, phone: Any, pacer: Pacer) -> None:
    """Ringing and the answer of a phone that is called. What is not understood is followed by a proper refusal."""
    by_chance, caller = chance(), phone(OTHER)
    for _ in range(BY_PHONES // 2):
        uri, headers = caller.begin_call(WILD)
        invite = garbler.request("INVITE")
        garbler.wildly(by_chance, pacer)
        garbler.answer_call(invite)
        garbler.properly()
        garbler.respond(invite, 486, "Busy Here", "busy")
        with suppress(NoAnswer):
            dialog = caller.call_answered(uri, headers)
            caller.send(caller.in_dialog(dialog, "BYE"))
        turn_down(garbler)
        turn_down(caller)


@pytest.mark.usefixtures("no_call_stays")
def test_a_phone_that_talks_wildly(garbler: Garbler, phone: Any, pacer: Pacer) -> None:
    """Requests within a call, from the caller's side and from the callee's."""
    by_chance, other = chance(), phone(OTHER)
    for number in range(max(2, BY_PHONES // 40)):
        pair = (garbler, other) if number % 2 else (other, garbler)
        dialog = establish(*pair)[pair.index(garbler)]
        for method in bases.METHODS * 4:
            body = sip.sdp(garbler.address, 40_000) if method in ("INVITE", "UPDATE") else b""
            garbler.send(pacer.note(by_chance.changed(garbler.in_dialog(dialog, method, body=body))))
            turn_down(other)
            acknowledge(garbler)
        garbler.send(garbler.in_dialog(dialog, "BYE"))
        turn_down(other)
        turn_down(garbler)
