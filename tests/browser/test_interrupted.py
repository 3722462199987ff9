"""A hand that presses twice, a session that ends in the middle of a form: nothing is lost."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.conftest import Portal
from tests.browser.test_accessibility import furnish, sign_in
from tests.browser.test_first_steps import PASSWORD, expect_heading, expect_text, fill, waiting

pytestmark = pytest.mark.browser

TWICE = "const one = document.querySelector('main [type=submit]'); one.click(); setTimeout(() => one.click(), 20);"


def test_what_is_pressed_twice_is_sent_once_and_what_was_typed_outlives_the_session(
    browser: Chrome, portal: Portal
) -> None:
    furnish(portal)
    sign_in(browser, portal, "admin")
    browser.get(f"{portal.url}/users/new")
    browser.find_element(By.NAME, "extension").send_keys("780")
    browser.find_element(By.NAME, "display_name").send_keys("Zoe")
    browser.execute_script(TWICE)  # type: ignore[no-untyped-call]
    expect_heading(browser, "Extension 780 is ready")
    assert len(browser.find_element(By.ID, "secret").text) >= 22
    browser.get(f"{portal.url}/ring-groups/new")
    for name, value in (("name", "Sales"), ("number", "781"), ("members", "100 101")):
        browser.find_element(By.NAME, name).send_keys(value)
    browser.delete_cookie("__Host-session")
    browser.find_element(By.CSS_SELECTOR, "main [type=submit]").click()
    waiting(browser).until(lambda seen: seen.find_element(By.NAME, "username"))
    fill(browser, username="admin", password=PASSWORD)
    expect_text(browser, "What you typed is here again.")
    assert browser.find_element(By.NAME, "members").get_attribute("value") == "100 101"
