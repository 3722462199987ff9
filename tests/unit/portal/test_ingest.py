"""Call records arrive once, whatever happens to the process that takes them."""

from typing import Any

import pytest
from django.db import DatabaseError

from ringfence.portal.calls import ingest
from ringfence.portal.calls.models import CallRecord, EventCursor
from ringfence.portal.people.models import Extension
from tests.unit.portal.rest import Site


def ended(number: int, tenant_id: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "t": 1010.0, "kind": "call.ended", "call_id": f"call-{number}", "tenant_id": tenant_id,
        "caller": "101@a.example", "callee": "102@a.example", "dialled": "102", "started_at": 1000.0,
        "answered_at": 1002.5, "ended_at": 1010.0, "code": 200, "reason": "Normal", "ended_by": "callee", **more,
    }  # fmt: skip


def test_a_finished_call_becomes_a_record(site: Site) -> None:
    site.guard.events = [ended(1, site.tenants["a"])]
    assert ingest.take_events() == 1
    record = site.a.get("cdrs")["items"][0]
    assert record["duration"] == 7.5
    assert record["started_at"] == "1970-01-01T00:16:40+00:00"
    assert (record["caller"], record["dialled"], record["code"], record["ended_by"]) == (
        "101@a.example",
        "102",
        200,
        "callee",
    )


def test_an_unanswered_and_a_refused_call_last_no_time(site: Site) -> None:
    refused = {"id": 2, "t": 5.0, "kind": "call.refused", "call_id": "r", "code": 403, "rule": "outbound.right"}
    site.guard.events = [ended(1, site.tenants["a"], answered_at=None, code=486), refused]
    ingest.take_events()
    found = {item["call_id"]: item for item in site.admin.get("cdrs")["items"]}
    assert (found["call-1"]["duration"], found["call-1"]["answered_at"]) == (0.0, None)
    assert (found["r"]["rule"], found["r"]["code"], found["r"]["tenant_id"]) == ("outbound.right", 403, None)


def test_the_same_events_twice_count_once(site: Site) -> None:
    site.guard.events = [ended(number, site.tenants["a"]) for number in (1, 2, 3)]
    ingest.take_events()
    EventCursor.objects.all().delete()
    ingest.take_events()
    assert CallRecord.objects.count() == 3
    assert ingest.take_events() == 0


def test_a_failure_in_the_middle_stores_nothing_and_moves_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.guard.events = [ended(1, site.tenants["a"]), ended(2, site.tenants["a"])]

    def store_one(event: dict[str, Any], store: Any = ingest.store) -> None:
        if event["id"] == 2:
            raise DatabaseError("disk full")
        store(event)

    with monkeypatch.context() as broken:
        broken.setattr(ingest, "store", store_one)
        with pytest.raises(DatabaseError):
            ingest.take_events()
    assert not CallRecord.objects.exists()
    assert not EventCursor.objects.exists()
    assert ingest.take_events() == 2


@pytest.mark.parametrize("broken", [{"call_id": None, "t": "x"}, {"started_at": 1e300}, {"code": "abc"}])
def test_a_broken_event_does_not_stop_the_others(site: Site, broken: dict[str, Any]) -> None:
    site.guard.events = [ended(1, site.tenants["a"], **broken, ended_at=None), ended(2, site.tenants["a"])]
    ingest.take_events()
    assert CallRecord.objects.filter(call_id="call-2").exists()
    assert CallRecord.objects.count() == 1


def test_a_ledger_that_begins_anew_is_read_from_its_start(site: Site) -> None:
    EventCursor.objects.create(name=ingest.CURSOR, position=500)
    site.guard.events = [ended(1, site.tenants["a"])]
    ingest.take_events()
    ingest.take_events()
    assert CallRecord.objects.count() == 1


def test_a_guard_that_is_down_is_said_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site.guard.stop()
    monkeypatch.setattr(ingest, "PAUSE", 0.0)
    rounds = iter([False, False, True])
    with caplog.at_level("WARNING"):
        ingest.Loop().run(lambda: next(rounds))
    assert [record.message.partition(":")[0] for record in caplog.records] == ["events wait"]


def test_who_asks_for_a_mailbox_is_told_through_the_guard_what_is_in_it(site: Site) -> None:
    """RFC 3842: the guard sends the NOTIFY, the messages are in our database."""
    extension = Extension.objects.select_related("tenant").filter(tenant__domain="a.example")[0]
    watch = {"id": 1, "t": 1.0, "kind": "watch.saved", "event": "message-summary"}
    site.guard.events = [{**watch, "watched": extension.aor}, {**watch, "id": 2, "watched": "nobody@nowhere.example"}]
    ingest.take_events()
    told = [args for verb, args in site.guard.asked if verb == "messages.counted"]
    assert told == [{"aor": extension.aor, "new": 0, "old": 0}]
