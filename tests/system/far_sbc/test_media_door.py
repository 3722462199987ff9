"""The media ports of an SBC on a host of its own are open for whom the core's signalling named, and for nobody else
(issue 6; attack case 71; ADR 71).
"""

import os
import signal
import time
from contextlib import suppress
from typing import Any

import pytest

from ringfence.engines.supervision.notes import read_notes
from ringfence.hosts import ports
from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, end_call
from tests.system.features.steps import branch_of
from tests.system.sbc.test_media import forged, received, talk

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("far", "oracle", "shut")]
BEHIND = "192.168.178.21"
LAPSED_WITHIN = 25.0


def is_shut(far: Any) -> bool:
    return "expires" in far.edge.nft("list", "set", "inet", "ringfence", "watched")


@pytest.fixture
def shut(far: Any) -> None:
    within(20, lambda: is_shut(far), "strangers are kept out of the media ports of the SBC's host")


def talked(caller: Softphone, callee: Softphone, others: tuple[Any, ...] = ()) -> list[set[bytes]]:
    """What of OUTSIDE, INSIDE and FORGED callee, caller and then each of the others hear of a call of one second, in
    which the others spray both relays."""
    uri, headers = caller.begin_call(callee.account.user)
    invite = callee.request("INVITE")
    with caller.host.udp(40_000) as mouth, callee.host.udp(40_000) as ears:
        callee.answer_call(invite)
        dialog = caller.call_answered(uri, headers)
        callee.request("ACK")
        places = [sip.media_address(body) for body in (dialog.body, invite.body)]
        for number in range(50):
            for place in (at for address, port in places for at in ((address, port), (address, port + 1))):
                for one in others:
                    one.sendto(forged(number), place)
            mouth.sendto(talk(number, b"OUTSIDE "), places[0])
            ears.sendto(talk(number, b"INSIDE  "), places[1])
            time.sleep(0.02)
        time.sleep(0.2)
        heard = [received(sock) for sock in (ears, mouth, *others)]
    assert end_call(caller, callee, dialog).status == 200
    assert not any(heard[2:]), "not even a report"
    return [{word for one in side for word in (b"OUTSIDE", b"INSIDE", b"FORGED") if word in one} for side in heard]


def test_forged_rtp_at_the_far_sbc_reaches_nobody_and_draws_no_sound(
    far: Any, outside: Any, phone: Any, stranger: Any
) -> None:
    """Case 71: who sprays all of 25000-34999 from before the INVITE on neither speaks into the call nor hears it. One
    who asks for a call that he may not have is a stranger too."""
    remote, inside = outside("860"), phone("861")
    asker = Softphone(stranger(), (far.host.address, 5066), far.pbx.account("862"))
    with asker, stranger().udp() as spray:
        for port in range(ports.SBC_RTP.first, ports.SBC_RTP.last + 1):
            spray.sendto(forged(1), (far.host.address, port))
        uri = "sip:861@acme.example"
        content, body = asker.offer()
        headers = [*asker.headers("INVITE", uri), *content]
        asker.send(sip.compose(f"INVITE {uri} SIP/2.0", headers, body))
        assert asker.final(branch_of(headers)).status == 407
        with asker.host.udp(40_000) as asking:
            assert talked(remote, inside, (spray, asking)) == [{b"OUTSIDE"}, {b"INSIDE"}, set(), set()]


def test_a_caller_who_is_not_registered_is_heard_from_the_first_word(far: Any, outside: Any, phone: Any) -> None:
    """Nobody waits to be listed: the core's host tells of the caller before the other phone rings."""
    remote, inside = outside("863", registered=False), phone("861")
    with remote.host.udp(40_000) as mouth, inside.host.udp(40_000) as ears:
        uri, headers = remote.begin_call("861")
        inside.answer_call(inside.request("INVITE"))
        dialog = remote.call_answered(uri, headers)
        inside.request("ACK")
        for number in range(20):
            mouth.sendto(talk(number, b"HELLO   "), sip.media_address(dialog.body))
            time.sleep(0.02)
        time.sleep(0.2)
        assert len([one for one in received(ears) if b"HELLO" in one]) >= 18
    assert end_call(remote, inside, dialog).status == 200
    within(5, lambda: remote.host.address not in media_of(far), "shut again")


