"""A provider whose sound is at another host than its signalling, as those with media gateways have it (RFC 8866 section
5.7), and descriptions that name what is none of theirs (attack case 78).
"""

import time
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.softphone import Dialog, Softphone, dialog_of_callee, dialog_of_caller
from tests.system.trunks import test_joined
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import DESK, hang_up_with
from tests.system.trunks.handing import NUMBER as OURS

over_carrier = test_joined.over_carrier
pytestmark = [pytest.mark.usefixtures("oracle")]

NUMBER: Final = "+498912345678"
PORT: Final = 40_000


@pytest.fixture
def desk(phone: Any, over_carrier: None) -> Softphone:
    made: Softphone = phone(DESK)
    return made


@pytest.fixture(scope="module")
def gateway(lab: Any) -> Host:
    found: Host = lab.host("mediagw", 55)
    return found


def calls_out(desk: Softphone, carrier: Carrier, body: bytes) -> tuple[Dialog, Dialog]:
    """A call whose answer says this; the dialogs of the desk and of the carrier."""
    begun = desk.begin_call(NUMBER)
    invite = carrier.request("INVITE", 10)
    carrier.respond(invite, 200, "OK", "gw", body=body)
    ours = desk.call_answered(*begun, 10)
    carrier.request("ACK")
    return ours, dialog_of_callee(invite, "gw")


def calls_in(desk: Softphone, carrier: Carrier, body: bytes) -> tuple[Dialog, Dialog]:
    """A call whose offer says this; the dialogs of the desk and of the carrier."""
    uri = f"sip:{OURS}@{PBX_ADDRESS}"
    headers = [*carrier.headers("INVITE", uri), ("Content-Type", "application/sdp")]
    raw = sip.compose(f"INVITE {uri} SIP/2.0", headers, body)
    carrier.send(raw)
    ours = desk.answer_call(desk.request("INVITE", 10))
    theirs = dialog_of_caller(carrier.final(sip.parse(raw).branch, 10))
    carrier.send(carrier.in_dialog(theirs, "ACK"))
    desk.request("ACK")
    return ours, theirs


CALLS: Final = {"out": calls_out, "in": calls_in}


def speak(mouth: Any, port: int, word: bytes, packets: int = 25) -> None:
    """Half a second of sound to the relay."""
    for number in range(packets):
        mouth.sendto(
            b"\x80\x08" + number.to_bytes(2) + (160 * number).to_bytes(4) + bytes(4) + word * 26, (PBX_ADDRESS, port)
        )
        time.sleep(0.02)


def arrived(ears: Any) -> list[bytes]:
    ears.setblocking(False)
    found = []
    while True:
        try:
            found.append(ears.recv(2048))
        except BlockingIOError:
            return found


@pytest.mark.parametrize("direction", CALLS)
def test_sound_goes_to_the_gateway_that_the_provider_names_before_it_has_sent_any(
    carrier: Carrier, desk: Softphone, gateway: Host, direction: str
) -> None:
    """A gateway that waits for the first packet, as those do that look for a phone behind NAT, would wait for ever."""
    ours, theirs = CALLS[direction](desk, carrier, sip.sdp(gateway.address, PORT))
    ports = [sip.media_address(dialog.body)[1] for dialog in (ours, theirs)]
    with desk.host.udp(PORT) as phone, gateway.udp(PORT) as away, carrier.host.udp(PORT) as near:
        speak(phone, ports[0], b"INSIDE")
        assert sum(b"INSIDE" in packet for packet in arrived(away)) >= 20
        assert not arrived(near), "nothing of it is for the host that the signalling comes from"
        speak(away, ports[1], b"OUTSID")
        assert sum(b"OUTSID" in packet for packet in arrived(phone)) >= 20
    hang_up_with(carrier, theirs, desk, ours)


def session(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (b"v=0", b"o=- 1 1 IN IP4 9.9.9.1", b"s=-", *lines))


TOO_MANY_WORDS: Final = session(b"c=IN IP4 127.0.0.1 more", b"t=0 0", f"m=audio {PORT} RTP/AVP 8".encode())


