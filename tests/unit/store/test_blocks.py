"""Block entries in signaling: what a worker drops where the guard may not use nftables (reference: "Whitelist and
Blacklist": "Traffic from blacklisted IP addresses is dropped immediately").
"""

import subprocess
import sys
from pathlib import Path

from ringfence.policy.addresses import parse_network
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.offenders.entries import encode_entries
from ringfence.store.blocks import BlockWriter

NOW = 1_000.0
ENTRIES = (
    AddressEntry(1, "10.0.0.0/8", Target.BLOCK),
    AddressEntry(2, "10.1.0.0/16", Target.ALLOW),
    AddressEntry(3, "10.1.2.3/32", Target.BLOCK),
    AddressEntry(4, "2001:db8::/32", Target.BLOCK),
    AddressEntry(5, "192.0.2.0/24", Target.BLOCK, NOW - 1),
)


def asked(folder: Path, *sources: str) -> list[str]:
    """Those of the sources that a worker drops; in a process of its own, as LMDB wants it."""
    program = (
        "import sys, pathlib\n"
        "from ringfence.store.blocks import BlockReader\n"
        "reader = BlockReader(pathlib.Path(sys.argv[1]))\n"
        f"print(*(source for source in sys.argv[2:] if reader.blocks(source, {NOW})))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder), *sources], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_longest_prefix_decides_and_what_ran_out_does_not_exist(tmp_path: Path) -> None:
    writer = BlockWriter(tmp_path)
    list(writer.load(encode_entries(ENTRIES), ()))
    blocked = ["10.9.9.9", "10.1.2.3", "2001:db8::7"]
    assert asked(tmp_path, "10.1.2.4", *blocked, "192.0.2.7", "198.51.100.1", "2001:db9::1", "nonsense") == blocked
    writer.close()


def test_an_entry_reaches_what_ipv6_only_carries(tmp_path: Path) -> None:
    """RFC 6052 and RFC 4291 2.5.5.2: NAT64 and mapped addresses are the IPv4 address inside."""
    writer = BlockWriter(tmp_path)
    list(writer.load(encode_entries(ENTRIES), ()))
    assert asked(tmp_path, "64:ff9b::10.9.9.9", "::ffff:10.9.9.9") == ["64:ff9b::10.9.9.9", "::ffff:10.9.9.9"]
    writer.close()


def test_a_member_of_the_never_block_set_is_never_dropped_and_the_kernel_takes_over(tmp_path: Path) -> None:
    writer = BlockWriter(tmp_path)
    list(writer.load(encode_entries(ENTRIES), (parse_network("10.9.0.0/16"),)))
    assert asked(tmp_path, "10.9.9.9", "10.8.8.8") == ["10.8.8.8"]
    writer.clear()
    assert asked(tmp_path, "10.8.8.8") == []
    writer.close()


def test_a_new_list_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    writer = BlockWriter(tmp_path)
    list(writer.load(encode_entries(ENTRIES), ()))
    list(writer.load(encode_entries((AddressEntry(1, "203.0.113.0/24", Target.BLOCK),)), ()))
    assert asked(tmp_path, "10.8.8.8", "203.0.113.9") == ["203.0.113.9"]
    writer.close()
