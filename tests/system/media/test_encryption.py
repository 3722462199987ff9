"""Reference "SRTP and DTLS-SRTP for Audio and Video"; attack cases 71, 75, 80: what is required is never plain."""

import time
from base64 import b64encode
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, dialog_of_caller, end_call
from tests.system.features.test_core_hangs_up import quick
from tests.system.trunks.counting import counted
from tests.system.two_phones_call.test_at_once import heard

pytestmark = pytest.mark.usefixtures("oracle")

KEY_128 = "inline:" + b64encode(bytes(range(30))).decode()
KEY_256 = "inline:" + b64encode(bytes(range(46))).decode()
AES_128 = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY_128}\r\n"
AES_256 = f"a=crypto:2 AES_256_CM_HMAC_SHA1_80 {KEY_256}\r\n"
NOTHING = f"a=crypto:1 NULL_HMAC_SHA1_80 {KEY_128}\r\n"

PACKET = 0.02
"""Seconds of sound in one packet."""


def refused(caller: Softphone, number: str) -> sip.Message:
    uri, headers = caller.begin_call(number)
    answer = caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch)
    caller.send_ack(answer, uri, headers)
    return answer


def record(pbx: Any, caller: str, dialled: str) -> dict[str, Any]:
    def newest() -> dict[str, Any] | None:
        rows = [row for row in pbx.product.call_records() if row["caller"].startswith(f"{caller}@")]
        return next((row for row in rows if row["dialled"] == dialled), None)

    found: dict[str, Any] = within(10, newest, "the call record is in REST")[0]
    return found


def test_an_offer_without_srtp_is_refused_where_it_is_required(pbx: Any, phone: Any, require: Any) -> None:
    """488, the phone is told why, and the record names the rule."""
    require("151", "required")
    caller, callee = phone("151"), phone("152")
    answer = refused(caller, "152")
    assert answer.status == 488
    assert "SRTP" in answer.header("warning")
    assert not callee.requests_within(0.5)
    assert record(pbx, "151", "152")["rule"] == "media.required"


def test_a_phone_that_requires_srtp_gets_no_other_offer_and_may_not_answer_plainly(
    pbx: Any, phone: Any, require: Any
) -> None:
    """The called phone sees RTP/SAVP with AES-256 first and nothing weak; its plain answer ends the call."""
    require("154", "required")
    caller, callee = phone("153"), phone("154")
    uri, headers = caller.begin_call("154")
    invite = callee.request("INVITE")
    offer = invite.body.decode()
    assert "RTP/SAVP" in offer
    suites = [line.split()[1] for line in offer.splitlines() if line.startswith("a=crypto:")]
    assert suites[0] == "AEAD_AES_256_GCM"
    assert not [one for one in suites if "NULL" in one or one.endswith("_32") or "F8" in one]
    callee.respond(invite, 200, "OK", "t", body=sip.sdp(callee.address, 40_000))
    caller.call_answered(uri, headers)
    with quick(caller) as one, quick(callee) as other:  # as phones on a fast network do
        within(8, lambda: ("BYE" in one, "BYE" in other) == (True, True), "each is told")
    assert record(pbx, "153", "154")["rule"] == "media.answer"
    within(8, lambda: not counted(pbx), "nothing is counted")


def test_no_cipher_at_all_is_refused(pbx: Any, phone: Any, srtp_phone: Any) -> None:
    caller = srtp_phone("155", NOTHING)
    phone("156")
    answer = refused(caller, "156")
    assert answer.status == 488
    assert record(pbx, "155", "156")["rule"] == "media.suite"


@pytest.mark.parametrize(
    ("lines", "profile"),
    [
        (AES_128, "UDP/TLS/RTP/SAVP"),
        (f"a=fingerprint:md5 {':'.join(['AB'] * 16)}\r\n", "UDP/TLS/RTP/SAVP"),
        (AES_128.replace(KEY_128, "inline:QUFB"), "RTP/SAVP"),
    ],
    ids=["keys beside DTLS", "no fingerprint that counts", "a key that is none"],
)
def test_what_only_looks_encrypted_is_refused(
    pbx: Any, phone: Any, srtp_phone: Any, require: Any, lines: str, profile: str
) -> None:
    """Attack case 75. The relay answered the first with the keys in the offer, and the last without any."""
    require("872", "required")
    caller, callee = srtp_phone("872", lines, profile), phone("873")
    answer = refused(caller, "873")
    assert answer.status == 488
    assert not callee.requests_within(0.3)


