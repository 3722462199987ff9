"""Ringfence as it is delivered: rendered core, guard with its nftables table, policy store with everything switched on.

Portal, web server and media relay stand idle during these loads and are left out; nothing else differs from `make run`
but the number of workers, which is the same on both sides of each comparison.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from bench.load.phones import DOMAIN, account
from bench.rig.network import ATTACK_SERVER_ADDRESS, SERVER_ADDRESS, Network, attack_address, run_in
from bench.rig.processes import SYSTEM_PROCESSOR, running, start, wait_until
from bench.systems.stock import WORKERS, answers
from ringfence.doorstep.program import handing_on
from ringfence.engines.certificates.certificate import ensure_certificate
from ringfence.engines.files import core_file, tls_file
from ringfence.engines.folders import ensure_folders
from ringfence.engines.supervision.child import Child
from ringfence.engines.supervision.children import CORE, GUARD, children
from ringfence.engines.supervision.privileges import dropping
from ringfence.engines.system import Limits, System
from ringfence.hosts import accounts
from ringfence.hosts.addresses import LOOPBACK, Surroundings
from ringfence.hosts.paths import Paths
from ringfence.policy.book import (
    AddressEntry,
    BlockedUserAgent,
    Book,
    MatchKind,
    ProtectedAddress,
    Protection,
    Role,
    Subscriber,
    Target,
    Tenant,
)
from ringfence.policy.settings import SecuritySettings
from ringfence.store.writer import PolicyWriter

NAME: Final = "Ringfence"
_TENANT: Final = Tenant(1, "Bench", DOMAIN)
_ROLE: Final = Role("Standard User", internal=True, national=True, international=False)
_SCANNERS: Final = (
    "friendly-scanner",
    "sipvicious",
    "sipcli",
    "sip-scan",
    "sundayddr",
    "pplsip",
    "VaxSIPUserAgent",
    "iWar",
)
_BLOCKED_NETWORKS: Final = 200
MEMBERS: Final = tuple(attack_address(number) for number in range(60_000, 60_010))
"""Trunks whose addresses an attacker forges; no other load uses them."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One prepared Ringfence: its directories and what its processes are."""

    system: System

    @property
    def paths(self) -> Paths:
        return self.system.paths


def install(folder: Path, extensions: int) -> Installed:
    """Creates directories, accounts and a policy store with `extensions` generated subscribers."""
    ready = reopen(folder)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    accounts.ensure_accounts()
    ensure_folders(ready.paths)
    publish(ready.paths, book(), extensions)
    return ready


def reopen(folder: Path) -> Installed:
    """What `install` prepared in this folder."""
    paths = replace(Paths.from_environment(), state=folder / "state", run=folder / "run")
    own = (IPv4Address(SERVER_ADDRESS), IPv4Address(ATTACK_SERVER_ADDRESS), LOOPBACK)
    system = System(
        network=Surroundings(primary=own[0], own=own, gateways=(), resolvers=()),
        paths=paths,
        limits=Limits(sip_workers=WORKERS, sip_tcp_workers=1),
    )
    return Installed(system)


def publish(paths: Paths, rules: Book, extensions: int) -> None:
    """Writes the whole policy store."""
    writer = PolicyWriter(paths.policy)
    writer.publish(rules, (_subscriber(number) for number in range(extensions)), replace_all=True)
    writer.close()
    for path in paths.policy.iterdir():
        shutil.chown(path, accounts.PORTAL.name, accounts.POLICY)


def book() -> Book:
    """Rules with every protection on: default thresholds, scanners' names, blocked networks."""
    entries = tuple(
        AddressEntry(number, f"203.{number // 250}.{number % 250}.0/24", Target.BLOCK, description="bench")
        for number in range(_BLOCKED_NETWORKS)
    )
    return Book(
        tenants=(_TENANT,),
        roles=(_ROLE,),
        own_hosts=(SERVER_ADDRESS, DOMAIN),
        default_domain=DOMAIN,
        security=SecuritySettings(),
        address_entries=entries,
        protected_addresses=tuple(ProtectedAddress(f"{one}/32", Protection.TRUNK, "bench trunk") for one in MEMBERS),
        blocked_user_agents=tuple(BlockedUserAgent(name, MatchKind.CONTAINS) for name in _SCANNERS),
    )


