"""Builders the guard's tests share: events as workers write them, and a guard on a dry firewall."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from ringfence.corelink import Core
from ringfence.guard.daemon import build
from ringfence.guard.kernel.firewall import DryRun, Outcome
from ringfence.guard.kernel.pinholes import Holes
from ringfence.guard.kernel.shape import Timed
from ringfence.guard.live.callwatch import CallWatch
from ringfence.guard.relay.media import Relay
from ringfence.guard.service import Service
from ringfence.guard.verbs import Desk
from ringfence.hosts.paths import Paths
from ringfence.journal.reader import Entry
from ringfence.policy.addresses import Network
from ringfence.policy.book import Book
from ringfence.store.writer import PolicyWriter

OPENED: list[Service] = []
SOURCE = "192.0.2.66"
OFFICE = "198.51.100.7"


class InKernel(DryRun):
    """A kernel that takes everything."""

    @property
    def in_kernel(self) -> bool:
        return True

    def open_media(self, holes: Holes) -> bool:
        self.holes = holes
        return True


class SmallKernel(DryRun):
    """A kernel whose set holds so many bans."""

    def __init__(self, size: int = 1_000) -> None:
        super().__init__()
        self.size = size

    @property
    def in_kernel(self) -> bool:
        return True

    def ban(self, ban: Timed) -> Outcome:
        if ban.network not in self.banned and len(self.banned) >= self.size:
            return Outcome.FULL
        return super().ban(ban)

    def holds(self, network: Network) -> bool:
        return network in self.banned


def line(kind: str, **fields: Any) -> bytes:
    return orjson.dumps({"t": fields.pop("t", time.time()), "kind": kind, **fields})


def entry(kind: str, **fields: Any) -> Entry:
    raw = line(kind, **fields)
    return raw, orjson.loads(raw)


def registration(aor: str = "101@acme.example", source: str = OFFICE, expires_in: int = 300, **more: Any) -> bytes:
    """A registration exactly as a worker writes it."""
    now = int(time.time())
    contact = {
        "uri": f"sip:{aor.partition('@')[0]}@{source}:5060;ob",
        "expires_at": now + expires_in,
        "q": 500,
        "received": f"sip:{source}:5060",
        "socket": "udp:203.0.113.1:5060",
        "call_id": "reg-1",
        "cseq": 7,
        "user_agent": "phone",
        "methods": 13,
        "ruid": f"uloc-{aor}",
    }
    fields = {
        "aor": aor,
        "contacts": [contact],
        "complete": True,
        "source": source,
        "port": 5060,
        "transport": "udp",
        "user_agent": "phone",
        "tenant_id": 1,
        "user_id": 1,
        "display_name": "Ann",
    }
    return line("registration.saved", **{**fields, **more})


def failure(source: str = SOURCE, account: str = "101@acme.example", t: float | None = None) -> bytes:
    stamp = time.time() if t is None else t
    return line(
        "auth.failed",
        t=stamp,
        source=source,
        account=account,
        method="REGISTER",
        reason="wrong_password",
        transport="udp",
    )


def call(call_id: str = "c1", **more: Any) -> bytes:
    return line(
        "call.started", call_id=call_id, caller="101@acme.example", callee="102@acme.example", tenant_id=1, **more
    )


def write_journal(home: Path, *lines: bytes) -> None:
    folder = home / "journal"
    folder.mkdir(exist_ok=True)
    with (folder / "events-0000000000.jsonl").open("ab") as stream:
        stream.write(b"".join(raw + b"\n" for raw in lines))


def desk(service: Service) -> Desk:
    """A desk beside a core that does not answer."""
    watch = CallWatch(service.parts.standing.calls, Relay(), Core(Path("/nonexistent")), service.give_up)
    return Desk(service, watch)


def publish(home: Path, book: Book, entries: bytes | None = None) -> None:
    for service in OPENED:
        service.parts.policy.close()  # LMDB allows one environment in a process; the guard opens its own again
    store = PolicyWriter(home / "policy")
    store.publish(book, entries=entries)
    store.close()


def guard(home: Path, firewall: DryRun | None = None) -> Service:
    """A guard that has read nothing yet; an earlier one was killed."""
    while OPENED:
        close(OPENED.pop())
    service = build(Paths(state=home, run=home / "run"), firewall or SmallKernel())
    OPENED.append(service)
    service.start()
    return service


def close(service: Service) -> None:
    """What the end of a process does."""
    service.parts.ledger.close()
    service.parts.reader.close()
    service.parts.bans.close()
    service.parts.policy.close()


def worker_says(home: Path, question: str) -> bool:
    """What a worker's BanReader answers, in a process of its own as LMDB wants it."""
    program = (
        "import sys, pathlib\n"
        "from ringfence.store.bans import BanReader, since_boot\n"
        "now = since_boot()\n"
        f"print(BanReader(pathlib.Path(sys.argv[1])).{question})"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, str(home / "run" / "bans")], capture_output=True, text=True, check=True
    )
    return answer.stdout == "True\n"


def kinds(service: Service) -> list[str]:
    return [event["kind"] for event in service.parts.ledger.events_since(0, (), 1000)]
