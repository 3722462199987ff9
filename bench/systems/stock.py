"""Stock Kamailio: the configuration its Debian package ships, on SQLite or PostgreSQL, with either allocator.

Only what the rig needs differs from the shipped file: listening address, two workers (on both sides of the comparison),
and, where the load is not an attack, pike's density, since all phones reach it through a few addresses.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load.phones import DOMAIN, account
from bench.rig.network import SERVER_ADDRESS, Network
from bench.rig.processes import SYSTEM_PROCESSOR, running, start, wait_until

WORKERS: Final = 2
SHIPPED: Final = Path("/etc/kamailio/kamailio.cfg")
_SCHEMAS: Final = Path("/usr/share/kamailio/db_sqlite")
_REPLACED: Final = (("\nchildren=8\n", f"\nchildren={WORKERS}\n"),)
_LIFTED_DENSITY: Final = (
    'modparam("pike", "reqs_density_per_unit", 16)',
    'modparam("pike", "reqs_density_per_unit", 1000000)',
)


@dataclass(frozen=True, slots=True)
class Stock:
    """One way to run stock Kamailio. `guarded`: pike counts as shipped, for loads that are attacks. `accounting`: every
    call is written to the database.
    """

    database_url: str
    driver: str
    allocator: tuple[str, ...] = ()
    extra_lines: tuple[tuple[str, str], ...] = ()
    guarded: bool = False
    accounting: bool = False

    @property
    def replaced(self) -> tuple[tuple[str, str], ...]:
        """Lines of the shipped file and what stands there instead."""
        return (*_REPLACED, *(() if self.guarded else (_LIFTED_DENSITY,)), *self.extra_lines)


def write_configuration(folder: Path, stock: Stock) -> Path:
    """The shipped file with the rig's replacements, and beside it the local file that switches features on."""
    text = SHIPPED.read_text()
    for old, new in stock.replaced:
        if text.count(old) != 1:
            raise ValueError(f"the shipped kamailio.cfg has {text.count(old)} places that read {old!r}; expected one")
        text = text.replace(old, new)
    path = folder / "kamailio.cfg"
    path.write_text(text)
    (folder / "kamailio-local.cfg").write_text(_local(folder, stock))
    return path


def _local(folder: Path, stock: Stock) -> str:
    return "\n".join(
        (
            "#!define WITH_AUTH",
            "#!define WITH_USRLOCDB",
            "#!define WITH_ANTIFLOOD",
            *(["#!define WITH_ACCDB"] if stock.accounting else []),
            f'#!define DBURL "{stock.database_url}"',
            f'loadmodule "{stock.driver}"',
            "auto_aliases=no",
            f'alias="{DOMAIN}"',
            f"listen=udp:{SERVER_ADDRESS}:5060",
            "",
        )
    )


def accounting_columns() -> str:
    """The columns that the shipped file tells people to add before they switch accounting on; without them every
    record fails."""
    _, _, rest = SHIPPED.read_text().partition("#!ifdef ACCDB_COMMENT\n")
    statements, end, _ = rest.partition("#!endif")
    if not end:
        raise ValueError("the shipped kamailio.cfg does not say any more which columns accounting needs")
    return statements


def create_sqlite(path: Path, subscribers: int) -> None:
    """A SQLite database from the package's own schema, with the generated accounts."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        for name in ("standard", "auth_db", "usrloc", "acc"):
            database.executescript((_SCHEMAS / f"{name}-create.sql").read_text())
        database.executescript(accounting_columns())
        database.executemany(
            "INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES (?, ?, ?, ?, '')", rows(subscribers)
        )
    database.close()
    hand_to_kamailio(path)


def rows(subscribers: int) -> Iterator[tuple[str, str, str, str]]:
    """Rows of the subscriber table: user, domain, password, HA1."""
    for number in range(subscribers):
        phone = account(number)
        ha1 = hashlib.md5(f"{phone.user}:{DOMAIN}:{phone.password}".encode(), usedforsecurity=False).hexdigest()
        yield phone.user, DOMAIN, phone.password, ha1


def forget_contacts(path: Path) -> None:
    """Empties the location table: stale contacts would be loaded at the next start."""
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM location")
        database.execute("DELETE FROM location_attrs")
    database.close()


def hand_to_kamailio(path: Path) -> None:
    shutil.chown(path, "kamailio", "kamailio")
    shutil.chown(path.parent, "kamailio", "kamailio")


@contextmanager
def kamailio(net: Network, folder: Path, stock: Stock) -> Iterator[Path]:
    """Runs stock Kamailio and yields its log once it answers."""
    configuration = write_configuration(folder, stock)
    run_folder = folder / "run"
    run_folder.mkdir(exist_ok=True)
    shutil.chown(run_folder, "kamailio", "kamailio")
    log = folder / "kamailio.log"
    log.unlink(missing_ok=True)
    words = [
        "kamailio",
        "-DD",
        "-E",
        "-f",
        str(configuration),
        "-Y",
        str(run_folder),
        "-u",
        "kamailio",
        "-g",
        "kamailio",
    ]
    process = start([*words, *stock.allocator], net.server, SYSTEM_PROCESSOR, log)
    with running(process):
        wait_until(lambda: answers(net), "stock Kamailio", log)
        yield log


def answers(net: Network) -> bool:
    """Whether a SIP server answers OPTIONS at the server's address (asked from the phones' namespace)."""
    words = ["python3", "-c", _PROBE, SERVER_ADDRESS]
    probe = start(words, net.phones, 0, Path(os.devnull))
    with running(probe):
        try:
            return probe.wait(3) == 0
        except subprocess.TimeoutExpired:
            return False


_PROBE: Final = """
import socket, sys
message = (
    "OPTIONS sip:{0} SIP/2.0\\r\\nVia: SIP/2.0/UDP 198.18.0.2:5099;rport;branch=z9hG4bKready\\r\\n"
    "From: <sip:bench@{0}>;tag=1\\r\\nTo: <sip:{0}>\\r\\nCall-ID: ready\\r\\nCSeq: 1 OPTIONS\\r\\n"
    "Max-Forwards: 70\\r\\nContent-Length: 0\\r\\n\\r\\n"
).format(sys.argv[1])
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind(("198.18.0.2", 5099))
link.settimeout(0.3)
link.sendto(message.encode(), (sys.argv[1], 5060))
sys.exit(0 if link.recv(4096).startswith(b"SIP/2.0") else 1)
"""
