"""Charts count in the tenant's own days (issue 4, 1: a tenant has a time zone; 7: plots)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from ringfence.portal.calls.hours import calls_by_day, calls_by_hour
from ringfence.portal.calls.ingest import store
from ringfence.portal.people.models import Person
from tests.unit.portal.rest import Site


def call(site: Site, at: datetime, answered: bool = False) -> None:
    stamp = at.timestamp()
    about = {"tenant_id": site.tenants["a"], "caller": "100@a.example", "started_at": stamp}
    store(
        {"kind": "call.ended", "t": stamp + 5, "call_id": str(stamp), **about}
        | ({"answered_at": stamp + 1} if answered else {})
    )


@pytest.mark.parametrize("name", ["Pacific/Auckland", "Asia/Kathmandu", "America/St_Johns", "UTC"])
def test_a_day_begins_where_the_tenant_is(site: Site, name: str) -> None:
    """Issue 4, 1. One call right before and one right after local midnight are calls of two days."""
    zone = ZoneInfo(name)
    midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    call(site, (midnight - timedelta(seconds=20)).astimezone(UTC))
    call(site, (midnight + timedelta(seconds=20)).astimezone(UTC), answered=True)
    actor = Person.objects.get(username="100@a.example").acts_from("192.0.2.1")
    with timezone.override(zone):
        found = calls_by_day(actor)
        assert sum(calls_by_hour(actor)["attempts"]) == 0
    assert found["attempts"][-4:] == [1, 1, 0, 0]
    assert found["answered"][-4:] == [0, 1, 0, 0]
    assert found["times"][-3] == int(midnight.timestamp())
    assert found["ahead"] == int(datetime.now(zone).utcoffset().total_seconds())  # type: ignore[union-attr]