def test_a_call_whose_place_cannot_be_read_does_not_come_in(carrier: Carrier, desk: Softphone) -> None:
    """Case 78: the relay would read another place in it than whoever looks for 127.0.0.1."""
    uri = f"sip:{OURS}@{PBX_ADDRESS}"
    headers = [*carrier.headers("INVITE", uri), ("Content-Type", "application/sdp")]
    assert carrier.ask("INVITE", uri, headers, TOO_MANY_WORDS).status == 488
    assert not desk.requests_within(0.2)


def test_a_call_whose_answer_names_no_place_that_can_be_read_ends(carrier: Carrier, desk: Softphone) -> None:
    """Case 78. Nothing of that answer reaches the caller, and both sides are hung up."""
    begun = desk.begin_call(NUMBER)
    invite = carrier.request("INVITE", 10)
    carrier.respond(invite, 200, "OK", "gw", body=TOO_MANY_WORDS)
    assert not desk.call_answered(*begun, 10).body
    for party in (desk, carrier):
        party.respond(party.request("BYE", 10), 200, "OK")


@pytest.mark.parametrize("direction", CALLS)
def test_a_provider_leads_no_sound_into_this_machine(
    pbx: Any, carrier: Carrier, desk: Softphone, direction: str
) -> None:
    """Case 78: 127.0.0.1 in a description, which is where the relay takes its commands. Sound goes to the provider."""
    ours, theirs = CALLS[direction](desk, carrier, sip.sdp("127.0.0.1", PORT))
    port = sip.media_address(ours.body)[1]
    with (
        desk.host.udp(PORT) as phone,
        pbx.product.host.udp(PORT, "127.0.0.1") as inside,
        carrier.host.udp(PORT) as near,
    ):
        speak(phone, port, b"INSIDE")
        assert not arrived(inside)
        assert sum(b"INSIDE" in packet for packet in arrived(near)) >= 20
    hang_up_with(carrier, theirs, desk, ours)


@pytest.mark.parametrize("direction", CALLS)
def test_a_provider_leads_no_reports_into_this_machine(
    pbx: Any, carrier: Carrier, desk: Softphone, direction: str
) -> None:
    """Case 78, for the place that reports are asked for at (RFC 3605)."""
    reports = f"a=rtcp:{PORT + 5} IN IP4 127.0.0.1\r\n".encode()
    ours, theirs = CALLS[direction](desk, carrier, sip.sdp(carrier.host.address, PORT) + reports)
    port = sip.media_address(ours.body)[1]
    report = b"\x80\xc9\x00\x01" + b"LEAD"
    with (
        desk.host.udp(PORT) as phone,
        desk.host.udp(PORT + 1) as phones_reports,
        pbx.product.host.udp(PORT + 5, "127.0.0.1") as inside,
    ):
        speak(phone, port, b"INSIDE")
        for _ in range(5):
            phones_reports.sendto(report, (PBX_ADDRESS, port + 1))
            time.sleep(0.02)
        time.sleep(0.2)
        assert not arrived(inside)
    hang_up_with(carrier, theirs, desk, ours)


def test_a_phone_leads_no_sound_to_others(desk: Softphone, phone: Any, stranger: Any) -> None:
    """Case 78: whatever a phone names, sound is for the host that it speaks from."""
    victim, other = stranger(), phone("958")
    begun = desk.begin_call("958")
    invite = other.request("INVITE", 10)
    other.respond(invite, 200, "OK", "lies", body=sip.sdp(victim.address, PORT))
    ours = desk.call_answered(*begun, 10)
    other.request("ACK")
    with desk.host.udp(PORT) as mouth, victim.udp(PORT) as away, other.host.udp(PORT) as near:
        speak(mouth, sip.media_address(ours.body)[1], b"INSIDE")
        assert not arrived(away)
        assert sum(b"INSIDE" in packet for packet in arrived(near)) >= 20
    hang_up_with(other, dialog_of_callee(invite, "lies"), desk, ours)
