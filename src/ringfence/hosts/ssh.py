"""How this host's SSH server is set up (sshd_config(5)): its ports and whom it lets in how."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringfence.hosts.firewall.active import CommandFailed, host_root, run, run_here
from ringfence.hosts.firewall.active import Run as Ask

CONFIG: Final = "etc/ssh/sshd_config"
ENVIRONMENT: Final = "RINGFENCE_SSHD_CONFIG"
"""Names another configuration file of the SSH server, where it is not in its usual place."""

_USUAL: Final = {"passwordauthentication": "yes", "permitrootlogin": "prohibit-password"}


@dataclass(frozen=True, slots=True)
class SshServer:
    """What counts of its configuration; without a server there are no ports."""

    ports: tuple[int, ...]
    password_login: bool
    root_login: str


def ssh_server(root: Path) -> SshServer:
    """Reads the configuration below this root. The first value of a word counts, except for `Port`, which adds up.

    `Match` blocks say what holds for some; what holds for everybody stands before them.
    """
    if not (root / CONFIG).is_file():
        return SshServer((), False, "no")
    return server_of(_lines(root, root / CONFIG))


def server_of(lines: Iterable[tuple[str, str]]) -> SshServer:
    """The server that these words and values describe."""
    ports: list[int] = []
    found: dict[str, str] = {}
    for word, value in lines:
        if word == "port" and value.isdecimal():
            ports.append(int(value))
        else:
            found.setdefault(word, value.lower())
    said = {**_USUAL, **found}
    return SshServer(
        tuple(dict.fromkeys(ports)) or (22,), said["passwordauthentication"] != "no", said["permitrootlogin"]
    )


def ssh_in_force(config: str = "", ask: Ask = run, here: Ask = run_here) -> SshServer:
    """What `sshd -T` says, which knows every default and every included file; read from the files where it cannot run.

    `config` is another configuration file than the usual one, as this process sees it.
    """
    root = host_root()
    if not config and not (root / CONFIG).is_file():
        return SshServer((), False, "no")
    words = ("/usr/sbin/sshd", "-T", *(("-f", config) if config else ()))
    try:
        told = here(words, None) if config else ask(words, None)
    except CommandFailed:
        return ssh_server(root) if not config else server_of(_lines(Path("/"), Path(config)))
    return server_of(parted for line in told.splitlines() if (parted := _parted(line)))


def _lines(root: Path, path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        word, value = _parted(line)
        if word == "match":
            return
        if word == "include":
            for pattern in value.split():
                below = pattern.lstrip("/") if pattern.startswith("/") else f"etc/ssh/{pattern}"
                for file in sorted(root.glob(below)):
                    yield from _lines(root, file)
        elif word and not word.startswith("#"):
            yield word, value


def _parted(line: str) -> tuple[str, str]:
    word, _, value = line.strip().replace("=", " ", 1).partition(" ")
    return word.lower(), value.strip().strip('"')
