"""A called phone cannot lead its caller past the system: what that sends next, the end of the call and new keys among
it, comes to us (attack cases 31 and 33, seen from the other side).
"""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.softphone import Softphone, dialog_of_caller, end_call
from tests.system.conftest import UDP
from tests.system.features.steps import branch_of

pytestmark = pytest.mark.usefixtures("oracle")
ELSEWHERE = "<sip:192.0.2.66:5999;lr>"


@pytest.mark.parametrize("lie", ["last", "first", "alone", "none", "in the same line"])
def test_the_caller_learns_no_way_but_ours(phone: Any, lie: str) -> None:
    caller, callee = phone("862"), phone("863")
    _, headers = caller.begin_call("863")
    invite = callee.request("INVITE")
    for status in (180, 200):
        answer(callee, invite, status, said(lie, list(invite.all("record-route"))))
    answered = caller.final(branch_of(headers))
    dialog = dialog_of_caller(answered)
    first, *others = dialog.routes
    assert sip.uri_in(first).partition(";")[0] in (f"sip:{UDP[0]}", f"sip:{UDP[0]}:{UDP[1]}")
    assert others == [] and "192.0.2.66" not in str(answered.headers)
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    assert end_call(caller, callee, dialog).status == 200


def said(lie: str, routes: list[str]) -> list[str]:
    """What a phone writes that should only copy what came (RFC 3261 section 12.1.1)."""
    return {
        "last": [*routes, ELSEWHERE],
        "first": [ELSEWHERE, *routes],
        "alone": [ELSEWHERE],
        "none": [],
        "in the same line": [", ".join([*routes, ELSEWHERE])],
    }[lie]


def answer(callee: Softphone, invite: sip.Message, status: int, routes: list[str]) -> None:
    copied = [(name.title(), value) for name, value in invite.headers if name in ("via", "from", "call-id", "cseq")]
    body = sip.sdp(callee.address, 40_000) if status == 200 else b""
    headers = [
        *copied,
        *(("Record-Route", one) for one in routes),
        ("To", f"{invite.header('to')};tag=x"),
        ("Contact", callee.contact),
        *([("Content-Type", "application/sdp")] if body else []),
    ]
    callee.send(sip.compose(f"SIP/2.0 {status} As It Is", headers, body))
