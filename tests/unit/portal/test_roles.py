"""Roles (reference: "Extension Security"): what they permit, and that nobody rises above himself."""

from typing import Any

import pytest

from ringfence.portal.people.models import Person, Role
from ringfence.portal.permissions import CALL, OF_TENANTS, PERMISSIONS, Permission
from ringfence.portal.publish import book, subscribers
from ringfence.portal.signin.models import PortalSession
from tests.unit.portal.rest import PASSWORD, Rest, Site, signed_in
from tests.unit.portal.signing_in import get, post, signed_in_browser

HELPDESK = ["users.read", "users.write", "call.internal"]


def helper(site: Site, permissions: list[str]) -> Rest:
    """Somebody of tenant A with a custom role, signed in."""
    site.a.post("roles", tenant_id=site.tenants["a"], name="Custom", permissions=permissions)
    wish = {"extension": "150", "display_name": "Helper", "role": "Custom", "password": PASSWORD}
    site.a.post("users", tenant_id=site.tenants["a"], **wish)
    return signed_in("150@a.example")


def operator(site: Site, permissions: list[str]) -> Rest:
    site.admin.post("roles", name="Night shift", permissions=permissions)
    wish = {"username": "olga", "display_name": "Olga", "role": "Night shift", "password": PASSWORD}
    site.admin.post("operators", **wish)
    return signed_in("olga")


def test_every_permission_is_in_the_table_with_a_sentence() -> None:
    assert set(PERMISSIONS) == set(Permission)
    assert all(right.effect.endswith(".") for right in PERMISSIONS.values())


@pytest.mark.parametrize(
    ("name", "calls", "administers"),
    [
        ("Admin", (True, True, True), True),
        ("Standard International User", (True, True, True), False),
        ("Standard User", (True, False, False), False),
    ],
)
def test_the_roles_of_the_reference(site: Site, name: str, calls: tuple[bool, ...], administers: bool) -> None:
    role = next(item for item in site.a.get("roles")["items"] if item["name"] == name)
    assert (role["internal"], role["national"], role["international"]) == calls
    assert (role["administers_tenant"], role["predefined"]) == (administers, True)
    assert next(item for item in book().roles if item.name == name).internal


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_predefined_role_stays_as_it_is(site: Site, method: str) -> None:
    for role in Role.objects.filter(predefined=True):
        body = {"permissions": []} if method == "PATCH" else None
        assert site.admin.refusal(method, f"roles/{role.pk}", body)["error_id"] == "role.predefined"
    role = Role.objects.get(name="Admin")
    assert site.a.refusal(method, f"roles/{role.pk}", {} if method == "PATCH" else None)["status"] == 403


@pytest.mark.parametrize("name", ["Admin", "admin", "STANDARD USER", "Operator"])
def test_their_names_are_reserved(site: Site, name: str) -> None:
    refused = site.a.refusal("POST", "roles", {"tenant_id": site.tenants["a"], "name": name})
    assert (refused["error_id"], refused["field"]) == ("role.reserved", "name")


def test_two_tenants_may_use_one_name_for_different_roles(site: Site) -> None:
    for name, caller in (("a", site.a), ("b", site.b)):
        permissions = ["call.national"] if name == "a" else ["call.internal"]
        caller.post("roles", tenant_id=site.tenants[name], name="Sales", permissions=permissions)
    keys = {role.name: role.national for role in book().roles}
    assert (keys["Sales@a.example"], keys["Sales@b.example"]) == (True, False)


def test_a_new_role_is_in_the_policy_store_at_once(site: Site) -> None:
    role = site.a.post("roles", tenant_id=site.tenants["a"], name="Sales", permissions=["call.national"])
    user = site.users["101@a.example"]
    site.a.call("PATCH", f"users/{user}", {"role": "Sales"})
    assert next(subscribers(["101@a.example"])).role == "Sales@a.example"
    site.a.call("PATCH", f"roles/{role['id']}", {"name": "Field sales", "permissions": ["call.international"]})
    assert next(subscribers(["101@a.example"])).role == "Field sales@a.example"
    assert next(item for item in book().roles if item.name == "Field sales@a.example").international


def test_a_role_in_use_cannot_be_deleted(site: Site) -> None:
    role = site.a.post("roles", tenant_id=site.tenants["a"], name="Sales")["id"]
    site.a.call("PATCH", f"users/{site.users['101@a.example']}", {"role": "Sales"})
    assert site.a.refusal("DELETE", f"roles/{role}")["error_id"] == "role.in_use"
    site.a.call("PATCH", f"users/{site.users['101@a.example']}", {"role": "Standard User"})
    assert site.a.call("DELETE", f"roles/{role}")[0] == 204


