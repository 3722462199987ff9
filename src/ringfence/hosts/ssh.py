"""How this host's SSH server is set up (sshd_config(5)): its ports and whom it lets in how."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONFIG: Final = "etc/ssh/sshd_config"
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
    ports: list[int] = []
    found: dict[str, str] = {}
    for word, value in _lines(root, root / CONFIG):
        if word == "port" and value.isdecimal():
            ports.append(int(value))
        else:
            found.setdefault(word, value.lower())
    said = {**_USUAL, **found}
    return SshServer(
        tuple(dict.fromkeys(ports)) or (22,), said["passwordauthentication"] != "no", said["permitrootlogin"]
    )


def _lines(root: Path, path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        word, _, value = line.strip().replace("=", " ", 1).partition(" ")
        word, value = word.lower(), value.strip().strip('"')
        if word == "match":
            return
        if word == "include":
            for pattern in value.split():
                below = pattern.lstrip("/") if pattern.startswith("/") else f"etc/ssh/{pattern}"
                for file in sorted(root.glob(below)):
                    yield from _lines(root, file)
        elif word and not word.startswith("#"):
            yield word, value
