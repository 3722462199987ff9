"""Moves the SSH server to another port without ever closing the only way in: the new port is opened beside the old,
the old one is closed when a login over the new one has been proved, and without a proof everything is as before.
"""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ringfence.hosts.firewall.active import CommandFailed, Run, run
from ringfence.hosts.listening import bound_ports
from ringfence.hosts.ports import Transport
from ringfence.hosts.sshfiles import SshFiles, SshRefused, Wanted

SSHD: Final = "/usr/sbin/sshd"
LISTENS_WITHIN: Final = 10.0
POLL: Final = 0.1
CONNECTION: Final = "SSH_CONNECTION"


@dataclass(frozen=True, slots=True)
class Session:
    """The SSH connection somebody works over (sshd(8), SSH_CONNECTION)."""

    client: str
    client_port: int
    server_port: int


@dataclass(frozen=True, slots=True)
class Move:
    """A change that waits for its proof: what shall hold in the end, and how it was. Unix time in seconds."""

    wanted: Wanted
    old_ports: tuple[int, ...]
    reverts_at: float
    before: dict[str, str | None]
    started_over: Session | None

    @property
    def port(self) -> int | None:
        return self.wanted.ports[0] if self.wanted.ports else None


@dataclass(frozen=True, slots=True)
class Server:
    """The host's SSH server. `config` is its main file as this process sees it, `named` as the server does."""

    config: Path
    named: str
    ask: Run = run

    def told(self) -> dict[str, list[str]]:
        """What it says of its configuration (`sshd -T`). Raises SshRefused."""
        try:
            lines = self.ask((SSHD, "-T", "-f", self.named), None).splitlines()
        except CommandFailed as error:
            raise SshRefused(str(error)) from error
        found: dict[str, list[str]] = {}
        for word, _, value in (line.partition(" ") for line in lines):
            found.setdefault(word, []).append(value)
        return found

    def check(self) -> None:
        """Raises SshRefused with the server's own words."""
        try:
            self.ask((SSHD, "-t", "-f", self.named), None)
        except CommandFailed as error:
            raise SshRefused(f"sshd does not take the configuration: {error}") from error

    def reload(self, pid_file: str) -> None:
        """Has it read its files anew; sessions stay. Raises SshRefused."""
        path = _seen(pid_file, self.config)
        try:
            os.kill(int(path.read_text(encoding="ascii")), signal.SIGHUP)
        except (OSError, ValueError):
            self._reload_socket()

    def _reload_socket(self) -> None:
        """Where systemd listens for it (ssh.socket), systemd has to learn the ports."""
        try:
            self.ask(("systemctl", "daemon-reload"), None)
            self.ask(("systemctl", "restart", "ssh.socket"), None)
        except CommandFailed as error:
            raise SshRefused(f"no SSH server runs that could be reloaded: {error}") from error


def _seen(path: str, config: Path) -> Path:
    """A file of the server's, as this process sees it."""
    root = Path("/proc/1/root") if str(config).startswith("/proc/1/root/") else Path("/")
    return root / path.lstrip("/")


def begin(server: Server, wanted: Wanted, seconds: float, session: Session | None) -> Move:
    """Opens the new port beside the old ones and says how to take it back. Raises SshRefused without a change."""
    told = server.told()
    _refuse_bound_elsewhere(told)
    old = tuple(int(port) for port in told["port"])
    both = None if wanted.ports is None else tuple(dict.fromkeys((*wanted.ports, *old)))
    files = SshFiles(server.config)
    _put_in_force(server, files, Wanted(both, wanted.keys_only, wanted.no_root), told, both or old)
    before = {str(path): text for path, text in files.before.items()}
    return Move(wanted, old, time.time() + seconds, before, session)


def finish(server: Server, move: Move, session: Session | None) -> None:
    """Closes the old ports, after a login over the new one. Raises SshRefused without a proof."""
    refuse_unproved(move, session)
    if move.wanted.ports is None:
        return
    told = server.told()
    _put_in_force(server, SshFiles(server.config), move.wanted, told, move.wanted.ports)
    still = set(move.old_ports) - set(move.wanted.ports)
    _await(lambda: not still & bound_ports(Transport.TCP), "the old port is still open")


