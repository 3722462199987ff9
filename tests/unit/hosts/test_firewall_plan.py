"""The plan holds what is configured and no more, in the words of each firewall (reference "Ports Security")."""

import json
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.hosts import ports
from ringfence.hosts.firewall import aws, azure, firewalld, gcp, nftables, ufw
from ringfence.hosts.firewall.openings import Configured, Listener, Reach, TrunkPeer, limits_of, plan_of
from ringfence.hosts.firewall.pending import plain, plan_from
from ringfence.hosts.firewall.plan import Opening, Plan, narrowed
from ringfence.hosts.ports import Transport
from ringfence.hosts.voice_network import VoiceNetwork

SIP = (Listener("udp", 5060), Listener("tls", 5061))
WEB = (ports.WEB_PORTAL, ports.WSI)
TRUNK = TrunkPeer("Carrier", ("198.51.100.0/24", "2001:db8:5::/48"), "udp")
HOSTILE = "x'\"; drop } $(reboot) `id` <a>&\n€"
VOICE = VoiceNetwork(voice_link="eth0.42", voice_link_packets=400)
PLAN = plan_of(Configured(SIP, WEB, trunks=(TRUNK,), reach=Reach(phones=("192.0.2.0/24",), ssh=("192.0.2.9/32",))))


def keys(plan: Plan) -> set[str]:
    return {opening.key for opening in plan.openings}


def test_what_is_switched_on_is_open_and_nothing_else() -> None:
    plain_plan = plan_of(Configured(SIP, WEB))
    assert keys(plain_plan) == {"web-8887", "web-8885", "sip-udp-5060", "sip-tls-5061", "rtp-45000", "ssh-22"}
    more = plan_of(Configured(SIP, WEB, redirects=(80,), provisioning=True, ssh_ports=(22, 10210)))
    assert keys(more) - keys(plain_plan) == {"redirect-80", "provisioning", "ssh-10210"}
    assert plain_plan.covers(Transport.TCP, 5060) is None
    assert plain_plan.covers(Transport.UDP, 50000) is not None


def test_sip_narrowed_to_phones_stays_open_to_the_trunks_of_that_transport() -> None:
    udp, tls = (PLAN.covers(Transport.UDP, 5060), PLAN.covers(Transport.TCP, 5061))
    assert udp is not None and tls is not None
    assert udp.sources == ("192.0.2.0/24", "198.51.100.0/24", "2001:db8:5::/48")
    assert "Carrier" in udp.reason
    assert tls.sources == ("192.0.2.0/24",)


def test_a_transport_on_a_link_is_open_at_its_addresses_alone() -> None:
    """Reference "Separate Voice and Data Traffic": the same port twice, each for its own network."""
    there = Listener("udp", 5060, "eth1", ("10.9.0.1/32", "2001:db8:9::1/128"))
    plan = plan_of(Configured((*SIP, there), WEB, trunks=(TRUNK,)))
    opening = next(one for one in plan.openings if one.destinations)
    assert (opening.key, opening.destinations) == ("sip-udp-5060-at-10-9-0-1", there.at)
    assert "UDP (eth1)" in opening.reason and "Carrier" in opening.reason
    rules = nftables.render(plan, "1")
    assert "ip daddr { 10.9.0.1/32 } udp dport 5060" in rules and "ip6 daddr { 2001:db8:9::1/128 }" in rules
    assert opening in plan.at("10.9.0.1").openings
    assert opening not in plan.at("192.0.2.10").openings
    assert plan.at("192.0.2.10").covers(Transport.UDP, 50000) is not None


def test_two_openings_of_one_name_are_no_plan() -> None:
    one = Opening("a", Transport.TCP, 1, 1, "")
    with pytest.raises(ValueError, match="one name"):
        Plan((one, one))


@given(st.lists(st.ip_addresses(v=4).map(lambda ip: f"{ip}/24") | st.ip_addresses(v=6).map(lambda ip: f"{ip}/48")))
def test_narrowed_networks_do_not_overlap_and_stay_the_same(cidrs: list[str]) -> None:
    once = narrowed(cidrs)
    assert narrowed(once) == once
    assert narrowed([*cidrs, "0.0.0.0/0", "::/0"]) == ("0.0.0.0/0", "::/0")


