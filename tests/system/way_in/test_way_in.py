"""Signing in through nginx: sessions that end, second factors that are demanded, tokens with a rate (issue 4).

Reference: "Login Security Controls". The unit tests know every case; here each holds once on the running system.
"""

import http.client
import sqlite3
import ssl
from contextlib import closing
from typing import Any, Final

import pytest

from ringfence.lab.browser import Browser
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.rest import Refused, Rest
from ringfence.lab.sip import Account

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

CHOSEN: Final = "my-Own-Choice7"
WSI_PORT: Final = 8885
MOST_REQUESTS: Final = 1_000
"""More than the smallest rate that can be set."""


def signed_in(pbx: Any, host: Any, number: str) -> tuple[Browser, Account]:
    account, browser = pbx.account(number), Browser(host)
    given = pbx.rest.post(f"users/{pbx.users[number]['id']}/first-password")["password"]
    assert browser.post("/sign-in", username=f"{number}@{account.domain}", password=given)[0] == 302
    assert browser.post("/change-password", current=given, password=CHOSEN, again=CHOSEN)[0] == 302
    assert browser.get("/my")[0] == 200
    return browser, account


def age(pbx: Any, column: str, seconds: int) -> None:
    """Lets time pass for every session of extension users."""
    database = sqlite3.connect(pbx.product.paths.portal_database, timeout=20)
    with closing(database), database:
        database.execute(
            f"UPDATE signin_portalsession SET {column} = datetime({column}, ?)"  # noqa: S608 one of two words
            " WHERE person_id IN (SELECT id FROM people_person WHERE tenant_id IS NOT NULL)",
            (f"-{seconds} seconds",),
        )


@pytest.mark.parametrize(
    ("number", "setting", "column", "seconds"),
    [("171", "web_idle_timeout", "last_seen_at", 61), ("172", "web_session_lifetime", "created_at", 301)],
)
def test_a_session_ends_when_its_time_is_over(
    pbx: Any, stranger: Any, number: str, setting: str, column: str, seconds: int
) -> None:
    """ASVS 7.3.1 and 7.3.2, with the shortest times that can be set."""
    browser, _ = signed_in(pbx, stranger(), number)
    before = pbx.rest.get("settings/security")[setting]
    pbx.rest.patch("settings/security", **{setting: seconds - 1})
    try:
        assert browser.get("/my")[0] == 200
        age(pbx, column, seconds)
        status, location, _ = browser.get("/my")
        assert (status, location.partition("?")[0]) == (302, "/sign-in")
    finally:
        pbx.rest.patch("settings/security", **{setting: before})


def test_a_demanded_second_factor_opens_nothing_but_the_page_that_sets_it_up(pbx: Any, stranger: Any) -> None:
    """Reference: "Enable 2FA for extension users"."""
    browser, account = signed_in(pbx, stranger(), "173")
    tenant = str(pbx.tenant["id"])
    pbx.rest.call("PATCH", f"password-policy?tenant_id={tenant}", {"second_factor": "everybody"})
    try:
        status, location, _ = browser.get("/my")
        assert (status, location) == (302, "/my/two-step")
        assert "Passkey" in browser.get("/my/two-step")[2] or "passkey" in browser.get("/my/two-step")[2]
        caller = Rest(pbx.product.admin, pbx.product.paths.web_certificate)
        with pytest.raises(Refused) as refused:
            caller.post("auth/token", username=f"173@{account.domain}", password=CHOSEN)
        assert refused.value.problem["error_id"] == "auth.second_factor_required"
    finally:
        pbx.rest.call("PATCH", f"password-policy?tenant_id={tenant}", {"second_factor": "nobody"})


def test_a_token_beyond_its_rate_is_told_when_to_come_back(pbx: Any) -> None:
    caller = Rest(pbx.product.admin, pbx.product.paths.web_certificate)
    boss = {"extension": "575", "display_name": "Boss", "role": "Admin", "password": "first-Horse7-Battery"}
    pbx.rest.post("users", tenant_id=pbx.tenant["id"], **boss)
    who = {"username": f"575@{pbx.tenant['domain']}"}
    caller.post("auth/password", **who, password=boss["password"], new_password=CHOSEN)
    caller.token = caller.post("auth/token", **who, password=CHOSEN)["token"]
    before = pbx.rest.get("settings/security")["web_api_requests"]
    pbx.rest.patch("settings/security", web_api_requests=60)
    try:
        answers = (caller.raw("GET", "roles?limit=1")[0] for _ in range(MOST_REQUESTS))
        assert next((status for status in answers if status != 200), None) == 429
        assert pbx.rest.get("status"), "another token has a rate of its own"
    finally:
        pbx.rest.patch("settings/security", web_api_requests=before)


def test_signing_in_works_while_the_mail_server_is_broken(pbx: Any, stranger: Any) -> None:
    """Issue 4: "Sign-in with a broken mail server works"."""
    wish = {"host": "192.0.2.254", "port": 25, "sender": "pbx@acme.example", "recipients": ["it@acme.example"]}
    made = pbx.rest.post(
        "notice-destinations", name="Dead", means="email", topics=["all-security-events"], settings=wish
    )
    try:
        signed_in(pbx, stranger(), "174")
    finally:
        pbx.rest.delete(f"notice-destinations/{made['id']}")


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), (f"https://{PBX_ADDRESS}:8887", 101), (None, 101)]
)
def test_a_page_of_another_site_opens_no_event_socket(pbx: Any, origin: str | None, status: int) -> None:
    """Case 85's neighbour: a browser names the site; a program with a bearer token names none."""
    context = ssl._create_unverified_context()  # noqa: S323 the lab's own certificate
    link = pbx.product.admin.tcp()
    link.settimeout(10)
    link.connect((PBX_ADDRESS, WSI_PORT))
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Authorization": f"Bearer {pbx.rest.token}",
        **({"Origin": origin} if origin else {}),
    }
    connection = http.client.HTTPSConnection(PBX_ADDRESS, WSI_PORT, timeout=10, context=context)
    with context.wrap_socket(link, server_hostname=PBX_ADDRESS) as connection.sock:
        connection.request("GET", "/", headers=headers)
        assert connection.getresponse().status == status
