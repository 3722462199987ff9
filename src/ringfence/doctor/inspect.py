"""Looks at the host: its SSH server, firewall, files, packages, clock and place. Needs root's right to look."""

import configparser
import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ringfence.doctor.facts import Failing, Host, Place, Relay, Ssh
from ringfence.engines.supervision.notes import read_notes
from ringfence.engines.supervision.processes import is_alive
from ringfence.hosts.addresses import NetworkUnreadable, parsed, surroundings
from ringfence.hosts.clock import clock_synchronised
from ringfence.hosts.cloud import recognised
from ringfence.hosts.firewall.active import CommandFailed, FrontEnd, Run, front_end_by_files, host_root, run
from ringfence.hosts.firewall.disabling import Notes
from ringfence.hosts.firewall.drift import Kind, drift, drift_of_records
from ringfence.hosts.firewall.openings import with_ssh
from ringfence.hosts.firewall.pending import Records
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.paths import Paths
from ringfence.hosts.public import is_static, public_file, read_public
from ringfence.hosts.room import Room, room_at
from ringfence.hosts.secrecy import readable_secrets
from ringfence.hosts.sip_links import links_of
from ringfence.hosts.ssh import ENVIRONMENT, ssh_in_force
from ringfence.hosts.transports import read_transports
from ringfence.hosts.voice_network import VoiceNetwork, read_voice_network

PACKAGES: Final = {
    "kamailio": "kamailio",
    "rtpengine-daemon": "rtpengine",
    "nginx": "nginx",
    "openssh-server": "openssh",
}
"""The SSH server is the host's, the others are the platform's."""

RELAY: Final = "rtpengine"
WATCHED: Final = ("nft", "list", "set", "inet", "ringfence", "watched")
"""Holds an element while the guard keeps strangers out of the media ports (docs/adr/0026)."""

MODULES: Final = Path("/proc/modules")
SECONDS: Final = 10


def inspect(paths: Paths, plan: Plan | None, environment: Mapping[str, str] = os.environ) -> Host:
    """The host as it is now. Without a plan the firewall is compared with nothing; the portal knows no port of SSH."""
    server = ssh_in_force(environment.get(ENVIRONMENT, ""))
    voice = read_voice_network(paths.voice_network)
    room = _room(paths.state)
    few_files = room.files if room and room.has_few_files else None
    return Host(
        now=time.time(),
        ssh=Ssh(server.ports, server.password_login, server.root_login),
        firewall=_firewall(paths, plan if plan is None or not server.ports else with_ssh(plan, server.ports)),
        firewall_disabled=Notes(paths.state / "firewall").disabled_file.exists(),
        readable=tuple(str(path) for path in readable_secrets(paths)),
        versions=_versions(),
        backup_at=backup_at(paths.state / "backups" / "last.json"),
        little_room=room.free >> 20 if room and room.is_low and few_files is None else None,
        few_files=few_files,
        clock_synchronised=clock_synchronised(),
        modules=_modules(),
        place=_place(paths),
        voice_links_gone=_gone(voice, links_of(read_transports(paths.transports))),
        addresses_gone=addresses_gone(paths.media_config),
        relay=relay_in_force(paths.media_config),
        failing=tuple(_failing(paths.supervise)),
        unmarked=tuple(what for what, dscp in _marks(voice) if dscp == 0),
    )


def _room(folder: Path) -> Room | None:
    try:
        return room_at(folder)
    except OSError:
        return None


def _failing(supervise: Path) -> Iterator[Failing]:
    notes = read_notes(supervise)
    for note in notes.children if notes is not None and is_alive(notes.supervisor) else ():
        if note.failed:
            yield Failing(note.name, note.failed, note.reason)


def _marks(voice: VoiceNetwork) -> tuple[tuple[str, int], ...]:
    return ("signalling", voice.signalling_dscp), ("audio and video", voice.media_dscp)


def _gone(voice: VoiceNetwork, of_transports: Iterable[str]) -> tuple[str, ...]:
    """What the voice network or a transport names and this machine has no more; nothing while the network cannot be
    read."""
    try:
        around = surroundings()
    except NetworkUnreadable:
        return ()
    named = (voice.signalling_on, voice.media_on, *of_transports)
    places = [place for place in named if place and not around.placed(place)]
    links = [voice.voice_link] if voice.voice_link and voice.voice_link not in around.links else []
    return tuple(dict.fromkeys([*places, *links]))


def _firewall(paths: Paths, plan: Plan | None) -> tuple[str, ...]:
    """Ports that are open without a listener are left out: a part that starts anew must not be an alarm.

    ufw and firewalld answer root alone; for anybody else what was applied last has to do.
    """
    if plan is None:
        return ()
    applied = Records(paths.state / "firewall").applied()
    try:
        if os.geteuid() != 0 and front_end_by_files(host_root()) is not FrontEnd.NFTABLES:
            return tuple(item.text for item in drift_of_records(plan, applied))
        found = drift(plan, applied)
    except CommandFailed as error:
        return (str(error),)
    return tuple(item.text for item in found if item.kind is not Kind.NOTHING_LISTENS)


def _place(paths: Paths) -> Place:
    found, present = recognised(), read_public(public_file(paths.state))
    if found is None:
        return Place(public=present.address, advertised=present.address)
    return Place(found.provider, found.private, found.public, is_static(present, found), present.address)


def _versions() -> dict[str, str]:
    words = ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *PACKAGES]
    try:
        told = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    with contextlib.suppress(CommandFailed):
        told += run((*words[:4], "openssh-server"))
    pairs = (line.split(" ", 1) for line in told.splitlines() if " " in line)
    return {PACKAGES[name]: version for name, version in pairs if name in PACKAGES and version}


def addresses_gone(config: Path) -> tuple[str, ...]:
    """Where the relay's file says that calls are served, and this machine is no more; links of media are told of apart.
    Nothing while the network cannot be read."""
    try:
        own = surroundings().own
    except NetworkUnreadable:
        return ()
    places = _relay_file(config).get(RELAY, "interface", fallback="").split(";")
    served = [parsed(place.partition("!")[0].strip()) for place in places]
    return tuple(str(one) for one in served if one is not None and one not in own)


def _relay_file(config: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=("=",), comment_prefixes=("#",))
    with contextlib.suppress(OSError, configparser.Error):
        parser.read_string(config.read_text(encoding="utf-8"))
    return parser


def relay_in_force(config: Path, ask: Run = run) -> Relay:
    """What the relay's file says and what the kernel keeps from its ports; what cannot be read is not in force."""
    parser = _relay_file(config)
    try:
        strangers_out = "expires" in ask(WATCHED, None)
    except CommandFailed:
        strangers_out = False
    return Relay(
        parser.get(RELAY, "endpoint-learning", fallback=""),
        parser.get(RELAY, "dtmf-log-ng-tcp", fallback="") == "true",
        strangers_out,
    )


def _modules() -> tuple[str, ...]:
    if not MODULES.exists():
        return ()
    return tuple(line.partition(" ")[0] for line in MODULES.read_text(encoding="ascii").splitlines())


def backup_at(note: Path) -> float | None:
    """When the last backup was made, by the note it leaves: `at` as Unix time or as ISO 8601. None without one."""
    try:
        stored: Any = json.loads(note.read_text(encoding="utf-8"))["at"]
        return float(stored) if isinstance(stored, int | float) else _moment(str(stored))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _moment(text: str) -> float:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
