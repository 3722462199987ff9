"""Transports on links of their own (reference "Separate Voice and Data Traffic": dedicated connections)."""

from ipaddress import ip_address

import pytest

from ringfence.hosts import sip_links
from ringfence.hosts.addresses import Link, NetworkUnreadable, Surroundings
from ringfence.hosts.sip_links import addresses_of_links, bound, links_of, refuse_unheard, spoken_at
from ringfence.hosts.transports import Protocol, SipTransport, TransportRefused, checked, from_plain, plain, usual

OFFICE, CARRIER, CARRIER6, OTHER = map(ip_address, ("192.0.2.10", "10.9.0.1", "2001:db8:9::1", "10.9.0.2"))
AROUND = Surroundings(
    OFFICE,
    (OFFICE, CARRIER, OTHER, CARRIER6),
    (),
    (),
    links=("eth0", "eth1"),
    bindable=(Link("eth0", (OFFICE,)), Link("eth1", (CARRIER, OTHER, CARRIER6))),
)
UDP = SipTransport(Protocol.UDP, 5060)
ON_LINK = SipTransport(Protocol.UDP, 5060, link="eth1")


def test_the_name_of_a_link_means_one_address_of_each_family_and_an_address_itself() -> None:
    assert bound("eth1", AROUND) == (CARRIER, CARRIER6)
    assert bound("10.9.0.2", AROUND) == (OTHER,)
    assert (bound("eth9", AROUND), bound("10.9.0.9", AROUND)) == ((), ())


def test_an_address_has_one_owner_and_a_link_that_is_gone_has_none() -> None:
    """A link whose address became the usual one, or another's, stops no start of the core."""
    assert addresses_of_links(("eth0", "eth1", "eth9"), (OFFICE,), AROUND) == {
        "eth0": (),
        "eth1": (CARRIER, CARRIER6),
        "eth9": (),
    }
    assert addresses_of_links(("10.9.0.1", "eth1"), (), AROUND)["eth1"] == (CARRIER6,)


@pytest.mark.parametrize(
    ("link", "rule"),
    [
        ("eth9", "transport.no_link"),
        ("192.0.2.99", "transport.no_link"),
        ("eth0", "transport.usual_link"),
        ("192.0.2.10", "transport.usual_link"),
        ("10.9.0.1", "transport.link"),
    ],
)
def test_what_cannot_be_heard_on_is_refused_by_its_field(link: str, rule: str) -> None:
    known = {"eth1": (CARRIER, CARRIER6)}
    with pytest.raises(TransportRefused) as refused:
        refuse_unheard([UDP, SipTransport(Protocol.TCP, 5070, link=link)], known, (OFFICE,), AROUND)
    assert (refused.value.rule, refused.value.field) == (rule, "link")
    refuse_unheard([UDP, SipTransport(Protocol.TCP, 5070, link="eth1")], known, (OFFICE,), AROUND)


def test_one_port_may_be_on_several_links_and_one_transport_stays_at_the_usual_address() -> None:
    """The reference's last transport, told for what the system itself needs."""
    assert checked([ON_LINK, UDP]) == (UDP, ON_LINK)
    assert (links_of(checked([ON_LINK, UDP])), usual([ON_LINK, UDP])) == (("eth1",), (UDP,))
    for wanted, rule, field in (
        ([ON_LINK], "transport.last", "port"),
        ([UDP, ON_LINK, SipTransport(Protocol.UDP, 5065, link="a b")], "transport.link", "link"),
        ([UDP, SipTransport(Protocol.TCP, 5070, link="eth1"), SipTransport(Protocol.TLS, 5070, link="eth1")],
         "transport.taken", "port"),
        ([UDP, SipTransport(Protocol.WSS, 5065, link="eth1")], "transport.taken", "port"),
    ):  # fmt: skip
        with pytest.raises(TransportRefused) as refused:
            checked(wanted)
        assert (refused.value.rule, refused.value.field) == (rule, field)


def test_a_file_from_before_knows_no_links() -> None:
    assert from_plain({"protocol": "udp", "port": 5060}) == UDP
    assert from_plain(plain(ON_LINK)) == ON_LINK


def test_whoever_came_to_an_address_of_a_link_speaks_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provisioning and the browser phone: somebody there may reach no other address."""
    monkeypatch.setattr(sip_links, "surroundings", lambda: AROUND)
    known = (UDP, ON_LINK)
    assert spoken_at("10.9.0.1", known) == spoken_at("[2001:db8:9::1]", known) == (ON_LINK,)
    assert spoken_at("192.0.2.10", known) == spoken_at("pbx.example", known) == (UDP,)

    def unreadable() -> Surroundings:
        raise NetworkUnreadable("no ip")

    monkeypatch.setattr(sip_links, "surroundings", unreadable)
    assert spoken_at("10.9.0.1", known) == (UDP,)
