"""A stranger with nothing but the setup link makes the administrator, a tenant and two extensions."""

import re

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.conftest import Portal

pytestmark = pytest.mark.browser
PASSWORD = "correct-Horse7"
PAGES = ("", "users", "calls", "registrations", "cdrs", "tenants", "ip-blacklist", "security/anti-hacking", "audit-log")


def waiting(browser: Chrome) -> WebDriverWait[Chrome]:
    return WebDriverWait(browser, 30, ignored_exceptions=[StaleElementReferenceException, NoSuchElementException])


def fill(browser: Chrome, **values: str) -> None:
    """Fills the page's form, sends it and waits until the page is another one."""
    for name, value in values.items():
        field = browser.find_element(By.NAME, name)
        if field.tag_name == "select":
            Select(field).select_by_visible_text(value)
            continue
        field.clear()
        field.send_keys(value)
    button = browser.find_element(By.CSS_SELECTOR, "main [type=submit]")
    button.click()
    waiting(browser).until(staleness_of(button))


def expect_heading(browser: Chrome, text: str) -> None:
    waiting(browser).until(lambda seen: seen.find_element(By.TAG_NAME, "h1").text == text)


def expect_text(browser: Chrome, text: str) -> None:
    waiting(browser).until(lambda seen: text in seen.find_element(By.TAG_NAME, "main").text)


def set_up(browser: Chrome, portal: Portal) -> None:
    browser.get(portal.url + portal.setup_path)
    assert "token" not in browser.current_url
    fill(browser, password=PASSWORD, again=PASSWORD)
    expect_heading(browser, "Protect the administrator with a second factor")
    browser.get(f"{portal.url}/")
    expect_heading(browser, "Dashboard")


def add_user(browser: Chrome, portal: Portal, number: str, name: str) -> str:
    browser.get(f"{portal.url}/users/new")
    fill(browser, extension=number, display_name=name)
    expect_heading(browser, f"Extension {number} is ready")
    return browser.find_element(By.ID, "secret").text


def test_from_the_link_to_two_extensions(browser: Chrome, portal: Portal) -> None:
    browser.get(portal.url)
    expect_heading(browser, "This system is not set up yet")
    set_up(browser, portal)
    browser.find_element(By.LINK_TEXT, "Add a tenant").click()
    fill(browser, name="Acme Ltd", domain="acme.example")
    secrets = {add_user(browser, portal, number, name) for number, name in (("101", "Ann"), ("102", "Bob"))}
    assert all(re.fullmatch(r"[A-Za-z2-9]{22,}", secret) for secret in secrets)
    assert len(secrets) == 2
    browser.get(f"{portal.url}/users")
    assert [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "tbody a[href^='/users/']")] == ["101", "102"]


def test_weak_passwords_are_explained_and_the_token_survives(browser: Chrome, portal: Portal) -> None:
    browser.get(portal.url + portal.setup_path)
    fill(browser, password="admin", again="admin")
    expect_text(browser, "it must have 8 to 32")
    fill(browser, password=PASSWORD, again=PASSWORD)
    expect_heading(browser, "Protect the administrator with a second factor")


def test_a_ban_appears_without_a_reload_and_is_lifted_with_one_click(browser: Chrome, portal: Portal) -> None:
    set_up(browser, portal)
    browser.get(f"{portal.url}/ip-blacklist")
    expect_text(browser, "Nobody is blocked")
    ban = {"address": "198.51.100.7", "rule": "antihacking", "reason": "50 failed authentications", "by": "guard"}
    portal.guard.answers["bans.list"] = [{**ban, "since": 1.0, "until": 4e9, "evidence": {"failures": 50}}]
    expect_text(browser, "198.51.100.7")
    browser.find_element(By.XPATH, "//button[text()='Lift and allow']").click()
    expect_text(browser, "198.51.100.7 is allowed now")
    lifts = [args for verb, args in portal.guard.asked if verb == "bans.lift"]
    assert [(lift["address"], lift["by"]) for lift in lifts] == [("198.51.100.7", "admin")]


def test_deleting_asks_first(browser: Chrome, portal: Portal) -> None:
    set_up(browser, portal)
    browser.get(f"{portal.url}/tenants/new")
    fill(browser, name="Acme Ltd", domain="acme.example")
    browser.get(f"{portal.url}/tenants")
    for answer, result in (("no", "acme.example"), ("yes", "No tenants yet")):
        browser.find_element(By.CSS_SELECTOR, "[aria-label='Delete Acme Ltd']").click()
        browser.find_element(By.CSS_SELECTOR, f"#confirm [value={answer}]").click()
        expect_text(browser, result)


def test_no_page_breaks_the_content_security_policy(browser: Chrome, portal: Portal) -> None:
    set_up(browser, portal)
    for page in PAGES:
        browser.get(f"{portal.url}/{page}")
        browser.find_element(By.TAG_NAME, "h1")
    complaints = [entry["message"] for entry in browser.get_log("browser")]
    assert [text for text in complaints if "Content Security Policy" in text] == []
