"""One stolen password in many hands at once: the carrier counts what reaches it (attack cases 110 and 111)."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final, NamedTuple

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.sip import Headers
from ringfence.lab.softphone import Softphone, Transport, dialog_of_caller
from tests.system.features.steps import branch_of
from tests.system.trunks import test_joined
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import DESK, nothing_counted

over_carrier = test_joined.over_carrier
pytestmark = [pytest.mark.usefixtures("oracle")]

NUMBER: Final = "+498912345678"
PORTS: Final = {Transport.UDP: 5060, Transport.TCP: 5063, Transport.TLS: 5061}
OWNER: Final = f"extension:{DESK}@acme.example"


class _Call(NamedTuple):
    phone: Softphone
    uri: str
    headers: Headers
    raw: bytes


@pytest.fixture
def thieves(pbx: Any, stranger: Any) -> Iterator[Any]:
    """Makes so many phones with the desk's password, each at an address of its own, over these transports in turn."""
    with ExitStack() as stack:

        def make(*transports: Transport) -> list[Softphone]:
            account = pbx.account(DESK)
            return [
                stack.enter_context(Softphone(stranger(), (PBX_ADDRESS, PORTS[one]), account, one))
                for one in transports
            ]

        yield make


def _prepared(phone: Softphone) -> _Call:
    uri, (content, body) = f"sip:{NUMBER}@acme.example", phone.offer()
    headers = [*phone.headers("INVITE", uri), *content]
    challenged = phone.ask("INVITE", uri, headers, body)
    phone.send_ack(challenged, uri, headers)
    again = phone.answered(challenged, "INVITE", uri, headers)
    return _Call(phone, uri, again, sip.compose(f"INVITE {uri} SIP/2.0", again, body))


def _all_at_once(calls: list[_Call], carrier: Carrier) -> int:
    """How many calls reached the carrier, which takes every one."""
    for call in calls:
        call.phone.send(call.raw)
    taken: set[str] = set()
    while asked := carrier.requests_within(1.0):
        for one in asked:
            if one.method == "BYE":
                carrier.respond(one, 200, "OK")
            elif one.method == "INVITE" and one.header("call-id") not in taken:
                taken.add(one.header("call-id"))
                carrier.answer_call(one)
    return len(taken)


def _statuses(calls: list[_Call], carrier: Carrier) -> list[int]:
    """What each of them heard; whoever got through hangs up."""
    found = []
    for call in calls:
        answer = call.phone.final(branch_of(call.headers), 10)
        found.append(answer.status)
        if answer.status != 200:
            call.phone.send_ack(answer, call.uri, call.headers)
            continue
        dialog = dialog_of_caller(answer)
        call.phone.send(call.phone.in_dialog(dialog, "ACK"))
        call.phone.send(call.phone.in_dialog(dialog, "BYE"))
    for one in carrier.requests_within(0.5):
        if one.method == "BYE":
            carrier.respond(one, 200, "OK")
    return found


def test_a_hundred_calls_over_every_transport_take_two_lines(
    pbx: Any, carrier: Carrier, over_carrier: None, thieves: Any
) -> None:
    """Case 110: whichever workers of UDP, TCP and TLS judge them."""
    trunk = next(one for one in pbx.rest.get("trunks")["items"] if one["name"] == "Carrier")
    pbx.rest.patch(f"trunks/{trunk['id']}", max_calls=2)
    try:
        phones = thieves(*PORTS)
        calls = [_prepared(phones[number % len(phones)]) for number in range(100)]
        assert _all_at_once(calls, carrier) == 2
        assert sorted(_statuses(calls, carrier)) == [200] * 2 + [480] * 98
        nothing_counted(pbx)
    finally:
        pbx.rest.patch(f"trunks/{trunk['id']}", max_calls=None)


def test_five_addresses_with_five_calls_each_stay_inside_the_budget(
    pbx: Any, carrier: Carrier, over_carrier: None, thieves: Any
) -> None:
    """Case 111, the weekend: each call counts with its first minute from when it is sent, so the fifth is the last,
    whatever other workers judge at that moment (docs/adr/0022).
    """
    rate = pbx.rest.post("rates", prefix="49891", name="Dear", price=2, first=60, each=60)
    budget = pbx.rest.post("budgets", owner=OWNER, money_per_day=10, calls_per_minute=600)
    try:
        calls = [_prepared(one) for one in thieves(*[Transport.UDP] * 5) for _ in range(5)]
        reached = _all_at_once(calls, carrier)
        assert reached == 5
        statuses = _statuses(calls, carrier)
        assert sorted(statuses) == [200] * reached + [403] * (25 - reached)
        nothing_counted(pbx)
        spent = within(10, lambda: _spent(pbx, reached), "their records say what they cost")[0]
        assert spent == [2.0] * reached
    finally:
        pbx.rest.delete(f"budgets/{budget['id']}")
        pbx.rest.delete(f"rates/{rate['id']}")
        pbx.rest.post("suspensions/lift", owner=OWNER)


def _spent(pbx: Any, calls: int) -> list[float]:
    rows = [row for row in pbx.product.call_records() if row["rate"] == "Dear"]
    return [row["cost"] for row in rows] if len(rows) >= calls else []
