"""Reference "Ports Security", "Default Firewall Behavior After Installation": block all ports but the needed ones.

"On Debian/Ubuntu, UFW is disabled" never means that there is no firewall: our own table closes the host then.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ringfence.hosts.firewall import active
from ringfence.hosts.firewall.active import CommandFailed, FrontEnd
from ringfence.hosts.firewall.apply import NOTHING, apply, take_back
from ringfence.hosts.firewall.plan import Opening, Plan
from ringfence.hosts.ports import Transport
from ringfence.lab.network import Host, Lab

pytestmark = pytest.mark.system
VERSION = "test"
OTHERS_PORT = 2049
LISTENING = (22, 80, OTHERS_PORT, 5060, 5061, 8887)
KEPT = ("/etc/ufw", "/etc/default/ufw", "/etc/firewalld", "/run/dbus")
HOLD = """
import subprocess, sys, time
for kept, place in zip(sys.argv[1::2], sys.argv[2::2]):
    subprocess.run(["mount", "--bind", kept, place], check=True)
print("held", flush=True)
time.sleep(600)
"""


def ssh(sources: tuple[str, ...] = ()) -> Opening:
    return Opening("ssh-22", Transport.TCP, 22, 22, "administration", sources)


def at(opening: Opening, address: str) -> Opening:
    return replace(opening, destinations=(f"{address}/32",))


PORTAL = Opening("web-8887", Transport.TCP, 8887, 8887, "the portal")
SIP = Opening("sip-udp-5060", Transport.UDP, 5060, 5060, "phones")
TLS = Opening("sip-tls-5061", Transport.TCP, 5061, 5061, "phones")


@dataclass(slots=True)
class Ruled:
    """A host with /etc and system bus of its own, so that its firewall is nobody else's."""

    host: Host
    pid: int
    daemons: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def inside(self, *words: str) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-n", "-m", "-r", "-w", "--", *words]

    def ask(self, words: Sequence[str], text: str | None = None) -> str:
        done = subprocess.run(self.inside(*words), input=text, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode:
            raise CommandFailed(f"{words}: {done.stderr or done.stdout}")
        return done.stdout


@pytest.fixture
def ruled(lab: Lab, tmp_path: Path) -> Iterator[Ruled]:
    host = lab.host("ruled", 70)
    pairs: list[str] = []
    Path("/run/dbus").mkdir(exist_ok=True)
    for number, place in enumerate(KEPT):
        kept = tmp_path / str(number)
        if Path(place).is_dir():
            shutil.copytree(place, kept, symlinks=True)
        else:
            shutil.copy(place, kept)
        pairs += [str(kept), place]
    command = ["unshare", "--mount", "--propagation", "unchanged", "python3", "-c", HOLD, *pairs]
    holder = host.start(command, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    made = Ruled(host, holder.pid)  # setpriv, nsenter and unshare replace themselves by what they start
    try:
        yield made
    finally:
        for pid in host.processes():
            os.kill(pid, signal.SIGKILL)
        for process in (holder, *made.daemons):
            process.wait(10)
        holder.stdout.close()
        host.run("nft", "flush", "ruleset")


@pytest.fixture
def neighbour(lab: Lab) -> Host:
    return lab.host("neighbour", 71)


def start_ufw(ruled: Ruled) -> None:
    ruled.ask(("ufw", "allow", "proto", "tcp", "from", "any", "to", "any", "port", str(OTHERS_PORT)))
    ruled.ask(("ufw", "--force", "enable"))


def start_firewalld(ruled: Ruled) -> None:
    ruled.ask(("dbus-daemon", "--system", "--fork", "--nopidfile"))
    command = ruled.inside("firewalld", "--nofork", "--nopid")
    ruled.daemons.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    ends = time.monotonic() + 30
    while active.front_end(ruled.ask) is not FrontEnd.FIREWALLD:
        assert time.monotonic() < ends
        time.sleep(0.2)
    ruled.ask(("firewall-cmd", "--permanent", "--remove-service=ssh"))
    ruled.ask(("firewall-cmd", "--permanent", f"--add-port={OTHERS_PORT}/tcp"))
    ruled.ask(("firewall-cmd", "--reload"))


def start_nothing(ruled: Ruled) -> None:
    """Another table stands for the rules of others."""
    ruled.ask(("nft", "add", "table", "inet", "others"))


STARTS: dict[FrontEnd, Callable[[Ruled], None]] = {
    FrontEnd.UFW: start_ufw,
    FrontEnd.FIREWALLD: start_firewalld,
    FrontEnd.NFTABLES: start_nothing,
}


@pytest.mark.parametrize("which", list(FrontEnd))
def test_a_neighbour_sees_exactly_the_plan_before_and_after_each_change(
    ruled: Ruled, neighbour: Host, which: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ringfence.hosts.firewall.apply.SERVICES", Path(f"/proc/{ruled.pid}/root/etc/firewalld/services")
    )
    STARTS[which](ruled)
    assert active.front_end(ruled.ask) is which
    others = set() if which is FrontEnd.NFTABLES else {OTHERS_PORT}
    with listeners(ruled.host) as heard:
        first = Plan((ssh(), PORTAL, SIP))
        undo = apply(first, which, VERSION, NOTHING, ruled.ask)
        assert open_ports(neighbour, ruled.host) == {22, 8887} | others
        assert heard(neighbour, 5060)
        assert active.ours(which, ruled.ask)
        second = Plan((ssh((f"{neighbour.address}/32",)), PORTAL, TLS))
        changed = apply(second, which, VERSION, first, ruled.ask)
        assert open_ports(neighbour, ruled.host) == {22, 8887, 5061} | others
        assert not heard(neighbour, 5060)
        third = Plan((ssh(("192.0.2.0/24", "2001:db8::/32")), PORTAL))
        apply(third, which, VERSION, second, ruled.ask)
        assert open_ports(neighbour, ruled.host) == {8887} | others
        places = at(TLS, ruled.host.address), at(SIP, "192.0.2.1")
        apply(Plan((PORTAL, *places)), which, VERSION, third, ruled.ask)
        assert open_ports(neighbour, ruled.host) == {8887, 5061} | others
        assert not heard(neighbour, 5060), "open at another address of the machine alone"
        take_back(changed, VERSION, ruled.ask)
        assert open_ports(neighbour, ruled.host) == {22, 8887} | others
        take_back(undo, VERSION, ruled.ask)
        assert active.ours(which, ruled.ask) == ()
        if which is not FrontEnd.NFTABLES:
            assert open_ports(neighbour, ruled.host) == others
        else:
            assert "table inet others" in ruled.ask(("nft", "list", "tables"))


def open_ports(neighbour: Host, host: Host) -> set[int]:
    """What nmap finds open over TCP."""
    wanted = ",".join(map(str, LISTENING))
    done = neighbour.run(
        "nmap",
        "-Pn",
        "-n",
        "-sS",
        "--max-retries",
        "1",
        "--max-rtt-timeout",
        "200ms",
        "-p",
        wanted,
        "-oG",
        "-",
        host.address,
        timeout=60,
    )
    return {int(port) for port in re.findall(r"(\d+)/open/tcp", done.stdout)}


class listeners:  # noqa: N801 used like the function it stands for
    """Listens on every TCP port of the list and on UDP 5060; called, it says whether a datagram gets there."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._stack = ExitStack()

    def __enter__(self) -> Callable[[Host, int], bool]:
        for port in LISTENING:
            self._stack.enter_context(self._host.tcp(port)).listen()
        self._sockets = {5060: self._stack.enter_context(self._host.udp(5060))}
        return self._arrives

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _arrives(self, sender: Host, port: int) -> bool:
        receiver: socket.socket = self._sockets[port]
        receiver.settimeout(1.0)
        with sender.udp() as sock:
            sock.sendto(b"hello", (self._host.address, port))
        try:
            return receiver.recv(100) == b"hello"
        except TimeoutError:
            return False
