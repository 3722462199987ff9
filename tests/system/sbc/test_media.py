"""Audio through both relays, behind an address translator too, and no call without the relay (issue 6)."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.hosts import ports
from ringfence.lab import sip, srtp, tone
from ringfence.lab.hanging import hang, hanging
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.softphone import NoAnswer, Softphone, Transport, dialog_of_caller, end_call, establish
from tests.system.features.steps import branch_of
from tests.system.hearing import ear

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]
BEHIND = "192.168.178.20"
ANEW_WITHIN = 15
"""Seconds until a relay that hangs is another one."""


class Outside(Baresip):
    """A baresip that knows the SBC alone."""

    def _write_files(self, *args: Any, **named: Any) -> None:
        super()._write_files(*args, **named)
        accounts = self.home / "accounts"
        accounts.write_text(accounts.read_text().replace(f"{PBX_ADDRESS}:5060", f"{PBX_ADDRESS}:5066"))


def test_a_phone_outside_and_one_inside_hear_each_other(pbx: Any, stranger: Any, tmp_path: Path) -> None:
    """Reference: RTP 25000-34999 on SBC, 45000-64999 on PBX; audio measured at both ends."""
    with (
        Outside(stranger(), tmp_path / "a", pbx.account("621"), Transport.UDP, 400) as remote,
        Baresip(stranger(), tmp_path / "b", pbx.account("622"), Transport.UDP, 700) as inside,
    ):
        remote.wait_registered(15)
        inside.wait_registered(15)
        remote.dial("622")
        remote.wait_for("CALL_ESTABLISHED", timeout=15)
        time.sleep(3)
        remote.hang_up()
        inside.wait_for("CALL_CLOSED", timeout=15)
    for phone, frequency in ((remote, 700), (inside, 400)):
        heard = tone.listen(phone.recording, frequency)
        assert heard.seconds >= 2.0, heard
    assert 25_000 <= int(remote.media_peer.rpartition(":")[2]) <= 34_999
    assert 45_000 <= int(inside.media_peer.rpartition(":")[2]) <= 64_999


def test_a_phone_behind_a_translator_is_reached_where_it_really_is(outside: Any, phone: Any) -> None:
    """Its Contact names an address that nobody outside can reach; it is kept open with OPTIONS (RFC 5626 section 3)."""
    remote, inside = outside("621", registered=False), phone("622")
    assert remote.register(contact=f"<sip:621@{BEHIND}:5060>").status == 200
    dialog, _ = establish(inside, remote)
    assert end_call(inside, remote, dialog).status == 200
    kept = remote.request("OPTIONS", 40)
    remote.respond(kept, 200, "OK")
    assert remote.register(expires=0, contact=f"<sip:621@{BEHIND}:5060>").status == 200


@pytest.mark.parametrize("calls", ["outside", "inside"])
def test_without_its_relay_no_call_passes_the_sbc(outside: Any, phone: Any, pbx: Any, calls: str) -> None:
    """Raw SDP never travels: 503 while the SBC's relay hangs, whichever side calls; with it calls pass again."""
    remote, inside = outside("923"), phone("924")
    caller, callee = (remote, inside) if calls == "outside" else (inside, remote)
    with hanging(pbx.product.process_ids()["sbcmedia"]):
        uri = f"sip:{callee.account.user}@{caller.account.domain}"
        content, body = caller.offer()
        headers = [*caller.headers("INVITE", uri), *content]
        assert caller.authenticated("INVITE", uri, headers, body, 10).status == 503
        assert [one for one in callee.requests_within(0.5) if one.method == "INVITE"] == []
    within(30, lambda: passes(remote, inside), "calls pass again")


def test_without_its_relay_a_call_outside_is_not_changed(outside: Any, phone: Any, pbx: Any) -> None:
    """A re-INVITE (RFC 3261 section 14) is answered 503 from either side, and the call goes on as it is."""
    remote, inside = outside("923"), phone("924")
    ours, theirs = establish(inside, remote)
    with hanging(pbx.product.process_ids()["sbcmedia"]):
        for one, dialog in ((inside, ours), (remote, theirs)):
            content, body = one.offer()
            assert one.ask_in_dialog(dialog, "INVITE", content, body, 10).status == 503
    within(30, lambda: passes(outside("921"), phone("922")), "calls pass again")
    assert end_call(inside, remote, ours).status == 200


@pytest.mark.parametrize("answers", ["inside", "outside"])
def test_an_answer_that_the_sbcs_relay_did_not_see_passes_without_its_addresses(
    outside: Any, phone: Any, pbx: Any, answers: str
) -> None:
    """Case 80 at the answer: neither is the client told of the core's relay, nor the core of where the client is; and
    where the core is asked to pass it on the call ends."""
    remote, inside = outside("625"), phone("626")
    caller, callee = (remote, inside) if answers == "inside" else (inside, remote)
    _, headers = caller.begin_call(callee.account.user)
    invite = callee.request("INVITE")
    callee.respond(invite, 180, "Ringing", "x")
    time.sleep(0.3)
    with hanging(pbx.product.process_ids()["sbcmedia"]):
        callee.respond(invite, 200, "OK", "x", body=sip.sdp(callee.address, 40_000))
        answered = caller.final(branch_of(headers), 10)
    assert (answered.status, answered.body, answered.header("content-type")) == (200, b"", "")
    dialog = dialog_of_caller(answered)
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    if answers == "outside":
        for side in (caller, callee):
            side.respond(side.request("BYE", 10), 200, "OK")
    else:
        assert end_call(caller, callee, dialog).status == 200
    within(30, lambda: passes(remote, inside), "calls pass again")


