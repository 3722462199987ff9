"""Switches the SBC on or off, while the system runs too.

The supervisor is replaced: its successor adopts what runs, starts what is new and ends what is no longer wanted. The
core is started again, with its registrations and calls (docs/adr/0005), because Kamailio binds its sockets once.
"""

import shutil
import signal
import time
from dataclasses import replace
from datetime import datetime
from typing import Final

from ringfence.engines.edge.link import ensure_link
from ringfence.engines.edge.sbcfront import drop_front, put_cores_front
from ringfence.engines.files import core_file, sbc_file, sbc_media_file, sbc_tls_file, tls_file, web_file
from ringfence.engines.folders import ensure_folders
from ringfence.engines.free_ports import endpoints, taken
from ringfence.engines.install import install
from ringfence.engines.keep import running_supervisor
from ringfence.engines.listeners import read_web_access, write_web_access
from ringfence.engines.supervision.child import Child
from ringfence.engines.supervision.childlist import write_children
from ringfence.engines.supervision.children import (
    ACCESS,
    BANS_OUT,
    CORE,
    FRONT_OUT,
    GUARD,
    SBC,
    SBC_MEDIA,
    TRANSPORTS,
    WEB,
    children,
)
from ringfence.engines.supervision.notes import CHILDREN_FILE, read_notes
from ringfence.engines.supervision.processes import is_alive, send
from ringfence.engines.system import System
from ringfence.hosts import accounts
from ringfence.hosts.sbc import Sbc, write_sbc

PATIENCE: Final = 30.0
ENDED_WITHIN: Final = 5.0
POLL: Final = 0.05
BEGUN_AGAIN: Final = (CORE, SBC, TRANSPORTS, ACCESS)
"""Who read at its start what is to be known of the SBC."""


class SwitchFailed(Exception):
    """What was in the way; nothing is changed."""


def put_in_force(system: System, wanted: Sbc, now: datetime) -> bool:
    """Writes the switch; whether a running system follows it. Raises SwitchFailed, EngineRefused."""
    after = replace(system, sbc=wanted)
    accounts.ensure_accounts()
    ensure_folders(system.paths)
    if running_supervisor(system.paths.supervise) is None:
        write_sbc(system.paths.sbc_switch, wanted)
        return False
    if wanted.enabled and not system.sbc.enabled:
        _refuse_taken(system, after)
    _engine_files(after, now)
    write_sbc(system.paths.sbc_switch, wanted)
    if not wanted.enabled:
        drop_front(system.paths)
    _replace_supervisor(after, (*BEGUN_AGAIN, GUARD) if system.sbc.far != wanted.far else BEGUN_AGAIN)
    return True


def _web(system: System) -> System:
    """Nothing is passed on through an SBC that is not there."""
    access = read_web_access(system.paths)
    if access.sbc_provisioning_http and not system.sbc.has_link:
        access = replace(access, sbc_provisioning_http=False)
        write_web_access(system.paths.web_access, access)
        shutil.chown(system.paths.web_access, accounts.WEB.name, accounts.WEB.name)
    return replace(system, web=access)


def wait_until_ready(system: System) -> tuple[str, ...]:
    """The parts that are not ready after some patience."""
    until = time.monotonic() + PATIENCE
    while (late := _late(system)) and time.monotonic() < until:
        time.sleep(POLL)
    return late


def _late(system: System) -> tuple[str, ...]:
    notes = read_notes(system.paths.supervise)
    if notes is None or not is_alive(notes.supervisor):
        return ("supervise",)
    return tuple(note.name for note in notes.children if not note.ready or not is_alive(note.identity))


def _refuse_taken(before: System, after: System) -> None:
    """A port that the core gives up to the SBC is not in the way."""
    held = {(one.protocol.carrier, one.port) for one in before.transports}
    wanted = endpoints(after, frozenset({SBC, SBC_MEDIA}))
    in_the_way = taken(one for one in wanted if (one.transport, one.port) not in held)
    if in_the_way:
        raise SwitchFailed(f"another program holds {', '.join(map(str, in_the_way))}; `ss -tulnp` names it")


def _engine_files(system: System, now: datetime) -> None:
    files = [core_file(system)]
    if system.sbc.enabled:
        put_cores_front(system.paths)
        ensure_link(system.paths.link, now)
        install([sbc_tls_file(system)], reload=lambda: "")
        files += [sbc_file(system), sbc_media_file(system)]
    install([tls_file(system)], reload=lambda: "")
    if system.paths.nginx_config.exists():
        files.append(web_file(_web(system)))
    install(files, reload=lambda: "")


def _replace_supervisor(system: System, anew: tuple[str, ...]) -> None:
    notes = read_notes(system.paths.supervise)
    supervisor = running_supervisor(system.paths.supervise)
    if notes is None or supervisor is None:
        return
    wanted = _wanted(system, frozenset(note.name for note in notes.children))
    write_children(system.paths.supervise / CHILDREN_FILE, wanted)
    send(supervisor.pid, signal.SIGKILL)  # told to stop, it would stop everything
    for note in notes.living:
        if note.name == WEB:
            send(note.pid, signal.SIGHUP)
    begun_again = [note.identity for note in notes.living if note.name in anew]
    for process in begun_again:
        send(process.pid, signal.SIGTERM)
    until = time.monotonic() + ENDED_WITHIN
    while any(map(is_alive, (supervisor, *begun_again))) and time.monotonic() < until:
        time.sleep(POLL)


def _wanted(system: System, running: frozenset[str]) -> tuple[Child, ...]:
    """What ran before, and beside a core the SBC or what tells one elsewhere."""
    names = running | ({SBC, SBC_MEDIA, BANS_OUT, FRONT_OUT} if CORE in running else frozenset())
    return tuple(child for child in children(system) if child.name in names)
