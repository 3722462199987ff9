"""SIGKILL while somebody outside is handed on: the call ends cleanly or goes on, nothing stays counted (case 117)."""

import os
import signal
import time
from typing import Any

import pytest

from ringfence.lab.product import within
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import (
    COLLEAGUE,
    DESK,
    NUMBER,
    handed,
    hang_up,
    hang_up_with,
    is_hung_up,
    nothing_counted,
    refer,
    told,
)

pytestmark = [pytest.mark.restarts, pytest.mark.usefixtures("oracle")]


def kill(pbx: Any, name: str) -> None:
    old = pbx.product.process_ids()[name]
    os.kill(old, signal.SIGKILL)
    within(30, lambda: pbx.product.process_ids().get(name, 0) not in (0, old), f"{name} is started again")
    within(30, lambda: pbx.product.is_ready(name), f"{name} is back")


def test_the_core_comes_back_with_both_calls(pbx: Any, carrier: Carrier, phone: Any) -> None:
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    with_party, theirs = handed(carrier, desk, colleague)
    time.sleep(0.5)
    for name in ("guard", "core"):
        kill(pbx, name)
    hang_up_with(colleague, theirs, carrier, with_party)
    nothing_counted(pbx)


def test_a_parked_party_is_fetched_after_the_core_was_killed(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """Its place comes back with its call: it is taken once, and the two talk."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, "*70").status == 202
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    time.sleep(0.5)
    kill(pbx, "core")
    dialled = colleague.begin_call(f"*71{DESK}")
    carrier.take_renewal()
    theirs = colleague.call_answered(*dialled, 10)
    hang_up_with(colleague, theirs, carrier, call.carrier)
    nothing_counted(pbx)


def test_without_the_voice_process_both_are_hung_up(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """Its successor says what it would have said: nobody is left alone with a line."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    with_party, theirs = handed(carrier, desk, colleague)
    kill(pbx, "voice")
    is_hung_up(carrier, with_party)
    is_hung_up(colleague, theirs)
    nothing_counted(pbx)


@pytest.mark.parametrize("has_left", [False, True])
def test_a_handover_that_still_rings_fails_with_the_voice_process(
    pbx: Any, carrier: Carrier, phone: Any, has_left: bool
) -> None:
    """The desk has its call back; if it hung up, the party is hung up too."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, COLLEAGUE).status == 202
    invite = colleague.request("INVITE", 10)
    colleague.respond(invite, 180, "Ringing", "r")
    assert [told(desk) for _ in range(2)][-1] == ["SIP/2.0 180 Ringing"]
    if has_left:
        hang_up(desk, call.phone)
    kill(pbx, "voice")
    colleague.respond(colleague.request("CANCEL", 10), 200, "OK", "r")
    colleague.respond(invite, 487, "Request Terminated", "r")
    colleague.request("ACK", 10)
    if has_left:
        is_hung_up(carrier, call.carrier)
    else:
        assert told(desk, last=True)[-1] == "SIP/2.0 503 Service Unavailable"
        hang_up_with(desk, call.phone, carrier, call.carrier)
    nothing_counted(pbx)
