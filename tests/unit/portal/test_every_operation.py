"""W95: the whole API description is walked with the token of another tenant. A new resource is covered by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from django.utils import timezone

from ringfence.portal.api import api
from ringfence.portal.calls.ingest import store
from ringfence.portal.outbound.models import OutboundRule
from ringfence.portal.permissions import PERMISSIONS, Permission, Sphere
from ringfence.portal.phonecertificates.models import PhoneCertificate
from tests.unit.portal.rest import PASSWORD, Rest, Site
from tests.unit.portal.signing_in import signed_in_browser
from tests.unit.portal.voicemails import announce, leave_message, record_call

PREFIX = "/api/v1/"
OPEN = {"setup", "auth/token", "auth/password"}
"""The only paths without a permission: they check something else, or the token itself."""

ANY_SIGNED_IN = {"status", "tokens", "tokens/{token_id}", "language"}


@cache
def description() -> dict[str, Any]:
    return dict(api.get_openapi_schema())


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path of the API description."""

    method: str
    path: str
    about: dict[str, Any]

    @property
    def permission(self) -> Permission:
        return Permission(self.about["x-permission"])

    @property
    def concerns_system(self) -> bool:
        return PERMISSIONS[self.permission].sphere is Sphere.SYSTEM

    @property
    def names_an_object(self) -> bool:
        return "{" in self.path


def operations() -> Iterator[Operation]:
    for path, methods in description()["paths"].items():
        for method, about in methods.items():
            yield Operation(method.upper(), path.removeprefix(PREFIX), about)


def guarded() -> list[Operation]:
    return [item for item in operations() if item.path not in OPEN | ANY_SIGNED_IN]


def case(item: Operation) -> Any:
    return pytest.param(item, id=f"{item.method} {item.path}")


def body_of(item: Operation, tenant_id: int) -> Any:
    """The smallest body that the description permits, for objects of this tenant."""
    if "requestBody" not in item.about:
        return None
    return _value(item.about["requestBody"]["content"]["application/json"]["schema"], tenant_id)


KNOWN = {
    "domain": "new.example",
    "password": PASSWORD,
    "extension": "777",
    "first": "+4930111",
    "destination": "hang_up:",
}
"""Texts that have to look like something before anything else is asked."""


def _value(schema: dict[str, Any], tenant_id: int, name: str = "") -> Any:
    if "$ref" in schema:
        return _value(description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], tenant_id, name)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], tenant_id, name)
    if name == "tenant_id":
        return tenant_id
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            needed = [
                *schema.get("required", ()),
                *(["tenant_id"] if "tenant_id" in schema.get("properties", {}) else []),
            ]
            return {key: _value(schema["properties"][key], tenant_id, key) for key in dict.fromkeys(needed)}
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "array":
            return [_value(schema["items"], tenant_id)] * schema.get("minItems", 0)
        case "number":
            return schema.get("minimum", 1.0)
        case "boolean":
            return True
        case _:
            return KNOWN.get(name, "Anything")


def populate(site: Site) -> None:
    """One of everything in tenant B that is not there from the start."""
    tenant_id = site.tenants["b"]
    store({"kind": "call.ended", "t": 100.0, "call_id": "b", "tenant_id": tenant_id, "caller": "100@b.example"})
    site.guard.answers["calls.list"] = [{"call_id": "talking", "tenant_id": tenant_id, "state": "answered"}]
    group = site.b.post("groups", tenant_id=tenant_id, name="Sales")["id"]
    site.b.call("PUT", f"groups/{group}/members/{site.users['101@b.example']}")
    sources = [{"cidr": "203.0.113.9", "port": 0}]
    trunk = site.admin.post("trunks", name="Carrier", kind="address", sources=sources)["id"]
    site.admin.post("number-pools", tenant_id=tenant_id, trunk_id=trunk, first="+4930100")
    site.b.post("inbound-rules", tenant_id=tenant_id, name="Desk", first="+4930100", destination="extension:100")
    site.b.post("blocked-callers", tenant_id=tenant_id, pattern="+4989*")
    site.b.post("roles", tenant_id=tenant_id, name="Helpdesk", permissions=["users.read"])
    leave_message("101@b.example")
    record_call(tenant_id, "101@b.example", "100@b.example")
    site.b.post("allowed-country-codes", tenant_id=tenant_id, country="FR")
    site.b.post("disallowed-codes", tenant_id=tenant_id, prefix="+900")
    site.admin.post("emergency-numbers", tenant_id=tenant_id, number="19222")
    hours = [{"weekday": 0, "start": 480, "end": 1020}]
    day = site.b.post("office-hours", tenant_id=tenant_id, name="Day", spans=hours)["id"]
    leads = {"in_hours": "extension:100", "out_of_hours": "hang_up:"}
    site.b.post("time-conditions", tenant_id=tenant_id, number="700", name="Desk", office_hours_id=day, **leads)
    OutboundRule.objects.create(tenant_id=tenant_id, name="Any", order=1, routes=[])
    site.b.post("budgets", owner="extension:101@b.example")
    site.b.post("ring-groups", tenant_id=tenant_id, number="600", name="Sales", members=["101"])
    announce(site.b, tenant_id, "601")
    ends = timezone.now() + timedelta(days=1)
    dated = {"created_at": timezone.now(), "ends_at": ends}
    PhoneCertificate.objects.create(tenant_id=tenant_id, aor="101@b.example", serial="1f", fingerprint="AA", **dated)
    site.b.post("phones", tenant_id=tenant_id, extension="101", vendor="snom", mac="000413000001")
    signed_in_browser("100@b.example")


