"""Case 125: trunks named by host follow their name, and keep the addresses they had while no name server answers."""

from ipaddress import ip_address

import pytest

from ringfence.portal import publish
from ringfence.portal.trunks import changes, names
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser
from tests.unit.portal.test_trunks import PROVIDER

HOST = "sip.provider.example"
NAMED = {**PROVIDER, "hosts": [{"host": HOST, "port": 5060}]}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name server says; nothing for a name that is not in here, as while it is away."""
    found: dict[str, list[str]] = {HOST: ["198.51.100.20"]}
    monkeypatch.setattr(changes, "resolved", lambda name: tuple(ip_address(one) for one in found.get(name, [])))
    return found


def peers() -> list[str]:
    (trunk,) = publish.book().trunks
    return [peer.hostport for peer in trunk.peers]


def test_while_no_name_server_answers_the_last_addresses_stay_in_force(site: Site, told: dict[str, list[str]]) -> None:
    site.admin.post("trunks", **NAMED)
    assert peers() == ["198.51.100.20:5060"]
    told.clear()
    assert names.refresh() == 0
    assert peers() == ["198.51.100.20:5060"]


def test_a_provider_that_moves_is_followed_and_the_audit_log_says_so(site: Site, told: dict[str, list[str]]) -> None:
    site.admin.post("trunks", **NAMED)
    told[HOST] = ["198.51.100.21"]
    assert (names.refresh(), names.refresh()) == (1, 0)
    assert peers() == ["198.51.100.21:5060"]
    assert site.admin.get("audit-log")["items"][0]["action"] == "trunk.moved"


def test_a_name_that_leads_to_this_machine_is_not_followed(site: Site, told: dict[str, list[str]]) -> None:
    """Case 97: an answer that nobody may have as a trunk changes nothing."""
    site.admin.post("trunks", **NAMED)
    told[HOST] = ["127.0.0.1", "169.254.169.254"]
    assert names.refresh() == 0
    assert peers() == ["198.51.100.20:5060"]


def test_the_page_says_that_a_host_is_not_found(site: Site, told: dict[str, list[str]]) -> None:
    """A host with a slip of the pen made a trunk that "is ready" and had no state at all."""
    told.clear()
    site.admin.post("trunks", **NAMED)
    shown = browser().get("/trunks", secure=True).content.decode()
    assert "host name not found" in shown and HOST in shown
