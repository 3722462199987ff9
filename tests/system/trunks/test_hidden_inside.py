"""Nothing of the inside reaches a provider: neither the tenant's domain, nor an address, nor what phone it is.

Reference: "Trunk Security", topology hidden (peers.md 2.3); docs/adr/0019. Each phone here says more than it should.
"""

import re
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import Softphone, dialog_of_callee, dialog_of_caller, end_call
from tests.system.trunks import test_joined
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import DESK, NUMBER, nothing_counted

over_carrier = test_joined.over_carrier
pytestmark = [pytest.mark.usefixtures("oracle")]

TALKATIVE: Final[Headers] = [
    ("Server", "Deskphone 9 acme.example"),
    ("User-Agent", "Deskphone 9 acme.example"),
    ("P-Asserted-Identity", "<sip:184@acme.example>"),
    ("Remote-Party-ID", "<sip:184@acme.example>;party=called"),
    ("History-Info", "<sip:184@acme.example>;index=1"),
    ("Diversion", "<sip:184@acme.example>"),
    ("Reply-To", "<sip:184@acme.example>"),
    ("Call-Info", "<http://acme.example/184.png>;purpose=icon"),
    ("Organization", "acme.example"),
    ("Warning", '399 acme.example "Deskphone 9"'),
    ("Error-Info", "<sip:184@acme.example>"),
    ("Alert-Info", "<http://acme.example/ring>"),
    ("X-Serialnumber", "000413 Deskphone 9"),
    ("Session-ID", "ab30317f1a784dc48ff824d0d3715d86;remote=Deskphone"),
    ("Reason", 'Q.850;cause=16;text="Deskphone 9 acme.example"'),
    ("In-Reply-To", "Deskphone@10.77.0.77"),
    ("Content-Language", "Deskphone"),
]
OFFER: Final[Headers] = [("Content-Type", "application/sdp")]


def leaks(carrier: Carrier) -> list[str]:
    """The lines of every message that name the inside."""
    inside = (
        rf"acme\.example|Deskphone|10\.77\.0\.(?!{PBX_ADDRESS.split('.')[-1]}\b|{carrier.address.split('.')[-1]}\b)\d+"
    )
    lines = (line for one in carrier.heard for line in one.raw.decode().splitlines())
    return [line for line in lines if re.search(inside, line, re.IGNORECASE)]


def calls(carrier: Carrier) -> Message:
    """An INVITE to the desk's number, sent."""
    uri = f"sip:{NUMBER}@{PBX_ADDRESS}"
    content, body = carrier.offer()
    headers = [*carrier.headers("INVITE", uri), *content]
    raw = sip.compose(f"INVITE {uri} SIP/2.0", [(k, f'"A Caller" {v}' if k == "From" else v) for k, v in headers], body)
    carrier.heard.clear()
    carrier.send(raw)
    return sip.parse(raw)


def talkative_sdp(phone: Softphone, port: int) -> bytes:
    """A description that says more than where the sound goes (RFC 8866): whose phone it is, what else it could do."""
    names = "s=Deskphone 9\r\ni=Deskphone 9\r\nu=http://acme.example/\r\ne=184@acme.example"
    plain = sip.sdp(phone.address, port).decode().replace("o=-", "o=Deskphone").replace("s=-", names)
    more = f"a=tool:Deskphone 9\r\na=altc:1 IP4 {phone.address} 40000\r\na=ssrc:7 cname:184@acme.example\r\n"
    messages = f"m=message 40008 TCP/MSRP *\r\na=path:msrp://{phone.address}:40008/x;tcp\r\n"
    return (plain + more + messages).encode()


