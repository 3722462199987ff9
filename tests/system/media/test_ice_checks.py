"""Nobody makes the relay flood whom he names (RFC 8445 section 19.5.1; attack case 78).

It checked each candidate of an offer up to eight times before anybody took the call: some 430 packets to a stranger for
one INVITE. Some it has to check: where a browser behind an address translator is, it learns so.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.webphone import WebPhone
from ringfence.policy.relay.candidates import OF_A_STREAM
from tests.system.media.ice_victim import Victim

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

PAGE: Final = f"https://{PBX_ADDRESS}:10443"


@pytest.fixture
def victim(lab: Any) -> Iterator[Victim]:
    with Victim(lab) as one:
        yield one


@pytest.fixture
def browser(pbx: Any, stranger: Callable[[], Host]) -> Iterator[WebPhone]:
    with WebPhone(stranger(), (PBX_ADDRESS, 5065), pbx.account("242"), PAGE, "sip") as one:
        assert one.register().status == 200
        yield one


def offers(phone: Any, body: bytes) -> None:
    phone.offer = lambda: ([("Content-Type", "application/sdp")], body)


@pytest.mark.parametrize("setup", ["actpass", "passive"])
def test_the_offer_of_a_browser_reaches_few_places(phone: Any, browser: WebPhone, victim: Victim, setup: str) -> None:
    callee = phone("241")
    offers(browser, victim.described(setup=setup))
    uri, headers = browser.begin_call("241")
    callee.respond(callee.request("INVITE"), 200, "OK", "t", body=sip.sdp(callee.address, 40_000))
    dialog = browser.call_answered(uri, headers)
    callee.request("ACK")
    assert 1 <= victim.reached() <= OF_A_STREAM
    browser.send(browser.in_dialog(dialog, "BYE"))
    callee.respond(callee.request("BYE"), 200, "OK")


@pytest.mark.parametrize("setup", ["active", "passive"])
def test_the_answer_of_a_browser_reaches_few_places(phone: Any, browser: WebPhone, victim: Victim, setup: str) -> None:
    caller = phone("241")
    uri, headers = caller.begin_call("242")
    browser.respond(browser.request("INVITE"), 200, "OK", "t", body=victim.described(setup=setup))
    dialog = caller.call_answered(uri, headers)
    browser.request("ACK")
    assert 1 <= victim.reached() <= OF_A_STREAM
    caller.send(caller.in_dialog(dialog, "BYE"))
    browser.respond(browser.request("BYE"), 200, "OK")


def test_of_a_phone_no_place_is_checked(phone: Any, victim: Victim) -> None:
    """Nobody uses ICE with it, and what it offered was checked all the same."""
    caller, callee = phone("243"), phone("241")
    offers(caller, victim.described("RTP/AVP"))
    uri, headers = caller.begin_call("241")
    callee.respond(callee.request("INVITE"), 486, "Busy Here", "t")
    caller.send_ack(caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch), uri, headers)
    assert victim.reached() == 0
