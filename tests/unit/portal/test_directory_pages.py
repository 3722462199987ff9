"""Pages of roles, groups, operators and tenants: what they show follows from what one may."""

import pytest

from ringfence.portal.people.models import Group, Person, Role
from ringfence.portal.tenants.models import Tenant
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.test_pages import browser


def test_a_custom_role_is_made_changed_and_deleted(site: Site) -> None:
    client = browser("100@a.example")
    wish = {"name": "Helpdesk", "tenant_id": site.tenants["a"], "permissions": ["users.read", "call.internal"]}
    assert client.post("/roles/new", wish, secure=True).status_code == 302
    role = Role.objects.get(name="Helpdesk")
    client.post(f"/roles/{role.pk}", {"name": "Desk", "permissions": ["users.read"]}, secure=True)
    assert sorted(Role.objects.get(pk=role.pk).granted) == ["users.read"]
    assert client.post(f"/roles/{role.pk}/delete", secure=True).status_code == 302
    assert not Role.objects.filter(pk=role.pk).exists()


def test_only_grantable_permissions_are_on_offer(site: Site) -> None:
    page = browser("100@a.example").get("/roles/new", secure=True).content.decode()
    assert "users.write" in page
    assert "security.write" not in page
    assert "b.example" not in page


def test_a_group_gets_and_loses_members(site: Site) -> None:
    client = browser("100@a.example")
    client.post("/groups/new", {"name": "Sales", "tenant_id": site.tenants["a"]}, secure=True)
    group = Group.objects.get(name="Sales")
    client.post(f"/groups/{group.pk}", {"extension": "101"}, secure=True)
    assert [person.username for person in group.members.all()] == ["101@a.example"]
    assert client.post(f"/groups/{group.pk}", {"extension": "999"}, secure=True).status_code == 422
    client.post(f"/groups/{group.pk}/members/{group.members.get().pk}/delete", secure=True)
    assert not group.members.exists()
    assert browser("100@b.example").get(f"/groups/{group.pk}", secure=True).status_code == 404


def test_an_operator_is_made_and_sees_what_he_may(site: Site) -> None:
    wish = {"username": "olga", "display_name": "Olga", "role": "Operator", "password": PASSWORD}
    assert browser().post("/operators/new", wish, secure=True).status_code == 302
    client = browser("olga")
    assert client.get("/users", secure=True).status_code == 200
    for path in ("/users/new", "/operators", "/tenants", "/roles/new"):
        assert client.get(path, secure=True).status_code == 403
    menu = client.get("/users", secure=True).content.decode()
    assert 'href="/audit-log"' in menu
    assert 'href="/operators"' not in menu


@pytest.mark.parametrize("path", ["/roles/new", "/groups/new", "/operators/new", "/users/new"])
def test_a_standard_user_opens_none_of_them(site: Site, path: str) -> None:
    site.admin.call("PUT", f"users/{site.users['101@a.example']}/password", {"password": PASSWORD})
    assert browser("101@a.example").get(path, secure=True).status_code == 403


def test_limits_and_time_zone_of_a_tenant_are_set_on_its_page(site: Site) -> None:
    wish = {"name": "A", "time_zone": "Europe/Berlin", "max_extensions": "7"}
    assert browser().post(f"/tenants/{site.tenants['a']}", wish, secure=True).status_code == 302
    tenant = Tenant.objects.get(pk=site.tenants["a"])
    assert (tenant.time_zone, tenant.max_extensions) == ("Europe/Berlin", 7)


def test_people_are_moved_to_a_role_by_whoever_may_grant_it(site: Site) -> None:
    user = site.users["101@a.example"]
    wish = {"display_name": "Phone 101", "role": "Standard International User", "active": "on"}
    assert browser("100@a.example").post(f"/users/{user}", wish, secure=True).status_code == 302
    role = Person.objects.get(pk=user).role
    assert role is not None
    assert role.international