def logged_bytes(installed: Installed) -> int:
    """Bytes in logs and journal, rotated files included."""
    files = [*installed.paths.logs.rglob("*"), *installed.paths.journal.glob("events-*")]
    return sum(path.stat().st_size for path in files if path.is_file())


def _subscriber(number: int) -> Subscriber:
    phone = account(number)
    secret = f"{phone.user}:{DOMAIN}:{phone.password}".encode()
    return Subscriber(
        aor=f"{phone.user}@{DOMAIN}",
        tenant_id=_TENANT.id,
        user_id=number + 1,
        role=_ROLE.name,
        active=True,
        display_name=f"Phone {phone.user}",
        ha1_md5=hashlib.md5(secret, usedforsecurity=False).hexdigest(),
        ha1_sha256=hashlib.sha256(secret).hexdigest(),
    )


@contextmanager
def ringfence(net: Network, installed: Installed) -> Iterator[None]:
    """Runs guard and core, from no registrations, until the block ends; leaves no rule in the kernel behind."""
    with _guarded(net, installed) as core, _running(net, installed, core):
        yield


@contextmanager
def restarted(net: Network, installed: Installed, first: Callable[[], None]) -> Iterator[None]:
    """The same, with a core that was started once more after `first`: it knows who is registered, and no connection."""
    with _guarded(net, installed) as core:
        with _running(net, installed, core):
            first()
        with _running(net, installed, core):
            yield


@contextmanager
def _guarded(net: Network, installed: Installed) -> Iterator[Child]:
    """Runs the guard from no registrations; what the core is beside it."""
    _forget(installed.paths)
    ensure_certificate(installed.paths, installed.system.network.own, accounts.WEB.name, datetime.now(UTC))
    for engine_file in (tls_file(installed.system), core_file(installed.system)):
        engine_file.path.write_text(engine_file.text)
    wanted = {child.name: child for child in children(installed.system)}
    try:
        with running(_start(net, installed, wanted[GUARD])):
            wait_until(installed.paths.guard_socket.exists, "the guard", _log(installed, GUARD))
            yield wanted[CORE]
    finally:
        run_in(net.server, "nft", "flush", "ruleset")


@contextmanager
def _running(net: Network, installed: Installed, core: Child) -> Iterator[None]:
    _run_before(net, installed, core)
    with running(_start(net, installed, core)):
        wait_until(lambda: answers(net), "the core", _log(installed, CORE))
        yield


def _start(net: Network, installed: Installed, child: Child) -> "subprocess.Popen[bytes]":
    log = _log(installed, child.name)
    log.unlink(missing_ok=True)
    words = dropping(child.argv, child.account, child.capabilities, child.open_files)
    with handing_on(wanted=child.doorstep) as handed:
        env = _environment(child) | dict(handed.environment)
        return start(words, net.server, SYSTEM_PROCESSOR, log, env=env, umask=child.umask, files=handed.files)


def _run_before(net: Network, installed: Installed, child: Child) -> None:
    words = dropping(child.before, child.before_account)
    warm = start(
        words, net.server, SYSTEM_PROCESSOR, _log(installed, "before-core"), env=_environment(child), umask=child.umask
    )
    if warm.wait(30) != 0:
        raise RuntimeError(_log(installed, "before-core").read_text(errors="replace")[-2000:])


def _environment(child: Child) -> dict[str, str]:
    return dict(child.environment) | {"PYTHONPATH": os.pathsep.join(_import_path(child))}


def _import_path(child: Child) -> tuple[str, ...]:
    given = dict(child.environment).get("PYTHONPATH", "")
    return tuple(filter(None, (str(Path(__file__).parents[2] / "src"), given)))


def _log(installed: Installed, name: str) -> Path:
    return installed.paths.logs / f"{name}.log"


def _forget(paths: Paths) -> None:
    """Journal, ledger and warm registrations of the run before."""
    for folder in (paths.journal, paths.guard, paths.core):
        for path in folder.iterdir():
            path.unlink()
    paths.guard_socket.unlink(missing_ok=True)
