"""Group R: nothing is relayed that is not ours."""

import time
from contextlib import suppress
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.sip import Account
from ringfence.lab.softphone import NoAnswer, Softphone, end_call, establish

pytestmark = pytest.mark.usefixtures("oracle")

UDP = ("10.77.0.1", 5060)
TRUNK = "10.77.0.90"


@pytest.mark.parametrize("method", ["INVITE", "BYE", "REFER", "INFO", "UPDATE", "MESSAGE"])
def test_a_route_and_a_to_tag_do_not_open_a_relay(attacker: Softphone, method: str) -> None:
    """Case 31: no such call; 481 and nothing at the trunk."""
    uri = f"sip:00900123@{TRUNK}"
    headers = sip.with_header(attacker.headers(method, uri), "To", f"<{uri}>;tag=abc")
    headers = [("Route", f"<sip:10.77.0.1;lr>, <sip:{TRUNK};lr>"), *headers]
    answer = attacker.silent(method, uri, headers, wait=0.6)
    assert answer is None or answer.status in (481, 403, 400), answer.start_line


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
@pytest.mark.parametrize("status", [180, 200, 503])
def test_a_reply_that_answers_nothing_is_not_passed_on(
    phone: Any, attacker: Softphone, method: str, status: int
) -> None:
    """RFC 6026: else anybody has us send what he likes to whom he likes, from an address that is trusted."""
    victim = phone("161")
    lines = [
        f"SIP/2.0 {status} Whatever",
        f"Via: SIP/2.0/UDP {UDP[0]};branch=z9hG4bK{sip.new_token()}.0",
        f"Via: SIP/2.0/UDP {victim.hostport};branch=z9hG4bK{sip.new_token()}",
        f"From: <sip:161@acme.example>;tag={sip.new_token()}",
        f"To: <sip:162@acme.example>;tag={sip.new_token()}",
        f"Call-ID: {sip.new_token()}",
        f"CSeq: 1 {method}",
        "Content-Length: 0",
    ]
    attacker.send("\r\n".join([*lines, "", ""]).encode())
    assert victim.receive(0.5) is None


def test_preloaded_routes_of_a_new_call_are_stripped(phone: Any) -> None:
    """Case 32: normal authentication, normal routing."""
    caller, callee = phone("161"), phone("162")
    caller.begin_call("162", [("Route", f"<sip:{TRUNK};lr>")])
    invite = callee.request("INVITE")
    callee.respond(invite, 486, "Busy Here", "t")
    assert TRUNK not in ",".join(invite.all("route"))


@pytest.mark.parametrize("method", ["INVITE", "BYE", "REFER", "UPDATE", "INFO"])
def test_a_third_party_with_the_right_tags_cannot_touch_a_call(phone: Any, attacker: Softphone, method: str) -> None:
    """Case 33: right Call-ID, tags and route, wrong source: refused, and the call stays up."""
    caller, callee = phone("163"), phone("164")
    dialog, _ = establish(caller, callee)
    forged = caller.in_dialog(dialog, method, [("Refer-To", f"<sip:1@{TRUNK}>")], source=attacker)
    attacker.send(forged)
    with suppress(NoAnswer):
        assert attacker.final(sip.parse(forged).branch, 1.0).status >= 400
    assert callee.requests_within(0.4) == []
    assert end_call(caller, callee, dialog).status == 200, "the call is not up any more"


@pytest.mark.parametrize("host", ["example.com", "10.77.0.90", "203.0.113.5", "[2001:db8::1]"])
def test_a_foreign_domain_is_refused(phone: Any, host: str) -> None:
    """Case 34: 403, for strangers and for our own phones."""
    one = phone("165")
    uri = f"sip:101@{host}"
    headers = one.headers("INVITE", uri)
    answer = one.ask("INVITE", uri, headers)
    one.send_ack(answer, uri, headers)
    assert answer.status == 403


