"""Hold: the re-INVITE passes, and whoever is held hears music from the relay until the call goes on (RFC 3264, 8.4)."""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, Softphone, end_call, establish
from tests.system.hearing import ear

pytestmark = pytest.mark.usefixtures("oracle")


def offer(phone: Softphone, other: Softphone, dialog: Dialog, direction: str) -> bytes:
    """A re-INVITE that is accepted; what the other side was offered."""
    body = sip.sdp(phone.address, 40_000).replace(b"sendrecv", direction.encode())
    raw = phone.in_dialog(dialog, "INVITE", [("Content-Type", "application/sdp")], body)
    phone.send(raw)
    arrived = other.request("INVITE")
    answer = {"sendonly": b"recvonly", "inactive": b"inactive"}.get(direction, b"sendrecv")
    other.respond(arrived, 200, "OK", body=sip.sdp(other.address, 40_000).replace(b"sendrecv", answer))
    assert phone.final(sip.parse(raw).branch).status == 200
    phone.send(phone.in_dialog(dialog, "ACK"))
    other.request("ACK")
    return arrived.body


@pytest.mark.parametrize("holder", ["caller", "callee"])
def test_music_for_whoever_is_held_until_the_call_goes_on(phone: Any, holder: str) -> None:
    caller, callee = phone("361"), phone("362")
    ours, theirs = establish(caller, callee)
    one, other, dialog = (caller, callee, ours) if holder == "caller" else (callee, caller, theirs)
    with ear(other) as held, ear(one) as holding:
        assert b"sendonly" in offer(one, other, dialog, "sendonly")
        within(15, lambda: held.listen(0.5) >= 15, "music is heard")
        assert holding.listen(0.3) == 0, "whoever holds hears the music too"
        assert b"sendrecv" in offer(one, other, dialog, "sendrecv")
        within(15, lambda: held.listen(1.0) == 0, "the music ends")
    assert end_call(one, other, dialog).status == 200


def test_a_call_made_inactive_is_silent_and_goes_on(phone: Any) -> None:
    caller, callee = phone("361"), phone("362")
    ours, _ = establish(caller, callee)
    with ear(callee) as held:
        assert b"inactive" in offer(caller, callee, ours, "inactive")
        assert held.listen(0.5) == 0
        assert b"sendrecv" in offer(caller, callee, ours, "sendrecv")
    assert end_call(caller, callee, ours).status == 200