def test_a_plan_beyond_the_quota_of_a_security_group_says_so() -> None:
    """Reference "Cloud Deployment Best Practices": a provider with many networks is more than 60 rules."""
    networks = tuple(f"198.51.100.{number}/32" for number in range(aws.QUOTA))
    rest = sum(len(opening.sources_of(4)) for opening in PLAN.openings)
    wide = replace(
        PLAN, openings=(*PLAN.openings, replace(PLAN.openings[0], key="many", first=7000, last=7000, sources=networks))
    )
    assert (aws.quota_needed(PLAN), aws.quota_needed(wide)) == (0, aws.QUOTA + rest)
    assert f"from {aws.QUOTA} to {aws.QUOTA + rest}" in json.loads(aws.cloudformation(wide))["Description"]
    assert f"from {aws.QUOTA} to {aws.QUOTA + rest}" in json.loads(aws.terraform(wide))["//"]
    assert "quota" not in aws.cloudformation(PLAN)


def test_a_plan_survives_its_file() -> None:
    assert plan_from(json.loads(json.dumps(plain(PLAN)))) == PLAN


def test_the_clouds_get_every_opening_for_each_ip_version() -> None:
    ingress = json.loads(aws.cloudformation(PLAN))["Resources"]["RingfenceSecurityGroup"]["Properties"]
    ranges = {
        (r["IpProtocol"], r["FromPort"], r["ToPort"], r.get("CidrIp") or r["CidrIpv6"])
        for r in ingress["SecurityGroupIngress"]
    }
    assert ("udp", 45000, 64999, "0.0.0.0/0") in ranges and ("udp", 45000, 64999, "::/0") in ranges
    assert ("tcp", 22, 22, "192.0.2.9/32") in ranges and ("tcp", 22, 22, "0.0.0.0/0") not in ranges
    assert len(ranges) == sum(len(one.sources_of(version)) for one in PLAN.openings for version in (4, 6))
    group = json.loads(aws.terraform(PLAN))["resource"]["aws_security_group"]["ringfence"]
    assert {(r["from_port"], r["protocol"]) for r in group["ingress"]} == {
        (o.first, str(o.transport)) for o in PLAN.openings
    }
    rules = json.loads(gcp.terraform(PLAN))["resource"]["google_compute_firewall"]
    assert rules["ringfence_sip_udp_5060_v6"]["source_ranges"] == ["2001:db8:5::/48"]
    assert "--source-ranges=192.0.2.9/32" in gcp.gcloud(PLAN)


def test_azure_keeps_priorities_apart_and_refuses_more_than_it_has() -> None:
    (group,) = json.loads(azure.arm(PLAN))["resources"]
    rules = [rule["properties"] for rule in group["properties"]["securityRules"]]
    assert len({rule["priority"] for rule in rules}) == len(rules)
    assert all(("sourceAddressPrefix" in rule) != ("sourceAddressPrefixes" in rule) for rule in rules)
    many = Plan(tuple(Opening(f"o-{n}", Transport.TCP, n + 1, n + 1, "") for n in range(400)))
    for render in (azure.arm, azure.bicep):
        with pytest.raises(ValueError, match="cannot hold"):
            render(many)


def test_bicep_gets_the_same_rules_as_a_file_it_can_load() -> None:
    (group,) = json.loads(azure.arm(PLAN))["resources"]
    assert json.loads(azure.bicep(PLAN)) == group["properties"]["securityRules"]


def test_a_hostile_reason_is_never_syntax() -> None:
    """Case 98: a trunk's name reaches the reasons of the plan."""
    plan = Plan(
        (Opening("a-1", Transport.TCP, 1, 1, HOSTILE, ("192.0.2.0/24",)), Opening("b-2", Transport.UDP, 2, 3, HOSTILE))
    )
    for text in (aws.cloudformation(plan), aws.terraform(plan), azure.arm(plan), gcp.terraform(plan)):
        json.loads(text)
    assert json.loads(aws.terraform(plan))["resource"]["aws_security_group"]["ringfence"]["ingress"][0][
        "description"
    ] == ("a-1: x; drop } $(reboot) id a&")
    for document in (firewalld.zone(plan), firewalld.direct(plan), *firewalld.services(plan).values()):
        Xml.fromstring(document.partition("?>")[2])  # noqa: S314 our own text
    script = gcp.gcloud(plan)
    assert "'--description=x'\"'\"'" in script
    assert HOSTILE not in ufw.render(plan) + nftables.render(plan, "1")


