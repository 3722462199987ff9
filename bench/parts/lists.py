"""Part: a block list of a million addresses, and a flood that bears the addresses of protected trunks."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.load.flood import Kind, Load, run_flood
from bench.measures import list_load
from bench.measures.list_load import BANNED, LISTED
from bench.rig.network import deaf, hearing
from bench.stage import EXTENSIONS, Result, Stage, installed
from bench.systems.ringfence import MEMBERS, Installed, book, ringfence
from ringfence.guardlink import ask
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.offenders.entries import encode_entries
from ringfence.store.writer import PolicyWriter

ENTRIES: Final = 1_000_000
FORGED: Final = 10_000_000
_FIRST: Final = int(IPv4Address("100.64.0.0"))


def run(stage: Stage) -> Result:
    ready = installed(stage, EXTENSIONS)
    encoded = encode_entries(tuple(_entries()))
    writer = PolicyWriter(ready.paths.policy)
    try:
        with ringfence(stage.net, ready):
            ask(ready.paths.guard_socket, "bans.add", address=BANNED, seconds=600)
            loaded = list_load.load(stage.net, lambda: _put_in_force(writer, encoded, ready))
            forged, banned = _forge(stage, ready)
    finally:
        writer.publish(book())
        writer.close()
    return Result(_verdicts(loaded, forged, banned), _text(loaded, forged, banned), (loaded, forged, banned))


def _entries() -> Iterator[AddressEntry]:
    """Every other address of a large range, so that no two can be told as one."""
    for number in range(ENTRIES - 1):
        yield AddressEntry(number + 1, f"{IPv4Address(_FIRST + 2 * number)}/32", Target.BLOCK)
    yield AddressEntry(ENTRIES, f"{LISTED}/32", Target.BLOCK)


def _put_in_force(writer: PolicyWriter, encoded: bytes, ready: Installed) -> None:
    writer.publish(book(), entries=encoded)
    ask(ready.paths.guard_socket, "policy.changed", timeout=30)


def _forge(stage: Stage, ready: Installed) -> tuple[int, int]:
    """Packets that bear members' addresses, and how many members are banned afterwards."""
    deaf(stage.net)
    try:
        sent = run_flood(stage.net, Load(Kind.REGISTER, 1, 0, FORGED, MEMBERS), stage.folder / "forged.json")
    finally:
        hearing(stage.net)
    banned = {ban["address"] for ban in ask(ready.paths.guard_socket, "bans.list", timeout=30)}
    return sent.packets, len(banned & set(MEMBERS))


def _verdicts(loaded: list_load.Load, forged: int, banned: int) -> tuple[Verdict, ...]:
    return (
        Verdict(goals.LIST_LOAD, loaded.seconds, f"{ENTRIES:,} addresses"),
        Verdict(goals.LIST_SLIPPED, loaded.slipped, f"of {loaded.sent_by_banned:,}"),
        Verdict(goals.MEMBERS_BANNED, banned, f"{forged:,} forged packets"),
    )


def _text(loaded: list_load.Load, forged: int, banned: int) -> str:
    seconds = "never" if loaded.seconds is None else f"after {loaded.seconds:.1f} s"
    return (
        f"  {ENTRIES:,} entries in force {seconds}; a banned source sent {loaded.sent_by_banned:,} meanwhile, "
        f"{loaded.slipped} answered\n  {forged:,} packets in the name of {len(MEMBERS)} trunks: {banned} banned"
    )
