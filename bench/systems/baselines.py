"""The three baselines, ready to start: stock on SQLite, on PostgreSQL, and on SQLite with the tlsf allocator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.rig.network import Network
from bench.systems import postgresql, stock
from bench.systems.system import System
from ringfence.lab.postgresql import create_cluster

ON_SQLITE: Final = "stock on SQLite"
ON_POSTGRESQL: Final = "stock on PostgreSQL"
TUNED: Final = "stock tuned (tlsf)"
_TLSF: Final = ("-x", "tlsf", "-X", "tlsf")


def baselines(
    net: Network, folder: Path, subscribers: int, *, accounting: bool = False
) -> tuple[System, System, System]:
    """Prepares the databases and returns the systems."""
    folder = _sub(folder, "accounting") if accounting else folder
    sqlite_file = sqlite_database(folder, subscribers)
    cluster = folder / "postgresql"
    create_cluster(cluster)
    with postgresql.postgresql(net, cluster):
        postgresql.fill(cluster, subscribers)
    url = f"sqlite:///{sqlite_file}"
    plain = stock.Stock(url, "db_sqlite.so", accounting=accounting)
    tuned = replace(plain, allocator=_TLSF)
    server = stock.Stock(postgresql.URL, "db_postgres.so", accounting=accounting)
    return (
        System(ON_SQLITE, lambda: _on_sqlite(net, _sub(folder, "s1"), sqlite_file, plain)),
        System(ON_POSTGRESQL, lambda: _on_postgresql(net, _sub(folder, "s2"), cluster, server)),
        System(TUNED, lambda: _on_sqlite(net, _sub(folder, "s3"), sqlite_file, tuned)),
    )


def sqlite_database(folder: Path, subscribers: int) -> Path:
    """A fresh SQLite database of stock Kamailio."""
    path = _sub(folder, "sqlite") / "kamailio.sqlite"
    stock.create_sqlite(path, subscribers)
    return path


def _sub(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(exist_ok=True)
    return path


@contextmanager
def _on_sqlite(net: Network, folder: Path, database: Path, variant: stock.Stock) -> Iterator[None]:
    stock.forget_contacts(database)
    with stock.kamailio(net, folder, variant):
        yield


@contextmanager
def _on_postgresql(net: Network, folder: Path, cluster: Path, variant: stock.Stock) -> Iterator[None]:
    with postgresql.postgresql(net, cluster):
        postgresql.forget_contacts(cluster)
        with stock.kamailio(net, folder, variant):
            yield
