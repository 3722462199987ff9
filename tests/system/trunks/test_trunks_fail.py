"""What becomes of a call whose trunk fails: who carries it is charged, who refuses says why, help is always reached.

Reference: "Maximum Concurrent Call Limits", "Call Control and Fraud Prevention"; attack case 113.
"""

import os
import signal
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import Softphone
from tests.system.features.steps import branch_of, record
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

CALLER: Final = "830"
NUMBER: Final = "+498912345678"


class Pair(NamedTuple):
    """Two carriers and their trunks, in the order of the rule, which is called Pair."""

    first: Carrier
    second: Carrier
    ids: tuple[int, int]


@pytest.fixture
def pair(pbx: Any, lab: Any, outward: Any) -> Iterator[Pair]:
    """Extension 830 calls outside over these two alone, emergencies too."""
    pbx.account(CALLER)
    tenant = pbx.tenant["id"]
    pbx.rest.patch(f"users/{pbx.users[CALLER]['id']}", role="Standard International User")
    plan = f"tenants/{tenant}/number-plan"
    before = pbx.rest.get(plan)["emergency_trunks"]
    (everything,) = (one for one in pbx.rest.get("outbound-rules")["items"] if one["name"] == "All")
    pbx.rest.patch(f"outbound-rules/{everything['id']}", order=2)
    with Carrier(lab.host("first", 52)) as first, Carrier(lab.host("second", 53)) as second:
        made = [pbx.rest.post("trunks", **one.trunk() | {"name": one.address, "domain": f"t{one.address}.example"})
                for one in (first, second)]  # fmt: skip
        ids = [one["id"] for one in made]
        routes = [{"trunk_id": one} for one in ids]
        rule = pbx.rest.post("outbound-rules", tenant_id=tenant, name="Pair", order=1, callers=[CALLER], routes=routes)
        pbx.rest.patch(plan, emergency_trunks=ids)
        yield Pair(first, second, (ids[0], ids[1]))
        pbx.rest.patch(plan, emergency_trunks=before)
        pbx.rest.delete(f"outbound-rules/{rule['id']}")
        pbx.rest.patch(f"outbound-rules/{everything['id']}", order=1)
        for one in ids:
            pbx.rest.delete(f"trunks/{one}")


def refuses(carrier: Carrier, code: int) -> Message:
    invite = carrier.request("INVITE", 10)
    carrier.respond(invite, code, "No", "no")
    carrier.request("ACK", 10)
    return invite


def talk(caller: Softphone, dialled: tuple[str, Headers], carrier: Carrier) -> None:
    carrier.answer_call(carrier.request("INVITE", 10))
    dialog = caller.call_answered(*dialled, 10)
    carrier.request("ACK", 10)
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    carrier.respond(carrier.request("BYE", 10), 200, "OK")
    assert caller.final(sip.parse(raw).branch, 10).status == 200


def minutes(pbx: Any, trunk: int) -> float:
    return float(pbx.product.guard("budgets.usage", owner=f"trunk:{trunk}")["minutes_per_day"])


def hears(caller: Softphone, dialled: tuple[str, Headers]) -> Message:
    uri, headers = dialled
    answer = caller.final(branch_of(headers), 10)
    caller.send_ack(answer, uri, headers)
    return answer


def test_the_trunk_that_takes_a_call_is_charged(pbx: Any, phone: Any, pair: Pair) -> None:
    """Not the one before it, whose fuse would blow for calls that it refused."""
    caller = phone(CALLER)
    dialled = caller.begin_call(NUMBER)
    refuses(pair.first, 503)
    talk(caller, dialled, pair.second)
    row = record(pbx, CALLER, NUMBER, trunk=pair.ids[1])
    assert (row["outbound_rule"], row["payer"], row["code"]) == ("Pair", f"{CALLER}@acme.example", 200)
    assert row["trunks"] == list(pair.ids)
    within(5, lambda: pbx.product.guard("budgets.usage", owner=f"trunk:{pair.ids[1]}")["calls_per_minute"], "it counts")
    assert minutes(pbx, pair.ids[0]) == 0
    within(5, lambda: not counted(pbx), "nothing is counted any more")


