"""Phones that call: each call is two INVITEs, an ACK each, and a BYE, without media."""

from pathlib import Path
from typing import Final

from bench.load.phones import DOMAIN, Outcome, outcome
from bench.rig.network import SERVER_ADDRESS, Network
from bench.rig.processes import GENERATOR_PROCESSOR, running, start

_SCENARIO: Final = Path(__file__).with_name("call.xml")
_GRACE_SECONDS: Final = 25


def call(net: Network, phone_book: Path, folder: Path, called: str, *, rate: int, count: int) -> Outcome:
    """Calls `called` so often at `rate` per second and waits for the end of the last call; callers take turns."""
    statistics = folder / "calls.csv"
    statistics.unlink(missing_ok=True)
    words = [
        *("sipp", f"{SERVER_ADDRESS}:5060", "-sf", str(_SCENARIO), "-inf", str(phone_book), "-t", "ui"),
        *("-ip_field", "0", "-i", "198.18.0.2", "-p", "5060", "-s", called, "-auth_uri", f"{called}@{DOMAIN}"),
        *("-r", str(rate), "-m", str(count), "-nostdin", "-max_socket", "2000", "-recv_timeout", "8000"),
        *("-timeout", f"{count // rate + _GRACE_SECONDS}s", "-trace_stat", "-stf", str(statistics), "-fd", "600"),
    ]
    sipp = start(words, net.phones, GENERATOR_PROCESSOR, folder / "calls.log", cwd=folder)
    with running(sipp):
        sipp.wait(count / rate + _GRACE_SECONDS + 10)
    return outcome(statistics, folder / "calls.log")
