"""Numbers that are no extension: ring groups and announcements of the own tenant."""

from ringfence.policy.book import Announcement, Book, RingGroup, Role, Subscriber, Tenant
from ringfence.policy.calls.services import Service
from ringfence.policy.index import build_index
from ringfence.policy.model import PlayService, Refuse, RingList, Step
from ringfence.policy.routing import judge_with

BOOK = Book(
    tenants=(Tenant(1, "A", "a.example"), Tenant(2, "B", "b.example")),
    roles=(Role("in", internal=True, national=False, international=False), Role("none", False, False, False)),
    ring_groups=(RingGroup(7, "600@a.example", "101@a.example,102@a.example:20", "*99101"),),
    announcements=(Announcement(8, "601@a.example"),),
)
ANN = Subscriber("101@a.example", 1, 1, "in", True, "Ann", "x", "y")
EVE = Subscriber("101@b.example", 2, 2, "in", True, "Eve", "x", "y")
MUTE = Subscriber("103@a.example", 1, 3, "none", True, "Mute", "x", "y")
judge = judge_with(build_index(BOOK), lambda aor: None)


def test_a_ring_group_rings_its_members() -> None:
    steps = (Step(("101@a.example", "102@a.example"), 20),)
    assert judge(ANN, ANN, "600") == RingList("route.ring_group", "ring_group:7", ANN, ANN, steps, "*99101")


def test_an_announcement_is_played() -> None:
    expected = PlayService("route.announcement", Service.ANNOUNCEMENT, "announcement-8", ANN, ANN)
    assert judge(ANN, ANN, "601") == expected


def test_another_tenant_has_no_such_number_and_who_may_not_call_inside_gets_none() -> None:
    assert isinstance(judge(EVE, EVE, "600"), Refuse)
    refused = judge(MUTE, MUTE, "600")
    assert isinstance(refused, Refuse)
    assert refused.rule == "route.internal_calls"
