"""The browser phone in a real Chromium, against a whole system (reference: port 10443, "WSS", "SRTP and DTLS-SRTP")."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys as Keyboard
from selenium.webdriver.remote.webelement import WebElement

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Lab
from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.product import Product, within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport, end_call
from tests.browser.page import PATIENCE, Page
from tests.browser.phones import PAGE, SPOKEN, account, chromium, hears, product_in, standing_on
from tests.browser.test_accessibility import AXE, RUN, WIDTHS
from tests.browser.test_first_steps import PASSWORD
from tests.unit.portal.authenticator import App

pytestmark = pytest.mark.browser

DOMAIN: Final = "acme.example"
NUMBERS: Final = ("101", "102", "103", "104", "105", "106")
PLAIN, SECURE = 400, 900
SEEN: Final = (
    "return [...document.querySelectorAll('[data-call] video[data-part=video]')].some(one => one.videoWidth > 0)"
)
ASKED: Final = """
const done = arguments[1], ask = path => fetch(path, {redirect: "manual"});
Promise.all(arguments[0].map(ask)).then(found => done(found.map(one => one.status + " " + one.type)));
"""
CREDENTIAL: Final = """
const done = arguments[0], headers = {"X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value};
fetch("/phone/credential", {method: "POST", headers})
  .then(answer => answer.json()).then(given => done([given.name, given.secret]));
"""


@dataclass
class Site(Page):
    """The system, the phones at its side and the browser."""

    product: Product
    lab: Lab
    plain: Baresip
    secure: Baresip
    desk: Softphone
    customer: Softphone
    colleague: Softphone


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("phones")
    with ExitStack() as stack:
        lab = stack.enter_context(Lab())
        product = stack.enter_context(product_in(lab, "phone"))
        product.rest.patch("settings/security", web_change_first_password=False)
        tenant = product.create_tenant("Acme", DOMAIN)
        accounts = {number: account(product, tenant, number, PASSWORD) for number in NUMBERS}
        phones = [
            stack.enter_context(Baresip(lab.host(name, number), home / name, accounts[user], transport, hertz, keys))
            for name, number, user, transport, hertz, keys in (
                ("plain", 31, "102", Transport.UDP, PLAIN, Keys.NONE),
                ("secure", 32, "103", Transport.TLS, SECURE, Keys.OFFERED),
            )
        ]
        scripted = [
            stack.enter_context(Softphone(lab.host(name, number), (PBX_ADDRESS, 5060), accounts[user]))
            for name, number, user in (("desk", 33, "101"), ("customer", 35, "105"), ("colleague", 36, "106"))
        ]
        stack.enter_context(standing_on(lab.host("web", 30)))
        browser = stack.enter_context(chromium(home / "chromium"))
        browser.set_script_timeout(PATIENCE)
        for phone in phones:
            phone.wait_registered()
        site = Site(browser, product, lab, *phones, *scripted)
        site.sign_in(f"101@{DOMAIN}", PASSWORD)
        site.await_ready()
        site.permit_microphone()
        yield site


def _let_music_begin(site: Site) -> None:
    """On a busy machine the relay looks for its music longer than the core waits, and is left alone for a second."""
    time.sleep(1.5)
    within(PATIENCE, lambda: "fail" not in site.product.kamcmd("rtpengine.ping", "all").lower(), "the relay answers")


def test_who_signs_in_is_registered_and_the_secret_of_the_desk_phone_is_not_told(site: Site) -> None:
    """Issue 6.5: sign in with the portal's account; a WebSocket from a page of ours (attack case 85)."""
    within(PATIENCE, lambda: _transports(site, "101") == ["wss"], "it is registered")
    assert site.desk.account.secret not in site.browser.page_source


def test_a_call_to_a_plain_phone_is_heard_both_ways_held_and_dialled_into(site: Site) -> None:
    """DTLS-SRTP here, plain RTP there; hold; keys as events in the media (RFC 4733)."""
    site.dial("102")
    site.await_state("up")
    assert site.heard_here() == pytest.approx(PLAIN, abs=15)
    hears(site.plain, SPOKEN)
    site.plain.forget_events()
    site.press("keypad")
    site.browser.find_element(By.CSS_SELECTOR, "[data-call] [data-tone='5']").click()
    assert site.plain.wait_for("CALL_DTMF_START", timeout=8)["param"] == "5"
    site.press("hold")
    site.until(lambda: _calls(site, "up", "true"), "it is held")
    _let_music_begin(site)
    site.press("hold")
    site.until(lambda: _calls(site, "up", "false"), "it goes on")
    assert site.heard_here() == pytest.approx(PLAIN, abs=15)
    site.press("hang-up")
    site.plain.wait_for("CALL_CLOSED")
    site.await_quiet()


def test_a_call_rings_here_and_on_the_desk_and_is_heard_both_ways(site: Site) -> None:
    """From a phone with SRTP over TLS; the phone on the desk rings too and stops when the page takes the call."""
    assert site.desk.register().status == 200
    site.secure.dial("101")
    invite = site.desk.request("INVITE", 8)
    site.desk.respond(invite, 180, "Ringing", "desk")
    site.press("answer")
    site.await_state("up")
    assert site.heard_here() == pytest.approx(SECURE, abs=15)
    assert site.desk.request("CANCEL", 8).header("call-id") == invite.header("call-id")
    assert site.desk.register(expires=0).status == 200
    hears(site.secure, SPOKEN)
    site.secure.hang_up()
    site.await_quiet()
    listed = site.browser.find_element(By.ID, "calls")
    site.until(lambda: "103" in listed.text and "102" in listed.text, "both calls are in the history")


def test_both_parties_are_connected_and_the_page_is_out(site: Site) -> None:
    """An attended transfer (RFC 5589 section 7): the first call is held while the second is made."""
    customer, colleague = site.customer, site.colleague
    assert customer.register().status == colleague.register().status == 200
    site.dial("105")
    theirs = customer.answer_call(customer.request("INVITE", PATIENCE))
    customer.request("ACK", PATIENCE)
    site.press("hold")
    held = customer.request("INVITE", PATIENCE)
    customer.respond(held, 200, "OK", body=sip.sdp(customer.address, 40_000))
    customer.request("ACK", PATIENCE)
    _let_music_begin(site)
    site.dial("106")
    with_page = colleague.answer_call(colleague.request("INVITE", PATIENCE))
    site.until(lambda: len(_calls(site, "up")) == 2, "two calls are up")
    site.press("join")
    refer = customer.request("REFER", PATIENCE)
    customer.respond(refer, 202, "Accepted")
    dialled = customer.begin_call(sip.uri_in(refer.header("refer-to")).removeprefix("sip:").partition("@")[0])
    invite = colleague.request("INVITE", PATIENCE)
    assert invite.header("replaces").startswith(with_page.call_id)
    colleague.answer_call(invite)
    talking = customer.call_answered(*dialled)
    fragment = [("Event", "refer"), ("Subscription-State", "terminated"), ("Content-Type", "message/sipfrag")]
    assert customer.ask_in_dialog(theirs, "NOTIFY", fragment, b"SIP/2.0 200 OK\r\n").status == 200
    customer.respond(customer.request("BYE", PATIENCE), 200, "OK")
    assert colleague.ask_in_dialog(with_page, "BYE").status == 200
    site.await_quiet()
    colleague.request("ACK")
    assert end_call(customer, colleague, talking).status == 200


def _calls(site: Site, state: str, held: str = "") -> list[WebElement]:
    wanted = f"[data-call][data-state='{state}']" + (f"[data-held='{held}']" if held else "")
    return site.browser.find_elements(By.CSS_SELECTOR, wanted)


def test_the_page_in_a_call_is_accessible_at_both_widths_and_in_both_themes(site: Site) -> None:
    """WCAG 2.2 AA by axe; with the keyboard alone the call is muted and ended."""
    site.dial("102")
    site.await_state("up")
    site.press("keypad")
    site.press("transfer")
    site.browser.execute_script(AXE)
    for width in WIDTHS:
        site.browser.set_window_size(width, 900)
        for theme in ("light", "dark"):
            site.browser.execute_script("document.documentElement.setAttribute('data-bs-theme', arguments[0])", theme)
            assert site.browser.execute_async_script(RUN, None) == [], (width, theme)
        assert site.browser.execute_script("return document.documentElement.scrollWidth <= innerWidth"), width
    site.browser.set_window_size(1280, 900)
    keys = site.browser.find_element(By.TAG_NAME, "body")
    keys.send_keys(Keyboard.ALT, "m")
    site.until(lambda: site.part("mute").get_attribute("aria-pressed") == "true", "it is muted")
    keys.send_keys(Keyboard.ALT, "x")
    site.await_quiet()


def test_two_browsers_see_each_other(site: Site) -> None:
    """Audio and video through the relay; the other page came over IPv6, so that it has a session of its own."""
    first = site.browser.current_window_handle
    site.browser.switch_to.new_window("window")
    second = site.browser.current_window_handle
    site.sign_in(f"104@{DOMAIN}", PASSWORD, f"https://[{site.product.host.address6}]:10443")
    site.await_ready()
    site.browser.switch_to.window(first)
    site.dial("104", "video")
    site.browser.switch_to.window(second)
    site.press("answer-video")
    for window in (first, second):
        site.browser.switch_to.window(window)
        site.until(lambda: site.browser.execute_script(SEEN), "a picture")
    site.browser.close()
    site.browser.switch_to.window(first)
    site.press("hang-up")
    site.await_quiet()


def test_the_phone_ends_with_the_session_and_comes_back_with_a_second_factor(site: Site) -> None:
    """Issue 6.5: sign in with 2FA where the person has it; what a browser was given is worth nothing after sign-out."""
    name, secret = site.browser.execute_async_script(CREDENTIAL)
    with Softphone(site.lab.host("thief", 34), (PBX_ADDRESS, 5060), Account(name, DOMAIN, secret)) as thief:
        assert thief.register().status == 401, "it is good over a WebSocket alone"
    site.browser.get(f"{PAGE}/my/two-step")
    site.find("summary").click()
    app = App(site.find("#totp-secret").text, ())
    site.find("form[action='/my/two-step/app'] [name=code]").send_keys(app.code())
    site.find("form[action='/my/two-step/app'] button").click()
    code = site.find("#codes .mono").text
    site.browser.get(PAGE)
    site.await_ready()
    site.find("#sign-out button").click()
    within(PATIENCE, lambda: not _registered(site, "101"), "it is registered no more")
    site.sign_in(f"101@{DOMAIN}", PASSWORD)
    site.find("form:not(:has([name=credential])) [name=code]").send_keys(code)
    site.find("form:has([name=code]) button").click()
    site.await_ready()
    within(PATIENCE, lambda: _registered(site, "101"), "it is registered again")


def _registered(site: Site, number: str) -> bool:
    return bool(_transports(site, number))


def _transports(site: Site, number: str) -> list[str]:
    return [one["transport"] for one in site.product.registrations() if one["aor"] == f"{number}@{DOMAIN}"]


def test_the_port_of_the_phone_opens_no_page_of_administrators(site: Site) -> None:
    """Issue 6.5: 10443 may face the world where 8887 does not. What is not the phone's is not answered from here."""
    answers = site.browser.execute_async_script(ASKED, ["/api/v1/users", "/users", "/tenants", "/phone/state"])
    assert answers == ["404 basic", "0 opaqueredirect", "0 opaqueredirect", "200 basic"]


def test_no_page_of_the_phone_breaks_the_content_security_policy(site: Site) -> None:
    """Attack case 85's neighbours: no script, style or connection of anybody else."""
    complaints = [entry["message"] for entry in site.browser.get_log("browser")]
    assert [text for text in complaints if "Content Security Policy" in text] == []


def test_a_call_through_the_sbc_is_heard_both_ways(site: Site) -> None:
    """Issue 6.4: ICE and DTLS-SRTP end at the SBC's relay, the core's gets SRTP; the page notices nothing of it."""
    done = site.product.command("sbc", "on", timeout=90)
    assert done.returncode == 0, done.stderr
    site.browser.get(PAGE)
    site.await_ready()
    within(PATIENCE, lambda: _outside(site, "101"), "the page is registered through the SBC")
    site.plain.forget_recordings()
    site.dial("102")
    site.await_state("up")
    assert site.heard_here() == pytest.approx(PLAIN, abs=15)
    hears(site.plain, SPOKEN)
    site.press("hang-up")
    site.await_quiet()

    site.plain.forget_recordings()
    site.plain.dial("101")  # the registration from before the SBC stands yet: its connection is gone
    site.press("answer")
    site.await_state("up")
    assert site.heard_here() == pytest.approx(PLAIN, abs=15)
    hears(site.plain, SPOKEN)
    site.press("hang-up")
    site.await_quiet()


def _outside(site: Site, number: str) -> bool:
    found = [one for one in site.product.registrations() if one["aor"] == f"{number}@{DOMAIN}"]
    return any("speaks=ws" in str(device.get("path")) for one in found for device in one["contacts"])


def test_a_session_that_is_revoked_elsewhere_takes_its_phone_along_at_once(site: Site) -> None:
    """ADR 28: not when its registration ends; who is rung answers without any digest."""
    for session in site.product.rest.get("sessions")["items"]:
        if session["username"] == f"101@{DOMAIN}":
            site.product.rest.delete(f"sessions/{session['id']}")
    within(PATIENCE, lambda: not _registered(site, "101"), "it is registered no more")
