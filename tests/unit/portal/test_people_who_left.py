"""Whoever is switched off or deleted has nothing open any more, and nothing of before when switched on again.

Issue 4; docs/sign-in.md, "Sessions": all sessions end when the account is switched off.
"""

from typing import Any

import pytest
from django.test import Client

from ringfence.portal.people.models import ApiToken, Person
from ringfence.portal.signin.models import PortalSession
from ringfence.portal.webphone.models import PhoneCredential
from tests.unit.portal.rest import PASSWORD, Rest, Site, signed_in
from tests.unit.portal.signing_in import get, post, signed_in_browser

ANN = "100@b.example"


def _off(site: Site, how: str) -> None:
    user = site.users[ANN]
    if how == "page":
        wish = {"display_name": "Phone 100", "role": "Admin"}
        assert post(signed_in_browser(), f"/users/{user}", wish).status_code == 302
    elif how == "marked":
        post(signed_in_browser(), "/users/bulk", {"action": "deactivate", "id": [str(user)]})
    else:
        assert site.admin.call("PATCH", f"users/{user}", {"active": False})[0] == 200
    assert not Person.objects.get(username=ANN).is_active


@pytest.mark.parametrize("how", ["rest", "page", "marked"])
def test_nothing_of_before_comes_back_with_the_account(site: Site, how: str) -> None:
    browser, token = signed_in_browser(ANN), signed_in(ANN)
    assert browser.post("/phone/credential", secure=True).status_code == 200
    _off(site, how)
    assert not PortalSession.objects.filter(person__username=ANN).open().exists()
    assert not PhoneCredential.objects.exists()
    assert site.admin.call("PATCH", f"users/{site.users[ANN]}", {"active": True})[0] == 200
    assert get(browser, "/users").status_code == 302
    assert token.refusal("GET", "users")["status"] == 401
    assert Rest().call("POST", "auth/token", {"username": ANN, "password": PASSWORD})[0] == 201


def test_an_operator_who_is_switched_on_again_signs_in_anew(site: Site) -> None:
    wish = {"username": "olga", "display_name": "Olga", "role": "Operator", "password": PASSWORD}
    olga = site.admin.post("operators", **wish)["id"]
    browser, token = signed_in_browser("olga"), signed_in("olga")
    for active in (False, True):
        assert site.admin.call("PATCH", f"operators/{olga}", {"active": active})[0] == 200
    assert get(browser, "/users").status_code == 302
    assert token.refusal("GET", "users")["status"] == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "whose"),
    [
        ("PATCH", "users/{user}", {"active": False}, {"aor": ANN}),
        ("DELETE", "users/{user}", None, {"aor": ANN}),
        ("DELETE", "tenants/{tenant}", None, {"domain": "b.example"}),
    ],
)
def test_the_guard_ends_what_is_registered(site: Site, method: str, path: str, body: Any, whose: Any) -> None:
    """After the new policy is in force: a phone that hears of it at once does not come back."""
    site.guard.asked.clear()
    names = {"user": site.users[ANN], "tenant": site.tenants["b"]}
    site.admin.call(method, path.format(**names), body)
    verbs = site.guard.verbs()
    for verb in ("registrations.end", "calls.end"):
        assert (verb, whose) in site.guard.asked
        assert verbs.index(verb) > verbs.index("policy.changed")


def test_a_change_of_the_name_ends_nothing(site: Site) -> None:
    browser, token = signed_in_browser(ANN), signed_in(ANN)
    site.guard.asked.clear()
    site.admin.call("PATCH", f"users/{site.users[ANN]}", {"display_name": "Ann", "active": True})
    assert get(browser, "/users").status_code == 200
    assert token.call("GET", "users")[0] == 200
    assert not {"registrations.end", "calls.end"} & set(site.guard.verbs())
    assert ApiToken.objects.filter(person__username=ANN).count() > 0


@pytest.mark.parametrize("opening", ["once", "always"])
def test_the_files_of_a_phone_are_closed_while_its_owner_is_switched_off(site: Site, opening: str) -> None:
    """Reference: "IP Phone Security"."""
    wish = {"extension": "100", "vendor": "yealink", "mac": "001565aabbcc", "opening": opening}
    made = site.b.post("phones", tenant_id=site.tenants["b"], **wish)
    path = made["file"][made["file"].index("/provisioning") :]
    user = site.users[ANN]
    for active, status in ((False, 404), (True, 200)):
        site.admin.call("PATCH", f"users/{user}", {"active": active})
        assert get(Client(), path).status_code == status
