"""The setup, its guide and signing in, before any menu exists: axe finds nothing (WCAG 2.2 AA)."""

from importlib.resources import files
from typing import Any, Final

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.conftest import Portal
from tests.browser.test_first_steps import PASSWORD, expect_heading, expect_text, fill
from tests.browser.test_guided_setup import add_passkey, by_name, with_authenticator

pytestmark = pytest.mark.browser

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN: Final = """
const done = arguments[arguments.length - 1];
axe.run(document).then(found => done(found.violations.map(fault =>
  fault.id + ": " + fault.nodes.slice(0, 5).map(node => node.html.slice(0, 160)).join(" | "))));
"""
STEPS: Final = ("second-factor", "certificate", "network", "tenant", "extensions", "firewall")


def faults(browser: Chrome) -> list[str]:
    """In both themes; transitions are off, because colours are measured as they are."""
    found: list[str] = []
    browser.execute_script(AXE)
    for theme in ("light", "dark"):
        browser.execute_script(f"document.documentElement.setAttribute('data-bs-theme', '{theme}')")
        browser.execute_async_script("setTimeout(arguments[0], 400)")
        answer: Any = browser.execute_async_script(RUN)
        found += [f"{browser.current_url} {theme} {fault}" for fault in answer]
    return found


def test_axe_finds_nothing_on_the_way_in(browser: Chrome, portal: Portal) -> None:
    with_authenticator(browser)
    browser.get(by_name(portal) + portal.setup_path)
    browser.find_element(By.NAME, "password").send_keys("abcd1")
    expect_text(browser, "5 characters")
    found = faults(browser)
    browser.find_element(By.NAME, "password").clear()
    fill(browser, password=PASSWORD, again=PASSWORD)
    expect_heading(browser, "Protect the administrator with a second factor")
    found += faults(browser)
    add_passkey(browser)
    found += faults(browser)
    for step in STEPS:
        browser.get(f"{by_name(portal)}/setup/guide/{step}")
        found += faults(browser)
    for page in ("prove", "my/sessions", "my/tokens", "change-password", "password-policy", "my/two-step"):
        browser.get(f"{by_name(portal)}/{page}")
        found += faults(browser)
    browser.delete_all_cookies()
    browser.get(f"{by_name(portal)}/sign-in")
    found += faults(browser)
    fill(browser, username="admin", password=PASSWORD)
    expect_heading(browser, "Second step")
    found += faults(browser)
    assert not found, "\n".join(found)
