"""Which way a call takes to the outside, and what is due at a trunk (reference: "Trunk Security")."""

from dataclasses import replace

import pytest

from ringfence.policy.book import Subscriber
from ringfence.policy.model import CallOutside, TrunkRoute
from ringfence.policy.trunking.keeping import (
    Registration,
    Standing,
    accepted,
    address_to_try,
    asking,
    decode_registration,
    not_accepted,
    seconds_asked,
    too_brief,
    trying,
)
from ringfence.policy.trunking.trunks import Login, Peer, Trunk, TrunkKind, index_trunks
from ringfence.policy.trunking.ways import Way, decode_ways, encode_ways, goes_on, peer_of, ways

ANN = Subscriber("101@a.example", 1, 2, "staff", True, "Ann", "", "")
PEERS = (Peer("192.0.2.1", 5060), Peer("192.0.2.2", 5060))
FIRST = Trunk(1, "First", TrunkKind.REGISTER, peers=PEERS, numbers=("+4930*",), default_number="+493000")
SECOND = Trunk(2, "Second", TrunkKind.ADDRESS, peers=(Peer("198.51.100.1", 5060),))
GATEWAY = Trunk(3, "E1", TrunkKind.ACCEPT_REGISTER, account="e1@gw.example", domain="gw.example")
FOREIGN = Trunk(4, "Foreign", TrunkKind.ADDRESS, tenant_id=9, peers=PEERS)
OFF = Trunk(5, "Off", TrunkKind.ADDRESS, enabled=False, peers=PEERS)
TRUNKS = index_trunks((FIRST, SECOND, GATEWAY, FOREIGN, OFF))


def call(*trunk_ids: int, number: str = "+4989", emergency: bool = False) -> CallOutside:
    routes = tuple(TrunkRoute(one, number, "+493012") for one in trunk_ids)
    return CallOutside("outbound.rule", ANN, "+4989", "All", routes, emergency)


def nothing_is_down(trunk_id: int, address: str) -> bool:
    return False


def test_every_address_of_every_route_is_a_way_in_order() -> None:
    found = ways(call(2, 1, 3), TRUNKS, nothing_is_down)
    assert [way.address for way in found] == ["198.51.100.1:5060", "192.0.2.1:5060", "192.0.2.2:5060", ""]
    assert found[1] == Way(1, "192.0.2.1:5060", "+4989", "+493012")
    assert decode_ways(encode_ways(found)) == found
    assert peer_of(found[1], FIRST) == PEERS[0]
    assert peer_of(found[3], GATEWAY) is None


def test_dead_addresses_are_skipped_and_the_last_of_an_emergency() -> None:
    assert [way.trunk_id for way in ways(call(1, 2), TRUNKS, lambda trunk_id, _: trunk_id == 1)] == [2]
    assert ways(call(1), TRUNKS, lambda *_: True) == ()
    assert len(ways(call(1, emergency=True), TRUNKS, lambda *_: True)) == 2
    found = ways(call(1, 2, emergency=True), TRUNKS, lambda trunk_id, _: trunk_id == 1)
    assert [way.trunk_id for way in found] == [2, 1, 1]


@pytest.mark.parametrize(
    "wrong", [call(4), call(5), call(77), call(2, number=""), call(2, number="+49;x"), call(2, number="a@b")]
)
def test_no_way_over_a_foreign_or_disabled_trunk_nor_for_what_is_no_number(wrong: CallOutside) -> None:
    assert ways(wrong, TRUNKS, nothing_is_down) == ()


@pytest.mark.parametrize(
    ("code", "heard", "on"),
    [
        (500, True, True),
        (503, False, True),
        (408, False, True),
        (408, True, False),
        (407, True, True),
        (486, True, False),
        (404, True, False),
        (603, True, False),
        (600, True, False),
    ],
)
def test_only_the_trunks_own_failures_lead_to_the_next_way(code: int, heard: bool, on: bool) -> None:
    assert goes_on(code, heard=heard) is on
    assert goes_on(code, heard=heard, emergency=True)


def test_a_registration_moves_on_from_an_address_that_fails() -> None:
    one, two = "192.0.2.1:5060", "192.0.2.2:5060"
    none: frozenset[str] = frozenset()
    assert address_to_try(FIRST, Registration(), none) == one
    assert address_to_try(FIRST, not_accepted(one, 503, 0), none) == two
    assert address_to_try(FIRST, not_accepted(two, 408, 0), none) == one
    assert address_to_try(FIRST, accepted(two, 300, 0), none) == two
    assert address_to_try(FIRST, accepted(two, 300, 0), frozenset({two})) == one
    assert address_to_try(FIRST, Registration(), frozenset({one, two})) == one
    assert address_to_try(GATEWAY, Registration(), none) == ""


def test_a_registration_is_renewed_in_time_and_survives_its_text_form() -> None:
    now = accepted("192.0.2.1:5060", 300, 1000.0)
    assert (now.until, now.due) == (1300.0, 1150.0)
    assert accepted("x", 4, 0.0).due == 10.0
    assert decode_registration(now.encoded()) == now
    assert decode_registration("") == Registration()
    assert trying("a", now, 1150.0).until == 1300.0


def test_a_refusal_waits_longer_than_a_fault() -> None:
    assert not_accepted("a", 403, 0.0) == Registration(Standing.REFUSED, "a", 0.0, 60.0)
    assert not_accepted("a", 503, 0.0) == Registration(Standing.UNANSWERED, "a", 0.0, 2.0)


def test_a_registration_is_asked_for_as_long_as_the_provider_wants() -> None:
    """RFC 3261 section 10.2.8 (423 with Min-Expires)."""
    now = too_brief("192.0.2.1:5060", 1800, 0.0)
    assert (now.standing, now.due, now.least) == (Standing.UNANSWERED, 2.0, 1800)
    assert decode_registration(now.encoded()) == now
    assert [seconds_asked(replace(FIRST, expires=300), least) for least in (0, 60, 1800)] == [300, 300, 1800]


def test_a_trunk_with_other_credentials_is_another_registration() -> None:
    """Whoever mends the password or the realm of a refused trunk waits for no retry."""
    assert asking(FIRST) == asking(replace(FIRST, name="Another name"))
    now = replace(not_accepted("192.0.2.1:5060", 401, 0.0), asked="0" * 32)
    assert decode_registration(now.encoded()) == now
    login = Login("customer", "asterisk", "0" * 32)
    assert asking(replace(FIRST, login=login)) != asking(replace(FIRST, login=replace(login, realm="isp.example")))
    assert asking(replace(FIRST, login=login)) != asking(replace(FIRST, login=replace(login, ha1="1" * 32)))
