"""A stranger with nothing but the printed link sets up a whole system in a browser, and phones call each other.

Issue 4: "A stranger sets up a system, a tenant and ten extensions from the portal alone, in a real browser, timed", and
a guided setup "that leaves a working phone system in five minutes". Nothing is asked of REST or the command line.
"""

import time
from pathlib import Path
from typing import Final

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from ringfence.lab.network import PBX_ADDRESS, Lab
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, end_call, establish
from tests.browser.phones import chromium, product_in, standing_on
from tests.browser.test_first_steps import PASSWORD, expect_heading, expect_text, fill, waiting
from tests.browser.test_guided_setup import FIVE_MINUTES, press
from tests.unit.portal.authenticator import App

pytestmark = pytest.mark.browser
DOMAIN: Final = "acme.example"
PORTAL: Final = f"https://{PBX_ADDRESS}:8887"
PATIENCE: Final = 5


def make_administrator(browser: Chrome, link: str) -> None:
    """Password and second factor; the stranger reads the key of the app from the page."""
    browser.get(link)
    fill(browser, password=PASSWORD, again=PASSWORD)
    expect_heading(browser, "Protect the administrator with a second factor")
    browser.find_element(By.TAG_NAME, "summary").click()
    app = App(browser.find_element(By.ID, "totp-secret").text)
    browser.find_element(By.NAME, "code").send_keys(app.code())
    press(browser, "Use this app")
    expect_text(browser, "Your recovery codes")
    browser.find_element(By.LINK_TEXT, "Go on with the setup").click()
    press(browser, "Go on")


def look_at_certificate_and_network(browser: Chrome) -> None:
    expect_heading(browser, "The certificate of this page")
    assert len(browser.find_element(By.ID, "fingerprint").text) == 95
    press(browser, "Go on")
    expect_heading(browser, "What this machine looks like from the network")
    expect_text(browser, PBX_ADDRESS)
    press(browser, "Go on")


def make_tenant_and_extensions(browser: Chrome) -> list[Account]:
    """What stands on the page that is printed: number and SIP password of each of the ten."""
    expect_heading(browser, "The first tenant")
    browser.find_element(By.NAME, "name").send_keys("Acme Ltd")
    browser.find_element(By.NAME, "domain").send_keys(DOMAIN)
    press(browser, "Make the tenant")
    expect_heading(browser, "Extensions of Acme Ltd")
    browser.find_element(By.NAME, "names").send_keys("\n".join(f"Person {number}" for number in range(10)))
    press(browser, "Make the extensions")
    expect_heading(browser, "10 extensions of Acme Ltd")
    handouts = browser.find_elements(By.CSS_SELECTOR, ".handout")
    secrets = [handout.find_element(By.CSS_SELECTOR, ".secret").text for handout in handouts]
    numbers = [str(handout.get_attribute("data-extension")) for handout in handouts]
    press(browser, "Go on")
    expect_heading(browser, "What your firewall has to let through")
    press(browser, "Finish")
    expect_heading(browser, "Dashboard")
    return [Account(number, DOMAIN, secret) for number, secret in zip(numbers, secrets, strict=True)]


def call_each_other(lab: Lab, browser: Chrome, one: Account, other: Account) -> None:
    """Phones with what stood on the page register and talk; the pages show it without a reload."""
    with (
        Softphone(lab.host("first", 31), (PBX_ADDRESS, 5060), one) as first,
        Softphone(lab.host("second", 32), (PBX_ADDRESS, 5060), other) as second,
    ):
        assert first.register().status == second.register().status == 200
        browser.get(f"{PORTAL}/registrations")
        expect_text(browser, f"{other.user}@{DOMAIN}")
        browser.get(f"{PORTAL}/calls")
        expect_text(browser, "Nobody is talking")
        ours, _ = establish(first, second)
        waiting(browser).until(lambda seen: one.user in seen.find_element(By.ID, "table").text)
        end_call(first, second, ours)


def test_from_the_printed_link_to_a_call_between_two_of_ten_extensions(tmp_path: Path) -> None:
    with (
        Lab() as lab,
        product_in(lab, "stranger", set_up=False) as product,
        standing_on(lab.host("desk", 30)),
        chromium(tmp_path / "chromium") as browser,
    ):
        browser.implicitly_wait(PATIENCE)
        began = time.monotonic()
        make_administrator(browser, product.setup_link)
        look_at_certificate_and_network(browser)
        accounts = make_tenant_and_extensions(browser)
        assert len({account.secret for account in accounts}) == 10
        call_each_other(lab, browser, accounts[0], accounts[9])
        taken = time.monotonic() - began
        print(f"from the printed link to a call between two of ten extensions: {taken:.1f} s")  # `pytest -s` shows it
        assert taken < FIVE_MINUTES