def take_back(server: Server, move: Move) -> None:
    """As it was before. Raises SshRefused."""
    told = server.told()
    SshFiles(server.config, {Path(path): text for path, text in move.before.items()}).take_back()
    server.check()
    server.reload(told["pidfile"][0])


def refuse_unproved(move: Move, session: Session | None) -> None:
    """A proof is a session of its own, over the new port. Raises SshRefused."""
    if session is None:
        raise SshRefused("this is no SSH session; sign in over SSH and confirm from there")
    if move.port is not None and session.server_port != move.port:
        raise SshRefused(f"this session came over port {session.server_port}; sign in over port {move.port}")
    if session == move.started_over:
        raise SshRefused("this is the session that began the change; confirm from a new one")


def _put_in_force(
    server: Server, files: SshFiles, wanted: Wanted, told: dict[str, list[str]], listening: tuple[int, ...]
) -> None:
    try:
        files.write(wanted)
        server.check()
        server.reload(told["pidfile"][0])
        _await(lambda: set(listening) <= bound_ports(Transport.TCP), f"sshd does not listen on {listening[0]}")
    except (SshRefused, OSError) as error:
        files.take_back()
        server.reload(told["pidfile"][0])
        raise SshRefused(f"{error}; everything is as before") from error


def _refuse_bound_elsewhere(told: dict[str, list[str]]) -> None:
    """A ListenAddress with a port of its own overrules every Port line."""
    ports = set(told["port"])
    for address in told.get("listenaddress", []):
        if address.rpartition(":")[2] not in ports:
            raise SshRefused(f"ListenAddress {address} names a port itself; take the port out of that line first")


def _await(holds: Any, complaint: str) -> None:
    until = time.monotonic() + LISTENS_WITHIN
    while not holds():
        if time.monotonic() > until:
            raise SshRefused(complaint)
        time.sleep(POLL)


def session_of(environment: Mapping[str, str] = os.environ, pid: int | None = None) -> Session | None:
    """The SSH session this process runs in; sudo hides it, so the parents are asked too."""
    found = read_connection(environment.get(CONNECTION, ""))
    if found is not None or pid == 0:
        return found
    for variables in _parents(os.getppid() if pid is None else pid):
        if found := read_connection(variables.get(CONNECTION, "")):
            return found
    return None


def read_connection(text: str) -> Session | None:
    """
    >>> read_connection("192.0.2.7 50022 198.51.100.1 10210")
    Session(client='192.0.2.7', client_port=50022, server_port=10210)
    """
    words = text.split()
    if len(words) != 4 or not (words[1].isdecimal() and words[3].isdecimal()):
        return None
    return Session(words[0], int(words[1]), int(words[3]))


def _parents(pid: int) -> Iterator[dict[str, str]]:
    while pid > 1:
        folder = Path(f"/proc/{pid}")
        try:
            raw = (folder / "environ").read_bytes().decode("utf-8", "replace")
            pid = int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
        yield dict(pair.split("=", 1) for pair in raw.split("\0") if "=" in pair)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The file of a move that waits, readable by root alone."""

    path: Path

    def keep(self, move: Move) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        session = move.started_over
        stored = {
            "ports": move.wanted.ports, "keys_only": move.wanted.keys_only, "no_root": move.wanted.no_root,
            "old_ports": move.old_ports, "reverts_at": move.reverts_at, "before": move.before,
            "started_over": [session.client, session.client_port, session.server_port] if session else None,
        }  # fmt: skip
        staged = self.path.with_suffix(".staged")
        staged.write_text(json.dumps(stored), encoding="utf-8")
        staged.chmod(0o600)
        staged.replace(self.path)

    def read(self) -> Move | None:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        ports = None if stored["ports"] is None else tuple(stored["ports"])
        wanted = Wanted(ports, stored["keys_only"], stored["no_root"])
        over = None if stored["started_over"] is None else Session(*stored["started_over"])
        return Move(wanted, tuple(stored["old_ports"]), stored["reverts_at"], stored["before"], over)

    def forget(self) -> bool:
        """Whether something waited: of a confirmation and a revert at the same moment, one wins."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True
