"""A stranger goes from the one-time link to a protected administrator and ten extensions, in a real browser."""

import time

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

from tests.browser.conftest import Portal
from tests.browser.test_first_steps import PASSWORD, expect_heading, expect_text, fill, waiting
from tests.unit.portal.authenticator import App

pytestmark = pytest.mark.browser
FIVE_MINUTES = 300


def by_name(portal: Portal) -> str:
    """Passkeys need a host name."""
    return portal.url.replace("127.0.0.1", "localhost")


def with_authenticator(browser: Chrome) -> None:
    options = VirtualAuthenticatorOptions()
    options.protocol = VirtualAuthenticatorOptions.Protocol.CTAP2
    options.transport = VirtualAuthenticatorOptions.Transport.INTERNAL
    options.has_resident_key = options.has_user_verification = options.is_user_verified = True
    browser.add_virtual_authenticator(options)


def press(browser: Chrome, label: str) -> None:
    browser.find_element(By.XPATH, f"//main//button[contains(., '{label}')]").click()


def begin(browser: Chrome, portal: Portal) -> None:
    browser.get(by_name(portal) + portal.setup_path)
    fill(browser, password=PASSWORD, again=PASSWORD)
    expect_heading(browser, "Protect the administrator with a second factor")


def add_passkey(browser: Chrome) -> None:
    browser.find_element(By.ID, "passkey_name").send_keys("Test key")
    press(browser, "Add a passkey")
    expect_text(browser, "Your recovery codes")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#codes .mono")) == 10


def test_from_the_link_to_ten_extensions_with_a_passkey(browser: Chrome, portal: Portal) -> None:
    started = time.monotonic()
    with_authenticator(browser)
    begin(browser, portal)
    add_passkey(browser)
    browser.find_element(By.LINK_TEXT, "Go on with the setup").click()
    press(browser, "Go on")
    expect_heading(browser, "The certificate of this page")
    assert len(browser.find_element(By.ID, "fingerprint").text) == 95
    press(browser, "Go on")
    expect_heading(browser, "What this machine looks like from the network")
    press(browser, "Go on")
    expect_heading(browser, "The first tenant")
    browser.find_element(By.NAME, "name").send_keys("Acme Ltd")
    browser.find_element(By.NAME, "domain").send_keys("acme.example")
    press(browser, "Make the tenant")
    expect_heading(browser, "Extensions of Acme Ltd")
    browser.find_element(By.NAME, "names").send_keys("\n".join(f"Person {number}" for number in range(10)))
    press(browser, "Make the extensions")
    expect_heading(browser, "10 extensions of Acme Ltd")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".handout img")) == 10
    press(browser, "Go on")
    expect_heading(browser, "What your firewall has to let through")
    press(browser, "Finish")
    expect_heading(browser, "Dashboard")
    taken = time.monotonic() - started
    print(f"from the one-time link to ten extensions: {taken:.1f} s")  # `pytest -s` shows it
    browser.find_element(By.LINK_TEXT, "Users").click()
    expect_heading(browser, "Users")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#table tbody tr")) == 10
    assert taken < FIVE_MINUTES


def test_a_passkey_signs_in_without_the_password_and_as_the_second_step(browser: Chrome, portal: Portal) -> None:
    with_authenticator(browser)
    begin(browser, portal)
    add_passkey(browser)
    for way in ("passkey", "password"):
        browser.delete_all_cookies()
        browser.get(f"{by_name(portal)}/sign-in")
        if way == "passkey":
            press(browser, "Sign in with a passkey")
        else:
            fill(browser, username="admin", password=PASSWORD)
            expect_heading(browser, "Second step")
            press(browser, "Use your passkey")
        expect_heading(browser, "Dashboard")


def test_an_authenticator_app_is_set_up_and_used(browser: Chrome, portal: Portal) -> None:
    begin(browser, portal)
    browser.find_element(By.TAG_NAME, "summary").click()
    app = App(browser.find_element(By.ID, "totp-secret").text, ())
    browser.find_element(By.NAME, "code").send_keys(app.code())
    press(browser, "Use this app")
    expect_text(browser, "Your recovery codes")
    code = browser.find_element(By.CSS_SELECTOR, "#codes .mono").text
    browser.delete_all_cookies()
    browser.get(f"{by_name(portal)}/sign-in")
    fill(browser, username="admin", password=PASSWORD)
    expect_heading(browser, "Second step")
    fill(browser, code=code)
    expect_heading(browser, "Dashboard")


def test_rules_are_explained_while_typing(browser: Chrome, portal: Portal) -> None:
    browser.get(by_name(portal) + portal.setup_path)
    browser.find_element(By.NAME, "password").send_keys("abcd1")
    waiting(browser).until(lambda seen: seen.find_elements(By.CSS_SELECTOR, "[data-rule='password.sequence'].broken"))
    expect_text(browser, "5 characters; it must have 8 to 32")
    assert browser.find_elements(By.CSS_SELECTOR, "[data-rule='password.number'].kept")
    browser.find_element(By.NAME, "password").send_keys("!Kx-Horse")
    waiting(browser).until(lambda seen: seen.find_elements(By.CSS_SELECTOR, "[data-rule='password.length'].kept"))


def test_no_page_of_signing_in_breaks_the_content_security_policy(browser: Chrome, portal: Portal) -> None:
    begin(browser, portal)
    pages = (
        "my/two-step", "my/sessions", "my/tokens", "change-password", "password-policy", "prove",
        "setup/guide/certificate", "setup/guide/network", "setup/guide/tenant", "setup/guide/firewall",
    )  # fmt: skip
    for page in pages:
        browser.get(f"{by_name(portal)}/{page}")
        browser.find_element(By.TAG_NAME, "h1")
    complaints = [entry["message"] for entry in browser.get_log("browser")]
    assert [text for text in complaints if "Content Security Policy" in text or "SEVERE" in text] == []
