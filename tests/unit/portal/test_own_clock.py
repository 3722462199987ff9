"""Pages show times in the tenant's time zone (issue 4: "Tenants (SIP domain, time zone, ...)")."""

from datetime import UTC, datetime

from ringfence.portal.calls.models import CallRecord
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import get, signed_in_browser

MOMENT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


def test_times_are_those_of_the_tenant_and_utc_above_the_tenants(site: Site) -> None:
    site.admin.call("PATCH", f"tenants/{site.tenants['a']}", {"time_zone": "Europe/Berlin"})
    CallRecord.objects.create(call_id="x", tenant_id=site.tenants["a"], started_at=MOMENT, ended_at=MOMENT)
    own = get(signed_in_browser("100@a.example"), "/cdrs").content.decode()
    assert "2026-07-02 00:30:00" in own and "Europe/Berlin" in own
    above = get(signed_in_browser("admin"), "/cdrs").content.decode()
    assert "2026-07-01 22:30:00" in above and "Times: UTC" in above


def test_rest_keeps_to_utc(site: Site) -> None:
    site.admin.call("PATCH", f"tenants/{site.tenants['a']}", {"time_zone": "Europe/Berlin"})
    CallRecord.objects.create(call_id="x", tenant_id=site.tenants["a"], started_at=MOMENT, ended_at=MOMENT)
    assert site.a.get("cdrs")["items"][0]["started_at"].startswith("2026-07-01T22:30:00")


def test_a_zone_that_the_machine_has_lost_is_utc(site: Site) -> None:
    from ringfence.portal.tenants.models import Tenant

    Tenant.objects.filter(pk=site.tenants["a"]).update(time_zone="Atlantis/Center")
    assert "Times: UTC" in get(signed_in_browser("100@a.example"), "/cdrs").content.decode()
