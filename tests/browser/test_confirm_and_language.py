"""The banner of an unconfirmed change, and the language of the pages, in a real browser."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tests.browser.conftest import Portal
from tests.browser.test_first_steps import expect_heading, expect_text, set_up, waiting
from tests.browser.test_security_pages import press

pytestmark = pytest.mark.browser
PERIOD = (By.NAME, "detection_period")
PAGE = "/security/anti-hacking"


def comes_over(browser: Chrome, connection: str) -> None:
    """What nginx tells the portal of the connection a request comes over: its name and its age in seconds."""
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"X-Connection": connection}})


def change_period(browser: Chrome, portal: Portal, value: str) -> None:
    browser.get(portal.url + PAGE)
    field = browser.find_element(*PERIOD)
    field.clear()
    field.send_keys(value)
    Select(browser.find_element(By.NAME, "confirm_within")).select_by_value("5")
    press(browser, "//main//button[text()='Apply']")
    expect_text(browser, "Not confirmed yet")


def period(browser: Chrome, portal: Portal) -> str:
    browser.get(portal.url + PAGE)
    return browser.find_element(*PERIOD).get_attribute("value") or ""


def test_a_change_waits_for_a_new_connection_and_is_kept_or_taken_back(browser: Chrome, portal: Portal) -> None:
    """Issue 3, 9. Over the connection that made the change the button stays grey; over a new one it keeps it."""
    set_up(browser, portal)
    comes_over(browser, "1-1 60.0")
    change_period(browser, portal, "20")
    keep = "//section//button[text()='Confirm: keep it']"
    assert not browser.find_element(By.XPATH, keep).is_enabled()
    expect_text(browser, "Waiting for a new connection")
    comes_over(browser, "1-2 0.001")
    waiting(browser).until(lambda driver: driver.find_element(By.XPATH, keep).is_enabled())
    press(browser, keep)
    expect_text(browser, "Confirmed: the change stays.")
    assert period(browser, portal) == "20"
    change_period(browser, portal, "30")
    press(browser, "//section//button[text()='Take it back now']")
    expect_text(browser, "Taken back: it is as it was before the change.")
    assert period(browser, portal) == "20"


def test_the_pages_change_their_language_with_one_click(browser: Chrome, portal: Portal) -> None:
    """Issue 4, 7. The choice stands below the profile picture, leads back to the page and is told to readers."""
    set_up(browser, portal)
    browser.get(f"{portal.url}/tenants")
    browser.find_element(By.CSS_SELECTOR, ".d-lg-flex [data-bs-toggle=dropdown]").click()
    browser.find_element(By.CSS_SELECTOR, ".d-lg-flex button[name=language][value=de]").click()
    expect_heading(browser, "Mandanten")
    assert browser.current_url == f"{portal.url}/tenants"
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "de"
    expect_text(browser, "Noch keine Mandanten")
