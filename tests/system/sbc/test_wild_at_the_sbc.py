"""Attack case 5 at the SBC: what no phone writes ends no process of it, breaks no rule and takes no memory."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab.network import Host
from ringfence.lab.sip import Account
from ringfence.lab.softphone import NoAnswer, Softphone, Transport
from tests.system.conftest import DOMAIN
from tests.system.mutations import bases
from tests.system.mutations.pacing import Door, Garbler, Pacer, acknowledge, turn_down
from tests.system.mutations.wild import WANTED, chance, no_call_stays, no_rule_breaks, strange
from tests.system.sbc.conftest import SBC

__all__ = ("no_call_stays", "no_rule_breaks")

pytestmark = pytest.mark.usefixtures("with_sbc", "no_rule_breaks", "oracle", "both_stand")

WILD, OTHER = "448", "449"


@pytest.fixture
def both_stand(with_sbc: Any) -> Iterator[None]:
    """The SBC's main process is the same afterwards."""
    before = with_sbc.product.process_ids()
    yield
    assert with_sbc.product.process_ids() == before


@pytest.fixture
def pacer(trusted: Host, tmp_path: Path) -> Iterator[Pacer]:
    with Softphone(trusted, SBC[Transport.UDP], Account("pacer", DOMAIN, "none")) as one:
        yield Pacer(one, tmp_path / "messages")


def test_strangers_at_the_sbc_over_udp(trusted: Host, pacer: Pacer) -> None:
    with trusted.udp() as sock:

        def send(raw: bytes) -> None:
            with suppress(BlockingIOError):
                while True:
                    sock.recv(65_535, socket.MSG_DONTWAIT)
            sock.sendto(raw, SBC[Transport.UDP])

        pacer.play(strange("{}:{}".format(*sock.getsockname()), "UDP", WANTED // 8), send)


def test_strangers_at_the_sbc_over_tcp(trusted: Host, pacer: Pacer) -> None:
    def connected() -> socket.socket:
        link = trusted.tcp()
        link.connect(SBC[Transport.TCP])
        return link

    with Door(connected) as door:
        pacer.play(strange(f"{trusted.address}:5060", "TCP", WANTED // 20), door.send)


@pytest.mark.parametrize("size", [12_400, 16_400, 20_000, 32_000])
def test_one_packet_ends_the_link_for_nobody(trusted: Host, size: int) -> None:
    """Case 11: between 16 and 32 KiB, from anybody, it went over the link, whose reader ended that for all clients."""
    with Softphone(trusted, SBC[Transport.UDP], Account("long", DOMAIN, "none")) as one:
        headers = one.headers("OPTIONS", f"sip:{DOMAIN}")
        assert one.ask("OPTIONS", f"sip:{DOMAIN}", [*headers, ("Subject", "a" * size)]).status == 513
        for _ in range(3):
            assert one.options(timeout=1).status == 200


@pytest.mark.usefixtures("no_call_stays")
def test_a_phone_behind_the_sbc_that_answers_and_talks_wildly(
    pbx: Any, trusted: Host, outside: Any, pacer: Pacer
) -> None:
    by_chance, caller = chance(), outside(OTHER)
    with Garbler(trusted, SBC[Transport.UDP], pbx.account(WILD)) as garbler:
        garbler.register(expires=0, contact="*")
        assert garbler.register().status == 200
        for number in range(WANTED // 400):
            uri, headers = caller.begin_call(WILD)
            invite = garbler.request("INVITE")
            garbler.wildly(by_chance, pacer)
            mine = garbler.answer_call(invite)
            garbler.properly()
            garbler.respond(invite, 486 if number % 2 else 200, "Fine", mine.local.rpartition("=")[2])
            with suppress(NoAnswer):
                dialog = caller.call_answered(uri, headers, 2)
                for method in bases.METHODS:
                    garbler.send(pacer.note(by_chance.changed(garbler.in_dialog(mine, method))))
                    turn_down(caller, 0.005)
                caller.send(caller.in_dialog(dialog, "BYE"))
            turn_down(garbler)
            acknowledge(garbler)
            turn_down(caller)
