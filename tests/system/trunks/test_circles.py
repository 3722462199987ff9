"""A call that goes round over the telephone network: two tenants forward to each other's numbers (attack case 41)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import dialog_of_caller
from tests.system.features.steps import branch_of
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

OURS: Final = "+493012350"
THEIRS: Final = "+493012360"
MOST: Final = 40
MEMORY: Final = 256 * 1024


class Circle(NamedTuple):
    """The carrier that both tenants have a trunk to."""

    carrier: Carrier
    trunk: int


@pytest.fixture(scope="module")
def circle(pbx: Any, lab: Any, outward: Any) -> Iterator[Circle]:
    other = pbx.product.create_tenant("Circle", "circle.example")
    pbx.account("885")
    theirs = pbx.product.create_user(other, "885")
    (everything,) = (one for one in pbx.rest.get("outbound-rules")["items"] if one["name"] == "All")
    pbx.rest.patch(f"outbound-rules/{everything['id']}", order=2)
    made: list[str] = []

    def post(path: str, **facts: Any) -> int:
        number = int(pbx.rest.post(path, **facts)["id"])
        made.append(f"{path}/{number}")
        return number

    with Carrier(lab.host("circle", 57)) as carrier:
        trunk = post("trunks", **carrier.trunk() | {"name": "Circle", "numbers": ["+4930123*"]})
        for tenant, person, own, far in (
            (pbx.tenant, pbx.users["885"], OURS, THEIRS), (other, theirs, THEIRS, OURS),
        ):  # fmt: skip
            mine = {"tenant_id": tenant["id"]}
            pbx.rest.patch(f"users/{person['id']}", role="Standard International User")
            post("number-pools", **mine, trunk_id=trunk, first=own, last=f"{own[:-1]}9")
            post("inbound-rules", **mine, name="Circle", first=own, destination="extension:885")
            if tenant is other:
                post("allowed-country-codes", **mine, country="DE")
            post("outbound-rules", **mine, name="Circle", order=1, callers=["885"], routes=[{"trunk_id": trunk}])
            pbx.rest.patch(f"users/{person['id']}/calling", forward_always=far)
        yield Circle(carrier, trunk)
        pbx.rest.patch(f"users/{pbx.users['885']['id']}/calling", forward_always="")
        for path in reversed(made):
            pbx.rest.delete(path)
        pbx.rest.patch(f"outbound-rules/{everything['id']}", order=1)
        pbx.rest.delete(f"tenants/{other['id']}")


def sent_in(carrier: Carrier, number: str, caller: str) -> tuple[str, Headers]:
    """The carrier brings a call of this number."""
    uri = f"sip:{number}@{PBX_ADDRESS}"
    content, body = carrier.offer()
    headers = [*carrier.headers("INVITE", uri, from_uri=f"sip:{caller}@carrier.example"), *content]
    carrier.send(sip.compose(f"INVITE {uri} SIP/2.0", headers, body))
    return uri, headers


@dataclass(slots=True)
class Round:
    """A carrier that brings each call to a number of ours, as a new call of its own, for as long as we take it."""

    carrier: Carrier
    sent: list[tuple[str, Headers]] = field(default_factory=list)
    asked: list[Message] = field(default_factory=list)

    def goes(self, caller: str) -> Message:
        """The refusal at last."""
        number = OURS
        while len(self.sent) <= MOST:
            self.sent.append(sent_in(self.carrier, number, caller))
            answer = next_of(self.carrier, branch_of(self.sent[-1][1]))
            if answer.is_response:
                self.carrier.send_ack(answer, *self.sent[-1])
                return answer
            self.asked.append(answer)
            self.carrier.respond(answer, 180, "Ringing", f"round{len(self.asked)}")
            number, caller = user_of(answer.header("to")), user_of(answer.header("from"))
        pytest.fail(f"the call went round {MOST} times and was never refused")

    def unwinds(self, code: int) -> set[int]:
        """Each round hears of the refusal of the next; what they hear."""
        heard = set()
        for number in range(len(self.asked), 0, -1):
            self.carrier.respond(self.asked[number - 1], code, "No", f"round{number}")
            answer = self.carrier.final(branch_of(self.sent[number - 1][1]))
            self.carrier.send_ack(answer, *self.sent[number - 1])
            heard.add(answer.status)
        return heard


def next_of(carrier: Carrier, branch: str) -> Message:
    """The next call that the carrier is asked for, or the refusal of the one that it sent."""
    while (found := carrier.receive(6)) is not None:
        if found.method == "INVITE" and (not found.is_response or (found.status >= 200 and found.branch == branch)):
            return found
    pytest.fail("the carrier hears nothing")


def user_of(header: str) -> str:
    return sip.uri_in(header).removeprefix("sip:").partition("@")[0]


@pytest.mark.parametrize("caller", ["+4989777", "anonymous"])
def test_two_tenants_that_forward_to_each_other_end_with_a_clear_code(pbx: Any, circle: Circle, caller: str) -> None:
    """Case 41 where nothing tells the loop: the carrier makes a new call each time, with 70 hops left. It ends long
    before lines or memory do, each round is refused with 482 and charged to nobody, and no count is left."""
    whole, free = Round(circle.carrier), pbx.product.shared_memory_free()
    refusal = whole.goes(caller)
    assert (refusal.status, refusal.header("reason")) == (482, 'Q.850;cause=25;text="Exchange routing error"')
    assert len(whole.asked) <= 25
    assert whole.unwinds(482) == {482}
    within(10, lambda: not counted(pbx), "nothing is counted any more")
    refused = within(
        10, lambda: [row for row in pbx.product.call_records() if row["rule"] == "forward.circle"], "it is told"
    )
    assert refused[0][0]["code"] == 482
    for owner in ("885@acme.example", "885@circle.example"):
        assert pbx.product.guard("budgets.usage", owner=f"extension:{owner}")["money_per_day"] == 0
    within(20, lambda: free - pbx.product.shared_memory_free() < MEMORY, "the transactions of all rounds are gone")


def test_calls_that_are_answered_do_not_count_as_going_round(pbx: Any, circle: Circle) -> None:
    """A forward to a call centre: many calls of one caller talk there at once."""
    carrier = circle.carrier
    for place in range(12):
        branch = branch_of(sent_in(carrier, OURS, "+4989777")[1])
        invite = next_of(carrier, branch)
        assert not invite.is_response, f"call {place} was refused: {invite.start_line}"
        dialog = carrier.answer_call(invite)
        answer = carrier.final(branch)
        carrier.send(carrier.in_dialog(dialog_of_caller(answer), "ACK"))
        carrier.request("ACK")
        calls = pbx.rest.get("calls")["items"]
        assert dialog and calls
    for call in pbx.rest.get("calls")["items"]:
        pbx.rest.raw("DELETE", f"calls/{call['call_id']}")
    for _ in range(24):
        carrier.respond(carrier.request("BYE", 10), 200, "OK")
    within(10, lambda: not counted(pbx), "nothing is counted any more")
