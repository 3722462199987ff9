"""Whole lists are taken from whoever may change them, and that is asked first (attack case W: large bodies)."""

import pytest
from django.test import Client

from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser

LIST, RATES = "addresses", "rates"


def asked(wanted: str, token: str = "", client: Client | None = None) -> int:
    headers = {"X-List": wanted, **({"Authorization": f"Bearer {token}"} if token else {})}
    return (client or Client()).get("/large-upload", secure=True, headers=headers).status_code


@pytest.mark.parametrize("wanted", [LIST, RATES])
def test_a_stranger_sends_nothing(site: Site, wanted: str) -> None:
    """W. Neither without a token nor with one that nobody has."""
    assert asked(wanted) == 401
    assert asked(wanted, "no-such-token") == 401


def test_a_tenant_administrator_sends_nothing(site: Site) -> None:
    """W95. Lists and rates belong to the system."""
    assert asked(LIST, site.a.token) == 403
    assert asked(RATES, client=signed_in_browser("100@a.example")) == 403


def test_whoever_may_change_them_does(site: Site) -> None:
    """Issue 3, 2. By token and by session."""
    assert asked(LIST, site.admin.token) == 204
    assert asked(RATES, client=signed_in_browser("admin")) == 204