def test_a_new_offer_before_the_answer_stays_encrypted_where_it_is_required(
    phone: Any, srtp_phone: Any, require: Any
) -> None:
    """Attack case 75. A reliable 183 (RFC 3262), then an UPDATE (RFC 3311) from a phone that speaks plain RTP."""
    require("874", "required")
    caller, callee = phone("875"), srtp_phone("874", AES_256)
    _, headers = caller.begin_call("874", [("Supported", "100rel")])
    invite = callee.request("INVITE")
    reliable = [("Require", "100rel"), ("RSeq", "7")]
    callee.respond(invite, 183, "Session Progress", "t", reliable, callee.sdp())
    early = heard(caller, 183)
    dialog = dialog_of_caller(early)
    for method, extra, body in (
        ("PRACK", [("RAck", f"7 {dict(headers)['CSeq']}")], b""),
        ("UPDATE", [("Content-Type", "application/sdp")], sip.sdp(caller.address, 40_020)),
    ):
        raw = caller.in_dialog(dialog, method, extra, body)
        caller.send(raw)
        asked = callee.request(method)
        callee.respond(asked, 200, "OK", body=body and callee.sdp())
        answer = caller.final(sip.parse(raw).branch)
        assert answer.status == 200
    assert b"RTP/SAVP" in asked.body
    assert [len(key) for _, key in _keys(asked.body)]
    assert b"RTP/AVP" in answer.body
    assert b"a=crypto" not in answer.body
    callee.respond(invite, 200, "OK", "t")
    caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch)
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    assert end_call(caller, callee, dialog).status == 200


def test_no_cipher_is_never_chosen_although_it_is_offered_first(phone: Any, srtp_phone: Any, require: Any) -> None:
    """Attack case 75: SRTP that does not encrypt is plain, and a name of a suite is no pattern."""
    require("870", "required")
    odd = f"a=crypto:3 (x*)*( {KEY_128}\r\n"
    caller, callee = srtp_phone("870", NOTHING + odd + AES_128.replace("crypto:1", "crypto:2")), phone("871")
    uri, headers = caller.begin_call("871")
    callee.answer_call(callee.request("INVITE"))
    dialog = caller.call_answered(uri, headers)
    callee.request("ACK")
    assert [suite for suite, _ in _keys(dialog.body)] == ["AES_CM_128_HMAC_SHA1_80"]
    assert end_call(caller, callee, dialog).status == 200


def test_aes_256_is_chosen_where_a_phone_offers_it_and_short_keys_are_refused_where_only_it_is_allowed(
    pbx: Any, phone: Any, srtp_phone: Any, require: Any
) -> None:
    """The record says for each side what was really agreed on; the other side stays plain."""
    caller, callee = srtp_phone("157", AES_128 + AES_256), phone("158")
    uri, headers = caller.begin_call("158")
    invite = callee.request("INVITE")
    assert b"RTP/AVP" in invite.body
    assert b"a=crypto" not in invite.body, "a plain phone over UDP is told no keys"
    assert not invite.header("proxy-authorization"), "the lesser keys were taken out, and the digest too"
    callee.answer_call(invite)
    dialog = caller.call_answered(uri, headers)
    answer = dialog.body.decode()
    assert "AES_256_CM_HMAC_SHA1_80" in answer
    assert "AES_CM_128" not in answer
    callee.request("ACK")
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    callee.respond(callee.request("BYE"), 200, "OK")
    found = record(pbx, "157", "158")
    assert (found["caller_rtp"], found["called_rtp"]) == ("SRTP AES_256_CM_HMAC_SHA1_80", "RTP")
    pbx.rest.patch(f"tenants/{pbx.tenant['id']}/media", aes_256_only=True)
    time.sleep(0.3)
    caller.lines = AES_128
    assert refused(caller, "158").status == 488


def test_a_new_offer_within_a_call_keeps_the_suite_and_the_key_in_use(phone: Any, srtp_phone: Any) -> None:
    """Phones that are offered better keys again say yes to them and go on with the old ones: nobody is heard."""
    caller, callee = srtp_phone("157", AES_128), phone("158")
    uri, headers = caller.begin_call("158")
    theirs = callee.answer_call(callee.request("INVITE"))
    dialog = caller.call_answered(uri, headers)
    callee.request("ACK")
    sdp = ("Content-Type", "application/sdp")
    raw = callee.in_dialog(theirs, "INVITE", [sdp], sip.sdp(callee.address, 40_002))
    callee.send(raw)
    offered = caller.request("INVITE")
    assert _keys(offered.body) == _keys(dialog.body)
    assert len(_keys(dialog.body)) == 1
    caller.respond(offered, 200, "OK", body=caller.sdp())
    assert callee.final(sip.parse(raw).branch).status == 200
    callee.send(callee.in_dialog(theirs, "ACK"))
    caller.request("ACK")
    assert end_call(caller, callee, dialog).status == 200


