"""Sound that is agreed on before the answer or after it: such a call is recorded and watched like any other.

Reference: "Call Control and Fraud Prevention"; attack case 115 (a call that nobody ends); RFC 3262 section 5, RFC 3261
section 13.2.1.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, Softphone, dialog_of_caller, end_call
from tests.system.features.steps import branch_of
from tests.system.hearing import ear
from tests.system.media.test_late_offers import call_without_offer

pytestmark = pytest.mark.usefixtures("oracle")

CALLER, CALLEE = "847", "848"
OFFER = [("Content-Type", "application/sdp")]


@pytest.fixture(autouse=True)
def recorded(pbx: Any) -> Iterator[None]:
    path = f"tenants/{pbx.tenant['id']}/recording"
    pbx.rest.patch(path, directions=["internal"], announced=False)
    time.sleep(0.3)
    yield
    pbx.rest.patch(path, directions=[], announced=True)


def answered_early(caller: Softphone, callee: Softphone) -> tuple[Dialog, bytes, bytes]:
    """The callee says where it hears in a reliable 183, and nothing in its 200."""
    _, headers = caller.begin_call(CALLEE, [("Supported", "100rel")])
    invite = callee.request("INVITE")
    reliable = [("Require", "100rel"), ("RSeq", "1")]
    callee.respond(invite, 183, "Session Progress", "c", reliable, sip.sdp(callee.address, 40_000))
    progress = next(one for one in iter(caller.receive, None) if one.status == 183)
    dialog = dialog_of_caller(progress)
    raw = caller.in_dialog(dialog, "PRACK", [("RAck", f"1 {dict(headers)['CSeq']}")])
    caller.send(raw)
    callee.respond(callee.request("PRACK"), 200, "OK")
    assert caller.final(sip.parse(raw).branch).status == 200
    callee.respond(invite, 200, "OK", "c")
    assert not caller.final(branch_of(headers)).body
    caller.send(caller.in_dialog(replace(dialog, cseq=dialog.cseq - 1), "ACK"))
    callee.request("ACK")
    return dialog, progress.body, invite.body


def answered_silently(caller: Softphone, callee: Softphone) -> tuple[Dialog, bytes, bytes]:
    """Neither names any sound, until the caller does in a new INVITE."""
    headers = call_without_offer(caller, CALLEE)
    callee.respond(callee.request("INVITE"), 200, "OK", "c")
    dialog = dialog_of_caller(caller.final(branch_of(headers)))
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    raw = caller.in_dialog(dialog, "INVITE", OFFER, sip.sdp(caller.address, 40_000))
    caller.send(raw)
    invite = callee.request("INVITE")
    callee.respond(invite, 200, "OK", body=sip.sdp(callee.address, 40_000))
    answer = caller.final(sip.parse(raw).branch)
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    return dialog, answer.body, invite.body


@pytest.mark.parametrize("begins", [answered_early, answered_silently])
def test_a_call_whose_answer_names_no_sound_is_recorded(pbx: Any, phone: Any, begins: Any) -> None:
    caller, callee = phone(CALLER), phone(CALLEE)
    known = len(pbx.rest.get("recordings")["items"])
    dialog, at_caller, at_callee = begins(caller, callee)
    to_caller, to_callee = sip.media_address(at_caller), sip.media_address(at_callee)
    with ear(caller) as one, ear(callee) as other:
        within(5, lambda: one.speaks(to_caller) and other.speaks(to_callee) and one.listen(0.05), "the caller hears")
        within(5, lambda: one.speaks(to_caller) and other.listen(0.05), "the callee hears")
        time.sleep(0.5)
    assert end_call(caller, callee, dialog).status == 200
    within(15, lambda: len(pbx.rest.get("recordings")["items"]) > known, "the recording is in the portal")
    row = within(10, lambda: next((one for one in pbx.product.call_records() if CALLER in one["caller"]), None), "it")[
        0
    ]
    assert (row["codec"], row["recorded"]) == ("PCMA", True)
