"""What the SBC sends to a phone outside fits into one packet: some routers of homes drop fragments of a datagram, and
the phone does not ring (issue 6, item 4: "topology hiding"; RFC 3261 section 18.1.1).
"""

from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import Dialog, Softphone, Transport, dialog_of_caller, end_call
from tests.system.features.steps import branch_of

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]

HEADERS_AT_MOST: Final = 800
"""Bytes; 1,300 less an offer of a desk phone, with the codecs and parameters that it knows."""

WAYS: Final = {
    Transport.UDP: f"<sip:{PBX_ADDRESS}:5066;lr;ftag=",
    Transport.TCP: f"<sip:{PBX_ADDRESS}:5067;transport=tcp;lr;ftag=",
    Transport.TLS: f"<sip:{PBX_ADDRESS}:5065;transport=tls;lr;ftag=",
    Transport.WSS: f"<sip:{PBX_ADDRESS}:5065;transport=ws;lr;ftag=",
}
PROXIES: Final[Headers] = [
    ("v", "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKfirst, SIP/2.0/TCP 192.0.2.8;branch=z9hG4bKsecond"),
    ("v", "SIP/2.0/TLS 192.0.2.9:5061;branch=z9hG4bKthird"),
]
"""What an INVITE passed before it came to the core."""


def size(message: Message) -> int:
    """Of all but the body."""
    return len(sip.compose(message.start_line, [one for one in message.headers if one[0] != "content-length"]))


def asked_again(sender: Softphone, receiver: Softphone, dialog: Dialog) -> Message:
    """A re-INVITE of this side, answered and acknowledged; as it reached the other one."""
    raw = sender.in_dialog(dialog, "INVITE", [("Content-Type", "application/sdp")], sip.sdp(sender.address, 40_000))
    sender.send(raw)
    invite = receiver.request("INVITE")
    receiver.respond(invite, 200, "OK", body=sip.sdp(receiver.address, 40_000))
    assert sender.final(sip.parse(raw).branch).status == 200
    sender.send(sender.in_dialog(dialog, "ACK"))
    receiver.request("ACK")
    return invite


@pytest.mark.parametrize("transport", list(Transport), ids=str)
def test_a_phone_outside_is_called_in_one_packet(outside: Any, phone: Any, transport: Transport) -> None:
    """One Record-Route and the Via of the core; the caller gets back every Via and the way that it had."""
    remote, inside = outside("994", transport), phone("995")
    _, headers = begin_behind_proxies(inside, "994")
    invite = remote.request("INVITE")
    assert invite.all("record-route") == (f"{WAYS[transport]}{invite.tag('from')}>",)
    assert len(invite.all("via")) == 2
    assert size(invite) <= HEADERS_AT_MOST
    theirs = remote.answer_call(invite)
    answered = inside.final(branch_of(headers))
    assert [value.partition("branch=")[2][:8] for value in vias(answered)[1:]] == ["z9hG4bKf", "z9hG4bKs", "z9hG4bKt"]
    assert "5066" not in str(answered.all("record-route")) and "lr" in str(answered.all("record-route"))
    ours = dialog_of_caller(answered)
    inside.send(inside.in_dialog(ours, "ACK"))
    ack = remote.request("ACK")
    assert size(ack) <= HEADERS_AT_MOST and len(ack.all("via")) == 2
    again = asked_again(inside, remote, ours)
    assert not again.all("record-route") and size(again) <= HEADERS_AT_MOST
    asked_again(remote, inside, theirs)
    assert end_call(remote, inside, theirs).status == 200


@pytest.mark.parametrize("transport", list(Transport), ids=str)
def test_a_phone_outside_that_calls_is_answered_in_one_packet(outside: Any, phone: Any, transport: Transport) -> None:
    """The answer names the SBC alone, and what follows comes that way."""
    remote, inside = outside("994", transport), phone("995")
    _, headers = remote.begin_call("995")
    inside.answer_call(inside.request("INVITE"))
    answered = remote.final(branch_of(headers))
    assert answered.all("record-route") == (f"{WAYS[transport]}{answered.tag('from')}>",)
    assert size(answered) <= HEADERS_AT_MOST
    dialog = dialog_of_caller(answered)
    remote.send(remote.in_dialog(dialog, "ACK"))
    inside.request("ACK")
    asked_again(remote, inside, dialog)
    assert end_call(remote, inside, dialog).status == 200


@pytest.mark.parametrize(("transport", "port"), [(Transport.UDP, 5066), (Transport.TCP, 5067)], ids=str)
def test_a_phone_outside_is_shown_the_way_in_its_own_family(
    pbx: Any, stranger: Any, phone: Any, transport: Transport, port: int
) -> None:
    """Issue 6, item 4: over IPv6 the SBC is named by its address of that family, and calls end from both sides."""
    host, inside, server = stranger(), phone("995"), (pbx.product.host.address6, port)
    with Softphone(host, server, pbx.account("994"), transport, host.address6) as remote:
        assert remote.register().status == 200
        for caller, callee in ((inside, remote), (remote, inside)):
            _, headers = caller.begin_call(callee.account.user)
            invite = callee.request("INVITE")
            theirs = callee.answer_call(invite)
            answered = caller.final(branch_of(headers))
            (way,) = (invite if callee is remote else answered).all("record-route")
            assert way.startswith(f"<sip:[{server[0]}]:{port};")
            caller.send(caller.in_dialog(dialog_of_caller(answered), "ACK"))
            callee.request("ACK")
            assert end_call(callee, caller, theirs).status == 200


def begin_behind_proxies(caller: Softphone, user: str) -> tuple[str, Headers]:
    """As a call that passed two proxies on its way here, which wrote their Vias short and in one line."""
    return caller.begin_call(user, PROXIES)


def vias(message: Message) -> list[str]:
    return [one.strip() for name in ("via", "v") for value in message.all(name) for one in value.split(",")]
