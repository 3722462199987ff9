"""The package as a service of a real systemd (issue "hardening", 8; reference "Default Firewall Behavior After
Installation"): process 1 of a machine of its own, which a phone on another machine registers at.
"""

import json
import os
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringfence.hosts.paths import Paths
from ringfence.lab.network import Host, Lab
from ringfence.lab.product import Product, make_home, within
from ringfence.lab.rest import Rest
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone
from tools import deb

pytestmark = pytest.mark.system
CANNOT = 77
BOOT = Path(__file__).parent / "boot.sh"
PATIENCE = 240.0
"""Seconds that a busy machine may take to start everything."""

EXPOSED_AT_MOST = 3.5
"""What `systemd-analyze security` calls OK ends at 5."""


@dataclass(slots=True)
class Machine:
    """A booted machine: its network, the process that is its first, and what stands on its disk."""

    host: Host
    pid: int

    def run(self, *words: str, timeout: float = 60.0) -> "subprocess.CompletedProcess[str]":
        inside = ["nsenter", f"--target={self.pid}", "--all", "--root", "--wd", "--", *words]
        return subprocess.run(inside, capture_output=True, text=True, timeout=timeout, check=False)

    def told(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, f"{words}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return done.stdout

    def prints(self, *words: str) -> str:
        return self.run(*words).stdout.strip()

    def main(self) -> str:
        """The process that systemd watches; 0 while there is none."""
        return self.prints("systemctl", "show", "--property=MainPID", "--value", "ringfence")

    def path(self, path: Path) -> Path:
        """A file of the machine as this process sees it."""
        return Path(f"/proc/{self.pid}/root") / path.relative_to("/")

    def is_ready(self) -> bool:
        """Whether every part does its work, and a supervisor that lives says so."""
        try:
            notes = json.loads(self.path(Paths().supervise / "state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return all(child["ready"] for child in notes["children"]) and self.run("ringfence", "status").returncode == 0

    def journal(self, unit: str = "ringfence") -> str:
        return self.told("journalctl", "--no-pager", "-u", unit)


@pytest.fixture(scope="module")
def machine(lab: Lab) -> Iterator[Machine]:
    """Booted with the package installed in it; says what is missing where no systemd can be process 1."""
    folder = make_home("boot")
    deb.lay_out(folder / "root")
    package = deb.build(folder / "root", folder)
    (folder / "mounts").mkdir()
    host = lab.host("booted", 64)
    host.await_addresses()
    group = _control_group()
    words = ["bash", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs")] if group else []
    words += ["unshare", "--mount", "--propagation", "unchanged", "--pid", "--fork", "--kill-child", "--uts", "--ipc"]
    words += ["--cgroup", "bash", str(BOOT), str(folder / "mounts"), str(package), sysconfig.get_path("purelib")]
    first = host.start(words, stderr=subprocess.PIPE)
    try:
        booted = _booted(first, host)
        done = booted.run("dpkg", "--install", "/opt/package.deb")
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
        yield booted
    finally:
        first.kill()
        first.communicate()
        shutil.rmtree(folder, ignore_errors=True)
        if group:
            _remove(group)


def _control_group() -> Path | None:
    """A control group of its own, so that the groups of the booted machine lie below it and go with it."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    places = [Path(words[1]) for words in mounts if words[2] == "cgroup2"]
    own = [line[3:] for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines() if line[:3] == "0::"]
    if not places or not own:
        return None
    group = places[0] / own[0].lstrip("/") / f"rf-{os.getpid()}-booted"
    try:
        group.mkdir()
    except OSError:
        return None
    return group


def _remove(group: Path) -> None:
    """Every group below it first; what still holds a dying process is left to the kernel."""
    for below in sorted(group.rglob("*"), reverse=True):
        if below.is_dir():
            with suppress(OSError):
                below.rmdir()
    with suppress(OSError):
        group.rmdir()


def _booted(first: "subprocess.Popen[bytes]", host: Host) -> Machine:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if first.poll() is not None:
            said = first.communicate()[1].decode().strip()
            assert first.returncode == CANNOT, said
            pytest.skip(f"systemd cannot be process 1 here: {said}")
        children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text(encoding="ascii").split()
        if children:
            machine = Machine(host, int(children[0]))
            if machine.prints("systemctl", "is-system-running") in ("running", "degraded"):
                return machine
        time.sleep(0.2)
    raise AssertionError("systemd did not boot")


@pytest.fixture(scope="module")
def phone(machine: Machine, lab: Lab) -> Callable[[], Any]:
    """Started, set up as an administrator does it, with one phone; each call registers it and gives the answer."""
    machine.told("systemctl", "enable", "--now", "ringfence")
    within(PATIENCE, machine.is_ready, "the service is ready")
    product = Product(machine.host, lab.host("admin", 10), Path("/nonexistent"))
    product._setup_token = machine.told("ringfence", "setup-link").strip().partition("token=")[2]
    product.rest = Rest(product.admin, machine.path(Paths().web_certificate), server=machine.host.address)
    product.administer()
    secret = product.create_user(product.create_tenant("Acme", "acme.example"), "101")["sip_secret"]
    caller, account = lab.host("booted-phone", 65), Account("101", "acme.example", secret)

    def register() -> Any:
        with Softphone(caller, (machine.host.address, 5060), account) as one:
            return one.register()

    return register


def test_the_service_starts_and_a_phone_registers(machine: Machine, phone: Callable[[], Any]) -> None:
    """Engines that came with the package are off; the one-time link is in no journal."""
    assert phone().status == 200
    assert machine.prints("systemctl", "is-active", "ringfence") == "active"
    assert machine.prints("systemctl", "is-active", "kamailio", "rtpengine-daemon").split() == ["inactive", "inactive"]
    assert "token=" not in machine.journal()
    assert "table inet ringfence" in machine.told("nft", "list", "tables")


def test_the_sandbox_holds(machine: Machine, phone: Callable[[], Any]) -> None:
    """Issue "hardening", 8: every line of the unit is at work in the supervisor, and nothing of ours needs more."""
    main = machine.main()
    own = ("nsenter", f"--target={main}", "--mount", "--root", "--wd", "--")
    for place in ("/usr/bin/x", "/etc/x", "/opt/ringfence/x", "/proc/sys/kernel/domainname"):
        assert "Read-only" in machine.run(*own, "touch", place).stderr, place
    assert machine.run(*own, "ls", "/home").stderr or machine.run(*own, "ls", "/home").stdout == ""
    assert machine.run(*own, "test", "-e", "/dev/kmsg").returncode == 1
    status = machine.told("cat", f"/proc/{main}/status")
    facts = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if ":" in line and line.split()[1:]}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    assert int(facts["CapBnd"], 16) >> 21 & 1 == 0, "CAP_SYS_ADMIN"
    exposure = machine.told("systemd-analyze", "--no-pager", "security", "ringfence").splitlines()[-1]
    assert float(exposure.split(":")[1].split()[0]) <= EXPOSED_AT_MOST, exposure


def test_the_installation_puts_the_firewall_plan_in_force(machine: Machine, phone: Callable[[], Any]) -> None:
    """Reference "Default Firewall Behavior": by itself, where no firewall is at work, and back after it was lost."""
    within(PATIENCE, lambda: "in force" in machine.journal("ringfence-firewall"), "the plan is in force")
    assert "dport 5060" in machine.told("nft", "list", "table", "inet", "ringfence_host")
    assert phone().status == 200
    machine.told("nft", "delete", "table", "inet", "ringfence_host")  # as a restart of the machine does
    machine.told("systemctl", "restart", "ringfence-firewall")
    within(60, lambda: "ringfence_host" in machine.told("nft", "list", "tables"), "the plan is back")
    assert phone().status == 200


def test_who_is_signed_in_is_not_locked_out(machine: Machine, lab: Lab, phone: Callable[[], Any]) -> None:
    """Issue "hardening", 1: with a login in use the host stays closed only when that address came in once more."""
    _forget_firewall(machine)
    with lab.host("booted-phone", 65).tcp() as login, lab.host("booted-phone", 65).tcp() as again:
        login.connect((machine.host.address, 22))
        machine.told("systemctl", "restart", "ringfence-firewall")
        within(PATIENCE, lambda: "Sign in once more" in machine.journal("ringfence-firewall"), "it waits for a proof")
        again.connect((machine.host.address, 22))
        within(60, lambda: "came in once more" in machine.journal("ringfence-firewall"), "the login proved it")
    within(60, lambda: not machine.path(Paths().state / "firewall/pending.json").exists(), "nothing waits")
    assert "dport 22" in machine.told("nft", "list", "table", "inet", "ringfence_host")


def _forget_firewall(machine: Machine) -> None:
    """As it was before the installation."""
    machine.told("nft", "delete", "table", "inet", "ringfence_host")
    shutil.rmtree(machine.path(Paths().state / "firewall"))


def test_where_firewalld_is_at_work_the_plan_goes_through_it(machine: Machine, phone: Callable[[], Any]) -> None:
    """Reference "Default Firewall Behavior": the "installation configures the required firewall rules"."""
    _forget_firewall(machine)
    machine.told("systemctl", "unmask", "firewalld")
    machine.told("systemctl", "start", "firewalld")
    machine.told("systemctl", "restart", "ringfence-firewall")
    within(PATIENCE, lambda: "firewalld: " in machine.journal("ringfence-firewall"), "firewalld has the plan")
    assert "ringfence-sip-udp-5060" in machine.told("firewall-cmd", "--list-services")
    assert "ringfence_host" not in machine.told("nft", "list", "tables")
    assert phone().status == 200
    machine.told("systemctl", "mask", "--now", "firewalld")


def test_killed_it_comes_back_and_serves(machine: Machine, phone: Callable[[], Any]) -> None:
    """Process after process, and at last the one that systemd watches: what a dead run left does not stop the next."""
    machine.told("pkill", "-KILL", "-x", "rtpengine")
    main = machine.main()
    machine.told("kill", "-KILL", main)
    within(60, lambda: machine.main() not in (main, "0"), "systemd started it again")
    within(PATIENCE, machine.is_ready, "the service is ready again")
    assert phone().status == 200


def test_stopped_nothing_is_left_and_purged_nothing_stays(machine: Machine, phone: Callable[[], Any]) -> None:
    machine.told("systemctl", "stop", "ringfence")
    assert machine.prints("systemctl", "is-active", "ringfence") == "inactive"
    names = machine.told("ps", "-e", "-o", "user:32=").split()
    assert not [name for name in names if name.startswith("ringfence-")]
    assert not machine.path(Path("/run/ringfence")).exists()
    assert machine.path(Path("/var/lib/ringfence")).exists()
    machine.told("dpkg", "--purge", "ringfence")
    assert not machine.path(Path("/var/lib/ringfence")).exists()
    assert "ringfence" not in machine.told("nft", "list", "tables")
