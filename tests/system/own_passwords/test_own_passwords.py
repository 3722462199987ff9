"""Reference: "Passwords for Extension Users": two passwords, both changed by their owner, seen on the wire."""

import json
import re
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ringfence.lab.browser import Browser
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone

CHOSEN = "my-Own-Choice7"
SECRET = "Zq7-wXk-rTb9-mVc2"


def _registers(host: Host, account: Account) -> bool:
    with Softphone(host, (PBX_ADDRESS, 5060), account) as one:
        return one.register().status == 200


def _kinds_of_failure(pbx: Any, account: Account) -> list[str]:
    lines = [
        json.loads(line)
        for segment in sorted(pbx.product.paths.journal.glob("events-*"))
        for line in segment.read_text().splitlines()
        if '"auth.' in line
    ]
    return [event["kind"] for event in lines if event["account"] == f"{account.user}@{account.domain}"]


def test_a_user_changes_both_passwords_and_the_phone_follows(pbx: Any, stranger: Any) -> None:
    old, home, desk = pbx.account("161"), stranger(), stranger()
    given = pbx.rest.post(f"users/{pbx.users['161']['id']}/first-password")["password"]
    browser = Browser(home)
    assert browser.post("/sign-in", username=f"161@{old.domain}", password=given)[:1] == (302,)
    assert browser.get("/change-extension-password")[1] == "/change-password"
    assert browser.post("/change-password", current=given, password=CHOSEN, again=CHOSEN)[0] == 302
    assert browser.post("/change-extension-password", sip_secret="161")[0] == 422
    status, _, page = browser.post("/change-extension-password", sip_secret=SECRET)
    assert (status, SECRET in page) == (200, True)
    within(1, lambda: _registers(desk, Account("161", old.domain, SECRET)), "the new password registers")
    assert not _registers(desk, old)
    within(2, lambda: _kinds_of_failure(pbx, old)[-1:] == ["auth.stale_password"], "the old password is recognised")
    pbx.accounts["161"] = Account("161", old.domain, SECRET)


@pytest.fixture
def administrator(pbx: Any, stranger: Any) -> Browser:
    """Signed in with a password that a shell of the server gave; the lab's own token is renewed."""
    given = pbx.product.command("sign-in", "new-password", "admin").stdout.splitlines()[0]
    pbx.rest.call("POST", "auth/password", {"username": "admin", "password": given, "new_password": CHOSEN})
    pbx.rest.token = pbx.rest.post("auth/token", username="admin", password=CHOSEN)["token"]
    browser = Browser(stranger())
    assert browser.post("/sign-in", username="admin", password=CHOSEN)[0] == 302
    return browser


def test_the_guide_shows_what_really_listens_and_the_certificate_in_force(pbx: Any, administrator: Browser) -> None:
    for step in ("second-factor", "tenant", "extensions", "firewall"):
        assert administrator.get(f"/setup/guide/{step}")[0] == 200
    certificate = x509.load_pem_x509_certificate(pbx.product.paths.web_certificate.read_bytes())
    assert certificate.fingerprint(SHA256()).hex(":").upper() in administrator.get("/setup/guide/certificate")[2]
    rows = re.findall(
        r'numeric">([^<]+)</td><td>[^<]*</td><td><span[^>]*>([^<]+)<', administrator.get("/setup/guide/network")[2]
    )
    states = dict(rows)
    assert {states[port] for port in ("8887 tcp", "5060 udp", "5063 tcp")} == {"listens"}
    assert states["5066 udp"] == "off"


def test_a_session_is_known_by_the_address_that_nginx_saw(pbx: Any, stranger: Any) -> None:
    """Not by what the browser claims in X-Forwarded-For."""
    account, home = pbx.account("162"), stranger()
    given = pbx.rest.post(f"users/{pbx.users['162']['id']}/first-password")["password"]
    assert Browser(home).post("/sign-in", username=f"162@{account.domain}", password=given)[0] == 302
    seen = {row["address"] for row in pbx.rest.get("sessions")["items"] if row["username"].startswith("162@")}
    assert seen == {home.address}
