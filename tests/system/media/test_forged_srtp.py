"""Attack cases 72, 73 and 77: SRTP that is forged or sent again, and a certificate that nobody announced."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import srtp, tone
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.product import within
from ringfence.lab.sip import media_address
from ringfence.lab.softphone import Transport, establish
from ringfence.lab.webdoor import WebDoor
from ringfence.lab.webphone import WebPhone

pytestmark = pytest.mark.usefixtures("oracle")

PAGE = f"https://{PBX_ADDRESS}:10443"
TONE = 500
SECONDS = 2.0
PACE = 0.02
FINGERPRINT = re.compile(rb"(?i)(a=fingerprint:sha-256 )([0-9A-F]{2})")


def test_forged_srtp_reaches_nobody_from_the_right_source_or_another(
    phone: Any, srtp_phone: Any, require: Any, pbx: Any
) -> None:
    """Case 72, SDES on both sides: what does not carry the keys' proof is not encrypted anew for the other side."""
    require("672", "required")
    keys, theirs = srtp.new_keys(), srtp.new_keys()
    caller = srtp_phone("671", f"a=crypto:1 {keys.inline}\r\n")
    callee = srtp_phone("672", f"a=crypto:1 {theirs.inline}\r\n")
    bystander = phone("673")
    with caller.host.udp(40_000) as mouth, callee.host.udp(40_000) as ears, bystander.host.udp(40_000) as other:
        uri, headers = caller.begin_call("672")
        invite = callee.request("INVITE")
        callee.answer_call(invite)
        dialog = caller.call_answered(uri, headers)
        callee.request("ACK")
        target, relay_keys = media_address(dialog.body), srtp.keys_in(invite.body)
        spoken = srtp.encrypted(srtp.packets(7, [b"SPOKEN" * 20] * 20), keys)
        ears.setblocking(False)
        for number in range(40):
            forged = srtp.HEAD.pack(0x80, srtp.PCMA, number, 160 * number, 7) + os.urandom(136)
            mouth.sendto(forged, target)
            other.sendto(forged, target)
        time.sleep(0.3)
        assert _received(ears) == [], "nothing of it reaches the other side"
        for packet in spoken:
            mouth.sendto(packet, target)
        heard = within(5, lambda: [srtp.opened(one, relay_keys) for one in _received(ears)], "what is true arrives")[0]
        assert set(heard) == {b"SPOKEN" * 20}
    caller.send(caller.in_dialog(dialog, "BYE"))
    callee.respond(callee.request("BYE"), 200, "OK")


def test_srtp_that_is_sent_again_does_not_harm_what_is_heard(
    pbx: Any, stranger: Any, srtp_phone: Any, tmp_path: Path
) -> None:
    """Case 73: each packet comes again, three of the past with it; a plain phone hears the tone whole and once."""
    keys = srtp.new_keys()
    caller = srtp_phone("671", f"a=crypto:1 {keys.inline}\r\n")
    with (
        Baresip(stranger(), tmp_path, pbx.account("674"), frequency=700) as callee,
        caller.host.udp(40_000) as mouth,
    ):
        callee.wait_registered(15)
        uri, headers = caller.begin_call("674")
        dialog = caller.call_answered(uri, headers, 15)
        target = media_address(dialog.body)
        packets = srtp.encrypted(srtp.packets(9, _tone()), keys)
        begun = time.monotonic()
        for number, packet in enumerate(packets):
            mouth.sendto(packet, target)
            for past in (0, 1, 5, 20):
                mouth.sendto(packets[max(number - past, 0)], target)
            time.sleep(max(begun + (number + 1) * PACE - time.monotonic(), 0))
        time.sleep(0.3)
        caller.ask_in_dialog(dialog, "BYE", timeout=10)
        callee.wait_for("CALL_CLOSED", timeout=10)
    heard = tone.listen(callee.recording, TONE)
    assert heard.is_whole, heard
    assert SECONDS * 0.8 <= heard.seconds <= SECONDS + 0.1, heard


class Liar(Baresip):
    """Announces the fingerprint of another certificate than the one it shows."""

    def _web_door(self) -> WebDoor:
        return WebDoor(self.host, spoil=_another_fingerprint)


def _another_fingerprint(message: bytes) -> bytes:
    return FINGERPRINT.sub(lambda found: found[1] + (b"00" if found[2] != b"00" else b"11"), message)


@pytest.fixture
def liar_and_friend(pbx: Any, stranger: Any, tmp_path: Path) -> Iterator[tuple[Baresip, Baresip]]:
    with (
        Liar(stranger(), tmp_path / "liar", pbx.account("671"), Transport.WSS, 400, Keys.DTLS) as liar,
        Baresip(stranger(), tmp_path / "friend", pbx.account("675"), Transport.UDP, 700) as friend,
    ):
        liar.wait_registered(15)
        friend.wait_registered(15)
        yield liar, friend


def test_a_certificate_that_was_not_announced_gets_no_media_and_ends_the_call(
    liar_and_friend: tuple[Baresip, Baresip],
) -> None:
    """Case 77 (RFC 5763 section 5): neither side hears anything, and both are told the end."""
    liar, friend = liar_and_friend
    liar.dial("675")
    liar.wait_for("CALL_ESTABLISHED", timeout=15)
    for one in (friend, liar):
        one.wait_for("CALL_CLOSED", timeout=40)
    assert _heard(friend, 400) == _heard(liar, 700) == 0


def test_a_side_that_never_proves_its_keys_is_hung_up_on(pbx: Any, phone: Any, stranger: Any) -> None:
    """Case 77 for whoever does not hang up by itself: the other side is told by the system, the record says why."""
    caller = phone("673")
    with WebPhone(stranger(), (PBX_ADDRESS, 5065), pbx.account("676"), PAGE, "sip") as silent:
        assert silent.register().status == 200
        establish(caller, silent)
        caller.respond(caller.request("BYE", timeout=60), 200, "OK")
        assert silent.register(expires=0).status == 200
    record = within(10, lambda: _record(pbx), "the call record is in REST")[0]
    assert (record["reason"], record["ended_by"]) == ("Media keys not proved", "system")


def _heard(phone: Baresip, frequency: int) -> float:
    """Seconds; a phone to which nothing came may have recorded nothing at all."""
    found = list((phone.home / "heard").glob("dump-*-dec.wav"))
    return tone.listen(found[-1], frequency).seconds if found else 0.0


def _record(pbx: Any) -> dict[str, Any] | None:
    rows = pbx.product.call_records()
    return next((row for row in rows if (row["caller"][:4], row["dialled"]) == ("673@", "676")), None)


def _tone() -> list[bytes]:
    sound = bytes(tone.alaw(sample) for sample in tone.sine(TONE, SECONDS))
    return [sound[start : start + tone.BLOCK] for start in range(0, len(sound), tone.BLOCK)]


def _received(sock: Any) -> list[bytes]:
    """What came as RTP of the call; reports of the relay come to the port beside it."""
    found = []
    while True:
        try:
            found.append(sock.recv(2048))
        except BlockingIOError:
            return found
