"""The password policy of each tenant: pages, REST, and that it decides (reference: "Password and Login Security")."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from ringfence.portal import places
from ringfence.portal.people.models import Extension, Person
from ringfence.portal.system.setup import new_setup_token
from tests.unit.portal.rest import PASSWORD, Rest, Site
from tests.unit.portal.signing_in import get, post, signed_in_browser, signing_in, with_app

LONG = "a long walk to the sea"


def set_password(site: Site, name: str, password: str) -> int:
    return site.admin.call("PUT", f"users/{site.users[name]}/password", {"password": password})[0]


def test_a_tenants_policy_holds_for_its_people_alone(site: Site) -> None:
    site.a.call("PATCH", "password-policy", {"preset": "nist-800-63b-4"})
    assert set_password(site, "101@a.example", LONG) == 204
    assert set_password(site, "101@a.example", "correct-Horse7") == 422
    assert set_password(site, "101@b.example", LONG) == 422
    assert site.admin.get("password-policy")["shortest"] == 8


def test_beside_a_second_factor_a_shorter_one_is_enough(site: Site) -> None:
    site.a.call("PATCH", "password-policy", {"preset": "nist-800-63b-4"})
    with_app("101@a.example")
    assert set_password(site, "101@a.example", "correct-Horse7") == 204


def test_a_rule_is_switched_and_changed_back(site: Site) -> None:
    assert set_password(site, "101@a.example", "x1234!zqwK") == 422
    assert site.a.call("PATCH", "password-policy", {"sequence": False})[1]["sequence"] is False
    assert set_password(site, "101@a.example", "x1234!zqwK") == 204
    assert site.a.call("PATCH", "password-policy", {"preset": "reference"})[1]["sequence"] is True


def test_a_policy_nobody_could_keep_is_refused_by_name(site: Site) -> None:
    refusal = site.a.refusal("PATCH", "password-policy", {"longest": 12})
    assert (refusal["status"], refusal["field"]) == (422, "longest")
    assert site.a.refusal("PATCH", "password-policy", {"preset": "none"})["field"] == "preset"
    assert site.a.refusal("PATCH", "password-policy", {"second_factor": "some"})["field"] == "second_factor"


def test_tenants_change_their_own_policy_only(site: Site) -> None:
    other = f"password-policy?tenant_id={site.tenants['b']}"
    assert site.a.refusal("PATCH", other, {"sequence": False})["status"] == 404
    assert get(signed_in_browser("100@a.example"), f"/password-policy?tenant={site.tenants['b']}").status_code == 404
    assert site.admin.call("PATCH", other, {"sequence": False})[0] == 200
    assert site.b.get("password-policy")["sequence"] is False


def test_the_page_saves_switches_and_presets(site: Site) -> None:
    client = signed_in_browser("100@a.example")
    form = {
        "shortest": 10,
        "shortest_with_second_factor": 8,
        "longest": 64,
        "account": "on",
        "second_factor": "everybody",
    }
    assert post(client, "/password-policy", form).status_code == 302
    found = site.a.get("password-policy")
    assert (found["shortest"], found["letter"], found["account"], found["second_factor"]) == (
        10,
        False,
        True,
        "everybody",
    )


def test_a_page_explains_what_it_refuses(site: Site) -> None:
    client = signed_in_browser()
    assert post(client, "/password-policy", {"preset": "nist-800-63b-4"}).status_code == 302
    answer = post(client, "/password-policy", {"shortest": 8, "shortest_with_second_factor": 8, "longest": 12})
    assert (answer.status_code, b"24 to 256" in answer.content) == (422, True)


def test_the_check_over_rest_keeps_nothing(site: Site) -> None:
    answer = site.a.post("password-policy/check", password="x1234!zqwK", account=["Ann"])
    assert [item["rule"] for item in answer["errors"]] == ["password.sequence"]
    assert site.a.post("password-policy/check", password="correct-Horse7") == {"accepted": True, "errors": []}


def test_well_known_passwords_are_refused_by_default(site: Site) -> None:
    assert set_password(site, "101@a.example", "P@ssw0rd") == 422
    (places.PORTAL / "blocked-passwords.txt").write_text("sommer-77-x!\n")
    try:
        assert set_password(site, "101@a.example", "Sommer-77-x!") == 422
    finally:
        (places.PORTAL / "blocked-passwords.txt").unlink()
    assert set_password(site, "101@a.example", "Sommer-77-x!") == 204


def test_rules_while_typing_come_from_the_code_that_decides(site: Site) -> None:
    client = signed_in_browser("100@a.example")
    page = post(client, "/password-check", {"password": "Qw-abcd1"}).content.decode()
    assert 'class="broken" data-rule="password.sequence"' in page
    assert "The password holds the sequence “abcd”" in page
    assert 'class="kept" data-rule="password.number"' in page
    assert "Qw-abcd1" not in page
    assert post(Client(), "/password-check", {"password": "abcd1"}).status_code == 403


def test_before_setup_the_rules_are_those_of_administrators() -> None:
    new_setup_token()
    page = post(Client(), "/password-check", {"password": "Administrator7!"}).content.decode()
    assert 'class="broken" data-rule="password.account"' in page


def test_generated_sip_passwords_keep_the_strictest_policy(site: Site) -> None:
    """Case 30: at least 128 bits, and the tenant's rules."""
    site.a.call("PATCH", "password-policy", {"shortest": 32, "longest": 32})
    made = site.a.post("users", tenant_id=site.tenants["a"], extension="200", display_name="Ann")
    assert len(made["sip_secret"]) == 32


