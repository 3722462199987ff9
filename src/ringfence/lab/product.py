"""One Ringfence on one lab host, with its own state: a demo or a test touches no other system."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ringfence import guardlink
from ringfence.hosts.paths import CODE, Paths
from ringfence.lab.network import Host
from ringfence.lab.rest import Refused, Rest
from ringfence.policy.people.passwords import check_password

ADMINISTRATOR: Final = "admin"
HOMES: Final = Path("/tmp")
"""The path of a Unix socket must be short, so homes lie here."""

_SETUP: Final = re.compile(r"https://\S+/setup#token=(\S+)")
_WORKER: Final = re.compile(r"PID: (\d+)")


class ProductFailed(Exception):
    """The product did not do what the lab asked of it; the message holds its own words."""


def make_home(purpose: str) -> Path:
    """A directory for one product, named after its owner. What dead owners have left is stopped and removed first."""
    for home in HOMES.glob("rf-*-*"):
        owner = home.name.split("-")[1]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _ringfence(home, [sys.executable, "-m", "ringfence.cli", "down"], timeout=30)
            shutil.rmtree(home, ignore_errors=True)
    home = Path(tempfile.mkdtemp(prefix=f"rf-{os.getpid()}-{purpose}-", dir=HOMES))
    home.chmod(0o755)
    return home


SIP_MEMORY: Final = "256"
"""MiB: that of a small machine, so that a test can fill it."""


def _paths(home: Path) -> Paths:
    return Paths(state=home / "state", run=home / "run")


def _ringfence(
    home: Path, argv: list[str], timeout: float, stdin: str | None = None
) -> "subprocess.CompletedProcess[str]":
    paths = _paths(home)
    environment = os.environ | {
        "RINGFENCE_STATE_DIR": str(paths.state),
        "RINGFENCE_RUN_DIR": str(paths.run),
        "RINGFENCE_SIP_MEMORY": SIP_MEMORY,
    }
    return subprocess.run(
        argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False, env=environment, cwd=CODE
    )


@dataclass(slots=True)
class Product:
    """A running system: its command line, its REST API and what its kernel knows."""

    host: Host
    admin: Host
    home: Path
    rest: Rest = field(init=False)
    without: tuple[str, ...] = ()
    """Capabilities that it and its processes never get, for example `net_admin`."""

    tenant: dict[str, Any] = field(default_factory=dict)
    said: str = ""
    """What the last start printed."""

    _setup_token: str = ""

    @property
    def paths(self) -> Paths:
        return _paths(self.home)

    def start(self, patience: float = 240) -> float:
        """Start everything and wait until it answers. Returns the seconds it took."""
        begun = time.monotonic()
        for directory in (self.home, self.paths.state, self.paths.run):
            directory.mkdir(exist_ok=True)
            directory.chmod(0o755)
        done = self.command("up", "--detach", timeout=patience)
        if done.returncode != 0:
            raise ProductFailed(
                f"ringfence up failed ({done.returncode}):\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        self.said = done.stdout + done.stderr
        found = _SETUP.search(self.said)
        self._setup_token = found[1] if found else ""
        self.rest = Rest(self.admin, self.paths.web_certificate, server=self.host.address)
        return time.monotonic() - begun

    @property
    def setup_link(self) -> str:
        """The one-time link that the start printed; empty when there is an administrator already."""
        return f"https://{self.host.address}:8887/setup#token={self._setup_token}" if self._setup_token else ""

    def stop(self) -> None:
        self.command("down", timeout=30)

    def command(
        self, *argv: str, timeout: float = 20.0, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run the `ringfence` command of this system on its host."""
        ours = self.host.command(*self._bounded, sys.executable, "-m", "ringfence.cli", *argv)
        return _ringfence(self.home, ours, timeout, stdin)

    @property
    def _bounded(self) -> tuple[str, ...]:
        kept_from = ",".join(f"-{capability}" for capability in self.without)
        return ("setpriv", f"--bounding-set={kept_from}", f"--inh-caps={kept_from}", "--") if self.without else ()

    def asked(self, *argv: str) -> Any:
        """The JSON answer of a `ringfence` command."""
        done = self.command(*argv, "--json")
        if done.returncode != 0:
            raise ProductFailed(
                f"ringfence {' '.join(argv)} failed ({done.returncode}): {done.stderr[-2000:]}{done.stdout[-2000:]}"
            )
        return json.loads(done.stdout)

    def guard(self, verb: str, **args: Any) -> Any:
        """The guard's answer on its own socket, as the portal and the command line get it."""
        return guardlink.ask(self.paths.guard_socket, verb, 5.0, **args)

    # --- setting it up ---

    def administer(self) -> None:
        """Use the one-time setup link, as the administrator does, and sign in."""
        password = _password()
        self.rest.post("setup", token=self._setup_token, password=password)
        self.rest.token = self.rest.post("auth/token", username=ADMINISTRATOR, password=password)["token"]

    def create_tenant(self, name: str, domain: str) -> dict[str, Any]:
        created: dict[str, Any] = self.rest.post("tenants", name=name, domain=domain)
        return created

    def create_user(self, tenant: dict[str, Any], number: str, name: str = "") -> dict[str, Any]:
        """A new person with an extension; the generated SIP secret is shown this once."""
        created: dict[str, Any] = self.rest.post(
            "users",
            tenant_id=tenant["id"],
            extension=number,
            display_name=name or f"Phone {number}",
            role="Standard User",
        )
        return created

    # --- what it knows and does ---

    def process_ids(self) -> dict[str, int]:
        """The main process of each supervised part, by name."""
        return {child["name"]: int(child["pid"]) for child in self._children()}

    def is_ready(self, name: str) -> bool:
        """Whether this part does its work again, not only runs."""
        return any(child["name"] == name and child["state"] == "ready" for child in self._children())

    def _children(self) -> list[dict[str, Any]]:
        """What `ringfence status` says; it exits with 1 while a part is starting."""
        children: list[dict[str, Any]] = json.loads(self.command("status", "--json").stdout)["parts"]
        return children

    def core_workers(self) -> frozenset[int]:
        """The processes of the SIP core, the main one included."""
        return frozenset(int(pid) for pid in _WORKER.findall(self.kamcmd("core.psx")))

    def standstills(self) -> str:
        """Where each worker of the core stands in the kernel, for whoever reads why a test failed."""
        lines = []
        core = self.process_ids()["core"]  # not asked of the core itself, which may be what stands still
        for worker in Path(f"/proc/{core}/task/{core}/children").read_text().split():
            place = Path(f"/proc/{worker}")
            try:
                calls = [line.split()[-1].partition("+")[0] for line in (place / "stack").read_text().splitlines()]
                state, *_, user, system = (place / "stat").read_text().rpartition(")")[2].split()[:13]
            except OSError as error:
                lines.append(f"{worker}: {error}")
                continue
            lines.append(f"{worker} {state}, {user} + {system} ticks: {' '.join(calls[:6])}")
        return "\n".join(lines)

    def shared_memory_free(self) -> int:
        found = re.search(r"free: (\d+)", self.kamcmd("core.shmmem"))
        if found is None:
            raise ProductFailed("core.shmmem did not answer")
        return int(found[1])

    def kamcmd(self, *argv: str) -> str:
        done = self.host.run("kamcmd", "-s", f"unix:{self.paths.core_control}", *argv, check=False)
        if done.returncode != 0:
            raise ProductFailed(f"kamcmd {' '.join(argv)}: {done.stderr}")
        return done.stdout

    def live_calls(self) -> list[dict[str, Any]]:
        return _items(self.rest.get("calls"))

    def answered_calls(self) -> list[dict[str, Any]]:
        """Those that can be ended. The guard hears of an answer a moment after the phones."""
        return [row for row in self.live_calls() if row["state"] == "answered"]

    def registrations(self) -> list[dict[str, Any]]:
        return _items(self.rest.get("registrations"))

    def call_records(self) -> list[dict[str, Any]]:
        return _items(self.rest.get("cdrs"))

    def bans(self) -> list[dict[str, Any]]:
        return _items(self.rest.get("bans"))

    def ban_of(self, address: str) -> dict[str, Any] | None:
        return next((ban for ban in self.bans() if address in json.dumps(ban)), None)

    def allow(self, address: str, description: str = "lab") -> dict[str, Any]:
        """An allow entry for one address."""
        created: dict[str, Any] = self.rest.post(
            "ip-filters", cidr=f"{address}/32", target="allow", description=description
        )
        return created

    def in_kernel_set(self, address: str) -> bool:
        """Whether the address is an element of the ban set of the table `inet ringfence`."""
        return address in self.kernel_bans()

    def kernel_bans(self) -> frozenset[str]:
        """The addresses that the kernel drops because of a ban."""
        listing = json.loads(self.nft("-j", "list", "set", "inet", "ringfence", "ban4"))
        found = [item["set"].get("elem", []) for item in listing["nftables"] if "set" in item]
        return frozenset(str(element["elem"]["val"]) for elements in found for element in elements)

    def dropped_packets(self) -> int:
        """The packets that the kernel has dropped for the guard, for whatever reason."""
        counters = self.guard("status")["kernel"]
        return sum(int(count) for name, count in counters.items() if name.startswith("dropped_"))

    def nft(self, *argv: str) -> str:
        done = self.host.run("nft", *argv, check=False)
        if done.returncode != 0:
            raise ProductFailed(f"nft {' '.join(argv)}: {done.stderr}")
        return done.stdout


def _password() -> str:
    """A random portal password that keeps the product's rules."""
    while check_password(chosen := "Q" + secrets.token_urlsafe(12), (ADMINISTRATOR,)):
        continue
    return chosen


def within[T](seconds: float, look: Callable[[], T | None], what: str) -> tuple[T, float]:
    """What `look` finds (anything true), asked again until the time is over, and when. Raises ProductFailed."""
    begun = time.monotonic()
    while True:
        found = _tolerant(look)
        passed = time.monotonic() - begun
        if found:
            return found, passed
        if passed > seconds:
            raise ProductFailed(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def _tolerant[T](look: Callable[[], T | None]) -> T | None:
    try:
        return look()
    except (OSError, Refused, ProductFailed):
        return None


def _items(answer: Any) -> list[dict[str, Any]]:
    """The rows of a list answer, whether it is paged or not."""
    if isinstance(answer, list):
        return answer
    rows: list[dict[str, Any]] = answer.get("items", answer.get("results", []))
    return rows
