"""Shared memory that one registered contact costs (Kamailio's `core.shmmem`)."""

import subprocess
import time
from pathlib import Path
from typing import Final

from bench.load.phones import register
from bench.rig.network import Network

_TRANSACTIONS_GONE: Final = 7.0
"""Seconds until the transactions and nonces in flight no longer count (tm's wait timer is 5 s)."""


def per_contact(net: Network, control: Path, warm_up: Path, phone_book: Path, folder: Path, contacts: int) -> float:
    """KiB per contact over `contacts` new registrations; the first few, which build tables, are not counted."""
    register(net, warm_up, folder, rate=200, count=100)
    before = used(control, settled=True)
    outcome = register(net, phone_book, folder, rate=1000, count=contacts)
    after = used(control, settled=True)
    if not outcome.valid:
        raise RuntimeError(f"registrations failed: {outcome}")
    return (after - before) / outcome.done / 1024


def used(control: Path, *, settled: bool = False) -> int:
    """Bytes really used, the allocator's own overhead included; `settled`: without transactions in flight."""
    if settled:
        time.sleep(_TRANSACTIONS_GONE)
    done = subprocess.run(
        ["kamcmd", "-s", f"unix:{control}", "core.shmmem"], check=True, capture_output=True, text=True
    )
    for line in done.stdout.splitlines():
        if line.strip().startswith("real_used:"):
            return int(line.split()[1])
    raise ValueError(f"no real_used in {done.stdout!r}")
