"""A PostgreSQL server of its own for one benchmark, inside the server's namespace so that its time is charged."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.rig.network import Network
from bench.rig.processes import SYSTEM_PROCESSOR, start, stop, wait_until
from bench.systems.stock import accounting_columns, rows
from ringfence.lab.postgresql import USER, accepts, binaries, statement

URL: Final = "postgres://kamailio:kamailiorw@127.0.0.1/kamailio"
"""Stock Kamailio's own default account, over TCP on loopback as its shipped database URL does."""

_SCHEMAS: Final = Path("/usr/share/kamailio/postgres")


@contextmanager
def postgresql(net: Network, folder: Path) -> Iterator[None]:
    """Runs the cluster until the block ends."""
    log = folder / "postgresql.log"
    words = [str(binaries() / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-h", "127.0.0.1"]
    process = start(words, net.server, SYSTEM_PROCESSOR, log, user=USER, cwd=folder)
    try:
        wait_until(lambda: accepts(folder), "PostgreSQL", log)
        yield
    finally:
        stop(process, signal.SIGINT)


def fill(folder: Path, subscribers: int) -> None:
    """Creates Kamailio's database with the package's own schema and the generated accounts."""
    statement(folder, "CREATE ROLE kamailio LOGIN PASSWORD 'kamailiorw';")
    statement(folder, "CREATE DATABASE kamailio OWNER kamailio;")
    for name in ("standard", "auth_db", "usrloc", "acc"):
        statement(folder, "SET ROLE kamailio;\n" + (_SCHEMAS / f"{name}-create.sql").read_text(), "kamailio")
    statement(folder, "SET ROLE kamailio;\n" + accounting_columns(), "kamailio")
    lines = "".join("\t".join((*row, "")) + "\n" for row in rows(subscribers))
    copied = f"COPY subscriber (username, domain, password, ha1, ha1b) FROM STDIN;\n{lines}\\.\nANALYZE subscriber;\n"
    statement(folder, copied, "kamailio")


def forget_contacts(folder: Path) -> None:
    """Empties the location table: stale contacts would be loaded at the next start."""
    statement(folder, "TRUNCATE location, location_attrs;", "kamailio")
