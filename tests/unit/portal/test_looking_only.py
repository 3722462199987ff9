"""Operators see the security pages as their role says: who may only look changes nothing."""

import re

import pytest

from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.signing_in import get, post, signed_in_browser

PAGES = (
    "/ip-blacklist", "/ip-blacklist/entries", "/ip-blacklist/never-block", "/security/web-login",
    "/security/anti-hacking", "/security/blocked-user-agents", "/security/notices", "/security-dashboard",
)  # fmt: skip
OFFERS = r'btn-primary|btn-danger|name="(?:reset|save|add)"|/lift"|/delete"|/bulk"|/import"|/new'
"""What would change something: buttons, and the paths they lead to."""


def operator(site: Site, *permissions: str) -> str:
    site.admin.post("roles", name="Watch", permissions=list(permissions))
    site.admin.post("operators", username="eve", display_name="Eve", role="Watch", password=PASSWORD)
    return "eve"


@pytest.mark.parametrize("path", PAGES)
def test_who_may_look_finds_every_security_page_without_a_way_to_change_it(site: Site, path: str) -> None:
    """Issue 4: operators with less than the system administrator."""
    browser = signed_in_browser(operator(site, "security.read"))
    page = get(browser, path)
    assert page.status_code == 200
    text = page.content.decode()
    assert 'href="/ip-blacklist"' in text and 'href="/security/web-login"' in text
    content = text[text.index('id="content"') : text.index("</main>")]
    assert re.findall(OFFERS, content) == []


def test_who_may_look_changes_nothing_by_sending_a_form(site: Site) -> None:
    browser = signed_in_browser(operator(site, "security.read"))
    before = site.admin.get("settings/security")
    for path in ("/security/anti-hacking", "/security/web-login", "/security/blocked-user-agents"):
        answer = post(browser, path, {"reset": "all", "add": "1", "pattern": "x", "match": "contains"})
        assert answer.status_code == 403, path
    assert site.admin.get("settings/security") == before


def test_who_may_change_is_offered_it(site: Site) -> None:
    browser = signed_in_browser(operator(site, "security.read", "security.write"))
    assert "btn-primary" in get(browser, "/security/anti-hacking").content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_administrators_of_a_tenant_have_no_part_in_what_concerns_all_tenants(site: Site, path: str) -> None:
    """Bans and entries hold for the machine, so they show other tenants' addresses and accounts."""
    assert get(signed_in_browser("100@a.example"), path).status_code == 403
