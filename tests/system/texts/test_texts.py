"""Text messages between extensions (RFC 3428): proved, inside the tenant, to every device, and nowhere written down."""

from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import Softphone, Transport

pytestmark = pytest.mark.usefixtures("oracle")

SECRET: Final = b"the code of the door is 4711"


def begin(phone: Softphone, number: str, body: bytes = SECRET, kind: str = "text/plain") -> Headers:
    """Sends a proved MESSAGE; its headers, by which its answer is known."""
    uri = f"sip:{number}@{phone.account.domain}"
    headers = [*phone.headers("MESSAGE", uri), ("Content-Type", kind)]
    challenged = phone.ask("MESSAGE", uri, headers, body)
    assert challenged.status == 407
    again = phone.answered(challenged, "MESSAGE", uri, headers)
    phone.send(sip.compose(f"MESSAGE {uri} SIP/2.0", again, body))
    return again


def answer(phone: Softphone, headers: Headers) -> Message:
    return phone.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch, 10)


def write(phone: Softphone, number: str, body: bytes = SECRET, kind: str = "text/plain") -> Message:
    return answer(phone, begin(phone, number, body, kind))


def test_a_text_reaches_every_device_of_an_extension_and_is_kept_nowhere(pbx: Any, phone: Any) -> None:
    """Who wrote it is proved; where their phone is stays unknown; the journal holds that it was sent, and not what."""
    writer, desk, soft = phone("580"), phone("581"), phone("581", Transport.TLS)
    sent = begin(writer, "581")
    for device in (desk, soft):
        heard = device.request("MESSAGE")
        assert heard.body == SECRET
        assert heard.header("p-asserted-identity") == "<sip:580@acme.example>"
        assert not heard.header("contact")
        assert not heard.header("proxy-authorization")
        device.respond(heard, 200, "OK", "t")
    assert answer(writer, sent).status == 200
    journal = pbx.product.home / "state" / "journal"
    within(5, lambda: b'"text.sent"' in _all_of(journal), "it is told that something was sent")
    assert SECRET not in _all_of(pbx.product.home / "state")


def test_what_is_not_carried_says_why(phone: Any) -> None:
    """Outside, other kinds of content, what is too long for UDP, and phones that are not there."""
    writer = phone("580")
    phone("582", registered=False)
    refused = {
        "+498912345678": (404, SECRET, "text/plain"),
        "582": (480, SECRET, "text/plain"),
        "581": (415, b"<b>hello</b>", "text/html"),
        "580": (513, b"x" * 1200, "text/plain"),
    }
    for number, (status, body, kind) in refused.items():
        told = write(writer, number, body, kind)
        assert (number, told.status) == (number, status)
        if status == 415:
            assert "text/plain" in told.header("accept")


def test_a_long_text_goes_by_ways_that_carry_it(phone: Any) -> None:
    """RFC 3428 section 8: over a stream it passes; the same extension's device on UDP is left out."""
    writer, desk, soft = phone("580", Transport.TCP), phone("581"), phone("581", Transport.TCP)
    sent = begin(writer, "581", b"y" * 1500)
    heard = soft.request("MESSAGE")
    assert heard.body == b"y" * 1500
    soft.respond(heard, 200, "OK", "t")
    assert answer(writer, sent).status == 200
    assert desk.requests_within(0.3) == []


def test_nobody_floods_a_colleague(phone: Any) -> None:
    """Sixty in a minute, then the writer is told to wait; what a phone asks for itself never reaches the writer."""
    writer, reader = phone("583"), phone("584")
    sent = begin(writer, "584")
    reader.respond(reader.request("MESSAGE"), 407, "Proxy Authentication Required", "t")
    assert answer(writer, sent).status == 480
    phone("585", registered=False)
    assert {write(writer, "585").start_line for _ in range(59)} == {"SIP/2.0 480 Temporarily Unavailable"}
    told = write(writer, "584")
    assert (told.start_line, told.header("retry-after")) == ("SIP/2.0 480 Too Many Messages", "60")
    assert reader.requests_within(0.2) == []


def _all_of(folder: Any) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".mdb")


def test_a_text_is_no_ring(pbx: Any, phone: Any) -> None:
    """Do not disturb and forwards are for calls: a text reaches the phone it was written to."""
    writer, desk = phone("580"), phone("581")
    calling = f"users/{pbx.users['581']['id']}/calling"
    for wish in ({"do_not_disturb": True}, {"forward_always": "582"}):
        pbx.rest.patch(calling, **wish)
        try:
            sent = begin(writer, "581")
            desk.respond(desk.request("MESSAGE"), 200, "OK", "t")
            assert answer(writer, sent).status == 200
        finally:
            pbx.rest.patch(calling, do_not_disturb=False, forward_always="")
