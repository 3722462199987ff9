"""The security dashboard: small, bounded sums of what the guard told, counted once."""

import json
import time
from typing import Any

import pytest
from django.test import Client

from ringfence.portal.calls.models import EventCursor
from ringfence.portal.security import dashboard, history
from ringfence.portal.security.models import AttackCase, AttackMinute, AttackSource
from tests.unit.portal.rest import PASSWORD, Site

NOW = time.time()


def ban(number: int, address: str = "198.51.100.7", rule: str = "antihacking.failed_authentication") -> dict[str, Any]:
    return {"id": number, "t": NOW, "kind": "ban.added", "address": address, "rule": rule, "reason": "50 failures"}


def spared(number: int) -> dict[str, Any]:
    return {"id": number, "t": NOW, "kind": "ban.spared", "address": "192.0.2.9", "why": "office.healthy"}


def refused(number: int, count: int, rule: str = "source.user_agent") -> dict[str, Any]:
    return {"id": number, "t": NOW, "kind": "request.refused", "rule": rule, "count": count, "source": "192.0.2.1"}


def browser() -> Client:
    client = Client()
    client.post("/sign-in", {"username": "admin", "password": PASSWORD}, secure=True)
    return client


def test_what_happened_is_on_the_dashboard(site: Site) -> None:
    site.guard.events = [ban(1), ban(2), ban(3, "2001:db8:1::/64", "ban.manual"), spared(4), refused(5, 12_345)]
    assert history.take_history() == 5
    site.guard.answers["status"] = {"bans": 2, "kernel": {"dropped_banned": 98_765}}
    page = browser().get("/security-dashboard", secure=True).content.decode()
    for shown in (
        "198.51.100.7",
        "2001:db8:1::/64",
        "office.healthy",
        "12,345",
        "98,765",
        "ban.manual",
        "source.user_agent",
        "too many wrong SIP passwords",
        "a blocked user agent",
        "phones are registered there",
    ):
        assert shown in page
    facts = dashboard.facts("hour")
    assert [(row["source"], row["sum"]) for row in facts["sources"]] == [("198.51.100.7", 2), ("2001:db8:1::/64", 1)]
    assert {str(card["title"]): card["value"] for card in facts["cards"]} == {
        "Bans": 3,
        "Spared": 1,
        "Refused requests": 0,
        "From blocked user agents": 12_345,
    }


@pytest.mark.parametrize("span", ["hour", "day", "week", "month", "nonsense"])
def test_the_chart_counts_everything_once_in_every_span(site: Site, span: str) -> None:
    site.guard.events = [ban(1), ban(2), refused(3, 7)]
    history.take_history()
    client = browser()
    for of, sums in (("bans", [0, 2]), ("requests", [7]), ("nonsense", [0, 2])):
        path = f"/security-dashboard/chart.json?span={span}&of={of}"
        drawn = json.loads(client.get(path, secure=True).content)
        assert [sum(one["values"]) for one in drawn["series"]] == sums
        assert all(len(one["values"]) == len(drawn["times"]) for one in drawn["series"])


def test_the_same_events_again_are_not_counted_again(site: Site) -> None:
    site.guard.events = [ban(1)]
    history.take_history()
    assert history.take_history() == 0
    site.guard.events.append(ban(2))
    history.take_history()
    assert AttackMinute.objects.get().count == 2
    assert AttackSource.objects.get().bans == 2


def test_a_failure_while_storing_counts_nothing_and_moves_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.guard.events = [ban(1)]
    with monkeypatch.context() as broken:
        broken.setattr(history, "_trim", lambda days: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            history.take_history()
    assert not AttackMinute.objects.exists()
    assert not EventCursor.objects.exists()
    assert history.take_history() == 1


def test_a_ledger_that_begins_anew_is_read_from_its_start(site: Site) -> None:
    EventCursor.objects.create(name=history.CURSOR, position=500)
    site.guard.events = [ban(1)]
    history.take_history()
    assert history.take_history() == 1


def test_nothing_grows_without_bound(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_SOURCES", 20)
    monkeypatch.setattr(history, "MOST_REASONS", 5)
    monkeypatch.setattr(history, "KEPT_CASES", 10)
    AttackMinute.objects.create(minute=1, what="banned", why="old", count=1)
    AttackSource.objects.create(day=1, source="192.0.2.1", bans=1, why="old", last_at=1.0)
    site.guard.events = [ban(number, f"10.0.0.{number}", f"rule.{number}") for number in range(1, 101)]
    history.take_history()
    assert AttackSource.objects.count() == 20
    assert AttackCase.objects.count() == 10
    assert set(AttackMinute.objects.values_list("why", flat=True)) == {
        "rule.1",
        "rule.2",
        "rule.3",
        "rule.4",
        "rule.5",
        "other",
    }
    assert sum(AttackMinute.objects.values_list("count", flat=True)) == 100


@pytest.mark.parametrize(
    "broken", [{"t": "x"}, {"t": None}, {"count": "many", "kind": "request.refused"}, {"t": 1e400}]
)
def test_a_broken_event_does_not_stop_the_others(site: Site, broken: dict[str, Any]) -> None:
    site.guard.events = [{**ban(1), **broken}, ban(2)]
    history.take_history()
    assert AttackMinute.objects.get(why="antihacking.failed_authentication").count >= 1


def test_names_in_events_stay_text(site: Site) -> None:
    """Attack case 96."""
    site.guard.events = [ban(1, "<img onerror=alert(1)>", "<b>rule</b>")]
    history.take_history()
    page = browser().get("/security-dashboard/now", secure=True).content
    assert b"<img" not in page
    assert b"<b>rule" not in page
