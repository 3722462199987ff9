"""Browsers that sign in, with and without a second factor."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from ringfence.portal.people.models import Person
from ringfence.portal.signin import factors
from tests.unit.portal.authenticator import App
from tests.unit.portal.rest import PASSWORD


def post(client: Client, path: str, form: dict[str, Any] | None = None, address: str = "192.0.2.50") -> HttpResponse:
    answer: Any = client.post(path, form or {}, secure=True, REMOTE_ADDR=address)
    return answer


def get(client: Client, path: str, address: str = "192.0.2.50", **headers: str) -> HttpResponse:
    answer: Any = client.get(path, secure=True, REMOTE_ADDR=address, headers=headers)
    return answer


def signing_in(
    username: str = "admin", password: str = PASSWORD, address: str = "192.0.2.50"
) -> tuple[Client, HttpResponse]:
    Person.objects.filter(username=username).update(must_change_password=False)
    client = Client()
    return client, post(client, "/sign-in", {"username": username, "password": password}, address)


def signed_in_browser(username: str = "admin") -> Client:
    client, answer = signing_in(username)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    return client


def with_app(username: str = "admin") -> App:
    """Gives the person an authenticator app and recovery codes."""
    person = Person.objects.get(username=username)
    secret = str(factors.totp.generate_totp_secret())
    factors.totp.TOTP.activate(person, secret)
    return App(secret, tuple(factors.new_recovery_codes(person)))
