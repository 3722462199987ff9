"""A long list on its way into the kernel: between two steps the guard does everything else (issue 3, point 2)."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

from ringfence.guard.clock import moment
from ringfence.policy.addresses import Network, parse_network
from ringfence.policy.book import AddressEntry, Book, ProtectedAddress, Protection, Target
from ringfence.policy.offenders.entries import encode_entries
from ringfence.policy.offenders.entry_index import EntryIndex, parts

from .workshop import SOURCE, SmallKernel, failure, guard, publish

ALLOWED = 20_000
MOST_AT_ONCE = 1_500


class SteppingKernel(SmallKernel):
    """Takes a list in the steps of the real one, and remembers what came when."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.protected = 0

    def load_entries(self, entries: EntryIndex, now: float) -> Iterator[None]:
        for _ in parts(entries.lines):
            self.steps += 1
            yield

    def protect(self, members: tuple[Network, ...]) -> None:
        self.protected += 1
        super().protect(members)


def many() -> bytes:
    first = int(IPv4Address("20.0.0.0"))
    return encode_entries([AddressEntry(n, f"{IPv4Address(first + 2 * n)}/32", Target.ALLOW) for n in range(ALLOWED)])


def test_a_ban_is_set_between_two_steps_of_a_long_allow_list(tmp_path: Path) -> None:
    """An import of 20,000 entries kept the guard from its work for one to three seconds."""
    kernel = SteppingKernel()
    service = guard(tmp_path, kernel)
    publish(tmp_path, Book(), many())
    service.obey()
    service.go_on_loading()
    before = kernel.steps
    service.parts.intake.take([failure() for _ in range(50)], moment())
    assert kernel.holds(parse_network(SOURCE))
    while service.is_loading():
        service.go_on_loading()
    assert before == 1
    assert kernel.steps >= ALLOWED // MOST_AT_ONCE


def test_a_change_of_the_allow_entries_leaves_the_never_block_set_alone_and_the_other_way_round(tmp_path: Path) -> None:
    """Either may be long, and an administrator signs in several times a day (issue 3, "The never-block set")."""
    kernel = SteppingKernel()
    service = guard(tmp_path, kernel)
    publish(tmp_path, Book(), many())
    service.obey()
    while service.is_loading():
        service.go_on_loading()
    assert kernel.protected == 0
    loaded = kernel.steps
    publish(tmp_path, Book(protected_addresses=(ProtectedAddress("192.0.2.1", Protection.TRUNK, "Carrier"),)), many())
    service.adopt(changed=service.parts.policy.look())
    assert kernel.protected == 1
    assert kernel.steps == loaded > 0


def test_a_step_is_a_small_part_of_a_long_list() -> None:
    assert max(part.count(b"\n") + 1 for part in parts(many())) <= MOST_AT_ONCE
