"""The people an attack must not touch: phones that register and phones that call, with the time each had to wait."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load.phones import DOMAIN, Account, Outcome, account, outcome, register
from bench.rig.network import SERVER_ADDRESS, Network
from bench.rig.processes import GENERATOR_PROCESSOR, NotReady, running, start

ADDRESS: Final = "198.18.0.2"
CALLEE_PORT: Final = 5080
CALLER_PORT: Final = 5090
REGISTRATIONS_PER_SECOND: Final = 150
CALLS_PER_SECOND: Final = 20
_CALLEE: Final = account(1)
_CALLER: Final = account(2)
_HERE: Final = Path(__file__).parent
_GRACE_SECONDS: Final = 20
_SOONEST_MS: Final = 4.0


@dataclass(frozen=True, slots=True)
class Service:
    """What the customers got: both outcomes, and how long each had to wait, in milliseconds."""

    registrations: Outcome
    calls: Outcome
    waits: tuple[float, ...]

    @property
    def failed(self) -> int:
        return self.registrations.failed + self.calls.failed

    @property
    def p99(self) -> float:
        """99 of 100 waited no longer, in milliseconds; SIPp's clock is no finer than four."""
        ordered = sorted(self.waits)
        return max(_SOONEST_MS, ordered[int(len(ordered) * 0.99)]) if ordered else float("inf")


@contextmanager
def callee(net: Network, folder: Path) -> Iterator[None]:
    """A registered phone that answers until the block ends."""
    folder.mkdir(exist_ok=True)
    _write_book(folder / "callee.csv", _CALLEE)
    if not register(net, folder / "callee.csv", folder, rate=1, count=1, port=CALLEE_PORT).valid:
        raise NotReady("the phone that answers could not register")
    words = ["sipp", "-sf", str(_HERE / "answer.xml"), "-i", ADDRESS, "-p", str(CALLEE_PORT), "-nostdin", "-timeout"]
    answering = start(
        [*words, "300s", SERVER_ADDRESS], net.phones, GENERATOR_PROCESSOR, folder / "callee.log", cwd=folder
    )
    with running(answering):
        yield


def served(net: Network, phone_book: Path, folder: Path, seconds: int) -> Service:
    """Registers and calls for so many seconds. A `callee` must be there."""
    for path in folder.glob("*_rtt.csv"):
        path.unlink()
    with running(_calling(net, folder, seconds)) as calling:
        registrations = register(
            net,
            phone_book,
            folder,
            rate=REGISTRATIONS_PER_SECOND,
            count=REGISTRATIONS_PER_SECOND * seconds,
            keep_times=True,
        )
        calling.wait(seconds + _GRACE_SECONDS)
    return Service(registrations, outcome(folder / "calls.csv", folder / "calls.log"), _waits(folder))


def _calling(net: Network, folder: Path, seconds: int) -> "subprocess.Popen[bytes]":
    _write_book(folder / "caller.csv", _CALLER)
    (folder / "calls.csv").unlink(missing_ok=True)
    words = [
        *("sipp", f"{SERVER_ADDRESS}:5060", "-sf", str(_HERE / "call.xml"), "-inf", str(folder / "caller.csv")),
        *("-s", _CALLEE.user, "-i", ADDRESS, "-p", str(CALLER_PORT), "-nostdin"),
        *("-auth_uri", f"{_CALLEE.user}@{DOMAIN}"),
        *("-r", str(CALLS_PER_SECOND), "-m", str(CALLS_PER_SECOND * seconds), "-timeout", f"{seconds + 15}s"),
        *("-trace_stat", "-stf", str(folder / "calls.csv"), "-fd", "600", "-trace_rtt", "-rtt_freq", "1"),
    ]
    return start(words, net.phones, GENERATOR_PROCESSOR, folder / "calls.log", cwd=folder)


def _write_book(path: Path, phone: Account) -> None:
    credentials = f"[authentication username={phone.user} password={phone.password}]"
    path.write_text(f"SEQUENTIAL\n{ADDRESS};{phone.user};{credentials};{DOMAIN}\n")


def _waits(folder: Path) -> tuple[float, ...]:
    """SIPp writes a line for each: date, milliseconds, name of the measurement."""
    return tuple(
        float(line.split(";")[1])
        for path in folder.glob("*_rtt.csv")
        for line in path.read_text().splitlines()[1:]
        if line.count(";") >= 2
    )