def own_rows(caller: Rest, collection: str) -> list[dict[str, Any]]:
    """The rows of a list that belong to the caller's tenant alone; shared ones, like predefined roles, do not."""
    found: list[dict[str, Any]] = caller.get(f"{collection}?limit=500")["items"]
    return [item for item in found if item.get("tenant_id", item["id"]) is not None]


def exported(caller: Rest, path: str) -> str:
    headers = {"Authorization": f"Bearer {caller.token}"}
    answer: Any = caller.client.get(f"{PREFIX}{path}", headers=headers, secure=True)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode()


def address(item: Operation, site: Site) -> str:
    """The path with the names of tenant B's objects in it."""
    parts: list[str] = []
    for part in item.path.split("/"):
        if not part.startswith("{"):
            parts.append(part)
            continue
        collection = "users" if part == "{user_id}" else "/".join(parts)
        rows = own_rows(site.b, collection)
        assert rows, f"populate() makes nothing for {collection}"
        parts.append(str(rows[-1]["id"]))
    return "/".join(parts)


@pytest.mark.parametrize("item", [case(item) for item in guarded()])
def test_every_operation_asks_a_permission(item: Operation) -> None:
    assert item.about.get("x-permission") in set(Permission)


@pytest.mark.parametrize("item", [case(item) for item in operations() if item.path not in OPEN])
def test_nothing_answers_without_a_token(site: Site, item: Operation) -> None:
    """Case 90: 401 everywhere."""
    path = item.path.replace("{", "").replace("}", "")
    path = "/".join("1" if part.endswith("_id") else part for part in path.split("/"))
    assert Rest().refusal(item.method, path, {})["status"] == 401


@pytest.mark.parametrize(
    "item", [case(item) for item in guarded() if item.names_an_object and not item.concerns_system]
)
def test_nothing_of_another_tenant_exists(site: Site, item: Operation) -> None:
    populate(site)
    assert site.a.refusal(item.method, address(item, site), body_of(item, site.tenants["b"]))["status"] == 404


@pytest.mark.parametrize("item", [case(item) for item in guarded() if item.concerns_system])
def test_what_concerns_the_system_is_not_for_tenants(site: Site, item: Operation) -> None:
    site.guard.asked.clear()
    path = item.path.replace("{address}", "198.51.100.7")
    path = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
    assert site.a.refusal(item.method, path, body_of(item, site.tenants["a"]))["status"] == 403
    assert not site.guard.asked


@pytest.mark.parametrize(
    "item",
    [
        case(item)
        for item in guarded()
        if item.method == "GET" and not item.names_an_object and not item.concerns_system
    ],
)
def test_lists_hold_nothing_of_another_tenant(site: Site, item: Operation) -> None:
    populate(site)
    site.guard.answers["registrations.list"] = site.guard.answers["calls.list"] = [
        {"aor": "x", "tenant_id": tenant_id} for tenant_id in (*site.tenants.values(), None)
    ]
    if item.path.endswith("/export"):
        assert "b.example" not in exported(site.a, item.path)
        return
    for query in ("limit=500", f"limit=500&tenant_id={site.tenants['b']}"):
        status, found = site.a.call("GET", f"{item.path}?{query}")
        if status != 200:
            continue
        for row in found.get("items", [found]):
            assert row.get("tenant_id") in (site.tenants["a"], None), row
            assert "b.example" not in str(row)
            assert "Tenant b" not in str(row)


@pytest.mark.parametrize(
    "item",
    [
        case(item)
        for item in guarded()
        if item.method == "POST" and not item.names_an_object and not item.concerns_system
    ],
)
def test_nothing_is_made_in_another_tenant(site: Site, item: Operation) -> None:
    body = body_of(item, site.tenants["b"])
    if "tenant_id" in body:
        assert site.a.refusal("POST", item.path, body)["status"] in (404, 422)
        assert site.a.refusal("POST", item.path, body)["field"] == "tenant_id"


@pytest.mark.parametrize(
    "item", [case(item) for item in guarded() if item.method in ("PATCH", "POST") and "requestBody" in item.about]
)
def test_no_foreign_field_is_taken(site: Site, item: Operation) -> None:
    """Mass assignment: `tenant_id`, `is_system_administrator` and whatever else is not in the description."""
    populate(site)
    if item.concerns_system or "settings/" in item.path:
        return
    body = {**(body_of(item, site.tenants["b"]) or {}), "is_system_administrator": True}
    refused = site.b.refusal(item.method, address(item, site), body)
    assert (refused["status"], refused["field"]) == (422, "is_system_administrator")
