"""What the core sends by itself reaches phones behind the SBC: lamps, started calls, and the end of a call."""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import end_call, establish
from tests.system.features.test_lamps import lamp, subscribe
from tests.system.features.test_started_calls import picked_up

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]


def test_a_lamp_outside_shows_what_an_extension_inside_does(outside: Any, phone: Any) -> None:
    """RFC 6665: NOTIFY comes from the guard by way of core, link and SBC; a refresh goes the same way back."""
    switchboard, caller, watched = outside("611"), phone("612"), phone("613")
    answer, headers = subscribe(switchboard, "613")
    assert answer.status == 200
    lamp(switchboard, "terminated")
    dialog, _ = establish(caller, watched)
    lamp(switchboard, "confirmed")
    assert end_call(caller, watched, dialog).status == 200
    lamp(switchboard, "terminated")
    via = switchboard.headers("SUBSCRIBE", "sip:613@acme.example")[0]
    again, _ = subscribe(switchboard, "613", like=sip.with_header(headers, *via))
    assert (again.status, again.tag("to")) == (200, answer.tag("to"))


def test_a_started_call_rings_a_phone_outside(outside: Any, pbx: Any) -> None:
    remote = outside("611")
    within(4, lambda: remote.hostport in str(pbx.product.registrations()), "the registration is known")
    pbx.rest.post("calls", user_id=pbx.users["611"]["id"], number="612")
    assert picked_up(remote) == "sip:612@acme.example"


def test_a_call_that_the_system_ends_is_ended_outside_too(outside: Any, phone: Any, pbx: Any) -> None:
    """The BYE to both sides finds its way along the signed route of the call."""
    remote, inside = outside("611"), phone("612")
    establish(remote, inside)
    call = within(
        4, lambda: next((one for one in pbx.product.answered_calls() if "611" in str(one)), None), "it is live"
    )[0]
    pbx.rest.delete(f"calls/{call['call_id']}")
    for one in (remote, inside):
        one.respond(one.request("BYE"), 200, "OK")


def test_a_phone_outside_cannot_send_to_others_by_a_route_of_its_own(outside: Any, stranger: Any) -> None:
    """Whatever Route a client writes, its request goes to the core, which knows no such thing."""
    liar, victim = outside("611"), outside("614")
    routes = [("Route", f"<sip:10.77.0.1:5066;lr;flow=x!y>, <sip:{victim.hostport};lr>")]
    headers = [*liar.headers("MESSAGE", f"sip:614@{victim.hostport}"), *routes]
    liar.silent("MESSAGE", f"sip:614@{victim.hostport}", headers)
    tagged = sip.with_header(headers, "To", f"<sip:614@{victim.hostport}>;tag=x")
    tagged = sip.with_header(tagged, "Via", liar.headers("MESSAGE", "sip:x@y")[0][1])
    liar.silent("MESSAGE", f"sip:614@{victim.hostport}", tagged)
    assert [one.method for one in victim.requests_within(1.0) if one.method != "OPTIONS"] == []