SPOOFED = [
    ("P-Asserted-Identity", "<sip:boss@acme.example>"),
    ("P-Preferred-Identity", "<sip:boss@acme.example>"),
    ("Remote-Party-ID", "<sip:boss@acme.example>;party=calling"),
    ("Diversion", "<sip:boss@acme.example>;reason=unconditional"),
    ("History-Info", "<sip:boss@acme.example>;index=1"),
    ("Identity", "boss-signature;info=<https://boss.example>"),
    ("Privacy", "id"),
    ("P-Charging-Vector", "icid-value=boss"),
    ("Referred-By", "<sip:boss@acme.example>"),
    ("Alert-Info", "<http://boss.example>;info=alert-autoanswer"),
    ("Call-Info", "<sip:boss@acme.example>;answer-after=0"),
    ("Answer-Mode", "Auto;boss"),
    ("Priv-Answer-Mode", "Auto;boss"),
    ("Service-Route", "<sip:boss@acme.example;lr>"),
    ("Path", "<sip:boss@acme.example;lr>"),
    ("X-Ringfence-Client", "boss"),
]


@pytest.mark.parametrize("gap", ["", " ", "\t", " \t "], ids=["none", "space", "tab", "both"])
def test_spoofed_identities_never_reach_the_callee(phone: Any, gap: str) -> None:
    """Case 35: the callee sees only the authenticated extension, and does not answer by itself (RFC 5373). White space
    may stand before the colon (RFC 3261 section 25.1, HCOLON)."""
    caller, callee = phone("166"), phone("167")
    caller.begin_call("167", [(name + gap, value) for name, value in SPOOFED])
    invite = callee.request("INVITE")
    callee.respond(invite, 486, "Busy Here", "t")
    assert b"boss" not in invite.raw
    assert "sip:166@" in invite.header("from")
    assert not invite.header("privacy")
    assert not invite.header("authorization")
    assert not invite.header("proxy-authorization")


@pytest.mark.parametrize("header", ["Authorization", "Proxy-Authorization"])
def test_a_digest_within_a_call_never_reaches_the_other_party(phone: Any, header: str) -> None:
    """Phones repeat what they proved themselves with; whoever gets it can guess at the password at home."""
    caller, callee = phone("166"), phone("167")
    ours, theirs = establish(caller, callee)
    for sender, receiver, dialog in ((caller, callee, ours), (callee, caller, theirs)):
        raw = sender.in_dialog(dialog, "INFO", [(header, 'Digest username="166", response="0123456789abcdef"')])
        sender.send(raw)
        arrived = receiver.request("INFO")
        receiver.respond(arrived, 200, "OK")
        assert sender.final(sip.parse(raw).branch).status == 200
        assert b"0123456789abcdef" not in arrived.raw
    assert end_call(caller, callee, ours).status == 200


@pytest.mark.parametrize(
    "events",
    [
        [("Event", "talk")],
        [("Event", "hold")],
        [("o", "check-sync;reboot=true")],
        [("Event", "refer"), ("Event", "talk")],
        [("Event", "refer, talk")],
        [],
    ],
)
def test_no_party_of_a_call_commands_the_phone_of_the_other(phone: Any, events: list[tuple[str, str]]) -> None:
    """Group R: a phone that is told to `talk` answers and is listened to, told to `check-sync` it starts anew."""
    caller, callee = phone("166"), phone("167")
    ours, theirs = establish(caller, callee)
    for sender, receiver, dialog in ((caller, callee, ours), (callee, caller, theirs)):
        raw = sender.in_dialog(dialog, "NOTIFY", [*events, ("Subscription-State", "active")])
        sender.send(raw)
        assert sender.final(sip.parse(raw).branch).status == 489
        assert not receiver.requests_within(0.2)
    assert end_call(caller, callee, ours).status == 200


def test_a_borrowed_from_is_refused(phone: Any, pbx: Any) -> None:
    """Case 35: From of another extension with own credentials."""
    caller = phone("168")
    uri = "sip:167@acme.example"
    answer = caller.authenticated("INVITE", uri, caller.headers("INVITE", uri, from_uri="sip:199@acme.example"))
    assert answer.status == 403


def test_a_redirect_by_the_callee_does_not_spend_the_callers_rights(phone: Any) -> None:
    """Case 37: 302 to a premium number is neither followed nor handed to the phone as an order."""
    caller, callee = phone("169"), phone("170")
    _, headers = caller.begin_call("170")
    callee.respond(callee.request("INVITE"), 302, "Moved", "t", [("Contact", f"<sip:00900123@{TRUNK}>")])
    answer = caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch, 8.0)
    assert answer.status >= 300
    assert "00900123" not in answer.header("contact")


