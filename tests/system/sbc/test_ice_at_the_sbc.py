"""Whoever has proved nothing has the SBC's relay flood nobody (RFC 8445 section 19.5.1; attack case 78)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import Host
from ringfence.lab.softphone import Softphone, Transport
from ringfence.lab.webphone import OF_A_BROWSER, WebPhone
from ringfence.policy.relay.candidates import OF_A_STREAM
from tests.system.media.ice_victim import Victim
from tests.system.sbc.conftest import PAGE, SBC

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]

NOBODY = sip.Account("nobody", "acme.example", "guess")
GUESSED = 'Digest username="nobody", realm="acme.example", nonce="x", uri="sip:x", response="y"'


@pytest.fixture
def victim(lab: Any) -> Iterator[Victim]:
    with Victim(lab) as one:
        yield one


@pytest.mark.parametrize(
    ("transport", "said", "most"),
    [
        (Transport.UDP, "", 0),
        (Transport.UDP, GUESSED, 0),
        (Transport.WSS, "", 0),
        (Transport.WSS, GUESSED, OF_A_STREAM),
    ],
)
def test_an_offer_of_nobody_reaches_few_places(
    stranger: Callable[[], Host], victim: Victim, transport: Transport, said: str, most: int
) -> None:
    """Over UDP the sender's address may be forged too."""
    kind = WebPhone if transport is Transport.WSS else Softphone
    more = (PAGE, "sip") if transport is Transport.WSS else ()
    with kind(stranger(), SBC[transport], NOBODY, *more) as liar:
        headers = [*liar.headers("INVITE", "sip:743@acme.example"), ("Content-Type", "application/sdp")]
        headers += [("Authorization", said)] if said else []
        liar.send(sip.compose("INVITE sip:743@acme.example SIP/2.0", headers, victim.described()))
        assert victim.reached() <= most


def test_the_answer_of_a_browser_reaches_few_places(outside: Any, phone: Any, victim: Victim) -> None:
    browser, caller = outside("745", Transport.WSS), phone("744")
    uri, headers = caller.begin_call("745")
    browser.respond(browser.request("INVITE"), 200, "OK", "t", body=victim.described(setup="active"))
    dialog = caller.call_answered(uri, headers)
    browser.request("ACK")
    assert 1 <= victim.reached() <= OF_A_STREAM
    caller.send(caller.in_dialog(dialog, "BYE"))
    browser.respond(browser.request("BYE"), 200, "OK")


def test_a_browser_outside_proves_its_certificate_by_sha_256(outside: Any, phone: Any) -> None:
    """RFC 8122 section 5. DTLS ends at the SBC's relay, so the core sees nothing of it: it took any certificate."""
    browser, callee = outside("745", Transport.WSS), phone("744")
    weak = OF_A_BROWSER.replace(b"sha-256 " + b":".join([b"5A"] * 32), b"sha-1 " + b":".join([b"5A"] * 20))
    body = sip.sdp(browser.address, 40_000).replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVPF") + weak
    uri = "sip:744@acme.example"
    headers = [*browser.headers("INVITE", uri), ("Content-Type", "application/sdp")]
    assert browser.ask("INVITE", uri, headers, body).status == 488
    assert not callee.requests_within(0.1)


@pytest.mark.parametrize("odd", [b"\0", b"\xff"])
def test_a_body_that_is_no_text_is_answered(outside: Any, odd: bytes) -> None:
    caller = outside("743")
    uri = "sip:744@acme.example"
    headers = [*caller.headers("INVITE", uri), ("Content-Type", "application/sdp")]
    body = sip.sdp(caller.address, 40_000).replace(b"s=-", b"s=" + odd)
    assert caller.ask("INVITE", uri, headers, body).status == 415
