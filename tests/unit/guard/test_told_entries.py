"""The entries that signaling enforces never drop a member of the never-block set (issue 3)."""

import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from ringfence.guard.kernel.doorstep import Doorstep
from ringfence.guard.kernel.firewall import DryRun, Firewall, Nft
from ringfence.guard.kernel.shape import Ports, Shape
from ringfence.guard.offenders.passedby import PassedBy
from ringfence.policy.addresses import parse_network
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.offenders.entries import encode_entries
from ringfence.policy.offenders.entry_index import EntryIndex
from ringfence.policy.settings import SecuritySettings
from ringfence.store.blocks import BlockWriter

NOW = 1_000.0
MEMBER, OTHER = "10.0.0.7", "10.0.0.8"
FIRST = int(IPv4Address("10.0.0.0"))
MANY = EntryIndex(encode_entries([AddressEntry(n, f"{IPv4Address(FIRST + n)}/32", Target.BLOCK) for n in range(3_000)]))


class _Kernel:
    """In place of the real one, which has tests of its own."""

    @staticmethod
    def nothing(*_: object) -> None:
        return

    @staticmethod
    def no_steps(*_: object) -> Iterator[None]:
        return iter(())


def passed_by(blocks: BlockWriter) -> PassedBy:
    return PassedBy(blocks, Doorstep(None))


@pytest.fixture(params=[DryRun, passed_by])
def firewall(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firewall:
    for name in ("__init__", "install", "protect"):
        monkeypatch.setattr(Nft, name, _Kernel.nothing)
    monkeypatch.setattr(Nft, "load_entries", _Kernel.no_steps)
    made: Firewall = request.param(BlockWriter(tmp_path))
    return made


def dropped(folder: Path) -> list[str]:
    """Whom a worker drops; in a process of its own, as LMDB wants it."""
    program = (
        "import sys, pathlib\n"
        "from ringfence.store.blocks import BlockReader\n"
        "reader = BlockReader(pathlib.Path(sys.argv[1]))\n"
        f"print(*(source for source in sys.argv[2:] if reader.blocks(source, {NOW})))"
    )
    argv = [sys.executable, "-c", program, str(folder), MEMBER, OTHER]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def test_a_member_from_the_start_is_never_dropped(firewall: Firewall, tmp_path: Path) -> None:
    """ADR 58: where an SBC on another host lets people pass the kernel by, signaling dropped members until the set
    changed for the first time.
    """
    firewall.install(Shape(Ports((5060,), ()), (parse_network(MEMBER),), SecuritySettings()), (), ())
    list(firewall.load_entries(MANY, NOW))
    assert dropped(tmp_path) == [OTHER]


def test_a_member_that_comes_while_a_long_list_is_written_is_spared_at_once(firewall: Firewall, tmp_path: Path) -> None:
    """An administrator who signed in then was refused by the store, which has one writer."""
    load = firewall.load_entries(MANY, NOW)
    next(load)
    firewall.protect((parse_network(MEMBER),))
    assert dropped(tmp_path) == [OTHER]
    list(load)
    assert dropped(tmp_path) == [OTHER]