def refreshes(asks: Softphone, dialog: Any, answers: Softphone) -> None:
    """A new session description in a call, one way."""
    raw = asks.in_dialog(dialog, "INVITE", [*OFFER, *TALKATIVE], talkative_sdp(asks, 40_004))
    asks.send(raw)
    answers.respond(answers.request("INVITE"), 200, "OK", "", TALKATIVE, talkative_sdp(answers, 40_006))
    assert asks.final(sip.parse(raw).branch, 10).status == 200
    asks.send(asks.in_dialog(dialog, "ACK"))
    answers.request("ACK")


def test_a_call_that_comes_in_shows_nothing_of_the_inside(carrier: Carrier, phone: Any) -> None:
    """The provider reads its own From and To in each answer (RFC 3261 section 8.2.6.2), and nothing of a phone."""
    desk: Softphone = phone(DESK)
    asked = calls(carrier)
    invite = desk.request("INVITE", 10)
    desk.respond(invite, 180, "Ringing", "desk", TALKATIVE)
    desk.respond(invite, 200, "OK", "desk", TALKATIVE, talkative_sdp(desk, 40_000))
    inside, answer = dialog_of_callee(invite, "desk"), carrier.final(asked.branch, 10)
    outside = dialog_of_caller(answer)
    assert answer.header("from") == asked.header("from")
    assert answer.header("to") == f"{asked.header('to')};tag=desk"
    carrier.send(carrier.in_dialog(outside, "ACK"))
    desk.request("ACK")
    refreshes(desk, inside, carrier)
    refreshes(carrier, outside, desk)
    raw = desk.in_dialog(inside, "BYE", TALKATIVE)
    desk.send(raw)
    bye = carrier.request("BYE")
    carrier.respond(bye, 200, "OK")
    assert desk.final(sip.parse(raw).branch, 10).header("from") == inside.local
    assert sip.uri_in(bye.header("to")) == sip.uri_in(asked.header("from"))
    assert leaks(carrier) == []