def test_the_caller_hears_that_the_next_trunk_may_not_be_used(pbx: Any, phone: Any, pair: Pair) -> None:
    caller = phone(CALLER)
    pbx.rest.patch(f"trunks/{pair.ids[1]}", max_calls=0)
    dialled = caller.begin_call(NUMBER)
    refuses(pair.first, 500)
    answer = hears(caller, dialled)
    assert (answer.status, answer.header("reason")) == (403, 'Q.850;cause=21;text="Call rejected"')
    row = record(pbx, CALLER, NUMBER, rule="limits.trunk")
    assert (row["code"], row["direction"], row["number"], row["outbound_rule"]) == (403, "outbound", NUMBER, "Pair")
    within(5, lambda: not counted(pbx), "nothing is counted any more")


def test_when_every_trunk_refuses_the_record_says_what_the_last_one_said(pbx: Any, phone: Any, pair: Pair) -> None:
    """The caller hears 500: a phone may take the whole system for broken at 503 (RFC 3261 section 16.7)."""
    caller = phone(CALLER)
    dialled = caller.begin_call(NUMBER)
    refuses(pair.first, 503)
    refuses(pair.second, 503)
    assert hears(caller, dialled).status == 500
    row = record(pbx, CALLER, NUMBER, code=503)
    assert (row["reason"], row["trunk"], row["ended_by"]) == ("No", pair.ids[1], "callee")
    assert row["trunks"] == list(pair.ids)


@pytest.mark.restarts
def test_a_call_lost_at_the_second_trunk_is_recorded_with_it(pbx: Any, phone: Any, pair: Pair) -> None:
    """Case X116: the core is killed while the second one rings; an investigator asks that provider, not the first."""
    caller = phone(CALLER)
    caller.begin_call(NUMBER)
    refuses(pair.first, 503)
    ringing = pair.second.request("INVITE", 10)
    pair.second.respond(ringing, 180, "Ringing", "rings")
    within(5, lambda: [one["trunk"] for one in pbx.rest.get("calls")["items"]] == [pair.ids[1]], "the guard knows")
    os.kill(pbx.product.process_ids()["core"], signal.SIGKILL)
    row = record(pbx, CALLER, NUMBER, reason="Lost")
    assert (row["trunk"], row["trunks"], row["outbound_rule"]) == (pair.ids[1], list(pair.ids), "Pair")
    within(20, lambda: caller.silent("OPTIONS", "sip:acme.example", caller.headers("OPTIONS", "sip:acme.example")),
           "the core is back")  # fmt: skip


def test_without_a_trunk_that_answers_the_caller_is_told_and_the_call_recorded_as_one_outside(
    pbx: Any, phone: Any, pair: Pair
) -> None:
    """Never 503: a phone may take the whole system for broken (RFC 3261 section 21.5.4)."""
    caller = phone(CALLER)
    for one in pair.ids:
        pbx.rest.patch(f"trunks/{one}", enabled=False)
    answer = hears(caller, caller.begin_call(NUMBER))
    assert (answer.status, answer.header("reason")) == (480, 'Q.850;cause=34;text="No circuit available"')
    row = record(pbx, CALLER, NUMBER, rule="trunk.none")
    assert (row["direction"], row["number"], row["outbound_rule"]) == ("outbound", NUMBER, "Pair")


@pytest.mark.parametrize("code", [302, 403, 404, 486, 503, 603])
def test_an_emergency_call_takes_no_for_an_answer_from_no_trunk(pbx: Any, phone: Any, pair: Pair, code: int) -> None:
    """A provider that does not know the number, or barred its customer, is not the last one that is asked."""
    caller = phone(CALLER)
    dialled = caller.begin_call("112")
    refuses(pair.first, code)
    talk(caller, dialled, pair.second)


def test_an_emergency_call_tries_a_trunk_that_is_held_dead_after_all_others(pbx: Any, phone: Any, pair: Pair) -> None:
    caller = phone(CALLER)
    pbx.rest.patch(f"trunks/{pair.ids[0]}", keepalive=5)
    state = f"trunks/{pair.ids[0]}"
    within(40, lambda: "down" in str(pbx.rest.get(state)["peers"]), "the first one is held dead")
    dialled = caller.begin_call("112")
    refuses(pair.second, 404)
    talk(caller, dialled, pair.first)


def test_an_emergency_call_needs_no_encryption(pbx: Any, phone: Any, pair: Pair) -> None:
    """The phone offers plain RTP though its extension must have SRTP: refused to all others, not to those who help."""
    caller = phone(CALLER)
    path = f"users/{pbx.users[CALLER]['id']}/media"
    pbx.rest.call("PUT", path, {"encryption": "required"})
    try:
        assert hears(caller, caller.begin_call(NUMBER)).status == 488
        talk(caller, caller.begin_call("112"), pair.first)
    finally:
        pbx.rest.call("PUT", path, {"encryption": None})