def test_a_body_that_hides_a_session_description_is_refused(phone: Any) -> None:
    """What the relay does not see does not pass (attack case 80)."""
    caller, callee = phone("159"), phone("160")
    uri = f"sip:160@{caller.account.domain}"
    mixed = b"--b\r\nContent-Type: application/sdp\r\n\r\n" + sip.sdp(caller.address, 40_000) + b"\r\n--b--\r\n"
    headers = [*caller.headers("INVITE", uri), ("Content-Type", "multipart/mixed;boundary=b")]
    answer = caller.authenticated("INVITE", uri, headers, mixed)
    assert (answer.status, answer.header("accept")) == (415, "application/sdp")
    assert not callee.requests_within(0.5)


def test_forged_rtp_from_strangers_does_not_arrive(pbx: Any, phone: Any, stranger: Any) -> None:
    """A source that signalling never named sprays the range of the relay: not one packet reaches a party (case 71)."""
    caller, callee = phone("161"), phone("162")
    with caller.host.udp(40_000) as ears, callee.host.udp(40_000) as other:
        uri, headers = caller.begin_call("162")
        invite = callee.request("INVITE")
        callee.answer_call(invite)
        dialog = caller.call_answered(uri, headers)
        callee.request("ACK")
        ports = [_port(dialog.body), _port(invite.body)]
        within(10, lambda: _watched(pbx), "strangers are kept out of the media ports")
        for sock in (ears, other):
            sock.setblocking(False)
        with stranger().udp() as spray:
            for number in range(200):
                forged = b"\x80\x08" + number.to_bytes(2) + bytes(8) + b"FORGED" * 26
                for port in ports:
                    spray.sendto(forged, (PBX_ADDRESS, port))
        time.sleep(0.5)
        assert not [data for sock in (ears, other) for data in _all(sock) if b"FORGED" in data]
        talk = b"\x80\x08" + (1).to_bytes(2) + bytes(8) + b"SPOKEN" * 26
        ears.sendto(talk, (PBX_ADDRESS, ports[0]))
        assert within(5, lambda: any(b"SPOKEN" in data for data in _all(other)), "the call's own audio passes")
    caller.send(caller.in_dialog(dialog, "BYE"))
    callee.respond(callee.request("BYE"), 200, "OK")


def test_the_first_words_of_callers_who_are_not_registered_arrive(pbx: Any, phone: Any, stranger: Any) -> None:
    """Who is kept out of the media ports until signalling names him is named before he speaks (case 71).

    The list as a whole is looked at each second: had they to wait for that, most of five callers would be heard later.
    """
    callee = phone("178")
    within(10, lambda: _watched(pbx), "strangers are kept out of the media ports")
    with callee.host.udp(40_000) as ears:
        ears.setblocking(False)
        lost = [_packets_until_heard(stranger(), pbx.account("179"), callee, ears) for _ in range(5)]
    assert sorted(lost)[2] * PACKET <= 0.25, lost


def _packets_until_heard(host: Any, account: Any, callee: Softphone, ears: Any) -> int:
    with Softphone(host, (PBX_ADDRESS, 5060), account) as caller, host.udp(40_000) as mouth:
        uri, headers = caller.begin_call(callee.account.user)
        callee.answer_call(callee.request("INVITE"))
        dialog = caller.call_answered(uri, headers)
        sent = 0
        while not any(b"HELLO" in data for data in _all(ears)) and sent < 200:
            sent += 1
            talk = b"\x80\x08" + sent.to_bytes(2) + bytes(8) + b"HELLO " * 26
            mouth.sendto(talk, (PBX_ADDRESS, _port(dialog.body)))
            time.sleep(PACKET)
        callee.request("ACK")
        caller.send(caller.in_dialog(dialog, "BYE"))
        callee.respond(callee.request("BYE"), 200, "OK")
        caller.receive(1)
        _all(ears)
    return sent


def _keys(body: bytes) -> list[list[str]]:
    """Suite and key of each line that offers one (RFC 4568 section 9)."""
    return [line.split()[1:] for line in body.decode().splitlines() if line.startswith("a=crypto:")]


def _port(body: bytes) -> int:
    return int(body.decode().partition("m=audio ")[2].split()[0])


def _all(sock: Any) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(sock.recv(2048))
        except BlockingIOError:
            return found


def _watched(pbx: Any) -> bool:
    return "expires" in pbx.product.nft("list", "set", "inet", "ringfence", "watched")