def test_a_call_whose_sbc_relay_was_killed_is_ended(outside: Any, phone: Any, pbx: Any) -> None:
    """Case 119: dead calls are cleared, and the next one is heard."""
    remote, inside = outside("625"), phone("626")
    establish(remote, inside)
    before = pbx.product.process_ids()["sbcmedia"]
    os.kill(before, signal.SIGKILL)
    for side in (remote, inside):
        side.respond(side.request("BYE", 40), 200, "OK")
    within(20, lambda: pbx.product.process_ids()["sbcmedia"] != before, "the relay is back")
    within(30, lambda: passes(remote, inside), "calls pass again")


def test_a_relay_of_the_sbc_that_hangs_is_started_anew(outside: Any, phone: Any, pbx: Any) -> None:
    """Fault: it is there and answers nothing. As if it had been killed: calls pass again, with their sound."""
    remote, inside = outside("921"), phone("922")
    before = pbx.product.process_ids()["sbcmedia"]
    hang(before)
    within(ANEW_WITHIN, lambda: pbx.product.process_ids()["sbcmedia"] != before, "the relay is another one")
    within(10, lambda: passes(remote, inside), "calls pass again")
    dialog, _ = establish(inside, remote)
    with ear(remote) as theirs, ear(inside) as ours:
        assert ours.speaks(sip.media_address(dialog.body))
        assert not theirs.said and theirs.listen(0.5)
    assert end_call(inside, remote, dialog).status == 200


def test_a_call_outside_that_goes_on_is_not_ended(outside: Any, phone: Any) -> None:
    """The relay of the SBC is asked about it at least once, and knows it."""
    remote, inside = outside("625"), phone("626")
    dialog, _ = establish(remote, inside)
    assert [one.method for one in remote.requests_within(12) if one.method != "OPTIONS"] == []
    assert end_call(remote, inside, dialog).status == 200


def test_forged_rtp_at_the_sbc_reaches_nobody_and_draws_no_sound(outside: Any, phone: Any, stranger: Any) -> None:
    """Case 71 at 25000-34999: who sprays from before the INVITE on neither speaks into the call nor hears it."""
    remote, inside, sprayer = outside("623"), phone("622"), stranger()
    with remote.host.udp(40_000) as mouth, inside.host.udp(40_000) as ears, sprayer.udp() as spray:
        for port in range(ports.SBC_RTP.first, ports.SBC_RTP.last + 1):
            spray.sendto(forged(1), (PBX_ADDRESS, port))
        uri, headers = remote.begin_call("622")
        invite = inside.request("INVITE")
        inside.answer_call(invite)
        dialog = remote.call_answered(uri, headers)
        inside.request("ACK")
        places = [sip.media_address(body) for body in (dialog.body, invite.body)]
        for number in range(50):
            for address, port in places:
                spray.sendto(forged(number), (address, port))
                spray.sendto(forged(number), (address, port + 1))
            mouth.sendto(talk(number, b"OUTSIDE "), places[0])
            ears.sendto(talk(number, b"INSIDE  "), places[1])
            time.sleep(0.02)
        time.sleep(0.2)
        heard = [received(sock) for sock in (ears, mouth, spray)]
    words = [{word for one in side for word in (b"OUTSIDE", b"INSIDE", b"FORGED") if word in one} for side in heard]
    assert words == [{b"OUTSIDE"}, {b"INSIDE"}, set()]
    assert heard[2] == [], "not even a report"
    assert end_call(remote, inside, dialog).status == 200


def test_the_first_words_of_an_unregistered_caller_outside_arrive(outside: Any, phone: Any) -> None:
    """Nobody waits to be listed as one who may speak: the caller's address is there before the other phone rings."""
    remote, inside = outside("624", registered=False), phone("622")
    with remote.host.udp(40_000) as mouth, inside.host.udp(40_000) as ears:
        uri, headers = remote.begin_call("622")
        inside.answer_call(inside.request("INVITE"))
        dialog = remote.call_answered(uri, headers)
        inside.request("ACK")
        for number in range(20):
            mouth.sendto(talk(number, b"HELLO   "), sip.media_address(dialog.body))
            time.sleep(0.02)
        time.sleep(0.2)
        assert len([one for one in received(ears) if b"HELLO" in one]) >= 15
    assert end_call(remote, inside, dialog).status == 200


def forged(number: int) -> bytes:
    return talk(number, b"FORGED  ")


def talk(number: int, word: bytes) -> bytes:
    return srtp.packets(number, [word * 20])[0]


def received(sock: Any) -> list[bytes]:
    found = []
    sock.setblocking(False)
    while True:
        try:
            found.append(sock.recv(2048))
        except BlockingIOError:
            return found


def passes(caller: Softphone, callee: Softphone) -> bool:
    try:
        return end_call(caller, callee, establish(caller, callee)[0]).status == 200
    except NoAnswer:
        return False
