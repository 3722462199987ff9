"""A PostgreSQL server of its own for one benchmark, inside the server's namespace so that its time is charged."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.rig.network import Network
from bench.rig.processes import SYSTEM_PROCESSOR, start, stop, wait_until
from bench.systems.stock import rows

URL: Final = "postgres://kamailio:kamailiorw@127.0.0.1/kamailio"
"""Stock Kamailio's own default account, over TCP on loopback as its shipped database URL does."""

_SCHEMAS: Final = Path("/usr/share/kamailio/postgres")
_USER: Final = "postgres"


def binaries() -> Path:
    """Where the newest installed server's programs are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed")
    return found[-1]


def create_cluster(folder: Path) -> None:
    """A new, empty cluster with PostgreSQL's default settings."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.chown(folder, _USER, _USER)
    words = [str(binaries() / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(words, check=True, capture_output=True, user=_USER, group=_USER, cwd=folder)


@contextmanager
def postgresql(net: Network, folder: Path) -> Iterator[None]:
    """Runs the cluster until the block ends."""
    log = folder / "postgresql.log"
    words = [str(binaries() / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-h", "127.0.0.1"]
    process = start(words, net.server, SYSTEM_PROCESSOR, log, user=_USER, cwd=folder)
    try:
        wait_until(lambda: _accepts(folder), "PostgreSQL", log)
        yield
    finally:
        stop(process, signal.SIGINT)


def fill(folder: Path, subscribers: int) -> None:
    """Creates Kamailio's database with the package's own schema and the generated accounts."""
    _psql(folder, "postgres", "CREATE ROLE kamailio LOGIN PASSWORD 'kamailiorw'; ")
    _psql(folder, "postgres", "CREATE DATABASE kamailio OWNER kamailio;")
    for name in ("standard", "auth_db", "usrloc"):
        _psql(folder, "kamailio", "SET ROLE kamailio;\n" + (_SCHEMAS / f"{name}-create.sql").read_text())
    lines = "".join("\t".join((*row, "")) + "\n" for row in rows(subscribers))
    _psql(
        folder,
        "kamailio",
        f"COPY subscriber (username, domain, password, ha1, ha1b) FROM STDIN;\n{lines}\\.\nANALYZE subscriber;\n",
    )


def forget_contacts(folder: Path) -> None:
    """Empties the location table: stale contacts would be loaded at the next start."""
    _psql(folder, "kamailio", "TRUNCATE location, location_attrs;")


def _accepts(folder: Path) -> bool:
    words = [str(binaries() / "pg_isready"), "-q", "-h", str(folder)]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def _psql(folder: Path, database: str, text: str) -> None:
    words = [str(binaries() / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", str(folder), "-U", _USER, database]
    subprocess.run(words, input=text, check=True, capture_output=True, text=True)
