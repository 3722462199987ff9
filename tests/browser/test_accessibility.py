"""Every page each kind of person finds from the menu, at two widths, in both themes: axe finds nothing (WCAG 2.2 AA).

With RINGFENCE_SHOTS=DIRECTORY it keeps a picture of each.
"""

import json
import os
import re
import ssl
import subprocess
import sys
import urllib.request
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc, write_sbc
from ringfence.hosts.transports import USUAL, Protocol, SipTransport, write_transports
from ringfence.policy.trunking.trunks import TrunkKind
from tests.browser.conftest import Portal
from tests.browser.test_first_steps import PASSWORD, fill

pytestmark = pytest.mark.browser

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
WIDTHS: Final = (1280, 390)
NOT_WALKED: Final = ("openapi.json", "format=csv", "sort=", "after=", "before=", "export", "/audio")
RUN: Final = """
const done = arguments[arguments.length - 1], only = arguments[0];
const options = only ? {runOnly: {type: "rule", values: only}} : {};
axe.run(document, options).then(found => done(found.violations.map(fault =>
  fault.id + ": " + fault.nodes.slice(0, 9).map(node =>
    [node.target.join(" "), node.html.slice(0, 160), ...node.any.map(why => why.message)].join(" ")).join(" | "))));
"""
OUT_OF_REACH: Final = """
return Array.from(document.querySelectorAll("main audio, main button, main .btn, main .form-select")).filter(one => {
  const at = one.getBoundingClientRect(), text = one.innerText || one.tagName;
  return at.width > 0 && (at.right > innerWidth + 1 || at.left < -1) && text;
}).map(one => one.outerHTML.slice(0, 160));
"""
COVERED: Final = """
const head = document.querySelector(".page-header h1"), at = head && head.getBoundingClientRect();
return Boolean(at) && Array.from(document.querySelectorAll(".page-header .btn")).some(one => {
  const other = one.getBoundingClientRect();
  return other.width > 0 && other.left < at.left + head.scrollWidth - 1 && other.right > at.left
    && other.top < at.bottom - 1 && other.bottom > at.top + 1;
});
"""
PLACE_HIDDEN: Final = """
const place = document.querySelector("#menu [aria-current=page]"), at = place && place.getBoundingClientRect();
return Boolean(place) && at.height > 0 && (at.top < -1 || at.bottom > innerHeight + 1);
"""
LONG_NAME: Final = "Globex Maschinenbau GmbH & Co. KG, Niederlassung Süd"
"""As companies are called; a filter that offers it must not make a page wider than a phone."""

CONTRAST: Final = ["color-contrast", "link-in-text-block"]


