"""The browser phone at an SBC on a host of its own: page, WSS and media come from there, and the core is not seen
(issue 6; reference: "WebRTC (WSS)", SIP and RTP on SBC; ADR 58 and 65).
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest

from ringfence.lab.network import PBX_ADDRESS, Host, Lab
from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.product import Product, within
from ringfence.lab.softphone import Transport
from tests.browser.page import PATIENCE, Page
from tests.browser.phones import SPOKEN, account, chromium, hears, product_in, standing_on
from tests.browser.test_first_steps import PASSWORD
from tests.system.far_sbc.enrolment import enrolled

pytestmark = pytest.mark.browser

DOMAIN: Final = "acme.example"
PLAIN: Final = 400


@dataclass
class FarSite(Page):
    """The page in a browser that reaches the SBC's host alone, and a phone beside the core."""

    core: Product
    edge: Product
    inside: Baresip
    web: Host


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarSite]:
    home = tmp_path_factory.mktemp("far")
    with ExitStack() as stack:
        lab = stack.enter_context(Lab())
        core = stack.enter_context(product_in(lab, "core"))
        core.rest.patch("settings/security", web_change_first_password=False)
        tenant = core.create_tenant("Acme", DOMAIN)
        accounts = [account(core, tenant, number, PASSWORD) for number in ("101", "102")]
        edge = stack.enter_context(enrolled(core, lab.host("edge", 140)))
        stack.callback(shutil.rmtree, edge.home, ignore_errors=True)
        inside = Baresip(lab.host("inside", 141), home / "inside", accounts[1], Transport.UDP, PLAIN, Keys.NONE)
        stack.enter_context(inside)
        web = lab.host("web", 142)
        for core_address in (f"{PBX_ADDRESS}/32", f"{core.host.address6}/128"):
            web.run("ip", "route", "add", "blackhole", core_address)
        stack.enter_context(standing_on(web))
        browser = stack.enter_context(chromium(home / "chromium"))
        browser.set_script_timeout(PATIENCE)
        inside.wait_registered(PATIENCE)
        yield FarSite(browser, core, edge, inside, web)


def _registered_from(core: Product, number: str) -> list[tuple[str, str]]:
    found = [one for one in core.registrations() if one["aor"] == f"{number}@{DOMAIN}"]
    return [(one["transport"], one["source"]) for one in found]


def test_a_browser_that_sees_the_sbcs_host_alone_calls_and_is_called(site: FarSite) -> None:
    """Sign-in, WSS, ICE and DTLS-SRTP all end at the SBC's host; a tone is measured at both ends, both ways."""
    site.sign_in(f"101@{DOMAIN}", PASSWORD, f"https://{site.edge.host.address}:10443")
    site.await_ready()
    within(PATIENCE, lambda: _registered_from(site.core, "101") == [("wss", site.web.address)], "by its own address")
    site.permit_microphone()
    for from_the_page in (True, False):
        site.inside.forget_recordings()
        if from_the_page:
            site.dial("102")
        else:
            site.inside.dial("101")
            site.press("answer")
        site.await_state("up")
        assert site.heard_here() == pytest.approx(PLAIN, abs=15)
        hears(site.inside, SPOKEN)
        site.press("hang-up")
        site.await_quiet()
