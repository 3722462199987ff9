"""Busy lamps and presence: SUBSCRIBE, NOTIFY at every change, nothing across tenants (case 40; RFC 6665, RFC 4235)."""

import re
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.sip import Message
from ringfence.lab.softphone import Softphone, end_call

pytestmark = pytest.mark.usefixtures("oracle")

PATIENCE = 8.0


def subscribe(
    phone: Softphone, number: str, event: str = "dialog", expires: int = 300, like: sip.Headers | None = None
) -> tuple[Message, sip.Headers]:
    """The answer to a SUBSCRIBE and the headers of the dialog it made or belongs to."""
    uri = f"sip:{number}@{phone.account.domain}"
    headers = like or phone.headers("SUBSCRIBE", uri)
    headers = sip.with_header(sip.with_header(headers, "Event", event), "Expires", str(expires))
    answer = phone.authenticated("SUBSCRIBE", uri, headers)
    return answer, sip.with_header(headers, "To", answer.header("to"))


def lamp(phone: Softphone, wanted: str) -> Message:
    """The first NOTIFY with this state; those before it are answered too."""
    while True:
        notify = phone.request("NOTIFY", PATIENCE)
        phone.respond(notify, 200, "OK")
        if wanted in re.findall(rb"<state>(\w+)</state>", notify.body).__repr__():
            return notify


def test_a_lamp_shows_ringing_talking_and_free(phone: Any) -> None:
    """One NOTIFY at once and one at each change; numbers and versions rise; nobody's name is told."""
    switchboard, caller, watched = phone("321"), phone("322"), phone("323")
    answer, headers = subscribe(switchboard, "323")
    assert (answer.status, answer.header("expires")) == (200, "300")
    first = lamp(switchboard, "terminated")
    assert first.header("call-id") == dict(headers)["Call-ID"]
    assert first.tag("from") == answer.tag("to")
    dialled = caller.begin_call("323")
    invite = watched.request("INVITE")
    ringing = lamp(switchboard, "early")
    watched.answer_call(invite)
    dialog = caller.call_answered(*dialled)
    watched.request("ACK")
    talking = lamp(switchboard, "confirmed")
    assert b"322" not in ringing.body + talking.body
    assert end_call(caller, watched, dialog).status == 200
    free = lamp(switchboard, "terminated")
    numbers = [int(item.header("cseq").split()[0]) for item in (first, ringing, talking, free)]
    assert numbers == sorted(set(numbers))
    versions = [int(re.findall(rb'version="(\d+)"', item.body)[0]) for item in (first, ringing, talking, free)]
    assert versions == sorted(set(versions))
    again, headers = subscribe(switchboard, "323", like=headers)
    assert (again.status, again.tag("to")) == (200, answer.tag("to"))
    lamp(switchboard, "terminated")
    ended, _ = subscribe(switchboard, "323", expires=0, like=headers)
    assert ended.status == 200
    assert "terminated" in lamp(switchboard, "terminated").header("subscription-state")


def test_presence_says_reachable_and_on_the_phone(phone: Any) -> None:
    """RFC 3863 and RFC 4480."""
    one, other = phone("321"), phone("323")
    answer, headers = subscribe(one, "323", "presence")
    assert answer.status == 200
    notify = one.request("NOTIFY", PATIENCE)
    one.respond(notify, 200, "OK")
    assert b"<basic>open</basic>" in notify.body
    assert notify.header("content-type") == "application/pidf+xml"
    other.register(expires=0)
    gone = one.request("NOTIFY", PATIENCE)
    one.respond(gone, 200, "OK")
    assert b"<basic>closed</basic>" in gone.body
    subscribe(one, "323", "presence", 0, headers)


@pytest.mark.parametrize(
    ("number", "event", "code"), [("323", "conference", 489), ("323", "", 489), ("987", "dialog", 404)]
)
def test_what_cannot_be_watched(phone: Any, number: str, event: str, code: int) -> None:
    one = phone("321")
    answer = subscribe(one, number, event)[0]
    assert answer.status == code
    assert (answer.header("allow-events") == "dialog, presence, message-summary") is (code == 489), "RFC 6665, 8.3.2"
    assert [m for m in one.requests_within(0.5) if m.method == "NOTIFY"] == []


def test_strangers_and_other_tenants_watch_nothing(pbx: Any, phone: Any, stranger: Any, attacker: Softphone) -> None:
    """Case 40: both tenants have an extension 323; each sees the own one only."""
    uri = "sip:323@acme.example"
    headers = [*attacker.headers("SUBSCRIBE", uri), ("Event", "dialog")]
    assert attacker.ask("SUBSCRIBE", uri, headers).status in (401, 407)
    rival = pbx.product.create_tenant("Rival", "rival.example")
    secret = pbx.product.create_user(rival, "321")["sip_secret"]
    pbx.product.create_user(rival, "323")
    account = sip.Account("321", "rival.example", secret)
    caller, watched = phone("322"), phone("323")
    with Softphone(stranger(), ("10.77.0.1", 5060), account) as spy:
        assert spy.register().status == 200
        assert spy.authenticated("SUBSCRIBE", uri, [*spy.headers("SUBSCRIBE", uri), ("Event", "dialog")]).status in (
            403,
            407,
        )
        assert subscribe(spy, "323")[0].status == 200
        lamp(spy, "terminated")
        caller.begin_call("323")
        invite = watched.request("INVITE")
        assert spy.requests_within(1.0) == []
        watched.respond(invite, 486, "Busy Here", "b")
        watched.request("ACK")
        spy.register(expires=0)
