"""Everything that must be true before the first process starts."""

import compileall
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ringfence.engines.certificates.certificate import Certificate, ensure_certificate
from ringfence.engines.edge.farlink import complete_sides
from ringfence.engines.edge.link import ensure_link
from ringfence.engines.edge.sbcfront import put_cores_front
from ringfence.engines.files import (
    core_file,
    media_file,
    sbc_file,
    sbc_media_file,
    sbc_tls_file,
    tls_file,
    web_file,
)
from ringfence.engines.folders import ensure_folders
from ringfence.engines.free_ports import endpoints, taken
from ringfence.engines.install import EngineFile, EngineRefused, install
from ringfence.engines.listeners import read_web_access
from ringfence.engines.render import is_plain
from ringfence.engines.supervision.children import CORE, MEDIA, PORTAL, SBC, SBC_MEDIA, WEB, manage, portal_environment
from ringfence.engines.supervision.notes import read_notes
from ringfence.engines.supervision.privileges import run_as
from ringfence.engines.system import System
from ringfence.hosts import accounts
from ringfence.hosts.room import is_read_only, room_at
from ringfence.hosts.sendroom import SEND_ROOM, ensure_send_room

DATABASE_SECONDS: Final = 120.0
DATABASE_EXTENSIONS: Final = 9
"""Twenty minutes, as long as it works: a large database on a busy machine was given up after two."""

_SHOWN_LINES: Final = 12

type Tell = Callable[[str], None]


class PreparationFailed(Exception):
    """A step did not succeed; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the administrator is told. `setup_link` is empty once the administrator exists."""

    certificate: Certificate | None
    setup_link: str


def prepare(system: System, parts: frozenset[str], now: datetime, tell: Tell) -> Prepared:
    """Accounts and directories first; then database, static files and engine files side by side."""
    _plain_paths(system)
    accounts_and_folders(system, tell)
    _send_room(parts, tell)
    _readable_code(system)
    certificate = _certificate(system, now, tell) if parts & {WEB, SBC} else None
    system = replace(system, web=read_web_access(system.paths))
    if system.sbc.enabled and not system.sbc.core and ensure_link(system.paths.link, now):
        tell("certificates of the link between SBC and core created")
    complete_sides(system.paths, system.sbc)
    _free_ports(system, parts)
    with ThreadPoolExecutor(max_workers=3) as pool:
        portal = pool.submit(_portal, system, tell) if PORTAL in parts else None
        static = pool.submit(_static_files, system, tell) if WEB in parts and PORTAL in parts else None
        _engine_files(system, parts, tell)
        link = portal.result() if portal is not None else ""
        if static is not None:
            static.result()
    return Prepared(certificate, link)


def _plain_paths(system: System) -> None:
    for path in (system.paths.state, system.paths.run):
        if not is_plain(path):
            raise PreparationFailed(
                f"{str(path)!r} cannot be written in the files of nginx and Kamailio\n"
                "  What to do: name directories of letters, digits and . _ - / in RINGFENCE_STATE_DIR"
                " and RINGFENCE_RUN_DIR."
            )


def accounts_and_folders(system: System, tell: Tell) -> None:
    """Raises PreparationFailed."""
    try:
        created = accounts.ensure_accounts()
        changed = ensure_folders(system.paths)
    except (accounts.AccountRefused, OSError, KeyError) as error:
        raise PreparationFailed(
            f"accounts and directories: {error}\n  What to do: check that this disk is writable for root and not full."
        ) from error
    tell(f"accounts and directories ({len(created)} and {len(changed)} new)")


def _send_room(parts: frozenset[str], tell: Tell) -> None:
    if parts & {CORE, SBC} and ensure_send_room():
        tell(
            "the kernel gives SIP too little room for answers that wait; who forges addresses of this network can stop"
            f" calls. On the host: sysctl -w net.core.wmem_max={SEND_ROOM}"
        )


