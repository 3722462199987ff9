"""Secrets: generated, shown once, kept as digests and sealed; weak ones are refused."""

import json
import sqlite3
from contextlib import closing
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from ringfence.policy.people.passwords import check_password
from ringfence.portal import keys, places
from ringfence.portal.people.changes import sip_secret_of
from ringfence.portal.people.digests import ALPHABET, new_secret
from ringfence.portal.people.models import ApiToken, Extension
from ringfence.portal.sealing import SealBroken, seal, unseal
from tests.unit.portal.rest import PASSWORD, Site, signed_in


def test_generated_secrets_are_long_unambiguous_and_keep_the_rules() -> None:
    for _ in range(200):
        secret = new_secret(["101", "Ann"])
        assert len(secret) >= 22
        assert set(secret) <= set(ALPHABET)
        assert not check_password(secret)


@pytest.mark.parametrize(
    ("secret", "rule"),
    [
        ("1234", "sip_secret.length"),
        ("100", "sip_secret.length"),
        ("Short-but-ok-7", "sip_secret.length"),
        ("longenough-abcd-77X", "password.sequence"),
        ("longenoughAaa-7X-zq", "password.repeat"),
        ("Phone-Phone-Zq7-wXk", "password.account"),
        ("blank is not-Zq7wX", "sip_secret.characters"),
        ("umlautä-Zq7wXk-rTb9", "sip_secret.characters"),
    ],
)
def test_weak_sip_secrets_are_refused(site: Site, secret: str, rule: str) -> None:
    wish = {"tenant_id": site.tenants["a"], "extension": "200", "display_name": "Phone 200", "sip_secret": secret}
    status, answer = site.a.call("POST", "users", wish)
    assert status == 422
    assert rule in {item["rule"] for item in answer["errors"]}
    assert {item["field"] for item in answer["errors"]} == {"sip_secret"}


def test_a_good_given_secret_is_taken(site: Site) -> None:
    wish = {
        "tenant_id": site.tenants["a"],
        "extension": "200",
        "display_name": "Ann",
        "sip_secret": "Zq7-wXk-rTb9-mVc2",
    }
    assert site.a.post("users", **wish)["sip_secret"] == "Zq7-wXk-rTb9-mVc2"


def test_no_answer_but_the_first_holds_a_secret_or_digest(site: Site) -> None:
    made = site.a.post("users", tenant_id=site.tenants["a"], extension="200", display_name="Ann")
    row = Extension.objects.get(person_id=made["id"])
    paths = ["users", f"users/{made['id']}", "audit-log?limit=500", "tenants", "status"]
    answers = json.dumps([site.admin.get(path) for path in paths])
    for hidden in (made["sip_secret"], row.ha1_md5, row.ha1_sha256):
        assert hidden not in answers
    assert "sip_secret" not in site.a.get(f"users/{made['id']}")


def test_the_database_holds_neither_secret_nor_token_nor_password(site: Site) -> None:
    made = site.a.post("users", tenant_id=site.tenants["a"], extension="200", display_name="Ann")
    with closing(sqlite3.connect(places.DATABASE_FILE)) as database:
        dump = "\n".join(database.iterdump())
    for hidden in (made["sip_secret"], site.admin.token, PASSWORD):
        assert hidden not in dump
        assert hidden.encode().hex() not in dump.lower()


def test_a_sealed_secret_opens_only_for_its_own_row(site: Site) -> None:
    made = site.a.post("users", tenant_id=site.tenants["a"], extension="200", display_name="Ann")
    mine = Extension.objects.get(person_id=made["id"])
    assert sip_secret_of(mine) == made["sip_secret"]
    other = Extension.objects.get(person_id=site.users["101@a.example"])
    other.sealed_secret = mine.sealed_secret
    with pytest.raises(SealBroken):
        sip_secret_of(other)


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_an_altered_seal_does_not_open(place: int) -> None:
    sealed = bytearray(seal("secret", "row"))
    sealed[place] ^= 1
    with pytest.raises(SealBroken):
        unseal(bytes(sealed), "row")


def test_key_files_belong_to_the_portal_alone() -> None:
    for name in ("seal.key", "session.key"):
        keys.key_bytes(places.SECRETS, name)
        assert (places.SECRETS / name).stat().st_mode & 0o077 == 0


def test_a_damaged_key_file_stops_everything() -> None:
    (places.SECRETS / "short.key").write_bytes(b"x")
    with pytest.raises(ValueError, match="32 bytes"):
        keys.key_bytes(places.SECRETS, "short.key")


def test_tokens_end_and_passwords_end_tokens(site: Site) -> None:
    token = signed_in("100@b.example")
    ApiToken.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert token.refusal("GET", "users")["status"] == 401
    site.admin = signed_in("admin")
    fresh = signed_in("100@b.example")
    path = f"users/{site.users['100@b.example']}/password"
    assert site.admin.call("PUT", path, {"password": "other-Horse9"})[0] == 204
    assert fresh.refusal("GET", "users")["status"] == 401
    assert signed_in("100@b.example", "other-Horse9").get("users")["count"] == 2


def test_a_revoked_token_is_dead(site: Site) -> None:
    assert site.b.call("DELETE", "auth/token")[0] == 204
    assert site.b.refusal("GET", "users")["status"] == 401


def test_the_shell_makes_users_too(site: Site) -> None:
    out = StringIO()
    call_command("user", "add", "a.example", "300", "--display-name", "Cleo", "--json", stdout=out)
    made: dict[str, Any] = json.loads(out.getvalue())
    assert made["aor"] == "300@a.example"
    assert len(made["sip_secret"]) >= 22
