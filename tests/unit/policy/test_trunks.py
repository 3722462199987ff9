"""Which trunk a message may have come over (reference: "IP-Based Authentication"; attack case 105)."""

from dataclasses import replace

import pytest

from ringfence.policy.book import Book, decode_book, encode_book
from ringfence.policy.relay.encryption import Encryption
from ringfence.policy.trunking.trunks import (
    CallerIn,
    Login,
    Peer,
    Source,
    Trunk,
    TrunkKind,
    TrunkTransport,
    identity_header,
    index_trunks,
)

CARRIER = Trunk(
    1,
    "Carrier",
    TrunkKind.ADDRESS,
    sources=(Source("192.0.2.0/28", 5060), Source("198.51.100.7/32"), Source("2001:db8::/48")),
    numbers=("+4930123*", "+4940555"),
    default_number="+493012300",
    country_code="49",
    max_calls_by_tenant={"3": 2},
    login=Login("u", "r", "0" * 32),
    peers=(Peer("192.0.2.1", 5060, "sip.carrier.example"),),
    encryption=Encryption.REQUIRED,
)


@pytest.mark.parametrize(
    ("address", "port", "transport", "known"),
    [
        ("192.0.2.1", 5060, "udp", True),
        ("192.0.2.1", 5062, "udp", False),
        ("192.0.2.1", 5060, "tcp", False),
        ("192.0.2.16", 5060, "udp", False),
        ("198.51.100.7", 40000, "udp", True),
        ("198.51.100.8", 5060, "udp", False),
        ("2001:db8::5", 5060, "udp", True),
        ("2001:db9::5", 5060, "udp", False),
        ("::ffff:198.51.100.7", 5060, "udp", True),
    ],
)
def test_address_port_and_transport_must_all_be_as_listed(address: str, port: int, transport: str, known: bool) -> None:
    """Case 105: an unlisted address, a wrong port or the wrong transport is a stranger."""
    assert bool(index_trunks((CARRIER,)).from_there(address, port, transport)) is known


@pytest.mark.parametrize(
    ("place", "private", "header"),
    [
        (CallerIn.FROM, False, "P-Asserted-Identity: <sip:+4930@a>"),
        (CallerIn.P_ASSERTED_IDENTITY, True, "P-Asserted-Identity: <sip:+4930@a>"),
        (CallerIn.P_PREFERRED_IDENTITY, False, "P-Preferred-Identity: <sip:+4930@a>"),
        (CallerIn.REMOTE_PARTY_ID, False, "Remote-Party-ID: <sip:+4930@a>;party=calling;screen=yes;privacy=off"),
        (CallerIn.REMOTE_PARTY_ID, True, "Remote-Party-ID: <sip:+4930@a>;party=calling;screen=yes;privacy=full"),
    ],
)
def test_the_caller_is_told_where_the_provider_reads_it(place: CallerIn, private: bool, header: str) -> None:
    """RFC 3325 and what was there before it."""
    assert identity_header(place, "sip:+4930@a", private=private) == header


def test_an_account_or_else_the_number_shown_is_who_we_are() -> None:
    assert (CARRIER.account_name, replace(CARRIER, login=None).account_name) == ("u", "+493012300")
    assert Login("u", "r", "0" * 32, auth_username="v").digest_name == "v"
    assert (replace(CARRIER, domain="a").own_domain, replace(CARRIER, domain="a", from_domain="b").own_domain) == (
        "a",
        "b",
    )


def test_a_trunk_on_a_link_is_believed_there_alone_and_every_other_one_is_not_believed_there() -> None:
    """Reference "Separate Voice and Data Traffic": the provider's address on another network is anybody's."""
    usual, there = CARRIER, replace(CARRIER, id=2, link="eth1")
    index = index_trunks((usual, there))
    assert [one.id for one in index.from_there("192.0.2.1", 5060, "udp")] == [1]
    assert [one.id for one in index.from_there("192.0.2.1", 5060, "udp", "eth1")] == [2]
    assert index.from_there("192.0.2.1", 5060, "udp", "eth2") == ()


def test_two_trunks_may_share_an_address() -> None:
    """Case 106: two tenants at one carrier; the called number or the credentials choose."""
    other = Trunk(2, "Other", TrunkKind.ADDRESS, sources=(Source("192.0.2.1/32"),))
    found = index_trunks((CARRIER, other)).from_there("192.0.2.1", 5060, "udp")
    assert {trunk.id for trunk in found} == {1, 2}


def test_a_disabled_trunk_is_nobody() -> None:
    disabled = Trunk(2, "Off", TrunkKind.ADDRESS, enabled=False, sources=(Source("192.0.2.1/32"),))
    assert index_trunks((disabled,)).at("192.0.2.1") == ()
    assert not disabled.serves(1)


def test_a_trunk_serves_its_own_tenant_or_all() -> None:
    own = Trunk(2, "Own", TrunkKind.REGISTER, tenant_id=5)
    assert (own.serves(5), own.serves(6), CARRIER.serves(6)) == (True, False, True)


@pytest.mark.parametrize(
    ("wished", "shown"),
    [("+493012345", "+493012345"), ("+4940555", "+4940555"), ("+49405551", "+493012300"), ("", "+493012300")],
)
def test_only_numbers_of_the_trunk_are_shown(wished: str, shown: str) -> None:
    assert CARRIER.shown_number(wished) == shown


@pytest.mark.parametrize(
    ("number", "canonical"),
    [
        ("+4930123", "+4930123"),
        ("004930123", "+4930123"),
        ("030123", "+4930123"),
        ("4930123", "+4930123"),
        ("%2B4930123", "+4930123"),
        ("+49-30-123", "+4930123"),
        ("+4930123;npdi;rn=+49199", "+4930123"),
        ("30123;phone-context=+49", "+4930123"),
        ("030123;phone-context=+49", "+4930123"),
        ("123;phone-context=+4930", "+4930123"),
        ("030123;phone-context=carrier.example", "+4930123"),
        ("*97", ""),
        ("1" * 21, ""),
        ("anonymous", ""),
        ("+", ""),
        ("٣٠", ""),
    ],
)
def test_called_numbers_are_canonical(number: str, canonical: str) -> None:
    assert CARRIER.canonical(number) == canonical


def test_gateways_are_known_by_their_account() -> None:
    gateway = Trunk(4, "E1", TrunkKind.ACCEPT_REGISTER, domain="gw.example", account="e1@gw.example")
    index = index_trunks((CARRIER, gateway))
    assert index.by_account["e1@gw.example"] is gateway
    assert index.realms == {"gw.example"}


def test_an_ipv6_peer_stands_in_brackets() -> None:
    assert Peer("2001:db8::1", 5061).hostport == "[2001:db8::1]:5061"
    assert CARRIER.transport is TrunkTransport.UDP


def test_trunks_survive_the_store() -> None:
    book = Book(trunks=(CARRIER,))
    assert decode_book(encode_book(book)) == book
