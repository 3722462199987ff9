"""What a phone or a browser says that cannot be meant: it is refused at once and hears why (attack cases 75, 78)."""

from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.softphone import Softphone
from ringfence.lab.webphone import OF_A_BROWSER, WebPhone

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

PAGE: Final = f"https://{PBX_ADDRESS}:10443"
ZEROS: Final = f"RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{'AAAA' * 10}\r\na=x:"


def refused(caller: Softphone, body: bytes) -> sip.Message:
    caller.offer = lambda: ([("Content-Type", "application/sdp")], body)  # type: ignore[method-assign]
    uri, headers = caller.begin_call("241")
    answer = caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch)
    caller.send_ack(answer, uri, headers)
    return answer


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("c=IN IP4 ", "c=IN IP4 239.1.1.1/127\r\nb=AS:", "address"),
        ("c=IN IP4 ", "c=IN IP4 phone.example.com\r\nb=AS:", "address"),
        ("m=audio 40000 ", "m=audio 40000/2 ", "stream"),
        ("RTP/AVP ", ZEROS, "suite"),
    ],
    ids=["a group", "a name", "two ports", "a key of zeros"],
)
def test_a_phone_hears_why(phone: Any, old: str, new: str, why: str) -> None:
    """The first two were 503, as if the relay was gone; the others rang."""
    caller, callee = phone("243"), phone("241")
    answer = refused(caller, sip.sdp(caller.address, 40_000).replace(old.encode(), new.encode()))
    assert answer.status == 488
    assert why in answer.header("warning")
    assert not callee.requests_within(0.1)


def test_a_browser_proves_its_certificate_by_sha_256(pbx: Any, phone: Any, stranger: Any) -> None:
    """RFC 8122 section 5; SHA-1 was enough."""
    callee = phone("241")
    with WebPhone(stranger(), (PBX_ADDRESS, 5065), pbx.account("242"), PAGE, "sip") as browser:
        assert browser.register().status == 200
        weak = OF_A_BROWSER.replace(b"sha-256 " + b":".join([b"5A"] * 32), b"sha-1 " + b":".join([b"5A"] * 20))
        plain = sip.sdp(browser.address, 40_000)
        answer = refused(browser, plain.replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVPF") + weak)
        assert answer.status == 488
        assert "SHA-256" in answer.header("warning")
        assert not callee.requests_within(0.1)


@pytest.mark.parametrize("odd", [b"\0", b"\xff"])
def test_a_body_that_is_no_text_is_answered(phone: Any, odd: bytes) -> None:
    """Nothing was said, and the phone tried for half a minute."""
    caller = phone("243")
    uri = "sip:241@acme.example"
    headers = [*caller.headers("INVITE", uri), ("Content-Type", "application/sdp")]
    body = sip.sdp(caller.address, 40_000)
    assert caller.ask("INVITE", uri, headers, body.replace(b"s=-", b"s=" + odd)).status == 415


@pytest.mark.parametrize("odd", ["\0", "\udcff"])
def test_a_head_that_is_no_text_is_not(phone: Any, odd: str) -> None:
    caller = phone("243")
    uri = "sip:241@acme.example"
    assert caller.silent("OPTIONS", uri, [*caller.headers("OPTIONS", uri), ("Subject", odd)], wait=0.4) is None
