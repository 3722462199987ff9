"""What customers and the system feel of a flood: the waits of phones and calls, the time of every process."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load.customers import Service, served
from bench.load.flood import Load, Sent, result, start_flood
from bench.rig.charge import processes_in, spent
from bench.rig.network import Network, inode
from bench.rig.processes import running

_LEAD_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Felt:
    """One flood and the service during it."""

    load: Load
    sent: Sent
    service: Service
    cpu_ns: int

    @property
    def name(self) -> str:
        return f"{self.load.kind} from {self.load.sources:,}"


def felt(net: Network, load: Load, phone_book: Path, folder: Path, seconds: int) -> Felt:
    """Floods for as long as customers register and call."""
    log = folder / "flood.json"
    before = processes_in(inode(net.server))
    with running(start_flood(net, load, log)) as flood:
        time.sleep(_LEAD_SECONDS)
        service = served(net, phone_book, folder, seconds)
        flood.wait(60)
    return Felt(load, result(log), service, sum(spent(before, processes_in(inode(net.server))).values()))


def cost_of(net: Network, load: Load, folder: Path) -> float:
    """Share of one processor that all processes of the server use during a flood nobody else disturbs."""
    log = folder / "flood.json"
    before, begin = processes_in(inode(net.server)), time.monotonic()
    with running(start_flood(net, load, log)) as flood:
        flood.wait(60)
    seconds = time.monotonic() - begin
    result(log)
    return sum(spent(before, processes_in(inode(net.server))).values()) / 1e9 / seconds
