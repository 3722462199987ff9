"""Answers of phones as only a few write them, one at a time; what the mutations found stays found (attack case 5)."""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, dialog_of_callee, end_call
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

CALLER, CALLEE = "446", "447"
UNREADABLE = {
    "a length that is no number": (b"Content-Length: ", b"Content-Length: x"),
    "a line that is no header": (b"\r\nContent-Type: application/sdp", b"\r\nContent"),
}

LATIN = (b"Contact: M\xfcller ", b"Server: B\xfcro\r\nContact: ", b"Subject: \xaa\r\nContact: ")
"""In the place of the name of a Contact."""


def _answered_with(callee: Softphone, invite: sip.Message, old: bytes, new: bytes) -> None:
    """A 200 in which this stands instead of that."""
    sent: list[bytes] = []
    callee.send, send = sent.append, callee.send  # type: ignore[method-assign]
    callee.respond(invite, 200, "OK", "answer", body=sip.sdp(callee.address, 40_000))
    callee.send = send  # type: ignore[method-assign]
    changed = sent[0].replace(old, new, 1)
    assert changed != sent[0], sent[0]
    callee.send(changed)


@pytest.mark.parametrize("what", UNREADABLE)
def test_an_answer_that_cannot_be_read_begins_no_call(pbx: Any, phone: Any, what: str) -> None:
    """It went to the caller, but the core took it for none: the call stood at ringing for ever, and was counted."""
    caller, callee = phone(CALLER), phone(CALLEE)
    uri, headers = caller.begin_call(CALLEE)
    invite = callee.request("INVITE")
    callee.respond(invite, 180, "Ringing", "answer")
    _answered_with(callee, invite, *UNREADABLE[what])
    callee.respond(invite, 486, "Busy Here", "answer")
    answer = caller.final(sip.parse(sip.compose(f"INVITE {uri} SIP/2.0", headers)).branch)
    assert answer.status == 486
    caller.send_ack(answer, uri, headers)
    within(5, lambda: not counted(pbx) and not pbx.product.live_calls(), "nothing is counted")


@pytest.mark.parametrize(
    "header",
    [b"Contact: M\xfcller ", b"Server: B\xfcro\r\nContact: ", b"Subject: \xaa\r\nContact: "],
    ids=["name", "server", "subject"],
)
def test_an_old_phone_that_writes_another_encoding_is_understood(phone: Any, header: bytes) -> None:
    """RFC 3261 asks for UTF-8; a phone that answers with an umlaut of its own got no call, and an alarm asked for a
    report.
    """
    caller, callee = phone(CALLER), phone(CALLEE)
    uri, headers = caller.begin_call(CALLEE)
    invite = callee.request("INVITE")
    _answered_with(callee, invite, b"Contact: ", header)
    dialog = caller.call_answered(uri, headers)
    callee.request("ACK")
    assert end_call(caller, callee, dialog).status == 200
    assert dialog_of_callee(invite, "answer")
