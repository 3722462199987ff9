"""A tenant administrator sees and changes its own tenant only; other tenants do not exist for it."""

from typing import Any

import pytest
from django.db import IntegrityError

from ringfence.portal.actor import Actor
from ringfence.portal.audit.models import Entry
from ringfence.portal.calls.ingest import store
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.people.models import Person
from ringfence.portal.tenants.models import Tenant
from tests.unit.portal.rest import PASSWORD, Rest, Site, signed_in

SYSTEM_ONLY: list[tuple[str, str, Any]] = [
    ("GET", "settings/security", None),
    ("PATCH", "settings/security", {"detection_period": 20}),
    ("PUT", "settings/security", {}),
    ("GET", "ip-filters", None),
    ("POST", "ip-filters", {"cidr": "198.51.100.0/24", "target": "allow"}),
    ("GET", "bans", None),
    ("POST", "bans", {"address": "198.51.100.7"}),
    ("GET", "bans/198.51.100.7/explain", None),
    ("DELETE", "bans/198.51.100.7", None),
    ("GET", "never-block", None),
    ("GET", "protected-addresses", None),
    ("POST", "protected-addresses", {"cidr": "198.51.100.7", "kind": "front_proxy", "name": "x"}),
    ("DELETE", "protected-addresses/1", None),
    ("GET", "blocked-user-agents", None),
    ("POST", "blocked-user-agents", {"pattern": "scanner"}),
    ("DELETE", "blocked-user-agents/1", None),
    ("POST", "tenants", {"name": "C", "domain": "c.example"}),
]


@pytest.mark.parametrize(("method", "path", "body"), SYSTEM_ONLY)
def test_a_tenant_administrator_manages_no_system_wide_thing(site: Site, method: str, path: str, body: Any) -> None:
    site.guard.asked.clear()
    assert site.a.refusal(method, path, body)["status"] == 403
    assert not site.guard.asked


def test_call_records_stay_in_their_tenant(site: Site) -> None:
    for name in ("a", "b"):
        store({"kind": "call.ended", "t": 100.0, "call_id": name, "tenant_id": site.tenants[name], "caller": name})
    store({"kind": "call.refused", "t": 100.0, "call_id": "nobody", "tenant_id": 0})
    assert [item["call_id"] for item in site.a.get("cdrs")["items"]] == ["a"]
    assert site.admin.get("cdrs")["count"] == 3
    stranger = site.b.get("cdrs")["items"][0]["id"]
    assert site.a.refusal("GET", f"cdrs/{stranger}")["status"] == 404
    assert site.a.get(f"cdrs?tenant_id={site.tenants['b']}")["count"] == 0


@pytest.mark.parametrize(("path", "verb"), [("registrations", "registrations.list"), ("calls", "calls.list")])
def test_live_lists_stay_in_their_tenant(site: Site, path: str, verb: str) -> None:
    site.guard.answers[verb] = [{"aor": "x", "tenant_id": site.tenants[name]} for name in ("a", "b")] + [
        {"aor": "none"}
    ]
    assert site.a.get(path)["count"] == 1
    assert site.admin.get(path)["count"] == 3


def test_the_audit_log_shows_only_the_own_tenant(site: Site) -> None:
    assert {item["tenant_id"] for item in site.a.get("audit-log?limit=500")["items"]} == {site.tenants["a"]}


def test_a_user_without_administration_may_not_use_the_api(site: Site) -> None:
    user = site.users["101@a.example"]
    site.admin.call("PUT", f"users/{user}/password", {"password": PASSWORD})
    body = {"username": "101@a.example", "password": PASSWORD}
    assert Rest().refusal("POST", "auth/token", body)["status"] == 403


def test_a_tenant_administrator_who_loses_the_role_loses_the_token(site: Site) -> None:
    fresh = signed_in("100@a.example")
    site.admin.call("PATCH", f"users/{site.users['100@a.example']}", {"role": "Standard User"})
    assert fresh.refusal("GET", "users")["status"] == 403


def test_somebody_without_a_tenant_who_is_no_system_administrator_sees_nothing(site: Site) -> None:
    nobody = Actor("nobody")
    for rows in (Tenant.objects, Person.objects, CallRecord.objects, Entry.objects):
        assert not rows.all().visible_to(nobody).exists()


def test_the_database_refuses_a_person_without_a_place(site: Site) -> None:
    with pytest.raises(IntegrityError):
        Person.objects.create(username="nobody")


def test_only_the_system_administrators_address_is_protected_from_bans(site: Site) -> None:
    signed_in("100@a.example")
    assert "never-block.admin" not in site.guard.verbs()
    signed_in("admin")
    assert "never-block.admin" in site.guard.verbs()
