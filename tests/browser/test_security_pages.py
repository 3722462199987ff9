"""The security pages in a real browser: live without a reload, whole lists in, notices out."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tests.browser.conftest import Portal
from tests.browser.test_first_steps import PASSWORD, expect_heading, expect_text, fill, set_up

pytestmark = pytest.mark.browser
MEMBER = {"cidr": "192.0.2.1/32", "name": "the network gateway", "source": "the routing table"}
BAN = {"address": "198.51.100.7", "rule": "antihacking.failed_authentication", "reason": "50 failed authentications"}


def press(browser: Chrome, where: str) -> None:
    """Clicks a button in the middle of the window, where nothing covers it."""
    button = browser.find_element(By.XPATH, where)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", button)
    button.click()


@contextmanager
def ingest(portal: Portal) -> Iterator[None]:
    command = [sys.executable, "-m", "ringfence.portal.manage", "ingest"]
    process = subprocess.Popen(command, env=portal.environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def test_an_attack_appears_on_the_dashboard_without_a_reload(browser: Chrome, portal: Portal) -> None:
    set_up(browser, portal)
    browser.get(f"{portal.url}/security-dashboard")
    expect_text(browser, "Nothing happened yet")
    with ingest(portal):
        portal.guard.events = [{"id": 1, "t": time.time(), "kind": "ban.added", **BAN}]
        expect_text(browser, "198.51.100.7")
    assert browser.find_element(By.CSS_SELECTOR, ".chart canvas").is_displayed()


def test_a_list_is_checked_shown_and_applied(browser: Chrome, portal: Portal) -> None:
    portal.guard.answers["never-block.list"] = [MEMBER]
    set_up(browser, portal)
    browser.get(f"{portal.url}/ip-blacklist/import")
    fill(browser, pasted="192.0.2.0/24\n41.202.0.0/16")
    expect_text(browser, "192.0.2.0/24 covers 192.0.2.1/32 (the network gateway), which must never be blocked.")
    browser.get(f"{portal.url}/ip-blacklist/import")
    fill(browser, pasted="41.202.0.0/16 # Anti DoS\n2001:db8::/32", description="my feed")
    expect_text(browser, "New entries")
    press(browser, "//main//button[text()='Apply']")
    expect_text(browser, "2 entries are added")
    browser.get(f"{portal.url}/ip-blacklist/entries?search=41.202.7.7")
    expect_text(browser, "Anti DoS")
    assert "2001:db8::/32" not in browser.find_element(By.TAG_NAME, "main").text
    browser.get(f"{portal.url}/ip-blacklist/never-block")
    expect_text(browser, "the routing table")


KEPT = "return sessionStorage.getItem('ringfence-typed')"
EXPIRE = (
    "from django.contrib.sessions.backends.db import SessionStore\n"
    "from django.contrib.sessions.models import Session\n"
    "for row in Session.objects.all():\n"
    "    session = SessionStore(row.pk)\n"
    "    session['proved_at'] = 0\n"
    "    session.save()\n"
)


def test_what_was_typed_is_there_again_after_the_proof(browser: Chrome, portal: Portal) -> None:
    """Nothing is lost where "Is it you?" comes between; no secret waits in the browser, and nothing turns up later."""
    set_up(browser, portal)
    browser.get(f"{portal.url}/security/anti-hacking")
    subprocess.run(
        [sys.executable, "-m", "ringfence.portal.manage", "shell", "-v", "0", "-c", EXPIRE],
        env=portal.environment,
        check=True,
        timeout=60,
    )
    fill(browser, detection_period="21")
    expect_text(browser, "Is it you?")
    fill(browser, password="wrong")
    kept = browser.execute_script(KEPT)
    assert "detection_period" in kept
    assert "csrfmiddlewaretoken" not in kept
    assert "wrong" not in kept
    fill(browser, password=PASSWORD)
    expect_text(browser, "What you typed is here again.")
    assert browser.find_element(By.NAME, "detection_period").get_attribute("value") == "21"
    press(browser, "//main//button[text()='Apply']")
    expect_text(browser, "Saved and in force")
    assert browser.find_element(By.NAME, "detection_period").get_attribute("value") == "21"
    assert "What you typed" not in browser.find_element(By.TAG_NAME, "main").text
    assert browser.execute_script(KEPT) is None


def test_a_setting_returns_to_its_default_with_one_click(browser: Chrome, portal: Portal) -> None:
    set_up(browser, portal)
    browser.get(f"{portal.url}/security/anti-hacking")
    field = browser.find_element(By.NAME, "detection_period")
    field.clear()
    field.send_keys("20")
    press(browser, "//main//button[text()='Apply']")
    expect_text(browser, "Saved and in force")
    press(browser, "//button[@name='reset'][@value='detection_period']")
    expect_text(browser, "The default is in force again")
    assert browser.find_element(By.NAME, "detection_period").get_attribute("value") == "10"


def test_a_destination_is_added_tested_and_says_what_is_wrong(browser: Chrome, portal: Portal) -> None:
    set_up(browser, portal)
    browser.get(f"{portal.url}/security/notices")
    expect_text(browser, "Nobody is told yet")
    browser.find_element(By.LINK_TEXT, "Syslog").click()
    expect_heading(browser, "Add a destination for notices")
    Select(browser.find_element(By.NAME, "transport")).select_by_value("tcp")
    browser.find_element(By.CSS_SELECTOR, "[name=topics][value=all-security-events]").click()
    fill(browser, name="SIEM", host="127.0.0.1", port="1")
    expect_text(browser, "SIEM is ready")
    press(browser, "//main//button[text()='Test']")
    expect_text(browser, "The log collector at 127.0.0.1:1 did not take it")
