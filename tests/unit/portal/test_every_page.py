"""W95 for the pages: people of another tenant walk every address of the portal. A new page is covered by itself.

Reference: "Extension Security" (roles act within their tenant).
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from ringfence.portal.people.models import Person
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.signing_in import get, post, signed_in_browser
from tests.unit.portal.test_every_operation import populate

ENDS_THE_WALK: Final = ("sign-out", "my/sessions", "my/language", "static/", "api/", "^")
IDS: Final = tuple(range(1, 9))
OF_B: Final = re.compile(r"b\.example|Tenant b\b")


def routes(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for item in patterns:
        if isinstance(item, URLResolver):
            yield from routes(item.url_patterns, prefix + str(item.pattern))
        elif isinstance(item, URLPattern):
            yield prefix + str(item.pattern)


def addresses() -> Iterator[str]:
    """Every address, with each small number where one stands: the rows of tenant B are among them."""
    for route in dict.fromkeys(routes(get_resolver().url_patterns)):
        if route.startswith(ENDS_THE_WALK):
            continue
        named = re.sub(r"<(?:str|path):call_id>", "talking", route)
        named = re.sub(r"<(?:str|slug|path):\w+>", "allowed", named)
        for number in IDS if "<int:" in named else (0,):
            yield "/" + re.sub(r"<int:\w+>", str(number), named)


def rows_of(tenant_id: int) -> dict[str, list[Any]]:
    """All that belongs to a tenant: by its own column, or by that of its extension."""
    found: dict[str, list[Any]] = {}
    for model in apps.get_models():
        names = {field.name for field in model._meta.get_fields()}
        lookup = {"tenant": "tenant_id", "extension": "extension__tenant_id"}
        for name in ("tenant", "extension"):
            if name in names and model._meta.get_field(name).is_relation:
                rows = model._default_manager.filter(**{lookup[name]: tenant_id}).order_by("pk")
                found[model._meta.label] = list(rows.values())
                break
    return found


def body_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode("utf-8", "replace"))


def leaks(browser: Client, path: str) -> Iterator[str]:
    for query in ("",) if any(map(str.isdigit, path)) else ("", "?tenant=2", "?format=csv&tenant=2"):
        text = body_of(get(browser, path + query))
        if OF_B.search(text):
            yield f"{path}{query}"


def walker(username: str) -> Client:
    """A browser of this person, who has a password of his own."""
    person = Person.objects.get(username=username)
    person.set_password(PASSWORD)
    person.save()
    return signed_in_browser(username)


@pytest.mark.parametrize("username", ["100@a.example", "101@a.example"])
def test_no_page_shows_another_tenant(site: Site, username: str) -> None:
    populate(site)
    assert list(leaks(walker("100@b.example"), "/users")), "the walk would not see a leak"
    browser = walker(username)
    assert [found for path in addresses() for found in leaks(browser, path)] == []
    assert get(browser, "/my/calling").status_code == 200, "signed in to the end"


@pytest.mark.parametrize("username", ["100@a.example", "101@a.example"])
def test_no_form_changes_another_tenant(site: Site, username: str) -> None:
    populate(site)
    browser = walker(username)
    tenant_id = site.tenants["b"]
    before = rows_of(tenant_id)
    marked = {"id": [str(number) for number in IDS], "action": "delete", "tenant": str(tenant_id)}
    for path in addresses():
        if get(browser, "/my/calling").status_code != 200:
            browser = walker(username)  # a form before gave him a new password: that ends his sessions
        post(browser, path, marked)
    assert rows_of(tenant_id) == before
    assert "calls.hang-up" not in site.guard.verbs()
