"""Phones that register, played by SIPp: each registration is two requests, a challenge and its answer."""

import csv
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.rig.network import SERVER_ADDRESS, Network, phone_address
from bench.rig.processes import GENERATOR_PROCESSOR, running, start

DOMAIN: Final = "bench.example"
PHONE_ADDRESSES: Final = 500
"""Phones share this many source addresses, so per-source limits judge them as they judge a real office."""

_SCENARIO: Final = Path(__file__).with_name("register.xml")
_GRACE_SECONDS: Final = 25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one load, counted by SIPp itself."""

    done: int
    failed: int
    retransmitted: int

    @property
    def valid(self) -> bool:
        """A point with more than 0.1 % failures says nothing."""
        return self.done > 0 and self.failed <= 0.001 * (self.done + self.failed)


@dataclass(frozen=True, slots=True)
class Account:
    """What a phone needs to know to register."""

    user: str
    password: str


def password_of(user: str) -> str:
    """The secret of a generated account: long, and known to every system under test."""
    return f"bench-{user}-7f3a9c51e2d84b60"


def account(number: int) -> Account:
    """One of the generated accounts.

    >>> account(7).user
    '1000007'
    """
    user = str(1_000_000 + number)
    return Account(user, password_of(user))


def write_phone_book(path: Path, accounts: Iterable[Account]) -> None:
    """The injection file: source address, user, credentials, domain; phones take turns."""
    lines = ["SEQUENTIAL"]
    for number, phone in enumerate(accounts):
        credentials = f"[authentication username={phone.user} password={phone.password}]"
        lines.append(f"{phone_address(number % PHONE_ADDRESSES)};{phone.user};{credentials};{DOMAIN}")
    path.write_text("\n".join(lines) + "\n")


def register(
    net: Network, phone_book: Path, folder: Path, *, rate: int, count: int, port: int = 5060, keep_times: bool = False
) -> Outcome:
    """Registers `count` times at `rate` per second and waits for the last answer; `keep_times` leaves its waits.

    A single one is sent from one socket: where SIPp opens one for each address, its first Contact names port 0.
    """
    sockets = ("-t", "ui", "-ip_field", "0") if count > 1 else ("-t", "u1")
    statistics = folder / "sipp.csv"
    statistics.unlink(missing_ok=True)
    words = [
        *(
            "sipp",
            f"{SERVER_ADDRESS}:5060",
            "-sf",
            str(_SCENARIO),
            "-inf",
            str(phone_book),
            *sockets,
        ),
        *("-i", "198.18.0.2", "-p", str(port), "-r", str(rate), "-m", str(count), "-nostdin", "-buff_size", "4194304"),
        *("-timeout", f"{count // rate + _GRACE_SECONDS}s", "-trace_stat", "-stf", str(statistics), "-fd", "600"),
        *(
            "-trace_err",
            "-error_file",
            str(folder / "sipp-errors.log"),
            "-max_retrans",
            "6",
            "-max_socket",
            "2000",
            "-auth_uri",
            DOMAIN,
        ),
        *(("-trace_rtt", "-rtt_freq", "1") if keep_times else ()),
    ]
    sipp = start(words, net.phones, GENERATOR_PROCESSOR, folder / "sipp.log", cwd=folder)
    with running(sipp):
        sipp.wait(count / rate + _GRACE_SECONDS + 10)
    return outcome(statistics, folder / "sipp.log")


def outcome(statistics: Path, log: Path) -> Outcome:
    """What SIPp counted. Raises SubprocessError with the end of its log if it left nothing."""
    if not statistics.exists():
        tail = log.read_text(errors="replace")[-600:]
        raise subprocess.SubprocessError(f"SIPp left no statistics:\n{tail}")
    with statistics.open(newline="") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    return Outcome(int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]), int(last["Retransmissions(C)"]))