class TestExtensionPassword:
    """Reference: "Change Extension Password" under the profile picture."""

    def test_a_user_changes_the_own_one_and_sees_it_once(self, site: Site) -> None:
        set_password(site, "101@a.example", PASSWORD)
        client = signed_in_browser("101@a.example")
        before = Extension.objects.get(number="101", tenant_id=site.tenants["a"])
        page = post(client, "/change-extension-password", {"sip_secret": ""})
        assert b'id="secret"' in page.content
        after = Extension.objects.get(pk=before.pk)
        assert after.ha1_md5 != before.ha1_md5
        assert after.previous_ha1_md5 == before.ha1_md5
        assert b'id="secret"' not in get(client, "/change-extension-password").content

    @pytest.mark.parametrize("secret", ["101", "1234", "Short-but-ok-7"])
    def test_weak_ones_are_refused(self, site: Site, secret: str) -> None:
        set_password(site, "101@a.example", PASSWORD)
        client = signed_in_browser("101@a.example")
        assert post(client, "/change-extension-password", {"sip_secret": secret}).status_code == 422

    def test_the_administrator_has_none(self, site: Site) -> None:
        assert get(signed_in_browser(), "/change-extension-password").status_code == 403


class TestWayBackIn:
    """Attack case 93: recovery does not skip the second factor."""

    def test_a_first_password_is_shown_once_ends_sessions_and_keeps_the_second_factor(self, site: Site) -> None:
        client, person = signed_in_browser("100@a.example"), Person.objects.get(username="100@a.example")
        page = post(signed_in_browser(), f"/users/{person.pk}/first-password").content.decode()
        password = page.partition('id="secret">')[2].partition("<")[0]
        assert get(client, "/my/sessions").status_code == 302
        with_app("100@a.example")
        assert signing_in("100@a.example", password)[1]["Location"] == "/sign-in/second"

    def test_an_administrator_removes_a_lost_second_factor(self, site: Site) -> None:
        with_app("101@a.example")
        set_password(site, "101@a.example", PASSWORD)
        person = Person.objects.get(username="101@a.example")
        assert post(signed_in_browser("100@b.example"), f"/users/{person.pk}/second-factor").status_code == 404
        assert post(signed_in_browser("100@a.example"), f"/users/{person.pk}/second-factor").status_code == 302
        assert signing_in("101@a.example")[1]["Location"] == "/"

    def test_rest_gives_a_first_password_once_and_removes_factors(self, site: Site) -> None:
        user = site.users["101@a.example"]
        given = site.a.post(f"users/{user}/first-password")
        with_app("101@a.example")
        assert signing_in("101@a.example", given["password"])[1]["Location"] == "/sign-in/second"
        assert site.a.call("DELETE", f"users/{user}/second-factors")[0] == 204
        assert signing_in("101@a.example", given["password"])[1]["Location"] == "/"

    def test_the_shell_helps_the_administrator(self, site: Site) -> None:
        with_app()
        out = StringIO()
        call_command("signin", "reset-second-factor", "admin", stdout=out)
        call_command("signin", "new-password", "admin", stdout=(printed := StringIO()))
        password = printed.getvalue().splitlines()[0]
        credentials = {"username": "admin", "password": password}
        assert Rest().refusal("POST", "auth/token", credentials)["error_id"] == "auth.password_change_required"
        assert Rest().call("POST", "auth/password", {**credentials, "new_password": "other-Horse9"})[0] == 204
