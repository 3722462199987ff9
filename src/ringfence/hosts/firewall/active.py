"""Which firewall front end is at work on this host, and what it holds of ours.

firewalld and ufw each own their ruleset; opening a port past them is not possible (an accept cannot override a drop),
so the plan goes through the one that is active, and into our own nftables table where there is none.
"""

import subprocess
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from ringfence.hosts.firewall import firewalld, nftables, ufw

SECONDS: Final = 20


class FrontEnd(StrEnum):
    """Who rules over the host's ports."""

    FIREWALLD = "firewalld"
    UFW = "ufw"
    NFTABLES = "nftables"


class CommandFailed(Exception):
    """A firewall command ended badly; the sentence says which and what it printed."""


Run = Callable[[Sequence[str], str | None], str]


def host_root() -> Path:
    """The host's files. Inside a private root they are the first process's, whose root is the host's."""
    first = Path("/proc/1/root")
    try:
        return Path("/") if first.samefile("/") else first
    except OSError:
        return Path("/")


def run(words: Sequence[str], text: str | None = None) -> str:
    """Runs one of the host's commands without a shell. Raises CommandFailed."""
    root = host_root()
    inside = () if root == Path("/") or words[0] == "nft" else ("chroot", str(root))
    return run_here((*inside, *words), text)


def run_here(words: Sequence[str], text: str | None = None) -> str:
    """Runs a command among the files that this process sees. Raises CommandFailed."""
    try:
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandFailed(f"{words[0]} cannot be run: {error}") from error
    if done.returncode:
        raise CommandFailed(f"`{' '.join(words)}` failed: {(done.stderr or done.stdout).strip()[:400]}")
    return done.stdout


def front_end(ask: Run = run) -> FrontEnd:
    """The front end that is active now; a front end that is installed but off does not count."""
    if _says(ask, ("firewall-cmd", "--state"), "running"):
        return FrontEnd.FIREWALLD
    if _says(ask, ("ufw", "status"), "Status: active"):
        return FrontEnd.UFW
    return FrontEnd.NFTABLES


def front_end_by_files(root: Path, processes: Path = Path("/proc")) -> FrontEnd:
    """The same for whoever may not ask the front ends: a process of firewalld, or ufw switched on in its file."""
    names = (path for path in processes.glob("[0-9]*/comm"))
    if any(_content(name).strip() == "firewalld" for name in names):
        return FrontEnd.FIREWALLD
    if "ENABLED=yes" in _content(root / "etc/ufw/ufw.conf").splitlines():
        return FrontEnd.UFW
    return FrontEnd.NFTABLES


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _says(ask: Run, words: Sequence[str], text: str) -> bool:
    try:
        return text in ask(words, None)
    except CommandFailed:
        return False


def ours(which: FrontEnd, ask: Run = run) -> tuple[str, ...]:
    """The lines the active firewall holds of ours, sorted; empty when nothing was applied. Raises CommandFailed."""
    match which:
        case FrontEnd.UFW:
            return tuple(
                sorted(_normal(line) for line in ask(("ufw", "status"), None).splitlines() if ufw.MARK in line)
            )
        case FrontEnd.FIREWALLD:
            names = ask(("firewall-cmd", "--list-services"), None).split()
            rich = ask(("firewall-cmd", "--list-rich-rules"), None).splitlines()
            mine = [name for name in names if name.startswith(firewalld.PREFIX)]
            return tuple(sorted([*mine, *(line for line in rich if firewalld.PREFIX in line)]))
        case FrontEnd.NFTABLES:
            if f"table inet {nftables.TABLE}" not in ask(("nft", "list", "tables"), None):
                return ()
            table = ask(("nft", "list", "table", "inet", nftables.TABLE), None)
            return tuple(sorted(line.strip() for line in table.splitlines() if "dport" in line))


def _normal(line: str) -> str:
    return " ".join(line.split())
