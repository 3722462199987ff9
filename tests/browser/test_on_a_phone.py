"""Pages as wide as a phone, in the language with the longer words: nothing is reached by scrolling sideways alone."""

import subprocess
import sys
from typing import Final

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.conftest import Portal
from tests.browser.test_accessibility import furnish, links, sign_in
from tests.browser.test_first_steps import expect_text, fill, waiting

pytestmark = pytest.mark.browser

PAGES: Final = (
    "/", "/users", "/phones", "/transports", "/voicemail", "/recordings", "/calls", "/registrations",
    "/ip-blacklist", "/ip-blacklist/entries", "/ip-blacklist/never-block", "/security-dashboard", "/office-hours",
    "/outbound-rules", "/inbound-rules", "/trunks", "/cdrs",
)  # fmt: skip
BEYOND: Final = """
const sought = "main button, main .btn, main .badge, main audio, .page-header .btn";
const out = Array.from(document.querySelectorAll(sought)).filter(one => {
  const at = one.getBoundingClientRect();
  return at.width > 0 && at.right > innerWidth + 1;
});
const cut = Array.from(document.querySelectorAll("svg[viewBox]")).filter(one =>
  one.parentElement.scrollWidth > one.parentElement.clientWidth + 1);
const wide = document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : [];
return [...wide, ...[...out, ...cut].map(one => one.outerHTML.slice(0, 120))];
"""
LADDER: Final = "0cINVITE+ 2d100 9d180 20d200+ 30cACK 900cBYE"
CALL: Final = (
    "from django.utils import timezone as t; from ringfence.portal.calls.models import CallRecord as C; "
    "C.objects.create(call_id='c2', caller='101@acme.example', dialled='0018005551234', started_at=t.now(), "
    f"ended_at=t.now(), code=403, reason='Forbidden', rule='outbound.international', ladder='{LADDER}')"
)


def beyond(browser: Chrome, portal: Portal, path: str, width: int) -> list[str]:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(portal.url + path)
    found: list[str] = browser.execute_script(BEYOND)  # type: ignore[no-untyped-call]
    return found


def test_nothing_is_out_of_reach_in_german(browser: Chrome, portal: Portal) -> None:
    """Issue 3, 5: the buttons of a row, the result of a call; at a desk the whole ladder of a call."""
    admin = furnish(portal)
    argv = [sys.executable, "-m", "ringfence.portal.manage", "shell", "-c", CALL]
    subprocess.run(argv, env=portal.environment, check=True, capture_output=True)
    admin.call("PUT", "language", language="de")
    sign_in(browser, portal, "admin")
    browser.implicitly_wait(0)
    found = {path: seen for path in PAGES if (seen := beyond(browser, portal, path, 390))}
    assert found == {}
    record = links(browser, portal, "main tbody a[href*='/cdrs/']")[0]
    assert beyond(browser, portal, record, 1280) == []
    assert browser.find_elements(By.CSS_SELECTOR, "svg[viewBox] polygon")


def test_after_a_refusal_one_goes_on_at_the_fault_and_nothing_typed_is_lost(browser: Chrome, portal: Portal) -> None:
    """Issue 2, 2: the field that is wrong has the focus and says so, to the eye and to a screen reader (WCAG 3.3.1)."""
    furnish(portal)
    sign_in(browser, portal, "admin")
    browser.get(f"{portal.url}/tenants/new")
    fill(browser, name="Initech", domain="initech..example")
    expect_text(browser, "The domain must be a host name")
    field = waiting(browser).until(lambda seen: seen.find_element(By.CSS_SELECTOR, "[aria-invalid=true]"))
    assert browser.switch_to.active_element == field
    assert field.get_attribute("name") == "domain"
    assert browser.find_element(By.NAME, "name").get_attribute("value") == "Initech"


def test_a_chart_without_calls_says_so(browser: Chrome, portal: Portal) -> None:
    furnish(portal)
    sign_in(browser, portal, "admin")
    expect_text(browser, "No calls in the last 24 hours.")
    assert not browser.find_elements(By.CSS_SELECTOR, ".chart canvas")
