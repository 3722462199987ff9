"""The engine files of a system, each with the engine's own check."""

import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ringfence.engines.certificates.sippairs import read_authorities, read_pairs
from ringfence.engines.edge import sbcfront
from ringfence.engines.edge.link import ensure_flow_key
from ringfence.engines.edge.sbc import render_sbc, render_sbc_media, render_sbc_tls
from ringfence.engines.edge.sbcfront import CLIENTS, asked_of_clients
from ringfence.engines.install import EngineFile
from ringfence.engines.kamailio import render_core, render_tls
from ringfence.engines.nginx import render_far_web, render_web
from ringfence.engines.rtpengine import faults, render_media
from ringfence.engines.supervision.children import (
    base_environment,
    core_argv,
    core_environment,
    sbc_argv,
    web_capabilities,
)
from ringfence.engines.supervision.privileges import run_as
from ringfence.engines.system import System
from ringfence.hosts import accounts

CHECK_SECONDS: Final = 20.0
_SHOWN_LINES: Final = 12
AUTHORITIES_OF_HOST: Final = Path("/etc/ssl/certs/ca-certificates.crt")


def core_file(system: System, account: str = accounts.SIP.name) -> EngineFile:
    """`account` is empty where the caller already is the core's own account."""

    def check(staged: Path) -> str:
        argv = [str(staged) if word == str(system.paths.core_config) else word for word in core_argv(system)]
        return _complaint(account, [*argv, "-c"], core_environment(system))

    keyed = replace(system, topology_key=_topology_key(system.paths.topology_key, account))
    return EngineFile(system.paths.core_config, render_core(keyed), account, check)


def _topology_key(path: Path, account: str) -> str:
    """Made once; the core's own, which has it in its configuration as well."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        key = secrets.token_hex(16)
        path.touch(mode=0o600)
        path.write_text(key, encoding="ascii")
        if account:
            shutil.chown(path, account)
        return key


def tls_file(system: System, account: str = accounts.SIP.name) -> EngineFile:
    """The core reads it together with its own file, and so does that one's check."""
    own, folder = system.paths.authorities, system.paths.sip_certificates
    _trust_the_hosts_authorities(own)
    found_in = AUTHORITIES_OF_HOST.parent if are_the_hosts(own) else None
    rendered = render_tls(system, read_pairs(folder), read_authorities(folder), found_in)
    return EngineFile(system.paths.core_tls_config, rendered, account, lambda _: "")


def are_the_hosts(own: Path) -> bool:
    """Whether providers are checked by the host's list, and not by another that somebody put in its place."""
    return own.is_symlink() and own.readlink() == AUTHORITIES_OF_HOST


def _trust_the_hosts_authorities(own: Path) -> None:
    """Unless somebody put another list in its place."""
    if own.parent.is_dir() and not own.is_symlink() and not own.exists():
        own.symlink_to(AUTHORITIES_OF_HOST)


def media_file(system: System, account: str = accounts.SIP.name) -> EngineFile:
    """The relay reads it by its group; the core's account, which tells the relay what to do anyway, may change it.

    `account` is empty where the caller already is that account.
    """

    def check(staged: Path) -> str:
        return faults(staged.read_text(encoding="utf-8"))

    return EngineFile(system.paths.media_config, render_media(system), account, check)


def sbc_file(system: System) -> EngineFile:
    def check(staged: Path) -> str:
        argv = [str(staged) if word == str(system.paths.sbc_config) else word for word in sbc_argv(system)]
        return _complaint(accounts.SBC.name, [*argv, "-c"], core_environment(system))

    rendered = render_sbc(system, ensure_flow_key(system.paths.sbc_key))
    return EngineFile(system.paths.sbc_config, rendered, accounts.SBC.name, check)


def sbc_tls_file(system: System, account: str | None = None) -> EngineFile:
    """`account` is empty where the caller already is the one that looks after it; root leaves it to that one."""
    front = system.paths.sbc_front
    clients = asked_of_clients(front / CLIENTS)
    rendered = render_sbc_tls(system, read_pairs(front), read_authorities(front), clients)
    owner = sbcfront.owner(system.paths) if account is None else account
    return EngineFile(system.paths.sbc_tls_config, rendered, owner, lambda _: "")


def sbc_media_file(system: System) -> EngineFile:
    def check(staged: Path) -> str:
        return faults(staged.read_text(encoding="utf-8"))

    return EngineFile(system.paths.sbc_media_config, render_sbc_media(system), accounts.SBC_MEDIA.name, check)


def web_file(system: System, account: str = accounts.WEB.name) -> EngineFile:
    """`account` is empty where the caller already is nginx's own account."""

    def check(staged: Path) -> str:
        argv = ["nginx", "-t", "-q", "-e", "stderr", "-c", str(staged)]
        return _complaint(account, argv, base_environment(system), web_capabilities(system))

    rendered = render_far_web(system) if system.sbc.core else render_web(system)
    return EngineFile(system.paths.nginx_config, rendered, account, check)


def _complaint(account: str, argv: Sequence[str], environment: dict[str, str], capabilities: Sequence[str] = ()) -> str:
    try:
        outcome = run_as(account, argv, environment, CHECK_SECONDS, capabilities=capabilities)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{argv[0]} could not check its file: {error}"
    if outcome.returncode == 0:
        return ""
    lines = (outcome.stdout + outcome.stderr).strip().splitlines()
    return "\n".join(lines[-_SHOWN_LINES:]) or f"{argv[0]} ended with {outcome.returncode}"