@pytest.mark.parametrize("permission", ["security.write", "tenants.write", "operators.write"])
def test_a_tenant_cannot_make_a_role_above_it(site: Site, permission: str) -> None:
    body = {"tenant_id": site.tenants["a"], "name": "Mine", "permissions": [permission]}
    assert site.a.refusal("POST", "roles", body)["error_id"] == "role.permission"
    assert site.a.refusal("POST", "roles", {"name": "Mine", "permissions": [permission]})["status"] == 403


ESCALATIONS: list[tuple[str, str, Any]] = [
    ("POST", "users", {"extension": "160", "display_name": "X", "role": "Admin"}),
    ("POST", "users", {"extension": "160", "display_name": "X", "role": "Standard International User"}),
    ("PATCH", "users/{own}", {"role": "Admin"}),
    ("PATCH", "users/{admin}", {"active": False}),
    ("PUT", "users/{admin}/password", {"password": PASSWORD}),
    ("POST", "users/{admin}/sip-secret", {}),
    ("DELETE", "users/{admin}", None),
    ("POST", "roles", {"name": "Mine", "permissions": ["audit.read"]}),
    ("PATCH", "roles/{role}", {"permissions": ["audit.read"]}),
]


@pytest.mark.parametrize(("method", "path", "body"), ESCALATIONS)
def test_nobody_rises_above_himself(site: Site, method: str, path: str, body: Any) -> None:
    caller = helper(site, [*HELPDESK, "roles.write"])
    own = Person.objects.get(username="150@a.example")
    names = {"own": own.pk, "admin": site.users["100@a.example"], "role": own.role_id}
    if method == "POST" and body and "name" in str(body):
        body = {**body, "tenant_id": site.tenants["a"]}
    refused = caller.refusal(method, path.format(**names), body)
    assert (refused["status"], refused["error_id"]) == (403, "role.escalation")


def test_a_helpdesk_does_its_work(site: Site) -> None:
    caller, user = helper(site, HELPDESK), site.users["101@a.example"]
    assert caller.call("PATCH", f"users/{user}", {"display_name": "New name"})[0] == 200
    assert caller.call("POST", f"users/{user}/sip-secret", {})[0] == 200
    for path in ("audit-log", "cdrs", "calls"):
        assert caller.refusal("GET", path)["error_id"] == "auth.forbidden"
    assert caller.refusal("POST", "groups", {"tenant_id": site.tenants["a"], "name": "X"})["status"] == 403


def test_rights_drop_at_the_next_request(site: Site) -> None:
    caller = helper(site, HELPDESK)
    role = Role.objects.get(name="Custom").pk
    site.a.call("PATCH", f"roles/{role}", {"permissions": ["call.internal"]})
    assert caller.refusal("GET", "users")["status"] == 403


def test_the_last_administrator_of_a_tenant_stays(site: Site) -> None:
    own = site.users["100@a.example"]
    assert site.a.refusal("PATCH", f"users/{own}", {"role": "Standard User"})["error_id"] == "user.last_administrator"
    site.a.post("users", tenant_id=site.tenants["a"], extension="170", display_name="Second", role="Admin")
    assert site.a.call("PATCH", f"users/{own}", {"role": "Standard User"})[0] == 200


@pytest.mark.parametrize("left", [[], sorted(OF_TENANTS - {Permission.USERS_WRITE})])
def test_the_last_administrator_stays_one_when_the_role_itself_is_changed(site: Site, left: list[str]) -> None:
    role = site.a.post("roles", tenant_id=site.tenants["a"], name="Boss", permissions=sorted(OF_TENANTS | CALL))["id"]
    own = site.users["100@a.example"]
    assert site.a.call("PATCH", f"users/{own}", {"role": "Boss"})[0] == 200
    assert site.a.refusal("PATCH", f"roles/{role}", {"permissions": left})["error_id"] == "user.last_administrator"
    assert site.a.call("PATCH", f"roles/{role}", {"name": "Head"})[0] == 200
    site.a.post("users", tenant_id=site.tenants["a"], extension="170", display_name="Second", role="Admin")
    assert site.a.call("PATCH", f"roles/{role}", {"permissions": left})[0] == 200


