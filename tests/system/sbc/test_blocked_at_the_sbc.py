"""Who names a blocked user agent gets no answer of the SBC either (reference: "User-Agent Blacklist")."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import shake_256
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import Host
from ringfence.lab.product import within
from ringfence.lab.sip import Account, Headers
from ringfence.lab.softphone import Softphone, Transport
from tests.system.sbc.conftest import SBC

pytestmark = [pytest.mark.usefixtures("with_sbc", "oracle")]

EXTENSION: Final = "sip:900@acme.example"
SCANNER, PHONE, OURS = "friendly-scanner", "Yealink SIP-T46U 108.86.0.45", "Scanner of ours"
GIVEN_UP: Final = 6.5
"""Seconds: longer than the SBC waits for the core (`fr_timer`)."""


@pytest.fixture
def scanner(stranger: Callable[[], Host]) -> Iterator[Callable[..., Softphone]]:
    opened: list[Softphone] = []

    def make(transport: Transport = Transport.UDP) -> Softphone:
        one = Softphone(stranger(), SBC[transport], Account("900", "acme.example", "wrong"), transport)
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.sock.close()


def naming(one: Softphone, method: str, agent: str, **instead: str) -> Headers:
    headers = sip.with_header(one.headers(method, one.account.aor), "User-Agent", None)
    for name, value in instead.items():
        headers = sip.with_header(headers, name.replace("_", "-"), value)
    return [*headers, ("User-Agent", agent)]


def say(one: Softphone, method: str, agent: str, **instead: str) -> None:
    one.send(sip.compose(f"{method} {EXTENSION} SIP/2.0", naming(one, method, agent, **instead)))


def test_not_even_a_word_that_somebody_is_asked(scanner: Callable[..., Softphone]) -> None:
    """A 100, or a 408 when the core has kept silent, says that SIP lives here."""
    asking = [(scanner(), method) for method in ("REGISTER", "INVITE", "OPTIONS", "BYE", "SUBSCRIBE", "NOSUCH")]
    for one, method in asking:
        say(one, method, SCANNER)
    waiting = GIVEN_UP
    for one, method in asking:
        assert one.receive(waiting) is None, method
        waiting = 0.1


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP, Transport.TLS])
def test_a_broken_message_of_a_blocked_user_agent_is_not_answered(
    scanner: Callable[..., Softphone], transport: Transport
) -> None:
    for name, value in (("CSeq", "1 NOSUCH"), ("Call_ID", "x" * 300), ("Max_Forwards", "0")):
        silenced, phone = scanner(transport), scanner(transport)
        say(silenced, "OPTIONS", SCANNER, **{name: value})
        assert silenced.receive(1.0) is None, name
        assert transport is Transport.UDP or name == "Max_Forwards" or silenced.is_closed()
        say(phone, "OPTIONS", PHONE, **{name: value})
        assert phone.receive(1.0) is not None, name


def test_another_list_is_in_force_at_the_sbc_within_seconds(pbx: Any, scanner: Callable[..., Softphone]) -> None:
    one = scanner()

    def answered() -> bool:
        say(one, "OPTIONS", OURS, CSeq="1 NOSUCH")
        return one.receive(0.5) is not None

    assert answered()
    entry = pbx.rest.post("blocked-user-agents", pattern=OURS, match="exact")
    try:
        within(5, lambda: not answered(), "the SBC keeps silent")
    finally:
        pbx.rest.delete(f"blocked-user-agents/{entry['id']}")
    within(5, answered, "the SBC answers again")


def long_names(number: int) -> list[str]:
    """Names that no compression makes shorter, in the order in which the core tells them."""
    names = [b64encode(shake_256(f"long list {one}".encode()).digest(96)).decode() for one in range(number)]
    return sorted(names, key=str.lower)


def test_a_list_too_long_for_one_message_is_in_force_at_the_sbc_to_its_last_name(
    pbx: Any, scanner: Callable[..., Softphone]
) -> None:
    """Reference: "User-Agent Blacklist". The list goes over the link in parts, and the link holds at every length."""
    one, names, entries = scanner(), long_names(200), []

    def answered(agent: str) -> bool:
        say(one, "OPTIONS", agent, CSeq="1 NOSUCH")
        return one.receive(0.5) is not None

    try:
        for number, name in enumerate(names, 1):
            entries.append(pbx.rest.post("blocked-user-agents", pattern=name, match="exact"))
            if number % 40 == 0:
                within(5, partial(lambda last: not answered(last), name), f"the SBC knows {number} names")
                assert not answered(names[0])
                assert answered(PHONE)
    finally:
        for entry in entries:
            pbx.rest.delete(f"blocked-user-agents/{entry['id']}")
    within(5, lambda: answered(names[-1]), "the SBC answers again")