class Administrator:
    """Fills a system over REST with what pages can show."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._context = ssl._create_unverified_context()  # noqa: S323 the certificate was made a moment ago, on loopback
        self._token = ""
        self.call("POST", "setup", token=portal.setup_path.partition("token=")[2], password=PASSWORD)
        self._token = self.call("POST", "auth/token", username="admin", password=PASSWORD)["token"]

    def call(self, method: str, path: str, **values: Any) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(  # noqa: S310 our own portal
            f"{self._portal.url}/api/v1/{path}", json.dumps(values).encode(), headers, method=method
        )
        with urllib.request.urlopen(request, context=self._context, timeout=20) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")


def furnish(portal: Portal) -> Administrator:
    """A tenant with an administrator and a user, a ban, phones, a call, entries."""
    admin = Administrator(portal)
    admin.call("PATCH", "settings/security", web_change_first_password=False)
    tenant = admin.call("POST", "tenants", name="Acme Ltd", domain="acme.example")["id"]
    for number, name, role in (("100", "Ann Admin", "Admin"), ("101", "Bob User", "Standard User")):
        wish = {"tenant_id": tenant, "extension": number, "display_name": name, "role": role, "password": PASSWORD}
        admin.call("POST", "users", **wish)
    keep_recording(portal, tenant)
    admin.call("POST", "tenants", name=LONG_NAME, domain="globex.example")
    admin.call("POST", "ip-filters", cidr="103.224.182.210/32", target="allow", description="My Remote Office")
    wish = {"directory": "https://ca.example/directory", "names": ["pbx.acme.example"], "terms_agreed": True}
    admin.call("PATCH", "settings/acme", **wish)
    admin.call("POST", "certificates/web/orders")
    phone = {"extension": "101", "vendor": "yealink", "mac": "001565aabbcc", "networks": ["192.0.2.0/24"]}
    admin.call("POST", "phones", tenant_id=tenant, **phone)
    guard = portal.guard.answers
    contact = {"uri": "sip:101@192.0.2.9:5060", "expires_at": 4e9, "user_agent": "Phone 1.0", "source": "192.0.2.9"}
    guard["registrations.list"] = [
        {"aor": "101@acme.example", "tenant_id": tenant, "source": "192.0.2.9", "contacts": [contact]}
    ]
    guard["calls.list"] = [
        {"call_id": "x", "caller": "101@acme.example", "callee": "100@acme.example", "state": "answered",
         "started_at": 1.0, "answered_at": 2.0, "tenant_id": tenant}
    ]  # fmt: skip
    ban = (
        {"address": "198.51.100.7", "rule": "antihacking.failed_authentication", "reason": "50 failed authentications",
         "by": "guard", "since": 1.0, "until": 4e9, "scope": "sip", "evidence": {"failures": 50}}
    )  # fmt: skip
    of_a_64 = {**ban, "address": "2001:db8:0:7::/64", "spared": ["2001:db8:0:7::5/128"]}
    guard["bans.list"] = [ban, of_a_64]
    guard["bans.explain"] = {"address": of_a_64["address"], "banned": True, "ban": of_a_64, "past": []}
    return admin


def keep_recording(portal: Portal, tenant: int) -> None:
    """A recorded call, so that its player is on the pages."""
    made = (
        "from django.utils import timezone; from ringfence.portal.people.models import Extension; "
        "from ringfence.portal.recordings.models import Recording; "
        "Recording.objects.create(uid='0' * 32, tenant_id=%d, call_id='c1', caller='101@acme.example', "
        "callee='+4930111', caller_extension=Extension.objects.get(number='101'), direction='outbound', "
        "why='on demand', by='101@acme.example', announced=False, started_at=timezone.now(), seconds=61.5, size=984000)"
    )
    argv = [sys.executable, "-m", "ringfence.portal.manage", "shell", "-c", made % tenant]
    subprocess.run(argv, env=portal.environment, check=True, capture_output=True)


def sign_in(browser: Chrome, portal: Portal, username: str) -> None:
    browser.get(f"{portal.url}/sign-in")
    fill(browser, username=username, password=PASSWORD)


def links(browser: Chrome, portal: Portal, selector: str) -> list[str]:
    """The addresses of our own pages that stand there, without what only orders or exports."""
    found = []
    for link in browser.find_elements(By.CSS_SELECTOR, selector):
        path = (link.get_attribute("href") or "").removeprefix(portal.url).partition("#")[0]
        if path.startswith("/") and not any(part in path for part in NOT_WALKED):
            found.append(path)
    return found


def pages_of(browser: Chrome, portal: Portal) -> list[str]:
    """The menu, the menu under the picture, and one page of each kind that those lead to."""
    browser.get(f"{portal.url}/")
    known: dict[str, str] = {}
    first = links(browser, portal, "nav a[href], .dropdown-menu a[href]")
    for path in first:
        known.setdefault(re.sub(r"\d+", "N", path), path)
    for path in list(known.values()):
        browser.get(portal.url + path)
        for further in links(browser, portal, "main a[href], .page-header a[href]"):
            known.setdefault(re.sub(r"\d+", "N", further.partition("?")[0]), further)
    return list(known.values())


def faults(browser: Chrome, only: list[str] | None = None) -> list[str]:
    browser.execute_script(AXE)  # type: ignore[no-untyped-call]
    found: list[str] = browser.execute_async_script(RUN, only)  # type: ignore[no-untyped-call]
    return found


def keep(browser: Chrome, who: str, path: str, width: int, theme: str) -> None:
    folder = os.environ.get("RINGFENCE_SHOTS")
    if folder:
        name = f"{who}-{path.strip('/').replace('/', '_').partition('?')[0] or 'start'}-{width}-{theme}.png"
        Path(folder).mkdir(parents=True, exist_ok=True)
        assert browser.save_screenshot(str(Path(folder) / name))


@pytest.mark.parametrize(
    ("who", "username"), [("system", "admin"), ("tenant", "100@acme.example"), ("user", "101@acme.example")]
)
def test_axe_finds_nothing_on_any_page(browser: Chrome, portal: Portal, who: str, username: str) -> None:
    furnish(portal)
    sign_in(browser, portal, username)
    pages = pages_of(browser, portal)
    assert len(pages) > 3
    found = walked(browser, portal, who, pages)
    assert not found, json.dumps(found, indent=1)


def test_axe_finds_nothing_where_a_call_would_be_stopped(browser: Chrome, portal: Portal) -> None:
    """*Which rule would a call take*, of an extension that is suspended, over a trunk that does not answer."""
    admin = furnish(portal)
    tenant = admin.call("GET", "tenants")["items"][0]["id"]
    peer = {"host": "203.0.113.1", "port": 5060}
    trunks = [
        admin.call("POST", "trunks", name=name, kind="address", hosts=[peer], sources=[{"cidr": address, "port": 5060}])
        for name, address in (("Carrier", "203.0.113.1"), ("Second carrier", "203.0.113.2"))
    ]
    admin.call("PATCH", f"trunks/{trunks[1]['id']}", enabled=False)
    admin.call("PATCH", f"tenants/{tenant}/number-plan", country="DE", area_code="30")
    routes = [{"trunk_id": one["id"]} for one in trunks]
    admin.call("POST", "outbound-rules", tenant_id=tenant, name="Everything", order=1, routes=routes)
    portal.guard.answers["trunks.list"] = {f"{trunks[0]['id']} 203.0.113.1:5060": {"state": "down"}}
    sign_in(browser, portal, "admin")
    asked = "/outbound-rules/explain?caller=100@acme.example&number=030901820"
    found = walked(browser, portal, "stopped", [asked])
    assert not found, json.dumps(found, indent=1)
    assert len(browser.find_elements(By.CSS_SELECTOR, "#answer .badge")) == 2
    assert "trunk.none" in browser.find_element(By.CSS_SELECTOR, "#answer .alert").text


def test_axe_finds_nothing_where_the_sbc_is_elsewhere_and_calls_go_over_links(browser: Chrome, portal: Portal) -> None:
    """What stands on these pages with an SBC on another host (ADR 58), and in the form of a trunk (ADR 48) alone."""
    furnish(portal)
    far = Sbc(far="198.51.100.2", here="192.0.2.1", certificate="ab" * 32)
    paths = Paths(state=Path(portal.environment["RINGFENCE_STATE_DIR"]))
    paths.transports.parent.mkdir(parents=True, exist_ok=True)
    write_sbc(paths.sbc_switch, far)
    write_transports(paths.transports, (*USUAL, SipTransport(Protocol.UDP, 5062, link="enp4s0.2042")))
    sign_in(browser, portal, "admin")
    found = walked(browser, portal, "far", ["/sbc", *(f"/trunks/new/{kind}" for kind in TrunkKind), "/transports"])
    assert not found, json.dumps(found, indent=1)


def walked(browser: Chrome, portal: Portal, who: str, pages: list[str]) -> dict[str, list[str]]:
    """What is wrong with each of them, at both widths and in both themes."""
    browser.set_script_timeout(30)
    browser.implicitly_wait(0)
    found: dict[str, list[str]] = {}
    still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": still})
    for width in WIDTHS:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        for path in pages:
            browser.get(portal.url + path)
            for theme, only in (("light", None), ("dark", CONTRAST)):
                browser.execute_script("document.documentElement.dataset.bsTheme = arguments[0]", theme)  # type: ignore[no-untyped-call]
                keep(browser, who, path, width, theme)
                if seen := faults(browser, only):
                    found[f"{path} at {width} px, {theme}"] = seen
            if browser.execute_script("return document.documentElement.scrollWidth > innerWidth"):  # type: ignore[no-untyped-call]
                found.setdefault(f"{path} at {width} px", []).append("the page scrolls sideways (WCAG 1.4.10)")
            if browser.execute_script(PLACE_HIDDEN):  # type: ignore[no-untyped-call]
                found.setdefault(f"{path} at {width} px", []).append("the menu does not show where one is")
            if hidden := browser.execute_script(OUT_OF_REACH):  # type: ignore[no-untyped-call]
                found.setdefault(f"{path} at {width} px", []).append(f"reached by scrolling sideways alone: {hidden}")
            if browser.execute_script(COVERED):  # type: ignore[no-untyped-call]
                found.setdefault(f"{path} at {width} px", []).append("a button covers the heading")
    return found
