"""Who is handed on is spoken to by the same origin as before (RFC 3264 section 8).

Reference: "SIP Trunk Authentication". Some providers refuse a description of another origin, or take one whose version
did not rise for the one that they have, and change nothing.
"""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.sip import Message
from ringfence.lab.softphone import Dialog, Softphone, dialog_of_callee, dialog_of_caller
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import COLLEAGUE, DESK, NUMBER, hang_up_with, is_hung_up, nothing_counted, refer, told

pytestmark = pytest.mark.usefixtures("oracle")


DESKS, COLLEAGUES = "o=desk 4711 9 IN IP4", "o=colleague 815 3 IN IP4"


def test_the_new_description_of_who_is_handed_on_has_the_old_origin_and_a_version_that_follows(
    pbx: Any, carrier: Carrier, phone: Any
) -> None:
    """It had that of the voice process, with version 2, and answers had version 3 each time."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    ours, (in_desk, _) = _call_in(carrier, desk)
    assert refer(desk, in_desk, COLLEAGUE).status == 202
    theirs, offer = _answered(colleague, colleague.request("INVITE", 10), COLLEAGUES)
    colleague.request("ACK", 10)
    _follows(carrier.take_renewal().body, ours.body)
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, in_desk)
    for version, direction in ((4, b"sendonly"), (5, b"sendrecv")):
        body = _described(colleague, COLLEAGUES).replace(b"815 3", b"815 %d" % version)
        content = [("Content-Type", "application/sdp")]
        answer = colleague.ask_in_dialog(theirs, "INVITE", content, body.replace(b"sendrecv", direction), timeout=10)
        assert answer.status == 200
        colleague.send(colleague.in_dialog(theirs, "ACK"))
        _follows(answer.body, offer)
        offer = answer.body
    hang_up_with(carrier, ours, colleague, theirs)
    nothing_counted(pbx)


def _call_in(carrier: Carrier, desk: Softphone) -> tuple[Dialog, tuple[Dialog, bytes]]:
    uri = f"sip:{NUMBER}@{PBX_ADDRESS}"
    content, body = carrier.offer()
    raw = sip.compose(f"INVITE {uri} SIP/2.0", [*carrier.headers("INVITE", uri), *content], body)
    carrier.send(raw)
    theirs = _answered(desk, desk.request("INVITE", 10), DESKS)
    ours = dialog_of_caller(carrier.final(sip.parse(raw).branch, 10))
    carrier.send(carrier.in_dialog(ours, "ACK"))
    desk.request("ACK")
    return ours, theirs


def _answered(phone: Softphone, invite: Message, origin: str) -> tuple[Dialog, bytes]:
    """The dialog, and what the phone was offered."""
    tag = sip.new_token()
    phone.respond(invite, 200, "OK", tag, body=_described(phone, origin))
    return dialog_of_callee(invite, tag), invite.body


def _described(phone: Softphone, origin: str) -> bytes:
    return phone.offer()[1].replace(b"o=- 1 1 IN IP4", origin.encode())


def _follows(later: bytes, before: bytes) -> None:
    """Whether the later description of a session may come after this one."""
    (name, session, version, *place), now = _origin(before), _origin(later)
    assert (now[:2], now[3:]) == ([name, session], place)
    assert int(now[2]) - int(version) == (later.replace(f" {now[2]} IN".encode(), f" {version} IN".encode()) != before)


def _origin(body: bytes) -> list[str]:
    (line,) = [one for one in body.decode().splitlines() if one.startswith("o=")]
    return line[2:].split(" ")
