"""Calls from outside: which number, which tenant, who may call it (reference: "Trunk Security"; attack case 106)."""

from dataclasses import replace

import pytest

from ringfence.policy.book import Announcement, Book, RingGroup, Subscriber
from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.destinations import parse_destination
from ringfence.policy.calls.ringlist import Step, encode_steps
from ringfence.policy.calls.services import Service
from ringfence.policy.index import build_index
from ringfence.policy.model import PlayService, Refuse, RingExtension, RingList, Verdict
from ringfence.policy.routing import judge_with
from ringfence.policy.trunking.inbound import Arrival, Did, Placed, blocked_key, did_key, encode_did, place
from ringfence.policy.trunking.trunks import Source, Trunk, TrunkKind

CARRIER = Trunk(1, "Carrier", TrunkKind.ADDRESS, sources=(Source("192.0.2.1/32"),), country_code="49")
OTHER = replace(CARRIER, id=2, name="Other", tenant_id=20)
BOB = Subscriber("101@b.example", 20, 5, "staff", True, "Bob", "", "")
STORE: dict[str, bytes] = {}
SALES = RingGroup(7, "600@b.example", encode_steps((Step(("101@b.example",), 20),)))
INDEX = build_index(Book(ring_groups=(SALES,), announcements=(Announcement(3, "601@b.example"),)))


def stored(number: str, trunk_id: int = 1, destination: str = "extension:101") -> dict[str, bytes]:
    return {did_key(number): encode_did(Did(number, trunk_id, 20, "b.example", parse_destination(destination)))}


def placed(arrival: Arrival, store: dict[str, bytes], *people: Subscriber) -> Placed | Refuse:
    by_aor = {one.aor: one for one in people or (BOB,)}
    return place(arrival, store.get, INDEX, by_aor.get, judge_with(INDEX, by_aor.get))


def verdict_of(found: Placed | Refuse) -> Verdict:
    return found if isinstance(found, Refuse) else found.verdict


def test_a_number_rings_its_extension_and_the_caller_has_no_right() -> None:
    found = placed(Arrival((CARRIER,), ("030123",), "0089777"), stored("+4930123"))
    assert isinstance(found, Placed)
    assert isinstance(found.verdict, RingExtension)
    assert (found.verdict.aor, found.number) == ("101@b.example", "+4930123")
    assert (found.caller.aor, found.caller.role, found.caller.user_id) == ("+89777@b.example", "", 0)


def test_two_tenants_at_one_carrier_are_told_apart_by_the_number() -> None:
    """Case 106: the trunk that has the number takes the call, though both list the address."""
    found = placed(Arrival((CARRIER, OTHER), ("+4930123",), "+4989"), stored("+4930123", trunk_id=2))
    assert isinstance(found, Placed)
    assert found.trunk is OTHER


def test_a_number_over_another_trunk_is_refused() -> None:
    """Case 106: no cross-tenant call by dialling the other's number over one's own trunk."""
    assert verdict_of(placed(Arrival((CARRIER,), ("+4930123",), "+4989"), stored("+4930123", trunk_id=2))) == Refuse(
        "inbound.number", 404, "Not Found"
    )


def test_a_trunk_of_another_tenant_serves_nobody_else() -> None:
    foreign = replace(OTHER, tenant_id=99)
    found = verdict_of(placed(Arrival((foreign,), ("+4930123",), "+4989"), stored("+4930123", trunk_id=2)))
    assert isinstance(found, Refuse)
    assert found.rule == "inbound.tenant"


@pytest.mark.parametrize("called", ["+4930999", "anonymous", "", "%2b4930999", "٠٣٠"])
def test_what_is_no_number_of_ours_is_not_found(called: str) -> None:
    assert verdict_of(placed(Arrival((CARRIER,), (called,), "+4989"), stored("+4930123"))).rule == "inbound.number"


@pytest.mark.parametrize(
    ("pattern", "caller", "withheld", "rule"),
    [
        ("+4989777", "089777", False, "inbound.blocked"),
        ("+4989*", "089777", False, "inbound.blocked"),
        ("+49*", "+4989777", False, "inbound.blocked"),
        ("+4989778", "089777", False, "inbound.extension"),
        ("anonymous", "089777", False, "inbound.extension"),
        ("anonymous", "089777", True, "inbound.anonymous"),
        ("anonymous", "", False, "inbound.anonymous"),
        ("anonymous", "nonsense", False, "inbound.anonymous"),
    ],
)
def test_blocked_and_anonymous_callers(pattern: str, caller: str, withheld: bool, rule: str) -> None:
    store = {**stored("+4930123"), blocked_key(20, pattern): b"1"}
    found = placed(Arrival((CARRIER,), ("+4930123",), caller, withheld), store)
    assert verdict_of(found).rule == rule


def test_a_block_of_another_tenant_blocks_nobody_here() -> None:
    store = {**stored("+4930123"), blocked_key(10, "+4989*"): b"1"}
    assert verdict_of(placed(Arrival((CARRIER,), ("+4930123",), "+4989777"), store)).rule == "inbound.extension"


@pytest.mark.parametrize(
    ("destination", "rule"),
    [
        ("hang_up:", "inbound.hang_up"),
        ("extension:999", "inbound.destination"),
        ("extension:*98", "inbound.destination"),
        ("announcement:1", "inbound.destination"),
    ],
)
def test_where_nothing_answers_the_call_is_refused(destination: str, rule: str) -> None:
    found = placed(Arrival((CARRIER,), ("+4930123",), "+4989"), stored("+4930123", destination=destination))
    assert verdict_of(found).rule == rule


def test_a_forward_to_the_outside_is_judged_as_a_call_of_the_forwarder() -> None:
    """Case 112, from outside: the outside caller never crosses to another trunk on rights of his own."""
    forwarding = replace(BOB, calling=Calling(forward_always="0044900"))
    found = placed(Arrival((CARRIER,), ("+4930123",), "+4989"), stored("+4930123"), forwarding)
    assert verdict_of(found) == Refuse("outbound.international", 480, "Temporarily Unavailable", "101@b.example")


def test_a_number_leads_to_a_ring_group_an_announcement_or_a_mailbox() -> None:
    arrival = Arrival((CARRIER,), ("+4930123",), "+4989")
    group = verdict_of(placed(arrival, stored("+4930123", destination="ring_group:600")))
    assert isinstance(group, RingList)
    assert group.steps[0].aors == ("101@b.example",)
    text = verdict_of(placed(arrival, stored("+4930123", destination="announcement:601")))
    assert isinstance(text, PlayService)
    assert (text.service, text.argument) == (Service.ANNOUNCEMENT, "announcement-3")
    owner = replace(BOB, calling=Calling(voicemail=True))
    box = verdict_of(placed(arrival, stored("+4930123", destination="voicemail:101"), owner))
    assert isinstance(box, PlayService)
    assert (box.service, box.argument) == (Service.LEAVE_MESSAGE, "101@b.example")


@pytest.mark.parametrize("destination", ["ring_group:999", "announcement:600x", "voicemail:101", "time_condition:2"])
def test_a_destination_that_is_not_there_refuses_the_call(destination: str) -> None:
    without = replace(BOB, calling=Calling(voicemail=False))
    found = placed(Arrival((CARRIER,), ("+4930123",), "+4989"), stored("+4930123", destination=destination), without)
    assert verdict_of(found) == Refuse("inbound.destination", 480, "Temporarily Unavailable")