def test_nobody_keeps_whoever_may_do_more_out_by_ending_the_sessions(site: Site) -> None:
    browsers = {name: signed_in_browser(name) for name in ("admin", "100@a.example")}
    low = {"operator": operator(site, ["users.read", "users.write"]), "helper": helper(site, HELPDESK)}
    for caller in low.values():
        for row in caller.get("sessions")["items"]:
            refused = caller.refusal("DELETE", f"sessions/{row['id']}")
            assert (refused["status"], refused["error_id"]) == (403, "role.escalation"), row["username"]
    assert get(browsers["admin"], "/users").status_code == get(browsers["100@a.example"], "/users").status_code == 200
    page = signed_in_browser("150@a.example")
    number = PortalSession.objects.get(person__username="100@a.example").pk
    assert post(page, f"/my/sessions/{number}").status_code == 403


def test_the_last_system_administrator_stays(site: Site) -> None:
    own = Person.objects.get(username="admin").pk
    site.admin.post("roles", name="Night shift", permissions=["users.read"])
    assert site.admin.refusal("PATCH", f"operators/{own}", {"role": "Night shift"})["error_id"] == "operator.last"
    assert site.admin.refusal("PATCH", f"operators/{own}", {"active": False})["error_id"] == "operator.last"
    assert site.admin.refusal("DELETE", f"operators/{own}")["error_id"] == "user.self"


def test_an_operator_sees_all_tenants_and_does_only_what_his_role_says(site: Site) -> None:
    caller = operator(site, ["users.read", "security.read"])
    assert caller.get("users")["count"] == 4
    assert caller.get("tenants")["count"] == 2
    caller.get("ip-filters")
    for method, path, body in (
        ("POST", "tenants", {"name": "C", "domain": "c.example"}),
        ("PATCH", "settings/security", {"detection_period": 20}),
        ("DELETE", f"users/{site.users['101@a.example']}", None),
        ("GET", "operators", None),
        ("GET", "audit-log", None),
    ):
        assert caller.refusal(method, path, body)["status"] == 403


def test_an_operator_who_manages_operators_makes_none_above_himself(site: Site) -> None:
    caller = operator(site, ["users.read", "operators.write"])
    wish = {"username": "otto", "display_name": "Otto", "password": PASSWORD}
    assert caller.refusal("POST", "operators", {**wish, "role": "System Administrator"})["status"] == 403
    assert caller.refusal("POST", "operators", {**wish, "role": "Operator"})["error_id"] == "role.escalation"
    admin = Person.objects.get(username="admin").pk
    assert caller.refusal("PATCH", f"operators/{admin}", {"active": False})["status"] == 403
    assert caller.refusal("POST", "roles", {"name": "X", "permissions": ["security.write"]})["status"] == 403


def test_a_role_of_another_tenant_permits_nothing(site: Site) -> None:
    foreign = Role.objects.create(name="X", tenant_id=site.tenants["b"])
    foreign.hold(OF_TENANTS | CALL)
    foreign.save()
    Person.objects.filter(username="101@a.example").update(role=foreign)
    assert Person.objects.get(username="101@a.example").permissions == frozenset()


def test_a_tenant_keeps_its_limit_of_extensions(site: Site) -> None:
    site.admin.call("PATCH", f"tenants/{site.tenants['a']}", {"max_extensions": 3})
    wish = {"tenant_id": site.tenants["a"], "display_name": "X"}
    site.a.post("users", extension="200", **wish)
    assert site.a.refusal("POST", "users", {"extension": "201", **wish})["error_id"] == "tenant.max_extensions"


def test_a_tenant_sets_its_time_zone_and_not_its_limits(site: Site) -> None:
    own = f"tenants/{site.tenants['a']}"
    assert site.a.call("PATCH", own, {"time_zone": "Europe/Berlin"})[1]["time_zone"] == "Europe/Berlin"
    assert site.a.refusal("PATCH", own, {"time_zone": "Mars/Olympus"})["error_id"] == "tenant.time_zone"
    assert site.a.refusal("PATCH", own, {"max_extensions": None})["status"] == 403


def test_a_group_has_members_of_its_own_tenant_only(site: Site) -> None:
    group = site.a.post("groups", tenant_id=site.tenants["a"], name="Sales")["id"]
    user, foreign = site.users["101@a.example"], site.users["101@b.example"]
    assert site.a.call("PUT", f"groups/{group}/members/{user}")[0] == 204
    assert site.a.refusal("PUT", f"groups/{group}/members/{foreign}")["status"] == 404
    assert site.admin.refusal("PUT", f"groups/{group}/members/{foreign}")["status"] == 404
    assert [item["id"] for item in site.a.get(f"groups/{group}/members")["items"]] == [user]
    assert site.a.call("DELETE", f"groups/{group}/members/{user}")[0] == 204
    assert site.a.get(f"groups/{group}/members")["count"] == 0
