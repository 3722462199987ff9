"""The REST API's manners: who may ask, how refusals look, what is validated."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from ringfence.policy.settings import SecuritySettings, setting_names
from tests.unit.portal.rest import PASSWORD, Rest, Site

GUARDED = [
    "tenants", "users", "users/1", "roles", "settings/security", "ip-filters", "bans", "blocked-user-agents",
    "registrations", "calls", "cdrs", "audit-log", "status", "openapi.json",
]  # fmt: skip


@pytest.mark.parametrize("path", GUARDED)
def test_without_a_token_nothing_is_told(site: Site, path: str) -> None:
    assert Rest().refusal("GET", path)["error_id"] == "auth.required"
    assert Rest(token="rf_wrong").refusal("GET", path)["status"] == 401


def test_the_description_is_for_those_who_signed_in(site: Site) -> None:
    described = site.admin.get("openapi.json")
    assert "/api/v1/users/{user_id}/sip-secret" in described["paths"]
    assert Client().get("/api/v1/docs", secure=True).status_code == 404


def test_a_problem_document_names_field_and_rule(site: Site) -> None:
    status, problem = site.admin.call("POST", "users", {"tenant_id": "x", "extension": "101"})
    assert status == 422
    assert {item["field"] for item in problem["errors"]} == {"tenant_id", "display_name"}
    assert problem["type"] == "urn:ringfence:problem:request.invalid"
    assert (problem["status"], problem["instance"]) == (422, "/api/v1/users")


def test_broken_json_is_a_problem_too(site: Site) -> None:
    answer = site.admin.client.generic(
        "POST",
        "/api/v1/tenants",
        b"{",
        content_type="application/json",
        secure=True,
        headers={"Authorization": f"Bearer {site.admin.token}"},
    )
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("domain", "rule"),
    [
        ("", "tenant.domain"),
        ("a b.example", "tenant.domain"),
        ("-a.example", "tenant.domain"),
        ("a..example", "tenant.domain"),
        ("ä.example", "tenant.domain"),
        ("x" * 64 + ".example", "tenant.domain"),
        ("localhost", "tenant.domain_is_ours"),
        ("127.0.0.1", "tenant.domain_is_ours"),
        ("192.0.2.77", "tenant.domain_is_address"),
        ("1.2", "tenant.domain_is_address"),
    ],
)
def test_a_tenant_needs_a_host_name_of_its_own(site: Site, domain: str, rule: str) -> None:
    refusal = site.admin.refusal("POST", "tenants", {"name": "C", "domain": domain})
    assert (refusal["error_id"], refusal["field"]) == (rule, "domain")


def test_domains_are_lowered_and_unique(site: Site) -> None:
    assert site.admin.post("tenants", name="C", domain="C.Example")["domain"] == "c.example"
    refusal = site.admin.refusal("POST", "tenants", {"name": "D", "domain": "c.EXAMPLE"})
    assert (refusal["status"], refusal["field"]) == (409, "domain")


def test_a_tenant_is_made_with_the_emergency_numbers_of_its_country(site: Site) -> None:
    tenant = site.admin.post("tenants", name="D", domain="d.example", country="DE")
    assert "110" in site.admin.get(f"tenants/{tenant['id']}/number-plan")["emergency_numbers"]
    refusal = site.admin.refusal("POST", "tenants", {"name": "E", "domain": "e.example", "country": "ZZ"})
    assert (refusal["field"], refusal["error_id"]) == ("country", "country.unknown")


@pytest.mark.parametrize("number", ["", "1", "12", "1a1", "1" * 65, "+49", "١٠١", "101\n"])
def test_an_extension_is_digits(site: Site, number: str) -> None:
    wish = {"tenant_id": site.tenants["a"], "extension": number, "display_name": "Ann"}
    assert site.a.refusal("POST", "users", wish)["error_id"] == "extension.syntax"


@pytest.mark.parametrize("name", ["", "  ", "a\r\nb", "a\x00", "x" * 65, "a\u202eb"])
def test_a_display_name_has_no_hidden_characters(site: Site, name: str) -> None:
    wish = {"tenant_id": site.tenants["a"], "extension": "200", "display_name": name}
    assert site.a.refusal("POST", "users", wish)["field"] == "display_name"


def test_the_same_extension_may_exist_in_two_tenants_but_not_twice_in_one(site: Site) -> None:
    wish = {"tenant_id": site.tenants["a"], "extension": "101", "display_name": "Ann"}
    assert site.a.refusal("POST", "users", wish)["status"] == 409


def test_lists_come_in_pages(site: Site) -> None:
    first, second = (site.admin.get(f"users?limit=3&offset={offset}") for offset in (0, 3))
    assert (len(first["items"]), len(second["items"]), first["count"]) == (3, 1, 4)
    assert site.admin.refusal("GET", "users?limit=0")["field"] == "limit"


def test_settings_are_read_changed_and_returned_to_default(site: Site) -> None:
    assert set(site.admin.get("settings/security")) == set(setting_names())
    changed = site.admin.call("PATCH", "settings/security", {"level_1_packets": 300})[1]
    assert changed["level_1_packets"] == 300
    back = site.admin.call("PUT", "settings/security", {"detection_period": 20})[1]
    assert back == {**site.admin.get("settings/security"), "detection_period": 20}
    assert back["level_1_packets"] == SecuritySettings().level_1_packets


@pytest.mark.parametrize(
    ("values", "error_id"),
    [
        ({"level_1_packets": 3000}, "settings.unreachable"),
        ({"detection_period": 0}, "settings.range"),
        ({"detection_period": "x"}, "settings.number"),
        ({"nonsense": 1}, "settings.unknown"),
        ({"level_1_enabled": 1}, "settings.switch"),
    ],
)
def test_nonsense_settings_are_refused_with_the_reason(site: Site, values: dict[str, Any], error_id: str) -> None:
    before = site.admin.get("settings/security")
    for method in ("PATCH", "PUT"):
        assert site.admin.refusal(method, "settings/security", values)["error_id"] == error_id
    assert site.admin.get("settings/security") == before


def test_too_many_failed_sign_ins_close_the_portal_for_that_address_only(site: Site) -> None:
    site.admin.call("PATCH", "settings/security", {"web_failed_login_limit": 2})
    attacker = Rest(address="198.51.100.7")
    wrong = {"username": "admin", "password": "wrong-Horse7"}
    statuses = [attacker.call("POST", "auth/token", wrong)[0] for _ in range(5)]
    assert statuses == [401, 401, 429, 429, 429]
    assert attacker.refusal("POST", "auth/token", {"username": "admin", "password": PASSWORD})["status"] == 429
    assert Rest().call("POST", "auth/token", {"username": "admin", "password": PASSWORD})[0] == 201


def test_entries_end_in_the_future(site: Site) -> None:
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    wish = {"cidr": "198.51.100.0/24", "target": "block", "expires_at": past}
    assert site.admin.refusal("POST", "ip-filters", wish)["error_id"] == "ip_filter.past"


@pytest.mark.parametrize("query", ["users?tenant_id=", "users?offset=", "cdrs?tenant_id=", "cdrs?offset="])
def test_a_number_no_database_holds_is_a_problem_not_a_fault(site: Site, query: str) -> None:
    assert site.admin.refusal("GET", f"{query}{2**70}")["status"] == 422


@pytest.mark.parametrize("number", ["112", "911"])
def test_an_emergency_number_is_no_extension(site: Site, number: str) -> None:
    """Emergency numbers are decided first: such an extension could never be reached."""
    body = {"tenant_id": site.tenants["a"], "extension": number, "display_name": "Ann"}
    refusal = site.a.refusal("POST", "users", body)
    assert (refusal["status"], refusal["error_id"], refusal["field"]) == (422, "extension.emergency", "extension")


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59-12:00", "9999-12-31T12:00:00Z", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("path", ["audit-log?until=", "cdrs?started_after=", "recordings?started_before="])
def test_a_time_beyond_the_calendar_is_refused(site: Site, path: str, stamp: str) -> None:
    """Attack group W: it cannot be said in every time zone, and once was a fault of the system."""
    assert site.admin.refusal("GET", path + quote(stamp))["error_id"] == "request.invalid"


def test_a_time_without_a_zone_means_utc(site: Site) -> None:
    """Reference "Whitelist and Blacklist": the end of an entry; it once was a fault of the system."""
    wish = {"cidr": "41.202.0.0/16", "target": "block", "expires_at": "2099-01-31T12:00:00"}
    assert site.admin.post("ip-filters", **wish)["expires_at"] == "2099-01-31T12:00:00+00:00"
    refused = site.admin.refusal("POST", "ip-filters", {**wish, "expires_at": "9999-12-31T23:59:59Z"})
    assert refused["field"] == "expires_at"
