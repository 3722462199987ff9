"""Addresses: refusals teach, the longest prefix wins, and what the kernel gets says the same as the table."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.addresses import (
    Address,
    AddressProblem,
    AddressTable,
    ban_key,
    carried,
    clearing_note,
    key_network,
    overlaps,
    parse_address,
    parse_network,
    ties,
)
from ringfence.policy.book import AddressEntry, Target

LATER, NOW, EARLIER = 200.0, 100.0, 50.0

WRONG = {
    "1.2.3.4.5": ("address.octets", "5 numbers"),
    "103.224.182.210.0": ("address.octets", "103.224.182.0 with the netmask 255.255.255.0, or 103.224.182.0/24"),
    "10.0.0": ("address.octets", "3 numbers"),
    "1.2.3.256": ("address.octet_range", "256 is too large"),
    "1.2.3.1000": ("address.octet_range", "1000 is too large"),
    "1.2.3.04": ("address.leading_zero", "without the leading zero"),
    "office": ("address.syntax", "not an address"),
    "": ("address.syntax", "not an address"),
    "fe80::1%eth0": ("address.zone", "network interface"),
    "2001:db8::/129": ("address.length", "0 to 128"),
    "10.0.0.0/33": ("address.length", "0 to 32"),
    "10.0.0.0/x": ("address.length", "0 to 32"),
    "10.0.0.0/-1": ("address.length", "0 to 32"),
    "10.0.0.0/255.0.255.0": ("address.mask_gap", "gaps"),
    "10.0.0.0/0.0.0.255": ("address.mask_gap", "gaps"),
    "10.0.0.0/255.255.0": ("address.mask", "not a netmask"),
    "2001:db8::/255.255.0.0": ("address.length", "0 to 128"),
    "::ffff:1.2.3.4/24": ("address.length", "96 to 128"),
    "::ffff:1.2.3.4/x": ("address.length", "96 to 128"),
}


@pytest.mark.parametrize(("text", "rule", "hint"), [(text, *wrong) for text, wrong in WRONG.items()])
def test_a_refusal_names_its_rule_and_what_is_wrong(text: str, rule: str, hint: str) -> None:
    with pytest.raises(AddressProblem) as caught:
        parse_network(text)
    assert caught.value.rule == rule
    assert hint in caught.value.message


def test_two_masks_are_refused() -> None:
    with pytest.raises(AddressProblem) as caught:
        parse_network("10.0.0.0/8", "255.0.0.0")
    assert caught.value.rule == "address.two_masks"


@pytest.mark.parametrize(("mask", "said"), [("/", "/: the prefix"), ("/33", "/33: the prefix"), ("//24", "//24: the")])
def test_a_mask_that_is_none_is_refused(mask: str, said: str) -> None:
    """A field with only a slash in it means something, but not "this address alone"."""
    with pytest.raises(AddressProblem, match=f"^{said}") as caught:
        parse_network("192.0.2.77", mask)
    assert caught.value.rule == "address.length"


@pytest.mark.parametrize(
    ("text", "mask", "network"),
    [
        (" 192.0.2.77/24 ", "", "192.0.2.0/24"),
        ("192.0.2.77", "255.255.255.0", "192.0.2.0/24"),
        ("192.0.2.77/255.255.255.255", "", "192.0.2.77/32"),
        ("192.0.2.77", "24", "192.0.2.0/24"),
        ("192.0.2.77", "/24", "192.0.2.0/24"),
        ("192.0.2.77", " /255.255.255.0", "192.0.2.0/24"),
        ("2001:db8::1", "/64", "2001:db8::/64"),
        ("192.0.2.77", "", "192.0.2.77/32"),
        ("192.0.2.77", "0.0.0.0", "0.0.0.0/0"),
        ("[2001:db8::1]", "", "2001:db8::1/128"),
        ("2001:db8::1/64", "", "2001:db8::/64"),
        ("::ffff:192.0.2.77/120", "", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "", "192.0.2.77/32"),
        ("::ffff:192.0.2.77", "24", "192.0.2.0/24"),
        ("::ffff:192.0.2.77/255.255.255.0", "", "192.0.2.0/24"),
        ("::ffff:0:0/96", "", "0.0.0.0/0"),
    ],
)
def test_a_prefix_is_normalised(text: str, mask: str, network: str) -> None:
    assert str(parse_network(text, mask)) == network


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("64:ff9b:1:abcd::192.0.2.7", "192.0.2.7"),
        ("64:ff9b:1:c000:2:700::", "192.0.2.7"),
        ("2001:db8:0:1:2::3", "2001:db8:0:1::/64"),
    ],
)
def test_a_ban_names_an_ipv4_address_or_an_ipv6_64(text: str, key: str) -> None:
    assert ban_key(text) == key
    assert parse_address(text) in key_network(key)


@pytest.mark.parametrize(
    ("text", "mask", "told"),
    [
        ("192.0.2.77/24", "", "192.0.2.0 to 192.0.2.255"),
        ("192.0.2.77", "255.255.255.0", "192.0.2.0 to 192.0.2.255"),
        ("192.0.2.0/24", "", ""),
        ("192.0.2.77", "", ""),
        ("2001:db8::1/64", "", "2001:db8:: to 2001:db8::ffff:ffff:ffff:ffff"),
    ],
)
def test_cleared_host_bits_are_told(text: str, mask: str, told: str) -> None:
    note = clearing_note(text, mask, parse_network(text, mask))
    assert told in note
    assert bool(note) is bool(told)


def test_a_translated_address_is_judged_by_the_entry_for_its_ipv4_address() -> None:
    table = AddressTable([entry("198.51.100.0/24", Target.ALLOW)])
    assert table.allows(parse_address("64:ff9b::198.51.100.9"), NOW)
    assert not table.allows(parse_address("64:ff9b::198.51.101.9"), NOW)


def test_families_never_overlap() -> None:
    assert not overlaps(ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert overlaps(ip_network("10.0.0.0/8"), ip_network("10.1.0.0/16"))
    assert overlaps(ip_network("2001:db8::/32"), ip_network("2001:db8::1/128"))


def entry(cidr: str, target: Target, expires_at: float | None = None, number: int = 1) -> AddressEntry:
    return AddressEntry(number, cidr, target, expires_at)


def test_the_longest_prefix_decides() -> None:
    table = AddressTable([entry("10.0.0.0/8", Target.BLOCK), entry("10.1.0.0/16", Target.ALLOW)])
    assert table.allows(parse_address("10.1.2.3"), NOW)
    assert not table.allows(parse_address("10.2.2.3"), NOW)
    assert table.lookup(parse_address("11.0.0.1"), NOW) is None


def test_an_expired_entry_leaves_the_shorter_prefix_to_decide() -> None:
    table = AddressTable([entry("10.0.0.0/8", Target.BLOCK), entry("10.1.0.0/16", Target.ALLOW, EARLIER)])
    found = table.lookup(parse_address("10.1.2.3"), NOW)
    assert found is not None
    assert found.target is Target.BLOCK


def test_on_a_tie_block_wins_and_the_tie_is_reported() -> None:
    pair = [entry("10.1.0.0/16", Target.ALLOW), entry("10.1.0.0/16", Target.BLOCK, number=2)]
    assert not AddressTable(pair).allows(parse_address("10.1.2.3"), NOW)
    assert ties(pair) == ((pair[0], pair[1]),)
    assert not ties([pair[0], entry("10.1.0.0/16", Target.ALLOW, number=3)])


def networks_v4() -> st.SearchStrategy[str]:
    """Few bits vary, so prefixes nest and touch often."""
    return st.builds(
        lambda a, b, length: f"10.{a}.{b}.0/{length}", st.integers(0, 3), st.integers(0, 255), st.integers(8, 32)
    )


def networks_v6() -> st.SearchStrategy[str]:
    return st.builds(
        lambda a, b, length: f"2001:db8:{a:x}:{b:x}::/{length}",
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(32, 128),
    )


ENTRIES = st.lists(
    st.builds(
        lambda cidr, target, expires: entry(str(parse_network(cidr)), target, expires),
        st.one_of(networks_v4(), networks_v6()),
        st.sampled_from(Target),
        st.sampled_from([None, EARLIER, LATER]),
    ),
    max_size=12,
)
ADDRESSES: st.SearchStrategy[Address] = st.one_of(
    st.builds(
        lambda a, b, c: IPv4Address(f"10.{a}.{b}.{c}"), st.integers(0, 4), st.integers(0, 255), st.integers(0, 3)
    ),
    st.builds(lambda a, b: IPv6Address(f"2001:db8:{a:x}:{b:x}::1"), st.integers(0, 4), st.integers(0, 4)),
)


def slow_verdict(entries: list[AddressEntry], address: Address) -> Target | None:
    """What the rule says, the long way."""
    matching = [item for item in entries if address in ip_network(item.cidr) and item.expires_at != EARLIER]
    longest = max((ip_network(item.cidr).prefixlen for item in matching), default=-1)
    verdicts = {item.target for item in matching if ip_network(item.cidr).prefixlen == longest}
    return None if not verdicts else Target.BLOCK if Target.BLOCK in verdicts else Target.ALLOW


@given(ENTRIES, ADDRESSES)
def test_the_table_says_what_the_longest_live_prefix_says(entries: list[AddressEntry], address: Address) -> None:
    found = AddressTable(entries).lookup(address, NOW)
    assert (found.target if found else None) == slow_verdict(entries, address)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_every_address_comes_back_from_its_text(address: Address) -> None:
    parsed = parse_address(str(address))
    assert parsed == carried(address)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_taught_refusal(text: str) -> None:
    try:
        assert ip_address(parse_network(text).network_address)
    except AddressProblem as problem:
        refusal = (problem.rule, problem.message)
        assert all(refusal)