def test_what_a_phone_tells_of_transfers_stays_inside(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """No provider asked for a transfer (RFC 3515 section 2.4.5): the body of a NOTIFY is another phone's answer."""
    desk: Softphone = phone(DESK)
    carrier.heard.clear()
    call = carrier.call_in(NUMBER, desk)
    content = [("Event", "refer"), ("Subscription-State", "active"), ("Content-Type", "message/sipfrag")]
    raw = desk.in_dialog(call.phone, "NOTIFY", [*content, *TALKATIVE], b"SIP/2.0 200 OK\r\nServer: Deskphone 9\r\n")
    desk.send(raw)
    carrier.respond(carrier.request("NOTIFY"), 200, "OK")
    assert desk.final(sip.parse(raw).branch).status == 200
    assert end_call(carrier, desk, call.carrier).status == 200
    assert leaks(carrier) == []
    nothing_counted(pbx)


def test_an_offer_that_comes_late_shows_nothing_of_the_inside(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """An INVITE without an offer is answered with one (RFC 3261 section 13.2.1)."""
    desk: Softphone = phone(DESK)
    carrier.heard.clear()
    uri = f"sip:{NUMBER}@{PBX_ADDRESS}"
    headers = carrier.headers("INVITE", uri)
    carrier.send(raw := sip.compose(f"INVITE {uri} SIP/2.0", headers))
    invite = desk.request("INVITE", 10)
    desk.respond(invite, 200, "OK", "desk", TALKATIVE, talkative_sdp(desk, 40_000))
    outside = dialog_of_caller(carrier.final(sip.parse(raw).branch, 10))
    carrier.send(carrier.in_dialog(outside, "ACK", OFFER, sip.sdp(carrier.address, 40_008)))
    desk.request("ACK")
    assert end_call(carrier, desk, outside).status == 200
    assert leaks(carrier) == []
    nothing_counted(pbx)


def test_a_refused_call_shows_nothing_of_the_inside(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """Neither does what the phone says when it is busy."""
    desk: Softphone = phone(DESK)
    asked = calls(carrier)
    invite = desk.request("INVITE", 10)
    desk.respond(invite, 486, "Busy Here", "desk", TALKATIVE)
    desk.request("ACK")
    answer = carrier.final(asked.branch, 10)
    carrier.send_ack(answer, asked.uri, [(k.title() if k != "cseq" else "CSeq", v) for k, v in asked.headers])
    assert (answer.status, answer.header("from")) == (486, asked.header("from"))
    assert leaks(carrier) == []
    nothing_counted(pbx)


def test_a_call_that_goes_out_shows_nothing_of_the_inside(
    pbx: Any, carrier: Carrier, phone: Any, over_carrier: None
) -> None:
    """Its INVITE, what follows within the call from either side, and its end. The phone reads its own From and To."""
    desk: Softphone = phone(DESK)
    carrier.heard.clear()
    desk.offer = lambda: (OFFER, talkative_sdp(desk, 40_000))  # type: ignore[method-assign]
    begun = desk.begin_call("+498912345678", TALKATIVE)
    theirs = carrier.answer_call(carrier.request("INVITE", 10))
    ours = desk.call_answered(*begun, 10)
    asked = dict(begun[1])
    assert (ours.local, ours.remote.partition(";tag=")[0]) == (asked["From"], asked["To"])
    carrier.request("ACK")
    refreshes(desk, ours, carrier)
    refreshes(carrier, theirs, desk)
    raw = carrier.in_dialog(theirs, "BYE")
    carrier.send(raw)
    desk.respond(desk.request("BYE"), 200, "OK", "", TALKATIVE)
    assert carrier.final(sip.parse(raw).branch, 10).header("from") == theirs.local
    assert leaks(carrier) == []
    nothing_counted(pbx)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("mark", ["dch", "ucv", "x"])
def test_a_phone_cannot_say_that_its_call_is_hidden_already(
    pbx: Any, carrier: Carrier, phone: Any, over_carrier: None, mark: str, times: int
) -> None:
    """The engine believes its own header, whoever wrote it, and the first one of several."""
    desk: Softphone = phone(DESK)
    carrier.heard.clear()
    begun = desk.begin_call("+498912345678", [("TH", mark)] * times)
    theirs = carrier.answer_call(carrier.request("INVITE", 10))
    ours = desk.call_answered(*begun, 10)
    carrier.request("ACK")
    raw = desk.in_dialog(ours, "BYE", [("TH", mark)] * times)
    desk.send(raw)
    carrier.respond(carrier.request("BYE"), 200, "OK")
    assert desk.final(sip.parse(raw).branch, 10).status == 200
    assert theirs.call_id != ours.call_id, "the call has another name outside"
    assert leaks(carrier) == []


def test_a_call_that_is_given_up_shows_nothing_of_the_inside(
    pbx: Any, carrier: Carrier, phone: Any, over_carrier: None
) -> None:
    """Its CANCEL names the parties as its INVITE did (RFC 3261 section 9.1), not as the phone named them to us."""
    desk: Softphone = phone(DESK)
    carrier.heard.clear()
    uri, headers = desk.begin_call("+498912345699", TALKATIVE)
    invite = carrier.request("INVITE", 10)
    carrier.respond(invite, 180, "Ringing", "theirs")
    kept = [(name, value) for name, value in headers if name in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
    number = dict(headers)["CSeq"].split()[0]
    reason = ("Reason", 'SIP;cause=487;text="Deskphone 9 acme.example"')
    desk.send(sip.compose(f"CANCEL {uri} SIP/2.0", [*kept, ("CSeq", f"{number} CANCEL"), reason, *TALKATIVE]))
    cancel = carrier.request("CANCEL")
    carrier.respond(cancel, 200, "OK")
    carrier.respond(invite, 487, "Request Terminated", "theirs")
    carrier.request("ACK")
    assert [cancel.header(name) for name in ("from", "to")] == [invite.header(name) for name in ("from", "to")]
    assert leaks(carrier) == []
    nothing_counted(pbx)
