"""The index of the encoded entries answers as the table of objects does."""

import random
from ipaddress import ip_address

import pytest

from ringfence.policy.addresses import AddressTable, parse_network
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.offenders.entries import decode_entries, encode_entries
from ringfence.policy.offenders.entry_index import EntryIndex

NOW = 1000.0


def some_entries(seed: int, count: int = 60) -> tuple[AddressEntry, ...]:
    """Nested prefixes of a few neighbouring networks, some of them expired."""
    chance = random.Random(seed)  # noqa: S311
    made: dict[str, AddressEntry] = {}
    for number in range(count):
        address = f"10.{chance.randrange(2)}.{chance.randrange(3)}.{chance.randrange(256)}"
        text = address if chance.random() < 0.7 else f"fd00:0:0:{chance.randrange(3)}::{chance.randrange(9)}"
        length = chance.choice((8, 16, 20, 24, 30, 32) if "." in text else (32, 60, 64, 127, 128))
        cidr = str(parse_network(f"{text}/{length}"))
        target = Target.ALLOW if chance.random() < 0.3 else Target.BLOCK
        made[cidr] = AddressEntry(number, cidr, target, chance.choice((None, None, 10.0, 2000.0)), "a b ")
    return tuple(made.values())


@pytest.mark.parametrize("seed", range(20))
def test_the_longest_live_prefix_decides(seed: int) -> None:
    entries = some_entries(seed)
    index, table = EntryIndex(encode_entries(entries)), AddressTable(entries)
    chance = random.Random(seed + 1000)  # noqa: S311
    for _ in range(200):
        text = f"10.{chance.randrange(3)}.{chance.randrange(4)}.{chance.randrange(256)}"
        address = ip_address(
            text if chance.random() < 0.7 else f"fd00:0:0:{chance.randrange(4)}::{chance.randrange(9)}"
        )
        assert index.lookup(address, NOW) == table.lookup(address, NOW)
        assert index.allows(address, NOW) == table.allows(address, NOW)
    assert set(decode_entries(index.allowing)) == {one for one in entries if one.target is Target.ALLOW}


def test_what_is_blocked_inside_an_allowed_range_cuts_nothing_out_of_it() -> None:
    """Issue 3, point 2: a range to allow around 100,000 to block once kept the guard from its work for minutes."""
    blocked = [AddressEntry(number, f"10.0.{number}.7/32", Target.BLOCK) for number in range(200)]
    index = EntryIndex(encode_entries([AddressEntry(999, "0.0.0.0/0", Target.ALLOW), *blocked]))
    assert [entry.cidr for entry in decode_entries(index.allowing)] == ["0.0.0.0/0"]
    assert index.allows(ip_address("10.0.3.8"), NOW)
    assert not index.allows(ip_address("10.0.3.7"), NOW)


def test_an_index_of_nothing_knows_nobody() -> None:
    index = EntryIndex(b"")
    assert index.lookup(ip_address("192.0.2.1"), NOW) is None
    assert index.allowing == b""


@pytest.mark.parametrize("broken", [b"x", b"4c0000200/024 c - 1 ", b"4c000020/024 b - 1 \n", b"\n"])
def test_a_broken_line_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="broken"):
        EntryIndex(broken)