def _readable_code(system: System) -> None:
    """Every part reads the code as its own account; compiled once here, because none of them may write there."""
    package = system.paths.source / "ringfence"
    compileall.compile_dir(package, quiet=2)
    outcome = run_as(accounts.SIP.name, ["test", "-r", str(package / "__init__.py")], {"PATH": "/usr/bin:/bin"}, 5.0)
    if outcome.returncode != 0:
        raise PreparationFailed(
            "the checkout can be read by root only\n  What to do: chmod -R go+rX on the checkout (it holds no secret)."
        )


def _free_ports(system: System, parts: frozenset[str]) -> None:
    """Processes that an earlier supervisor left running are adopted, so their ports do not count."""
    notes = read_notes(system.paths.supervise)
    running = frozenset(note.name for note in notes.living) if notes is not None else frozenset[str]()
    held = taken(endpoints(system, parts - running))
    if held:
        raise PreparationFailed(
            f"another program holds {', '.join(map(str, held))}\n"
            "  What to do: `ss -tulnp` names it; stop it, or start Ringfence in a network namespace."
        )


def _certificate(system: System, now: datetime, tell: Tell) -> Certificate:
    certificate = ensure_certificate(system.paths, system.network.own, accounts.WEB.name, now)
    tell(
        "certificate created (self-signed)"
        if certificate.created
        else f"certificate valid to {certificate.expires:%Y-%m-%d}"
    )
    return certificate


def _portal(system: System, tell: Tell) -> str:
    """The link for making the administrator, "" once there is one. One process for both: Django is slow to load."""
    said = _manage(system, "database", "prepare", "--setup-link")
    tell("database is up to date")
    return next((line for line in said.splitlines() if line.startswith("https://")), "")


def _static_files(system: System, tell: Tell) -> None:
    _manage(system, "static files", "collectstatic", "--noinput", "--verbosity", "0")
    tell("static files are in place")


def _manage(system: System, what: str, *words: str) -> str:
    argv = manage(system, *words)
    try:
        outcome = run_as(
            accounts.PORTAL.name,
            argv,
            portal_environment(system),
            DATABASE_SECONDS,
            extensions=DATABASE_EXTENSIONS,
        )
    except subprocess.TimeoutExpired as error:
        raise PreparationFailed(
            f"{what}: no end after {error.timeout:.0f} s\n  What to do: check the database."
        ) from error
    if outcome.returncode != 0:
        lines = (outcome.stdout + outcome.stderr).strip().splitlines()[-_SHOWN_LINES:]
        shown = "\n".join(f"  | {line}" for line in lines)
        raise PreparationFailed(
            f"{what}: `{' '.join(words)}` ended with {outcome.returncode}\n{shown}\n"
            f"  What to do: {_what_to_do(system)}, then run the same command again. Data: {system.paths.portal}"
        )
    return outcome.stdout


def _what_to_do(system: System) -> str:
    """A database on a full or read-only disk says less than the disk does."""
    if is_read_only(system.paths.state):
        return f"the disk of {system.paths.state} is read-only; mend it (dmesg says why) and mount it for writing"
    room = room_at(system.paths.state)
    if room.is_low:
        files = f" and {room.files} files" if room.has_few_files else ""
        return f"make room, there are {room.free >> 20} MiB{files} left on the disk of {system.paths.state}"
    return "correct what it names"


def _in_place(file: EngineFile) -> None:
    """What another file's check reads has to be there before."""
    install([file], reload=lambda: "")


def _engine_files(system: System, parts: frozenset[str], tell: Tell) -> None:
    makers: dict[str, Callable[[System], EngineFile]] = {
        CORE: core_file,
        MEDIA: media_file,
        WEB: web_file,
        SBC: sbc_file,
        SBC_MEDIA: sbc_media_file,
    }
    if CORE in parts:
        _in_place(tls_file(system))
    if system.sbc.enabled and not system.sbc.core:
        put_cores_front(system.paths)
    if SBC in parts:
        _in_place(sbc_tls_file(system))
    files = [maker(system) for name, maker in makers.items() if name in parts]
    try:
        changed = install(files, reload=lambda: "")
    except EngineRefused as refusal:
        raise PreparationFailed(
            f"engine files: {refusal}\n"
            "  What to do: see the line named above; the templates are in src/ringfence/engines/templates."
        ) from refusal
    tell(f"engine files checked ({len(changed)} changed)")
