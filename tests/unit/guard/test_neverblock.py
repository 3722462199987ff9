"""The never-block set (attack cases 54, 65, 68): who is in it, why, and that nothing can ban a member."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from ringfence.guard.clock import Moment, moment
from ringfence.guard.offenders.neverblock import NeverBlock
from ringfence.guard.service import Service
from ringfence.hosts.addresses import Surroundings
from ringfence.policy.addresses import parse_network
from ringfence.policy.book import Book, ProtectedAddress, Protection

from .workshop import SOURCE, SmallKernel, failure, guard, kinds, publish

HOST = Surroundings(
    primary=ip_address("192.0.2.10"),
    own=(ip_address("192.0.2.10"), ip_address("2001:db8::10")),
    gateways=(ip_address("192.0.2.1"),),
    resolvers=(ip_address("192.0.2.53"),),
    time_servers=(ip_address("192.0.2.123"),),
)
CONFIGURED = (
    ProtectedAddress("198.51.100.0/28", Protection.TRUNK, "Carrier A"),
    ProtectedAddress("192.0.2.20/32", Protection.CLUSTER_PEER, "node 2"),
    ProtectedAddress("192.0.2.30/32", Protection.FRONT_PROXY, "edge proxy"),
)


@pytest.mark.parametrize(
    ("address", "name", "source"),
    [
        ("127.0.0.9", "the loopback address", "always"),
        ("::1", "the loopback address", "always"),
        ("192.0.2.10", "an address of this machine", "the kernel's list of addresses"),
        ("2001:db8::/64", "an address of this machine", "the kernel's list of addresses"),
        ("192.0.2.1", "the network gateway", "the kernel's default routes"),
        ("192.0.2.53", "a name server", "resolv.conf"),
        ("192.0.2.123", "a time server", "the configuration of the time service"),
        ("198.51.100.7", "an address of the trunk Carrier A", "configured as trunk"),
        ("192.0.2.20", "the cluster peer node 2", "configured as cluster_peer"),
        ("192.0.2.30", "the front proxy edge proxy", "configured as front_proxy"),
        ("203.0.113.5", "the address of an acting administrator", "signed in to the portal"),
        ("203.0.113.0/24", "the address of an acting administrator", "signed in to the portal"),
        ("0.0.0.0/0", "the loopback address", "always"),
        ("::/0", "the loopback address", "always"),
    ],
)
def test_each_member_is_named_with_its_source(address: str, name: str, source: str) -> None:
    never_block = NeverBlock()
    never_block.adopt_host(HOST)
    never_block.adopt_configuration(CONFIGURED)
    never_block.protect_administrator(parse_network("203.0.113.5"), until=100.0)
    member = never_block.covered_by(parse_network(address))
    assert member is not None
    assert (member.name, member.source) == (name, source)
    assert never_block.covered_by(parse_network("198.51.100.99")) is None


def protecting(home: Path, *protected: ProtectedAddress) -> Service:
    publish(home, Book(version=2, protected_addresses=protected))
    return guard(home)


def test_a_trunk_over_the_limit_is_spared_with_one_alarm(tmp_path: Path) -> None:
    service = protecting(tmp_path, ProtectedAddress(f"{SOURCE}/32", Protection.TRUNK, "Carrier A"))
    for _ in range(3):
        service.parts.intake.take([failure() for _ in range(200)], moment())
    service.commit()
    assert len(service.parts.bans) == 0
    raised = [alarm for alarm in service.parts.alarms.listing() if alarm["id"] == "never_block.member"]
    assert len(raised) == 1
    assert "an address of the trunk Carrier A" in raised[0]["message"]
    assert kinds(service).count("alarm.raised") == 1
    now = moment()
    service.parts.alarms.sweep(Moment(now.wall + 700, now.boot + 700))
    assert "never_block.member" not in [alarm["id"] for alarm in service.parts.alarms.listing()]


def test_an_address_that_becomes_protected_is_free_at_once(tmp_path: Path) -> None:
    kernel = SmallKernel()
    service = guard(tmp_path, kernel)
    service.parts.intake.take([failure() for _ in range(50)], moment())
    assert SOURCE in service.parts.bans
    peer = ProtectedAddress(f"{SOURCE}/32", Protection.CLUSTER_PEER, "node 2")
    publish(tmp_path, Book(version=3, protected_addresses=(peer,)))
    service.obey()
    assert SOURCE not in service.parts.bans
    assert parse_network(SOURCE) in kernel.members
