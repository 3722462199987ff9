"""Network namespaces on one bridge: every host has its own kernel network stack, firewall and addresses.

Nothing touches the network of the machine. Namespaces are entered with `nsenter`, not `ip netns exec`: the latter
remounts `/` and fails in a chroot.
"""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

NETNS_DIR: Final = Path("/run/netns")
PREFIX: Final = "rf"
BRIDGE_HOST: Final = "net"
PBX_ADDRESS: Final = "10.77.0.1"
_OWNER: Final = re.compile(rf"^{PREFIX}-(\d+)-")


class LabUnavailable(Exception):
    """This machine does not allow what the lab needs; the message says what is missing."""


def inside[T](namespace: str, work: Callable[[], T]) -> T:
    """The result of `work` run by a short-lived thread inside the namespace. Sockets opened there stay there."""

    def enter_and_work() -> T:
        descriptor = os.open(NETNS_DIR / namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.setns(descriptor, os.CLONE_NEWNET)
        finally:
            os.close(descriptor)
        return work()

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"inside-{namespace}") as threads:
        return threads.submit(enter_and_work).result()


@dataclass(frozen=True, slots=True)
class Host:
    """One machine of the lab."""

    name: str
    namespace: str
    address: str
    address6: str

    def command(self, *argv: str) -> list[str]:
        """The command line that runs `argv` on this host."""
        return ["nsenter", f"--net={NETNS_DIR / self.namespace}", "--", *argv]

    def run(
        self, *argv: str, timeout: float = 60.0, check: bool = True, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*argv), input=stdin, capture_output=True, text=True, timeout=timeout, check=check
        )

    def start(self, argv: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        """A process on this host, leading its own process group; it ends with the thread that started it."""
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *self.command(*argv)], process_group=0, **options
        )

    def await_addresses(self, patience: float = 10.0) -> None:
        """Until none is tentative any more: duplicate address detection takes a second (RFC 4862 section 5.4)."""
        deadline = time.monotonic() + patience
        while _ip_in(self.namespace, ["-6", "address", "show", "tentative"]):
            if time.monotonic() > deadline:
                raise LabUnavailable(f"{self.name} has IPv6 addresses that stay tentative")
            time.sleep(0.1)

    def udp(self, port: int = 0, address: str | None = None) -> socket.socket:
        return self._bound(socket.SOCK_DGRAM, port, address)

    def tcp(self, port: int = 0, address: str | None = None) -> socket.socket:
        return self._bound(socket.SOCK_STREAM, port, address)

    def processes(self) -> list[int]:
        """The ids of all processes that run on this host."""
        return _processes_in(self.namespace)

    def _bound(self, kind: socket.SocketKind, port: int, address: str | None) -> socket.socket:
        chosen = address or self.address
        family = socket.AF_INET6 if ":" in chosen else socket.AF_INET

        def open_socket() -> socket.socket:
            sock = socket.socket(family, kind)
            if port:  # with it the kernel may give two UDP sockets the same free port
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((chosen, port))
            return sock

        return inside(self.namespace, open_socket)


