"""What the record says of a call that nobody took: who ended it, the code and the words that belong to it.

Reference: "Call Control and Fraud Prevention" (call records); RFC 3261 section 16.7: a proxy answers a 503 as 500.
"""

from collections.abc import Callable
from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.sip import compose
from ringfence.lab.softphone import Softphone
from tests.system.features.steps import branch_of, refuse

pytestmark = pytest.mark.usefixtures("oracle")

CALLER, CALLEE, PREMIUM = "845", "846", "0900123456"

End = tuple[int, str, str]


def newest(pbx: Any, known: set[str]) -> End:
    """Code, reason and who ended it, of the record that was not there before."""

    def found() -> End | None:
        rows = (row for row in pbx.product.call_records() if row["id"] not in known and CALLER in row["caller"])
        return next(((row["code"], row["reason"], row["ended_by"]) for row in rows), None)

    return within(10, found, "the record of the call")[0]


def recorded(pbx: Any) -> set[str]:
    return {row["id"] for row in pbx.product.call_records()}


def over(caller: Softphone, dialled: tuple[str, Any]) -> int:
    uri, headers = dialled
    answer = caller.final(branch_of(headers), 15)
    caller.send_ack(answer, uri, headers)
    return answer.status


@pytest.mark.parametrize(
    ("code", "reason", "heard", "end"),
    [
        (486, "Busy Here", 486, (486, "Busy Here", "callee")),
        (503, "Restarting", 500, (503, "Restarting", "callee")),
        (401, "Unauthorized", 403, (403, "Forbidden", "callee")),
        (302, "Moved", 480, (480, "Temporarily Unavailable", "callee")),
    ],
)
def test_the_record_says_how_a_phone_refused(
    pbx: Any, phone: Any, code: int, reason: str, heard: int, end: End
) -> None:
    caller, callee, known = phone(CALLER), phone(CALLEE), recorded(pbx)
    dialled = caller.begin_call(CALLEE)
    refuse(callee, callee.request("INVITE"), code, reason)
    assert over(caller, dialled) == heard
    assert newest(pbx, known) == end


def test_the_record_says_that_the_caller_gave_up(pbx: Any, phone: Any) -> None:
    caller, callee, known = phone(CALLER), phone(CALLEE), recorded(pbx)
    uri, headers = caller.begin_call(CALLEE)
    invite = callee.request("INVITE")
    callee.respond(invite, 180, "Ringing", "c")
    kept = [item for item in headers if item[0] in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
    number = dict(headers)["CSeq"].split()[0]
    caller.send(compose(f"CANCEL {uri} SIP/2.0", [*kept, ("CSeq", f"{number} CANCEL")]))
    callee.respond(callee.request("CANCEL"), 200, "OK", "c")
    refuse(callee, invite, 487, "Request Terminated")
    assert newest(pbx, known) == (487, "Request Terminated", "caller")


def test_the_record_says_that_a_forward_led_nowhere(pbx: Any, phone: Any, calling: Callable[..., None]) -> None:
    """Case 112: the forwarder may not call there, which is nothing the called phone did."""
    caller, callee, known = phone(CALLER), phone(CALLEE), recorded(pbx)
    calling(CALLEE, forward_busy=PREMIUM)
    dialled = caller.begin_call(CALLEE)
    refuse(callee, callee.request("INVITE"), 486, "Busy Here")
    assert over(caller, dialled) == 480
    assert newest(pbx, known) == (480, "Temporarily Unavailable", "system")


def test_the_record_says_that_nothing_answered(pbx: Any, phone: Any) -> None:
    """A phone that was switched off without a word."""
    caller, _, known = phone(CALLER), phone(CALLEE), recorded(pbx)
    assert over(caller, caller.begin_call(CALLEE)) == 408
    code, _, ended_by = newest(pbx, known)
    assert (code, ended_by) == (408, "system")
