"""Case 90, first start: nothing answers but the one-time link, and no default credential exists."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from ringfence.portal.people.models import Person
from ringfence.portal.system.models import Installation
from ringfence.portal.system.setup import AlreadySetUp, new_setup_token
from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.rest import PASSWORD, Rest, Site, signed_in


@pytest.mark.parametrize("path", ["/", "/sign-in", "/users", "/ip-blacklist", "/change-password", "/nothing"])
def test_before_setup_every_page_points_to_the_link(path: str) -> None:
    answer = Client().get(path, secure=True)
    assert answer.status_code == 403
    assert b"one-time setup link" in answer.content


@pytest.mark.parametrize("path", ["status", "users", "auth/token", "openapi.json", "nothing"])
def test_before_setup_every_rest_call_is_refused(rest: Rest, path: str) -> None:
    assert rest.refusal("GET", path)["error_id"] == "setup.required"


def test_no_administrator_exists_before_setup() -> None:
    assert not Person.objects.exists()


def test_the_link_makes_the_administrator_once(rest: Rest, guard: FakeGuard) -> None:
    token = new_setup_token()
    assert rest.post("setup", token=token, password=PASSWORD)["username"] == "admin"
    assert rest.refusal("POST", "setup", {"token": token, "password": PASSWORD})["error_id"] == "setup.done"
    assert signed_in("admin").get("status")["extensions"] == 0
    assert ("never-block.admin", {"address": "192.0.2.50", "seconds": 43200}) in guard.asked


def test_a_new_link_ends_the_old_one(rest: Rest) -> None:
    old = new_setup_token()
    new_setup_token()
    assert rest.refusal("POST", "setup", {"token": old, "password": PASSWORD})["error_id"] == "setup.wrong_token"


def test_a_password_that_breaks_rules_makes_nobody(rest: Rest) -> None:
    refusal = rest.refusal("POST", "setup", {"token": new_setup_token(), "password": "admin"})
    assert (refusal["status"], refusal["field"]) == (422, "password")
    assert not Person.objects.exists()
    assert not Installation.is_set_up()


@pytest.mark.parametrize("token", ["", "x"])
def test_an_empty_or_wrong_token_never_fits(rest: Rest, token: str) -> None:
    assert rest.refusal("POST", "setup", {"token": token, "password": PASSWORD})["status"] == 403


def test_only_the_hash_of_the_token_is_kept() -> None:
    token = new_setup_token()
    row = Installation.objects.get(pk=1)
    assert token not in (row.setup_token_digest, "")
    assert len(row.setup_token_digest) == 64


def test_the_command_prints_the_link_and_then_nothing(guard: FakeGuard) -> None:
    out = StringIO()
    call_command("setup_link", "--host", "pbx.example", stdout=out)
    found = re.fullmatch(r"https://pbx\.example:8887/setup#token=(\S+)\n", out.getvalue())
    assert found
    Rest().post("setup", token=found[1], password=PASSWORD)
    later = StringIO()
    call_command("setup_link", stdout=later, stderr=StringIO())
    assert later.getvalue() == ""
    with pytest.raises(AlreadySetUp):
        new_setup_token()


def test_the_page_makes_the_administrator_and_signs_in(guard: FakeGuard) -> None:
    client = Client()
    form = {"token": new_setup_token(), "password": PASSWORD, "again": PASSWORD}
    assert client.post("/setup", {**form, "again": "other"}, secure=True).status_code == 422
    assert client.post("/setup", form, secure=True).headers["Location"] == "/setup/guide"
    assert client.get("/", secure=True).status_code == 200


def test_after_setup_the_page_leads_to_sign_in(site: Site) -> None:
    assert Client().get("/setup", secure=True).headers["Location"] == "/sign-in"
