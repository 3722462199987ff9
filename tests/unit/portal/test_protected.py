"""Protected addresses and user agents: what configuration adds to the never-block set, and what may not be blocked."""

import json

import pytest

from ringfence.engines.kamailio import render_core
from ringfence.hosts.paths import CODE
from ringfence.policy.addresses import parse_network
from ringfence.policy.book import BlockedUserAgent, Protection
from ringfence.policy.offenders.agents import BlockedAgents
from ringfence.portal import publish
from ringfence.portal.actor import shell_actor
from ringfence.portal.change import change
from ringfence.portal.problems import Refused
from ringfence.portal.security.changes import KNOWN_SCANNERS, OWN_USER_AGENTS
from ringfence.portal.security.protected import protect_owner
from tests.unit.engines.systems import a_system
from tests.unit.portal.rest import Site


def test_a_cluster_peer_reaches_the_book_and_goes_again(site: Site) -> None:
    made = site.admin.post("protected-addresses", cidr="198.51.100.20", kind="cluster_peer", name="node 2")
    assert (made["cidr"], made["owner"]) == ("198.51.100.20/32", "")
    (member,) = publish.book().protected_addresses
    assert (member.cidr, member.kind, member.name) == ("198.51.100.20/32", Protection.CLUSTER_PEER, "node 2")
    assert site.admin.get("protected-addresses")["count"] == 1
    assert site.admin.call("DELETE", f"protected-addresses/{made['id']}")[0] == 204
    assert publish.book().protected_addresses == ()


@pytest.mark.parametrize(
    ("cidr", "kind", "name", "error_id"),
    [
        ("198.51.0.0/16", "cluster_peer", "wide", "protected.too_wide"),
        ("2001:db8::/32", "front_proxy", "wide", "protected.too_wide"),
        ("198.51.100.20", "trunk", "by hand", "protected.derived"),
        ("198.51.100.20", "front_proxy", "", "text.length"),
        ("198.51.100.20", "front_proxy", "a\nb", "text.length"),
        ("203.0.113.9", "front_proxy", "blocked", "protected.blocked"),
        ("198.51.100.99", "front_proxy", "twice", "protected.exists"),
        ("198.51.100.20.0", "front_proxy", "odd", "address.octets"),
    ],
)
def test_what_cannot_be_protected_is_refused_with_the_reason(
    site: Site, cidr: str, kind: str, name: str, error_id: str
) -> None:
    site.admin.post("ip-filters", cidr="203.0.113.0/24", target="block")
    site.admin.post("protected-addresses", cidr="198.51.100.99", kind="front_proxy", name="first")
    refusal = site.admin.refusal("POST", "protected-addresses", {"cidr": cidr, "kind": kind, "name": name})
    assert refusal["error_id"] == error_id


def test_a_trunk_feeds_and_frees_its_own_rows(site: Site) -> None:
    networks = [parse_network("198.51.100.0/28"), parse_network("2001:db8:5::1")]
    with change(shell_actor()) as draft:
        protect_owner(draft, "trunk:1", "Carrier A", networks, "Carrier-SBC 3")
    assert {item.cidr for item in publish.book().protected_addresses} == {"198.51.100.0/28", "2001:db8:5::1/128"}
    row = site.admin.get("protected-addresses")["items"][0]
    assert site.admin.refusal("DELETE", f"protected-addresses/{row['id']}")["error_id"] == "protected.derived"
    refusal = site.admin.refusal("POST", "blocked-user-agents", {"pattern": "carrier"})
    assert refusal["error_id"] == "user_agent.protected"
    assert "Carrier A" in refusal["detail"]
    with change(shell_actor()) as draft:
        protect_owner(draft, "trunk:1", "Carrier A", [])
    assert publish.book().protected_addresses == ()


def test_a_trunk_with_a_blocked_user_agent_is_refused(site: Site) -> None:
    site.admin.post("blocked-user-agents", pattern="badcarrier")
    with pytest.raises(Refused, match="badcarrier"), change(shell_actor()) as draft:
        protect_owner(draft, "trunk:1", "Carrier B", [parse_network("198.51.100.1")], "BadCarrier/2")


@pytest.mark.parametrize(
    ("pattern", "match", "refused"),
    [
        ("PBX", "exact", True),
        ("pbx", "prefix", True),
        ("pbx", "contains", True),
        ("PBX 2", "exact", False),
        ("otherpbx", "contains", False),
        ("jssip", "contains", True),
        ("JsSIP 3", "prefix", True),
        ("ringfence probe", "exact", True),
        ("friendly-scanner;sipcli", "contains", True),
        ("scanner;;sipcli", "contains", True),
        ("scanner; ", "contains", True),
        ("evil (X11; Linux)", "exact", False),
    ],
)
def test_our_own_user_agent_cannot_be_blocked(site: Site, pattern: str, match: str, refused: bool) -> None:
    status, _ = site.admin.call("POST", "blocked-user-agents", {"pattern": pattern, "match": match})
    assert status == (422 if refused else 201)


@pytest.mark.parametrize(
    ("name", "blocked"),
    [("sipcli/v1.8", True), ("BetterSIPClient/1.0", False), ("SIPClient 2", False), ("friendly-scanner", True)],
)
def test_the_known_scanners_are_no_honest_phones(name: str, blocked: bool) -> None:
    """The pattern `sipcli` silenced every SIPClient, as simplesip calls itself (reference: "User-Agent Blacklist")."""
    agents = BlockedAgents.of(BlockedUserAgent(pattern) for pattern in KNOWN_SCANNERS)
    assert agents.blocks(name) is blocked


def test_our_own_user_agent_is_the_one_on_the_wire() -> None:
    written = render_core(a_system("192.0.2.10"))
    browser = json.loads((CODE / "webphone" / "package.json").read_text())["dependencies"]["jssip"]
    probed = (CODE / "src" / "ringfence" / "probe" / "sip.py").read_text()
    core, phone, probe = OWN_USER_AGENTS
    assert f'user_agent_header="User-Agent: {core}"' in written
    assert phone == f"JsSIP {browser}"
    assert f'"User-Agent: {probe}"' in probed


def test_the_user_agent_of_a_gateway_that_registers_here_cannot_be_blocked(site: Site) -> None:
    """It has no address of its own, so no row of the never-block set names it (reference: "User-Agent Blacklist")."""
    gateway = {"name": "Old PBX", "kind": "accept_register", "username": "oldpbx", "user_agent": "Patton SN4120"}
    made = site.admin.post("trunks", **gateway, domain="gateway.example")
    refusal = site.admin.refusal("POST", "blocked-user-agents", {"pattern": "patton"})
    assert (refusal["error_id"], "Old PBX" in refusal["detail"]) == ("user_agent.protected", True)
    site.admin.call("DELETE", f"trunks/{made['id']}")
    assert site.admin.call("POST", "blocked-user-agents", {"pattern": "patton"})[0] == 201


def test_cleared_host_bits_are_told_over_rest(site: Site) -> None:
    made = site.admin.post("ip-filters", address="41.202.7.9", netmask="255.255.0.0", target="block")
    assert (made["cidr"], made["netmask"]) == ("41.202.0.0/16", "255.255.0.0")
    assert "41.202.0.0 to 41.202.255.255" in made["note"]


def test_the_never_block_set_is_shown_with_its_sources(site: Site) -> None:
    site.guard.answers["never-block.list"] = [
        {"cidr": "127.0.0.0/8", "name": "the loopback address", "source": "always"}
    ]
    assert site.admin.get("never-block")["items"][0]["source"] == "always"
