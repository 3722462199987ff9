"""Second factors (attack case 93; ASVS 6.3.3, 6.5, 6.6)."""

from unittest.mock import patch

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client

from ringfence.portal.people.models import Person
from ringfence.portal.signin import factors, recovery_codes
from ringfence.portal.signin.duties import second_factor_required
from ringfence.portal.signin.models import SecondFactor, SignInRules
from tests.unit.portal.authenticator import App
from tests.unit.portal.rest import PASSWORD, Rest, Site
from tests.unit.portal.signing_in import get, post, signed_in_browser, signing_in, with_app


def is_in(client: Client) -> bool:
    return get(client, "/my/sessions").status_code == 200


class TestSecondFactor:
    """Codes, recovery codes, who must have one."""

    def test_the_password_alone_is_not_enough(self, site: Site) -> None:
        app = with_app()
        client, answer = signing_in()
        assert answer["Location"] == "/sign-in/second"
        assert not is_in(client)
        assert get(client, "/my/two-step").status_code == 302
        assert post(client, "/sign-in/second", {"code": app.code()})["Location"] == "/"
        assert is_in(client)

    def test_a_code_works_once(self, site: Site) -> None:
        app = with_app()
        code = app.code()
        for expected in ("/", None):
            client, _ = signing_in()
            assert post(client, "/sign-in/second", {"code": code}).headers.get("Location") == expected

    @pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_one_step_of_clock_drift_is_allowed_two_are_not(self, site: Site, steps: int, fits: bool) -> None:
        app = with_app()
        client, _ = signing_in()
        with patch("allauth.mfa.totp.internal.auth.time.time", return_value=1_800_000_010.0):
            answer = post(client, "/sign-in/second", {"code": app.code(steps, at=1_800_000_010.0)})
        assert (answer.status_code == 302) is fits

    def test_wrong_codes_end_the_attempt_and_block_the_address(self, site: Site) -> None:
        app = with_app()
        client, _ = signing_in(address="198.51.100.9")
        answers = [post(client, "/sign-in/second", {"code": "000000"}, "198.51.100.9") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [401] * 4 + [302]
        assert post(client, "/sign-in/second", {"code": app.code()}, "198.51.100.9")["Location"] == "/sign-in"
        client, _ = signing_in(address="198.51.100.9")
        post(client, "/sign-in/second", {"code": "000000"}, "198.51.100.9")
        assert signing_in(address="198.51.100.9")[1].status_code == 429

    def test_ten_thousand_guesses_from_many_addresses_are_ten(self, site: Site) -> None:
        app = with_app()
        for number in range(2):
            client, _ = signing_in(address=f"198.51.100.{number + 1}")
            for _ in range(5):
                post(client, "/sign-in/second", {"code": "000000"}, f"198.51.100.{number + 1}")
        client, _ = signing_in(address="203.0.113.1")
        answer = post(client, "/sign-in/second", {"code": app.code()}, "203.0.113.1")
        assert (answer.status_code, b"quarter of an hour" in answer.content) == (401, True)

    def test_a_recovery_code_stands_in_once(self, site: Site) -> None:
        app = with_app()
        client, _ = signing_in()
        assert post(client, "/sign-in/second", {"code": app.codes[3]})["Location"] == "/"
        client, _ = signing_in()
        assert post(client, "/sign-in/second", {"code": app.codes[3]}).status_code == 401
        assert factors.codes_left(Person.objects.get(username="admin")) == 9

    def test_a_changed_password_ends_a_half_finished_sign_in(self, site: Site) -> None:
        app = with_app("100@a.example")
        client, _ = signing_in("100@a.example")
        path = f"users/{site.users['100@a.example']}/password"
        assert site.admin.call("PUT", path, {"password": "other-Horse9"})[0] == 204
        assert post(client, "/sign-in/second", {"code": app.code()})["Location"] == "/sign-in"

    def test_rest_asks_for_the_code_too(self, site: Site) -> None:
        app = with_app()
        credentials = {"username": "admin", "password": PASSWORD}
        assert Rest().refusal("POST", "auth/token", credentials)["error_id"] == "auth.second_factor_required"
        wrong = Rest().refusal("POST", "auth/token", {**credentials, "code": "000000"})
        assert (wrong["status"], wrong["error_id"]) == (401, "auth.wrong_code")
        assert Rest().post("auth/token", **credentials, code=app.code())["token"]

    def test_codes_of_an_older_version_still_work(self, site: Site) -> None:
        """Backups and upgrades: such codes lie there as a sealed seed."""
        app, admin = with_app(), Person.objects.get(username="admin")
        factors.Authenticator.objects.filter(type=factors.TYPES.RECOVERY_CODES).delete()
        older = RecoveryCodes.activate(admin).generate_codes()
        assert factors.codes_left(admin) == 10
        client, _ = signing_in()
        assert post(client, "/sign-in/second", {"code": older[0]})["Location"] == "/"
        assert not factors.code_fits(admin, older[0]) and factors.codes_left(admin) == 9
        assert app.codes

    def test_of_recovery_codes_only_hashes_are_kept(self, site: Site) -> None:
        """ASVS 6.5.2, 6.5.4: each has 33 bits, so it is hashed like a password, under a random salt."""
        codes, kept = recovery_codes.made()
        assert len(set(codes)) == 10 and all(len(code) == 10 for code in codes)
        assert all(one.startswith("argon2$") for one in kept["hashes"])
        assert recovery_codes.made()[1]["salt"] != kept["salt"]
        rest = recovery_codes.without(kept, codes[4])
        assert rest is not None and recovery_codes.left(rest) == 9
        assert recovery_codes.without(rest, codes[4]) is None
        assert recovery_codes.without(kept, "1") is None

    def test_keys_lie_sealed_in_the_database(self, site: Site) -> None:
        app = with_app()
        stored = " ".join(str(row.data) for row in factors.Authenticator.objects.all())
        assert app.secret not in stored
        assert not any(code.replace("-", "") in stored for code in app.codes)

    def test_an_app_is_set_up_with_a_code_it_shows(self, site: Site) -> None:
        client = signed_in_browser()
        elsewhere = signed_in_browser()
        get(client, "/my/two-step")
        secret = client.session["mfa.totp.secret"]
        app = App(secret)
        assert post(client, "/my/two-step/app", {"code": "000000"}).status_code == 422
        made = post(client, "/my/two-step/app", {"code": app.code()})
        assert b'id="recovery-codes"' in made.content
        assert b'id="recovery-codes"' not in get(client, "/my/two-step").content
        assert not is_in(elsewhere)
        client, answer = signing_in()
        assert answer["Location"] == "/sign-in/second"

    @pytest.mark.parametrize(
        ("rule", "name", "sent"),
        [
            (SecondFactor.EVERYBODY, "100@a.example", True),
            (SecondFactor.ADMINISTRATORS, "100@a.example", True),
            (SecondFactor.NOBODY, "100@a.example", False),
            (SecondFactor.EVERYBODY, "100@b.example", False),
            (SecondFactor.EVERYBODY, "admin", False),
        ],
    )
    def test_a_tenant_can_demand_it(self, site: Site, rule: str, name: str, sent: bool) -> None:
        SignInRules.objects.create(tenant_id=site.tenants["a"], second_factor=rule)
        client, _ = signing_in(name)
        answer = get(client, "/users")
        assert (answer.headers.get("Location") == "/my/two-step") is sent
        assert get(client, "/my/two-step").status_code == 200

    def test_the_setting_demands_it_of_system_administrators(self, site: Site) -> None:
        site.admin.call("PATCH", "settings/security", {"web_second_factor_required": True})
        assert get(signing_in()[0], "/")["Location"] == "/my/two-step"
        assert second_factor_required(Person(username="operator", tenant=None))
        assert get(signing_in("100@a.example")[0], "/users").status_code == 200