def media_of(far: Any) -> str:
    return str(far.edge.nft("list", "set", "inet", "ringfence", "media4"))


def test_a_phone_behind_a_translator_is_heard_as_soon_as_it_registered(far: Any, outside: Any, phone: Any) -> None:
    """Its Contact and its session description name an address that nobody can reach: known is where it speaks from."""
    remote, inside = outside("864", registered=False), phone("861")
    assert remote.register(contact=f"<sip:864@{BEHIND}:5060>").status == 200
    uri, headers = inside.begin_call("864")
    invite = remote.request("INVITE")
    with remote.host.udp(40_000) as mouth, inside.host.udp(40_000) as ears:
        remote.respond(invite, 200, "OK", "n", body=sip.sdp(BEHIND, 40_000))
        dialog = inside.call_answered(uri, headers)
        remote.request("ACK")
        for number in range(20):
            mouth.sendto(talk(number, b"OUTSIDE "), sip.media_address(invite.body))
            ears.sendto(talk(number, b"INSIDE  "), sip.media_address(dialog.body))
            time.sleep(0.02)
        time.sleep(0.2)
        assert len([one for one in received(ears) if b"OUTSIDE" in one]) >= 18
        assert len([one for one in received(mouth) if b"INSIDE" in one]) >= 15
    assert end_call(inside, remote, dialog).status == 200
    assert remote.register(expires=0, contact=f"<sip:864@{BEHIND}:5060>").status == 200


def test_a_strangers_long_message_to_the_far_sbc_is_answered(far: Any, outside: Any) -> None:
    """It comes in fragments. Those behind the first name no port, whatever their text looks like: they are nobody's
    forged RTP."""
    assert ports.SBC_RTP.first <= int.from_bytes(b"xx") <= ports.SBC_RTP.last
    remote, uri = outside("864", registered=False), far.pbx.account("864").aor
    for filler in ("x" * 200, "." * 200):
        headers = [*remote.headers("OPTIONS", uri), *[("X-Filler", filler)] * 10]
        assert remote.ask("OPTIONS", uri, headers).status == 407


def test_nobody_but_the_parties_outside_is_named_to_the_sbcs_host(far: Any, outside: Any, phone: Any) -> None:
    """A taken SBC's host does not learn where the office's own phones are."""
    remote, inside = outside("865", registered=False), phone("861")
    _, headers = remote.begin_call("861")
    invite = inside.request("INVITE")
    within(5, lambda: remote.host.address in media_of(far), "the caller is named")
    table = far.edge.nft("list", "table", "inet", "ringfence")
    assert inside.host.address not in table
    inside.respond(invite, 486, "Busy Here", "b")
    inside.request("ACK")
    assert remote.final(branch_of(headers)).status == 486


def supervisor_of(product: Any) -> int:
    notes = read_notes(product.paths.supervise)
    assert notes is not None
    return notes.supervisor.pid


@pytest.mark.parametrize("part", ["guard", "bansin", "bansout"])
def test_no_call_loses_its_sound_while_nobody_says_who_may_send(far: Any, outside: Any, phone: Any, part: str) -> None:
    """Fault: what tells hangs, and so does who would start it anew, until both are killed. Strangers are kept out no
    longer then, and whoever nobody could name is heard; afterwards it is as before."""
    product = far.pbx.product if part == "bansout" else far.edge
    remote, inside = outside("866", registered=False), phone("861")
    process, supervisor = product.process_ids()[part], supervisor_of(product)
    for one in (supervisor, process):
        os.kill(one, signal.SIGSTOP)
    try:
        within(LAPSED_WITHIN, lambda: not is_shut(far), "open again")
        assert talked(remote, inside) == [{b"OUTSIDE"}, {b"INSIDE"}]
    finally:
        os.kill(process, signal.SIGKILL)
        with suppress(ProcessLookupError):  # it was replaced itself
            os.kill(supervisor, signal.SIGKILL)
    within(20, lambda: product.process_ids()[part] != process, "started anew")
    within(20, lambda: is_shut(far), "shut again")
    assert talked(remote, inside) == [{b"OUTSIDE"}, {b"INSIDE"}]