class Lab:
    """A bridge and the hosts on it: 10.77.0.N and fd77::N. `with Lab() as lab:` leaves nothing behind."""

    def __init__(self) -> None:
        self.id = f"{PREFIX}-{os.getpid()}"
        self._hosts: dict[str, Host] = {}
        self._bridge = f"{self.id}-{BRIDGE_HOST}"

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise LabUnavailable("The lab makes network namespaces, which needs root. Run it with sudo.")
        remove_leftovers()
        _ip(["netns", "add", self._bridge])
        try:
            _ip_batch(self._bridge, ["link set lo up", "link add br0 type bridge", "link set br0 up"])
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def host(self, name: str, number: int) -> Host:
        """The host of this name, made on first use: 10.77.0.`number` (past 255: 10.77.1.0 and on), fd77::`number`."""
        if name not in self._hosts:
            self._hosts[name] = self._make(name, number)
        return self._hosts[name]

    @property
    def hosts(self) -> tuple[Host, ...]:
        return tuple(self._hosts.values())

    def wire(self, *words: str) -> None:
        """An `ip` command where the cables of all hosts end."""
        _ip_in(self._bridge, words)

    def unplug(self, hosts: Sequence[Host]) -> None:
        """End what runs on these hosts and take them off the bridge. It copies each broadcast to all of its ports, and
        the kernel's queue (net.core.netdev_max_backlog) holds 1000 packets: with more hosts ARP finds nobody any more.
        """
        _end_processes([host.namespace for host in hosts])
        for host in hosts:
            _ip(["netns", "del", host.namespace])
            del self._hosts[host.name]

    def close(self) -> None:
        """End every process of the lab and remove its namespaces."""
        names = namespaces_of(self)
        _end_processes(names)
        for name in names:
            _ip(["netns", "del", name], check=False)
        self._hosts.clear()

    def _make(self, name: str, number: int) -> Host:
        host = Host(name, f"{self.id}-{name}", f"10.77.{number // 256}.{number % 256}", f"fd77::{number}")
        _ip(["netns", "add", host.namespace])
        port = f"p{number}"
        _ip_batch(
            self._bridge,
            [f"link add {port} type veth peer name eth0 netns {host.namespace}", f"link set {port} master br0 up"],
        )
        addresses = [f"address add {host.address}/16 dev eth0", f"address add {host.address6}/64 dev eth0 nodad"]
        _ip_batch(host.namespace, ["link set lo up", *addresses, "link set eth0 up"])
        self._await_forwarding(port)
        return host

    def _await_forwarding(self, port: str, patience: float = 2.0) -> None:
        """Until the bridge forwards what this port receives: an ARP request sent earlier is lost and costs a second."""
        deadline = time.monotonic() + patience
        while '"state":"forwarding"' not in _ip_in(self._bridge, ["-details", "-json", "link", "show", "dev", port]):
            if time.monotonic() > deadline:
                raise LabUnavailable(f"the bridge does not forward for {port}")
            time.sleep(0.002)


def namespaces_of(lab: Lab) -> list[str]:
    """The namespaces that exist of this lab."""
    return [name for name in _namespaces() if name.startswith(f"{lab.id}-")]


def remove_leftovers() -> None:
    """Remove the namespaces, and end the processes, of labs whose owner has died."""
    dead = [name for name in _namespaces() if (owner := _OWNER.match(name)) and not Path(f"/proc/{owner[1]}").exists()]
    _end_processes(dead)
    for name in dead:
        _ip(["netns", "del", name], check=False)


def _namespaces() -> list[str]:
    return sorted(path.name for path in NETNS_DIR.iterdir()) if NETNS_DIR.is_dir() else []


def _ip(arguments: Sequence[str], check: bool = True) -> None:
    _run(["ip", *arguments], check=check)


def _ip_batch(namespace: str, lines: Iterable[str]) -> None:
    _run(["nsenter", f"--net={NETNS_DIR / namespace}", "--", "ip", "-batch", "-"], stdin="\n".join(lines) + "\n")


def _ip_in(namespace: str, arguments: Sequence[str]) -> str:
    return _run(["nsenter", f"--net={NETNS_DIR / namespace}", "--", "ip", *arguments])


def _run(argv: list[str], check: bool = True, stdin: str | None = None) -> str:
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError as error:
        raise LabUnavailable(f"The command {argv[0]} is missing.") from error
    if check and done.returncode != 0:
        raise LabUnavailable(f"{' '.join(argv)} failed: {done.stderr.strip()}")
    return done.stdout


def _processes_in(namespace: str) -> list[int]:
    try:
        inode = (NETNS_DIR / namespace).stat().st_ino
    except FileNotFoundError:
        return []
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _net_inode(path) == inode]


def _net_inode(process: Path) -> int | None:
    try:
        return (process / "ns/net").stat().st_ino
    except OSError:  # it ended meanwhile, or is a zombie
        return None


def _end_processes(namespaces: Sequence[str], patience: float = 3.0) -> None:
    """SIGTERM, then after `patience` seconds SIGKILL, to every process in these namespaces."""
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 1.0)):
        deadline = time.monotonic() + wait
        living = _signal_all(namespaces, number)
        while living and time.monotonic() < deadline:
            time.sleep(0.05)
            living = [pid for name in namespaces for pid in _processes_in(name)]


def _signal_all(namespaces: Sequence[str], number: signal.Signals) -> list[int]:
    found = [pid for name in namespaces for pid in _processes_in(name)]
    for pid in found:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    return found