def test_refer_and_replaces_by_a_stranger_are_refused(phone: Any, attacker: Softphone, pbx: Any) -> None:
    """Case 37: neither REFER outside a dialog nor Replaces naming somebody else's call."""
    caller, callee = phone("171"), phone("172")
    dialog, _ = establish(caller, callee)
    thief = phone("173")
    uri = "sip:172@acme.example"
    refer = thief.authenticated("REFER", uri, [*thief.headers("REFER", uri), ("Refer-To", f"<sip:00900@{TRUNK}>")])
    assert refer.status in (403, 405, 481, 501)
    tags = f"{dialog.call_id};to-tag={dialog.remote.split('tag=')[1]};from-tag={dialog.local.split('tag=')[1]}"
    thief.begin_call("172", [("Replaces", tags), ("Require", "replaces")])
    for request in callee.requests_within(0.8):
        assert not request.header("replaces"), "Replaces of a stranger reached the callee"
        callee.respond(request, 486, "Busy Here", "x")
    assert end_call(caller, callee, dialog).status == 200, "the call is not up any more"


@pytest.mark.parametrize("event", ["check-sync;reboot=true", "message-summary", "talk"])
def test_notify_from_outside_is_dropped(phone: Any, attacker: Softphone, event: str) -> None:
    """Case 39: no phone is rebooted, lit or answered by a stranger."""
    victim = phone("174")
    uri = "sip:174@acme.example"
    headers = [*attacker.headers("NOTIFY", uri), ("Event", event), ("Subscription-State", "active")]
    assert attacker.silent("NOTIFY", uri, headers, wait=0.5) is None
    assert victim.requests_within(0.3) == []


def test_two_tenants_with_the_same_number_do_not_meet(pbx: Any, phone: Any, stranger: Any) -> None:
    """Case 40: calls, registrations and subscriptions stay inside the tenant."""
    ours = phone("100")
    other = pbx.product.create_tenant("Other", "other.example")
    created = pbx.product.create_user(other, "100")
    account = Account("100", "other.example", created["sip_secret"])
    with Softphone(stranger(), UDP, account) as theirs:
        time.sleep(0.5)
        assert theirs.register().status == 200
        uri = "sip:100@acme.example"
        assert theirs.authenticated("INVITE", uri, [*theirs.headers("INVITE", uri)]).status in (403, 404, 407)
        assert theirs.authenticated(
            "SUBSCRIBE", uri, [*theirs.headers("SUBSCRIBE", uri), ("Event", "dialog")]
        ).status in (401, 403, 405, 407)
        assert ours.requests_within(0.3) == []
        caller = phone("175")
        caller.begin_call("100")
        ours.respond(ours.request("INVITE"), 486, "Busy Here", "t")
        assert theirs.requests_within(0.3) == []
        rows = [row for row in pbx.product.registrations() if "100" in str(row.get("aor", row))]
        assert len(rows) >= 2
    with Softphone(stranger(), UDP, Account("100", "acme.example", account.secret)) as mixed:
        assert mixed.register().status == 401


def test_two_phones_that_point_at_each_other_make_no_storm(phone: Any) -> None:
    """Case 41: A redirects to B, B redirects to A: at most five hops, then an error."""
    first, second, caller = phone("176"), phone("177"), phone("178")
    _, headers = caller.begin_call("176")
    seen, deadline = 0, time.monotonic() + 3
    while time.monotonic() < deadline:
        for one, target in ((first, "177"), (second, "176")):
            for request in one.requests_within(0.2):
                if request.method == "INVITE":
                    seen += 1
                    one.respond(request, 302, "Moved", "t", [("Contact", f"<sip:{target}@acme.example>")])
    assert 1 <= seen <= 5
    assert caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch, 3).status >= 300


def test_a_contact_that_points_at_the_system_itself_makes_no_storm(phone: Any) -> None:
    """Case 41: a phone registers the PBX as its own contact; a call to it ends by itself within seconds."""
    one = phone("179", registered=False)
    answer = one.register(contact="<sip:179@10.77.0.1:5060>")
    if answer.status >= 400:
        return
    caller = phone("180")
    _, headers = caller.begin_call("179")
    assert caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch, 10).status >= 400
    one.register(expires=0, contact="<sip:179@10.77.0.1:5060>")
