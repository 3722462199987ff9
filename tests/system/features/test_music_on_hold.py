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


def refused(phone: Softphone, other: Softphone, dialog: Dialog, direction: bytes, code: int) -> None:
    """A re-INVITE that the other phone does not accept."""
    body = sip.sdp(phone.address, 40_000).replace(b"sendrecv", direction)
    uri, raw = dialog.target, phone.in_dialog(dialog, "INVITE", [("Content-Type", "application/sdp")], body)
    phone.send(raw)
    other.respond(other.request("INVITE"), code, "Not now")
    answer = phone.final(sip.parse(raw).branch)
    assert answer.status == code
    kept = {"via": "Via", "max-forwards": "Max-Forwards", "from": "From", "call-id": "Call-ID", "route": "Route"}
    headers = [(kept[name], value) for name, value in sip.parse(raw).headers if name in kept]
    phone.send_ack(answer, uri, [*headers, ("CSeq", f"{dialog.cseq} INVITE")])
    other.request("ACK")


@pytest.mark.parametrize("code", [488, 491])
def test_a_hold_that_is_refused_plays_no_music(phone: Any, code: int) -> None:
    """RFC 3261 section 14.1: after a refused re-INVITE the call is what it was; 491 when both sides ask at once."""
    caller, callee = phone("361"), phone("362")
    ours, _ = establish(caller, callee)
    with ear(callee) as held:
        refused(caller, callee, ours, b"sendonly", code)
        assert held.listen(2.0) == 0
    assert end_call(caller, callee, ours).status == 200


def test_a_call_goes_on_by_update_too(phone: Any) -> None:
    """RFC 3311: some phones hold and go on by UPDATE; the music was played into the talk."""
    caller, callee = phone("361"), phone("362")
    ours, _ = establish(caller, callee)
    with ear(callee) as held:
        offer(caller, callee, ours, "sendonly")
        within(15, lambda: held.listen(0.5) >= 15, "music is heard")
        body = [("Content-Type", "application/sdp")]
        raw = caller.in_dialog(ours, "UPDATE", body, sip.sdp(caller.address, 40_000))
        caller.send(raw)
        callee.respond(callee.request("UPDATE"), 200, "OK", body=sip.sdp(callee.address, 40_000))
        assert caller.final(sip.parse(raw).branch).status == 200
        within(15, lambda: held.listen(1.0) == 0, "the music ends")
    assert end_call(caller, callee, ours).status == 200


def test_who_is_held_hears_music_on_after_a_refresh_of_his_own(phone: Any) -> None:
    """RFC 4028: whoever is held refreshes the call; the other side answers that it holds it still (RFC 3264, 8.4)."""
    caller, callee = phone("361"), phone("362")
    ours, theirs = establish(caller, callee)
    with ear(callee) as held:
        offer(caller, callee, ours, "sendonly")
        within(15, lambda: held.listen(0.5) >= 15, "music is heard")
        body = sip.sdp(callee.address, 40_000)
        raw = callee.in_dialog(theirs, "INVITE", [("Content-Type", "application/sdp")], body)
        callee.send(raw)
        answer = sip.sdp(caller.address, 40_000).replace(b"sendrecv", b"sendonly")
        caller.respond(caller.request("INVITE"), 200, "OK", body=answer)
        assert callee.final(sip.parse(raw).branch).status == 200
        callee.send(callee.in_dialog(theirs, "ACK"))
        caller.request("ACK")
        assert held.listen(1.0) > 0
        within(5, lambda: held.listen(1.0) >= 25, "and it goes on")
    assert end_call(caller, callee, ours).status == 200
