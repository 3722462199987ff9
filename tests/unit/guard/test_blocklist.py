"""The table of address entries: what is loaded, in which order it is asked, and when the old one goes."""

import re
from collections.abc import Iterator

import pytest

from ringfence.guard.kernel.blocklist import LONGEST_TIMEOUT, BlockLists, protected
from ringfence.guard.kernel.netlink import Netlink
from ringfence.policy.addresses import parse_network
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.offenders.entries import encode_entries
from ringfence.policy.offenders.entry_index import EntryIndex

NOW = 1000.0


class Wire(Netlink):
    """Keeps what would be sent to the kernel; the kernel has these sets."""

    def __init__(self, *sets: bytes) -> None:
        self.sent: list[bytes] = []
        self._sets = sets

    def tell(self, request: bytes) -> None:
        self.sent.append(request)

    def ask(self, request: bytes) -> Iterator[tuple[int, bytes]]:
        for name in self._sets:
            value = (4 + len(name)).to_bytes(2, "little") + (2).to_bytes(2, "little") + name
            yield 0, bytes(4) + value


def loaded(*entries: AddressEntry, earlier: tuple[bytes, ...] = (b"block4_24_old\0",)) -> tuple[str, Wire]:
    commands: list[str] = []
    wire = Wire(b"never4\0", *earlier)
    for _ in BlockLists(commands.append, wire).load(EntryIndex(encode_entries(entries)), NOW):
        pass
    return "\n".join(commands), wire


def rules(text: str, chain: str = "entries") -> list[str]:
    found = re.findall(rf"^add rule inet ringfence_lists {chain} (.*)$", text, re.MULTILINE)
    return [re.sub(r"_[0-9a-f]{8}\b", "", rule) for rule in found]


def test_the_longest_prefix_is_asked_first_and_on_a_tie_block_wins() -> None:
    text, _ = loaded(
        AddressEntry(1, "10.0.0.0/8", Target.BLOCK),
        AddressEntry(2, "10.1.0.0/16", Target.ALLOW),
        AddressEntry(3, "10.1.2.3/32", Target.BLOCK),
        AddressEntry(4, "10.2.0.0/16", Target.BLOCK),
        AddressEntry(5, "2001:db8::/32", Target.BLOCK),
    )
    assert rules(text) == [
        "iifname lo return",
        "ip saddr @never4 return",
        "ip6 saddr @never6 return",
        "ip6 saddr 64:ff9b::/96 goto carried",
        "ip6 saddr ::ffff:0.0.0.0/96 goto carried",
        "meta nfproto ipv4 @nh,96,32 @block4_32 counter name dropped_blocked drop",
        "ip6 saddr & ffff:ffff:: @block6_32 counter name dropped_blocked drop",
        "meta nfproto ipv4 @nh,96,32 & 0xffff0000 @block4_16 counter name dropped_blocked drop",
        "meta nfproto ipv4 @nh,96,32 & 0xffff0000 @allow4_16 meta mark set meta mark | 0x10000000 return",
        "meta nfproto ipv4 @nh,96,32 & 0xff000000 @block4_8 counter name dropped_blocked drop",
    ]
    asked = [rule.replace("meta nfproto ipv4 @nh,96,32", "@nh,160,32") for rule in rules(text) if "nfproto" in rule]
    assert rules(text, "carried") == asked


def test_the_old_lists_go_after_the_new_ones_came() -> None:
    text, _ = loaded(AddressEntry(1, "10.0.0.0/8", Target.BLOCK))
    lines = text.splitlines()
    assert lines[-1] == "delete set inet ringfence_lists block4_24_old"
    assert lines.index("flush chain inet ringfence_lists entries") < len(lines) - 1
    assert "delete set inet ringfence_lists never4" not in text


def test_a_kernel_that_holds_nothing_learns_at_once_who_is_allowed() -> None:
    """Issue 3, point 2: who is allowed does not wait for a million to block."""
    entries = (AddressEntry(1, "10.0.0.0/8", Target.BLOCK), AddressEntry(2, "10.1.0.0/16", Target.ALLOW))
    text, wire = loaded(*entries, earlier=())
    assert text.count("flush chain inet ringfence_lists entries") == 2
    first = text.split("flush chain inet ringfence_lists entries")[1]
    assert "@allow4_16" in first
    assert "@block4_8" not in first
    assert parse_network("10.0.0.0/8").network_address.packed not in wire.sent[0]
    assert loaded(*entries)[0].count("flush chain inet ringfence_lists entries") == 1


@pytest.mark.parametrize(("cidr", "halves"), [("0.0.0.0/0", 2), ("::/0", 2), ("10.0.0.0/8", 1)])
def test_everything_is_loaded_as_two_halves(cidr: str, halves: int) -> None:
    text, wire = loaded(AddressEntry(1, cidr, Target.BLOCK))
    assert f"size {halves};" in text
    network = parse_network(cidr)
    assert wire.sent[0].count(network.network_address.packed) >= 1
    assert (b"\x80" + bytes(network.max_prefixlen // 8 - 1) in wire.sent[0]) is (halves == 2)


def test_an_entry_that_ran_out_is_not_loaded_and_one_that_will_is_loaded_with_its_time() -> None:
    gone, _ = loaded(AddressEntry(1, "10.0.0.0/8", Target.BLOCK, NOW - 1))
    assert [rule for rule in rules(gone) if "@block" in rule] == [
        "meta nfproto ipv4 @nh,96,32 & 0xff000000 @block4_8 counter name dropped_blocked drop"
    ]
    _, nothing = loaded(AddressEntry(1, "10.0.0.0/8", Target.BLOCK, NOW - 1))
    assert parse_network("10.0.0.0/8").network_address.packed not in b"".join(nothing.sent)
    _, timed = loaded(AddressEntry(1, "10.0.0.0/8", Target.BLOCK, NOW + 2.5))
    assert (2500).to_bytes(8, "big") in timed.sent[0]


def test_an_end_in_the_year_9999_is_one_that_the_kernel_takes() -> None:
    """Issue 3, point 2: the kernel refuses timeouts beyond 584 years, and one such entry kept all others out."""
    _, timed = loaded(AddressEntry(1, "10.0.0.0/8", Target.BLOCK, 253_402_300_799.0))
    assert (LONGEST_TIMEOUT * 1000).to_bytes(8, "big") in timed.sent[0]
    assert LONGEST_TIMEOUT * 1_000 < 2**64 // 1_000_000


def test_members_of_the_never_block_set_leave_before_any_entry() -> None:
    text = protected((parse_network("192.0.2.1"), parse_network("192.0.2.0/24")))
    assert "add element inet ringfence_lists never4 { 192.0.2.0/24 }" in text
    assert text.index("flush set inet ringfence_lists never4") < text.index("add element")
