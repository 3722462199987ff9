"""A machine with nothing but a guard, its policy store and its journal; and a host that sends packets to it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from ringfence.doorstep.program import handing_on
from ringfence.guardlink import GuardUnreachable, ask
from ringfence.journal.writer import JournalWriter
from ringfence.lab.network import Host
from ringfence.policy.book import Book
from ringfence.policy.events import Kind
from ringfence.store.writer import PolicyWriter

PORT: Final = 5060
SMALL_SET: Final = 100


@dataclass(slots=True)
class Guarded:
    """A machine with a guard. The folders outlive the process, as on a real system."""

    host: Host
    home: Path
    options: tuple[str, ...] = ()
    boot: tuple[str, ...] = ()
    """What the guard is started through, so that it finds another boot than its predecessor."""

    doorstep: bool = False
    """Whether it gets the program that drops banned sources at the links."""

    process: "subprocess.Popen[bytes] | None" = None
    _store: list[PolicyWriter] = field(default_factory=list)

    def start(self) -> None:
        (self.home / "state" / "journal").mkdir(parents=True, exist_ok=True)
        (self.home / "run").mkdir(exist_ok=True)
        if self.process is None:
            self.publish(Book())
        with handing_on(wanted=self.doorstep) as handed:
            self.process = self.host.start(
                [*self.boot, sys.executable, "-m", "ringfence.guard.daemon", *self.options],
                env={**os.environ, **self.environment(), **dict(handed.environment)},
                pass_fds=handed.files,
            )
        until(lambda: self.answers(), 10.0)

    def environment(self) -> dict[str, str]:
        return {"RINGFENCE_STATE_DIR": str(self.home / "state"), "RINGFENCE_RUN_DIR": str(self.home / "run")}

    def answers(self) -> bool:
        try:
            self.ask("status")
        except GuardUnreachable:
            return False
        return True

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(5)

    def reboot(self) -> None:
        """What a reboot or a power cut leaves: folders on the disk, an empty kernel, a boot with a clock of its own."""
        self.kill()
        self.host.run("nft", "flush", "ruleset")
        shutil.rmtree(self.home / "run")
        name = self.home / "boot_id"
        name.write_text(f"{uuid.uuid4()}\n")
        since_boot = int(time.clock_gettime(time.CLOCK_BOOTTIME))
        bind = 'mount --make-private /proc && mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
        clock = ("--time", "--boottime", str(10 - since_boot), "--fork", "--kill-child=KILL")
        apart = ("unshare", "--mount", "--propagation", "unchanged")
        self.boot = (*apart, *clock, "--", "sh", "-c", bind, str(name))
        self.start()

    def ask(self, verb: str, **args: Any) -> Any:
        return ask(self.home / "run" / "guard.sock", verb, **args)

    def publish(self, book: Book) -> None:
        if not self._store:
            self._store.append(PolicyWriter(self.home / "state" / "policy"))
            if self._store[0].version():
                return
        self._store[0].publish(book)

    def publish_entries(self, lines: bytes) -> None:
        """Address entries as the portal encodes them."""
        self._store[0].publish(entries=lines)

    def fail(self, source: str, count: int, accounts: int = 1) -> None:
        """So many failed authentications, as a worker would journal them."""
        with closing(JournalWriter(self.home / "state" / "journal", self.home / "run" / "doorbell.sock")) as journal:
            for number in range(count):
                journal.append(Kind.AUTH_FAILED, failed(source, f"{100 + number % accounts}@acme.example"))

    def kernel_set(self, name: str) -> str:
        listed = self.host.run("nft", "list", "set", "inet", "ringfence", name, check=False)
        return " ".join(listed.stdout.split())

    def entries(self) -> str:
        """The table of address entries; nftables writes the IPv4 ones as numbers."""
        listed = self.host.run("nft", "list", "table", "inet", "ringfence_lists", check=False).stdout
        return dotted(listed)

    def rates(self) -> str:
        """The rate rules of the SIP ports."""
        return self.host.run("nft", "list", "chain", "inet", "ringfence", "sip_rates", check=False).stdout

    def bans(self, address: str) -> bool:
        return f" {address} timeout" in self.kernel_set("ban6" if ":" in address else "ban4")


@dataclass(slots=True)
class Sender:
    """A host that can speak from several addresses."""

    host: Host

    def from_address(self, address: str) -> None:
        length = "64" if ":" in address else "16"
        extra = ("nodad",) if ":" in address else ()
        self.host.run("ip", "address", "replace", f"{address}/{length}", "dev", "eth0", *extra)


def failed(source: str, account: str) -> dict[str, Any]:
    return {
        "source": source,
        "port": PORT,
        "transport": "udp",
        "account": account,
        "method": "REGISTER",
        "reason": "wrong_password",
        "user_agent": "friendly-scanner",
        "call_id": "x",
    }


def dotted(listed: str) -> str:
    """What nftables lists, with IPv4 addresses for numbers."""
    return re.sub(r"\b0x([0-9a-f]{1,8})\b", lambda found: str(IPv4Address(int(found[1], 16))), listed)


def until(holds: Callable[[], bool], seconds: float) -> float:
    """Waits until something holds and returns how long it took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.005)
    return time.monotonic() - begun


def passes(sender: Sender, source: str, receiver: socket.socket, target: str) -> bool:
    """Whether a packet from this source reaches the receiver."""
    with sender.host.udp(0, source) as sock:
        sock.sendto(b"hello", (target, PORT))
    try:
        return receiver.recv(100) == b"hello"
    except TimeoutError:
        return False