def test_firewalld_opens_narrow_services_by_rich_rules_only() -> None:
    zone = firewalld.zone(PLAN)
    assert '<service name="ringfence-web-8887"' in zone
    assert '<rule family="ipv4">' in zone
    assert all('service name="ringfence-ssh-22"' in rule for rule in firewalld.rich_rules(PLAN) if "192.0.2.9" in rule)
    outside = Xml.fromstring(zone.partition("?>")[2])  # noqa: S314 our own text
    assert "ringfence-ssh-22" not in {item.get("name") for item in outside.findall("service")}


APART = plan_of(
    Configured(SIP, WEB, media_at=("10.88.0.1/32", "2001:db8:88::1/128"), limits=limits_of(VOICE)),
)


def test_sound_on_a_link_of_its_own_is_open_at_its_addresses_alone() -> None:
    """Reference "Separate Voice and Data Traffic": in the words of each firewall that knows own addresses."""
    opening = APART.covers(Transport.UDP, 45000)
    assert opening is not None and opening.destinations == ("10.88.0.1/32", "2001:db8:88::1/128")
    rules = [line.strip() for line in nftables.render(APART, "1").splitlines() if "rtp-45000" in line]
    assert rules == [
        'ip daddr { 10.88.0.1/32 } udp dport 45000-64999 accept comment "rtp-45000"',
        'ip6 daddr { 2001:db8:88::1/128 } udp dport 45000-64999 accept comment "rtp-45000"',
    ]
    commands = [" ".join(words) for words in ufw.commands(APART).values() if "45000:64999" in words]
    assert "from any to 10.88.0.1/32 port 45000:64999" in commands[0] and len(commands) == 2
    assert (
        'rule family="ipv4" destination address="10.88.0.1/32" service name="ringfence-rtp-45000" accept'
        in firewalld.rich_rules(APART)
    )
    assert '<service name="ringfence-rtp-45000" />' not in firewalld.zone(APART).replace("<rule", "\0").split("\0")[0]
    assert "-s 0.0.0.0/0 -d 10.88.0.1/32 -p udp --dport 45000:64999" in firewalld.direct(APART)
    rule = next(one for one in json.loads(azure.bicep(APART)) if one["name"] == "ringfence-rtp-45000")
    assert rule["properties"]["destinationAddressPrefixes"] == ["10.88.0.1/32", "2001:db8:88::1/128"]
    rules_of_google = json.loads(gcp.terraform(APART))["resource"]["google_compute_firewall"]
    assert rules_of_google["ringfence_rtp_45000_v6"]["destination_ranges"] == ["2001:db8:88::1/128"]
    assert "--destination-ranges=10.88.0.1/32" in gcp.gcloud(APART)
    assert plan_from(json.loads(json.dumps(plain(APART)))).openings == APART.openings


def test_own_addresses_of_one_version_open_nothing_of_the_other() -> None:
    one = Opening("a", Transport.UDP, 1, 2, "", ("192.0.2.0/24", "2001:db8::/32"), ("10.88.0.1/32",))
    assert (one.versions(), one.pairs()) == ((4,), (("192.0.2.0/24", "10.88.0.1/32"),))


def test_the_limit_of_the_voice_vlan_stands_in_the_plan_and_in_its_files() -> None:
    """Reference "Separate Voice and Data Traffic", rate limiting on the voice VLAN."""
    (limit,) = APART.limits
    assert (limit.link, limit.packets) == ("eth0.42", 400)
    for text in (nftables.render(APART, "1"), ufw.render(APART)):
        assert f"# {limit.text}" in text
    assert limits_of(VoiceNetwork(voice_link='eth0" drop', voice_link_packets=400)) == ()
    assert limits_of(VoiceNetwork()) == ()
