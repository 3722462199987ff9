"""IP blacklist: what is taken, what is refused and why, and the bans of the guard."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ringfence.portal.security.ban_views import readable
from tests.unit.portal.rest import Site
from tests.unit.portal.store import policy


@pytest.mark.parametrize(
    ("given", "cidr"),
    [
        ({"cidr": "41.202.0.0/16"}, "41.202.0.0/16"),
        ({"address": "41.202.0.0", "netmask": "255.255.0.0"}, "41.202.0.0/16"),
        ({"address": "103.224.182.210"}, "103.224.182.210/32"),
        ({"cidr": "::ffff:103.224.182.210"}, "103.224.182.210/32"),
        ({"cidr": "2001:DB8::/32"}, "2001:db8::/32"),
    ],
)
def test_entries_are_normalised(site: Site, given: dict[str, str], cidr: str) -> None:
    assert site.admin.post("ip-filters", target="allow", **given)["cidr"] == cidr


@pytest.mark.parametrize(
    ("given", "error_id"),
    [
        ({"address": "103.224.182.210.0", "netmask": "255.255.255.0"}, "address.octets"),
        ({"cidr": "300.1.1.1"}, "address.octet_range"),
        ({"address": "10.0.0.0", "netmask": "255.0.255.0"}, "address.mask_gap"),
        ({"cidr": "10.0.0.0/8", "address": "10.0.0.1"}, "ip_filter.prefix"),
        ({}, "ip_filter.prefix"),
    ],
)
def test_nonsense_is_refused_with_a_lesson(site: Site, given: dict[str, str], error_id: str) -> None:
    assert site.admin.refusal("POST", "ip-filters", {"target": "allow", **given})["error_id"] == error_id


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_the_whole_network_cannot_be_blocked(site: Site, cidr: str) -> None:
    assert (
        site.admin.refusal("POST", "ip-filters", {"cidr": cidr, "target": "block"})["error_id"]
        == "ip_filter.everything"
    )


@pytest.mark.parametrize(
    "cidr", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "::ffff:0:0/96", "fc00::/6"]
)
def test_nobody_trusts_half_the_internet(site: Site, cidr: str) -> None:
    """Reference: "Whitelist and Blacklist": allow entries bypass the anti-hacking checks; that switches them off."""
    refusal = site.admin.refusal("POST", "ip-filters", {"cidr": cidr, "target": "allow"})
    assert (refusal["error_id"], refusal["field"]) == ("ip_filter.trusts_strangers", "cidr")


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "fc00::/7", "2a00::/16", "64:ff9b::10.0.0.0/104"])
def test_whole_private_networks_can_be_trusted(site: Site, cidr: str) -> None:
    assert site.admin.post("ip-filters", cidr=cidr, target="allow")["id"]


def test_a_wide_block_cannot_be_turned_into_trust(site: Site) -> None:
    site.guard.answers["never-block.list"] = []
    entry = site.admin.post("ip-filters", cidr="128.0.0.0/4", target="block")["id"]
    refusal = site.admin.refusal("PATCH", f"ip-filters/{entry}", {"target": "allow"})
    assert refusal["error_id"] == "ip_filter.trusts_strangers"


def test_a_block_that_covers_a_protected_address_names_it(site: Site) -> None:
    site.guard.answers["never-block.list"] = [{"cidr": "198.51.100.9/32", "name": "the network gateway"}]
    refusal = site.admin.refusal("POST", "ip-filters", {"cidr": "198.51.100.0/24", "target": "block"})
    assert refusal["error_id"] == "ip_filter.never_block"
    assert "198.51.100.9/32 (the network gateway)" in refusal["detail"]
    assert site.admin.post("ip-filters", cidr="198.51.100.0/24", target="allow")["id"]


def test_an_allow_entry_cannot_be_turned_into_a_dangerous_block(site: Site) -> None:
    site.guard.answers["never-block.list"] = [{"cidr": "198.51.100.9/32", "name": "the network gateway"}]
    entry = site.admin.post("ip-filters", cidr="198.51.100.0/24", target="allow")["id"]
    assert (
        site.admin.refusal("PATCH", f"ip-filters/{entry}", {"target": "block"})["error_id"] == "ip_filter.never_block"
    )


def test_without_the_guard_nothing_is_blocked_but_allowing_works(site: Site) -> None:
    site.guard.stop()
    refusal = site.admin.refusal("POST", "ip-filters", {"cidr": "198.51.100.0/24", "target": "block"})
    assert (refusal["status"], refusal["error_id"]) == (503, "guard.unreachable")
    assert site.admin.post("ip-filters", cidr="198.51.100.0/24", target="allow")["id"]
    assert site.admin.refusal("GET", "bans")["error_id"] == "guard.unreachable"
    assert site.admin.get("status")["guard"] is None


def test_a_tie_is_refused(site: Site) -> None:
    site.admin.post("ip-filters", cidr="198.51.100.0/24", target="allow")
    tie = site.admin.refusal("POST", "ip-filters", {"cidr": "198.51.100.77/24", "target": "block"})
    assert (tie["status"], tie["error_id"]) == (409, "ip_filter.tie")
    assert (
        site.admin.refusal("POST", "ip-filters", {"cidr": "198.51.100.0/24", "target": "allow"})["error_id"]
        == "ip_filter.exists"
    )


def test_an_entry_can_be_removed_and_leaves_the_book(site: Site) -> None:
    entry = site.admin.post("ip-filters", cidr="198.51.100.0/24", target="block")["id"]
    assert site.admin.call("DELETE", f"ip-filters/{entry}")[0] == 204
    with policy() as store:
        assert store.entries() == b""


def test_bans_are_listed_explained_and_lifted_through_the_guard(site: Site) -> None:
    site.guard.answers["bans.list"] = [{"address": "2001:db8:5::/64", "rule": "antihacking"}]
    site.guard.answers["bans.explain"] = {"address": "2001:db8:5::/64", "banned": True}
    assert site.admin.get("bans")["items"] == [{"address": "2001:db8:5::/64", "rule": "antihacking"}]
    assert site.admin.get("bans/2001:db8:5::/64/explain")["banned"]
    assert site.admin.call("DELETE", "bans/2001:db8:5::/64")[0] == 204
    assert ("bans.lift", {"address": "2001:db8:5::", "by": "admin", "scope": ""}) in site.guard.asked


def test_the_guards_refusal_reaches_the_caller(site: Site) -> None:
    site.guard.errors["bans.lift"] = ("bans.not_banned", "address", "198.51.100.7 is not banned.")
    refusal = site.admin.refusal("DELETE", "bans/198.51.100.7")
    assert (refusal["status"], refusal["error_id"], refusal["field"]) == (404, "bans.not_banned", "address")
    assert site.admin.get("audit-log?action=ban")["count"] == 0


def test_lift_and_allow_on_the_page(site: Site) -> None:
    client = site.admin.client
    client.post("/sign-in", {"username": "admin", "password": "correct-Horse7"}, secure=True)
    answer = client.post("/ip-blacklist/lift", {"address": "198.51.100.7", "allow": "1"}, secure=True)
    assert answer.headers["Location"] == "/ip-blacklist"
    assert [item["cidr"] for item in site.admin.get("ip-filters?target=allow")["items"]] == ["198.51.100.7/32"]
    assert "bans.lift" in site.guard.verbs()
    site.guard.asked.clear()
    answer = client.post("/ip-blacklist/lift", {"address": "198.51.100.7", "allow": "1"}, secure=True)
    assert answer.headers["Location"] == "/ip-blacklist", (
        "the portal's door, closed to an address that is allowed already"
    )
    assert "bans.lift" in site.guard.verbs()


def test_the_shell_adds_lists_and_removes(site: Site) -> None:
    out = StringIO()
    call_command("allow", "add", "198.51.100.7", "--description", "Office", stdout=StringIO())
    call_command("allow", "--json", "list", stdout=out)
    assert json.loads(out.getvalue())[0]["cidr"] == "198.51.100.7/32"
    with pytest.raises(CommandError, match="tie"):
        call_command("block", "add", "198.51.100.7", stdout=StringIO())
    call_command("allow", "remove", "198.51.100.7", stdout=StringIO())
    assert site.admin.get("ip-filters")["count"] == 0


def test_evidence_is_put_into_words() -> None:
    evidence = {"count": 3, "accounts": ["100", "101"], "first": 1795508401.5, "reasons": {"wrong_password": 3}}
    assert readable(evidence) == {
        "counted": "3 (3 × wrong password)",
        "accounts tried": "100, 101",
        "first": "2026-11-24 08:20:01 UTC",
    }
