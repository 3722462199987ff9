"""Buttons that ask without leaving the page: pressed by a person, each shows its answer, a refusal too."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Portal
from tests.browser.test_accessibility import furnish, sign_in
from tests.browser.test_first_steps import expect_text

pytestmark = pytest.mark.browser


def ask(browser: Chrome, key: str = "", **values: str) -> None:
    for name, value in values.items():
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(value)
    if key:
        browser.switch_to.active_element.send_keys(key)
    else:
        browser.find_element(By.CSS_SELECTOR, "main [type=submit]").click()


def test_a_pressed_button_is_answered_on_the_page(browser: Chrome, portal: Portal) -> None:
    """They did nothing: the button that was pressed had the focus, which held the page still as if it were read."""
    furnish(portal)
    portal.guard.answers["policy.dry-run"] = {
        "events": 7, "from": 1.0, "to": 2.0, "whole": True, "spoiled": 0, "stopped": [], "let_through": [], "spared": []
    }  # fmt: skip
    sign_in(browser, portal, "admin")
    browser.get(f"{portal.url}/outbound-rules/explain")
    ask(browser, caller="101", number="00442079460000")
    expect_text(browser, "Verdict")
    ask(browser, Keys.ENTER, caller="999@acme.example")
    expect_text(browser, "There is no such extension.")
    browser.get(f"{portal.url}/inbound-rules/explain")
    ask(browser, number="+4930123400")
    expect_text(browser, "The number is in no number pool")
    browser.get(f"{portal.url}/security/anti-hacking")
    browser.find_element(By.CSS_SELECTOR, "[hx-post='/security/dry-run']").click()
    expect_text(browser, "Replayed 7 events")
