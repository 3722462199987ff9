"""The firewall plan on its page and over REST (reference "Ports Security")."""

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from ringfence.hosts.addresses import Link, Surroundings
from ringfence.hosts.voice_network import VoiceNetwork, write_voice_network
from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from ringfence.portal.firewall.plan import RENDERINGS
from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser
from tests.unit.portal.web_access_state import STATE


@pytest.fixture(autouse=True)
def web(site: Site) -> Iterator[FakeGuard]:
    socket = places.PATHS.web_access_socket
    socket.parent.mkdir(parents=True, exist_ok=True)
    fake = FakeGuard(socket)
    fake.answers |= {"web.show": {**STATE, "redirect_80": True}}
    fake.start()
    yield fake
    fake.stop()


def test_the_plan_follows_switches_and_networks(site: Site) -> None:
    plan = site.admin.get("firewall-plan")
    openings = {opening["key"]: opening for opening in plan["openings"]}
    assert "redirect-80" in openings and "redirect-443" not in openings
    assert openings["sip-udp-5060"]["sources"] == []
    changed = site.admin.call("PATCH", "firewall-plan", {"phones": ["192.0.2.77/24"], "ssh": ["2001:db8::/32"]})[1]
    openings = {opening["key"]: opening for opening in changed["openings"]}
    assert openings["sip-udp-5060"]["sources"] == ["192.0.2.0/24"]
    assert openings["ssh-22"]["sources"] == ["2001:db8::/32"]
    assert Entry.objects.filter(action="firewall.networks_changed").count() == 2


def test_nobody_closes_the_portal_for_himself(site: Site) -> None:
    refusal = site.admin.refusal("PATCH", "firewall-plan", {"portal": ["198.51.100.0/24"]})
    assert (refusal["status"], refusal["error_id"], refusal["field"]) == (422, "firewall.own_address", "portal")
    assert site.admin.get("firewall-plan")["networks"]["portal"] == []
    refusal = site.admin.refusal("PATCH", "firewall-plan", {"phones": ["300.1.1.1"]})
    assert (refusal["status"], refusal["field"]) == (422, "phones")


@pytest.mark.parametrize("form", sorted(RENDERINGS))
def test_each_form_is_served_over_rest_and_as_a_file(site: Site, form: str) -> None:
    page = browser().get(f"/firewall/{form}", secure=True)
    assert page.status_code == 200
    assert b"8887" in page.content
    assert RENDERINGS[form].file in page["Content-Disposition"]


def test_the_page_shows_the_plan_and_saves_networks(site: Site) -> None:
    person = browser()
    page = person.get("/firewall", secure=True)
    assert b"45000-64999/udp" in page.content
    saved = person.post("/firewall", {"phones": "192.0.2.0/24\n", "portal": "", "ssh": ""}, secure=True)
    assert saved.status_code == 302
    assert b"192.0.2.0/24" in person.get("/firewall", secure=True).content
    refused = person.post("/firewall", {"phones": "nonsense", "portal": "", "ssh": ""}, secure=True)
    assert refused.status_code == 422


def test_sound_on_a_link_of_its_own_and_the_limit_of_the_voice_vlan_stand_in_the_plan(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reference "Separate Voice and Data Traffic": on the page, over REST and in the files."""
    voice = ip_address("10.88.0.1")
    around = Surroundings(voice, (voice,), (), (), bindable=(Link("eth0.42", (voice,)),))
    monkeypatch.setattr("ringfence.portal.firewall.plan.surroundings", lambda: around)
    file = places.PATHS.voice_network
    file.parent.mkdir(parents=True, exist_ok=True)
    write_voice_network(file, VoiceNetwork(media_on="eth0.42", voice_link="eth0.42", voice_link_packets=400))
    plan = site.admin.get("firewall-plan")
    openings = {opening["key"]: opening for opening in plan["openings"]}
    assert openings["rtp-45000"]["destinations"] == ["10.88.0.1/32"]
    assert openings["sip-udp-5060"]["destinations"] == []
    assert plan["limits"] == [{"link": "eth0.42", "packets": 400}]
    page = browser().get("/firewall", secure=True).content.decode()
    assert "10.88.0.1/32" in page and "400 packets a second" in page
    nft = browser().get("/firewall/nftables", secure=True).content.decode()
    assert "ip daddr { 10.88.0.1/32 } udp dport 45000-64999" in nft and "# each address on eth0.42" in nft
    write_voice_network(file, VoiceNetwork(media_on="eth9"))
    openings = {opening["key"]: opening for opening in site.admin.get("firewall-plan")["openings"]}
    assert openings["rtp-45000"]["destinations"] == [], "a link that is gone narrows nothing"
    file.unlink()
