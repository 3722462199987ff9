"""One number in the ways that RFC 3261 section 19.1 and RFC 3966 let it be written, in both directions (issue 5)."""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.softphone import Softphone, dialog_of_caller
from tests.system.features.steps import branch_of
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import DESK, NUMBER

pytestmark = pytest.mark.usefixtures("oracle")

CITY, LOCAL = NUMBER[3:5], NUMBER[5:]


@pytest.mark.parametrize(
    "called",
    [
        f"sip:%2B{NUMBER[1:]}@{PBX_ADDRESS}",
        f"sip:+49-{CITY}-{LOCAL}@{PBX_ADDRESS};user=phone",
        f"sip:{CITY}{LOCAL};phone-context=+49@{PBX_ADDRESS};user=phone",
        f"sip:{LOCAL};phone-context=+49{CITY}@{PBX_ADDRESS}",
        f"tel:0{CITY}{LOCAL};phone-context=+49",
        f"tel:+49-{CITY}-{LOCAL}",
    ],
)
def test_a_provider_may_write_our_number_as_it_likes(carrier: Carrier, phone: Any, called: str) -> None:
    """Only bare digits were read; the caller heard 404."""
    desk = phone(DESK)
    content, body = carrier.offer()
    headers = [*carrier.headers("INVITE", called), *content]
    raw = sip.compose(f"INVITE {called} SIP/2.0", headers, body)
    carrier.send(raw)
    desk.respond(desk.request("INVITE"), 486, "Busy Here", "b")
    assert carrier.final(sip.parse(raw).branch).status == 486


def test_a_number_for_phones_is_judged_with_its_context(outward: Any, provider: Any, phone: Any) -> None:
    """Where a SIP URI said `user=phone` the context was lost: a number abroad was taken for one at home, and called."""
    caller = phone("120")
    provider.forget()
    uri = "sip:2071838750;phone-context=+44@acme.example;user=phone"
    assert _called(caller, uri) == 403
    assert provider.calls() == []
    assert _called(caller, "sip:8912345678;phone-context=+49@acme.example;user=phone") == 200
    assert [call.number for call in provider.calls()] == ["+498912345678"]


def _called(caller: Softphone, uri: str) -> int:
    content, body = caller.offer()
    headers = [*caller.headers("INVITE", uri), *content]
    challenged = caller.ask("INVITE", uri, headers, body)
    caller.send_ack(challenged, uri, headers)
    again = caller.answered(challenged, "INVITE", uri, headers)
    caller.send(sip.compose(f"INVITE {uri} SIP/2.0", again, body))
    answer = caller.final(branch_of(again), 10)
    if answer.status != 200:
        caller.send_ack(answer, uri, again)
        return answer.status
    dialog = dialog_of_caller(answer)
    caller.send(caller.in_dialog(dialog, "ACK"))
    assert caller.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
    return answer.status
