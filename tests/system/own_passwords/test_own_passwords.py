"""Reference: "Passwords for Extension Users": two passwords, both changed by their owner, seen on the wire."""

import http.client
import json
import re
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone

PORT = 8887
CHOSEN = "my-Own-Choice7"
SECRET = "Zq7-wXk-rTb9-mVc2"


@dataclass(slots=True)
class Browser:
    """Pages over HTTPS from one lab host, with cookies and the forms' tokens."""

    host: Host
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> tuple[int, str, str]:
        return self._ask("GET", path, "")

    def post(self, path: str, **form: str) -> tuple[int, str, str]:
        page = self.get(path)[2]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:500]
        return self._ask("POST", path, urlencode({**form, "csrfmiddlewaretoken": token[1]}))

    def _ask(self, method: str, path: str, body: str) -> tuple[int, str, str]:
        context = ssl._create_unverified_context()  # noqa: S323 the lab's own certificate
        link = self.host.tcp()
        link.settimeout(10)
        link.connect((PBX_ADDRESS, PORT))
        connection = http.client.HTTPSConnection(PBX_ADDRESS, PORT, timeout=10, context=context)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"https://{PBX_ADDRESS}:{PORT}{path}",
            "X-Forwarded-For": "203.0.113.9",
            "Connection": "close",
        }
        with context.wrap_socket(link, server_hostname=PBX_ADDRESS) as connection.sock:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for name, value in answer.headers.items():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()


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
