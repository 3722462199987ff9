"""Where one is, what a field may hold, and what to do next: pages say it themselves."""

import pytest

from ringfence.portal.audit.models import Entry
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser


def page(path: str, username: str = "admin") -> str:
    answer = browser(username).get(path, secure=True)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/users", '<div class="page-pretitle">Call Manager</div>'),
        ("/users/new", '<a class="text-reset" href="/users">Users</a>'),
        ("/number-pools", '<a class="text-reset" href="/inbound-rules">Inbound Rules</a>'),
        ("/ip-blacklist/new", '<a class="text-reset" href="/ip-blacklist">IP Blacklist</a>'),
        ("/security/anti-hacking", '<div class="page-pretitle">Advanced</div>'),
    ],
)
def test_a_page_says_what_it_is_a_part_of(site: Site, path: str, above: str) -> None:
    """Reference, "Anti-Hacking" and "Whitelist and Blacklist": the paths of the menu are found on the pages."""
    assert above in page(path)


@pytest.mark.parametrize("path", ["/number-pools", "/blocked-callers"])
def test_the_menu_shows_where_the_other_tabs_of_a_page_belong(site: Site, path: str) -> None:
    """Issue 4: whoever is on a tab sees its entry marked in the menu."""
    assert 'href="/inbound-rules" aria-current="page"' in page(path)


def test_the_administrators_menu_has_the_names_of_the_reference(site: Site) -> None:
    """Reference, "Password and Login Security": Change Password, Change User Password, Change Extension Password."""
    admin, tenant = page("/change-password"), page("/change-password", "100@a.example")
    assert "Change Password" in admin
    assert "Change User Password" not in admin
    assert "Change User Password" in tenant
    assert "Change Extension Password" in tenant


def test_suggested_destinations_and_owners_are_those_one_may_see(site: Site) -> None:
    """Issue 4, tenant isolation: a suggestion tells nothing of another tenant."""
    site.a.post("ring-groups", tenant_id=site.tenants["a"], number="600", name="Sales", members=["101"])
    site.b.post("ring-groups", tenant_id=site.tenants["b"], number="700", name="Secret", members=["101"])
    shown = page("/inbound-rules/new", "100@a.example")
    assert '<option value="extension:101">Phone 101 (Tenant a)</option>' in shown
    assert '<option value="ring_group:600">Sales (Tenant a)</option>' in shown
    assert "Secret" not in shown
    assert "Tenant b" not in shown
    owners = page("/budgets/new", "100@a.example")
    assert "extension:101@a.example" in owners
    assert "b.example" not in owners
    assert 'value="tenant:' not in owners
    assert f'value="tenant:{site.tenants["b"]}"' in page("/budgets/new")


def test_the_audit_log_shows_money_in_currency_units(site: Site) -> None:
    """Issue 4: numbers have the unit that people use; millionths are for the workers."""
    rate = site.admin.post("rates", prefix="49", price=0.02)
    site.admin.call("DELETE", f"rates/{rate['id']}")
    site.a.post("budgets", owner="extension:101@a.example", money_per_day=5)
    changes = {entry.action: entry.changes for entry in Entry.objects.all()}
    assert changes["rate.added"]["price"]["new"] == 0.02
    assert changes["rate.deleted"]["price"]["old"] == 0.02
    assert changes["budget.set"]["money_per_day"]["new"] == 5


def test_settings_of_many_tenants_are_found_in_a_menu(site: Site) -> None:
    """Issue 4: the rules of provisioning of each tenant could be reached by typing an address alone."""
    for path, settings in (
        ("/phones", "/phones/rules?tenant="),
        ("/voicemail", "/voicemail/tenants/"),
        ("/recordings", "/recordings/tenants/"),
    ):
        shown = page(path)
        assert all(f'href="{settings}{tenant}"' in shown for tenant in site.tenants.values()), path
        assert f'href="{settings}{site.tenants["b"]}"' not in page(path, "100@a.example"), path


def test_the_dashboard_says_how_the_first_phone_is_set_up_until_one_registers(site: Site) -> None:
    """Issue 1, first steps: server, port and domain stand where one looks after the setup."""
    assert "Next: the first phone" in page("/")
    contact = {"uri": "sip:101@192.0.2.1", "expires_at": 2e9}
    site.guard.answers["registrations.list"] = [
        {"aor": "101@a.example", "tenant_id": site.tenants["a"], "source": "192.0.2.1", "contacts": [contact]}
    ]
    assert "Next: the first phone" not in page("/")


def test_a_box_stands_in_its_label(site: Site) -> None:
    """WCAG 2.2, 1.3.1: what a box switches is beside it and part of what is clicked."""
    shown = page(f"/users/{site.users['101@a.example']}/calling")
    label = shown.partition('<label class="form-check mb-1">')[2].partition("</label>")[0]
    assert 'type="checkbox"' in label
    assert "Do not disturb" in label
