"""The two databases that the portal's tests can run on: SQLite, or a private PostgreSQL.

`RINGFENCE_TEST_DATABASE=postgresql` chooses the second; `tests/system/postgresql` does that with the essential tests.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ringfence.lab import postgresql


class TestDatabase(Protocol):
    """A database that can be kept and brought back as it was."""

    def keep(self, name: str) -> None: ...

    def restore(self, name: str) -> None: ...


class Sqlite:
    """Copies of one file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state" / "portal" / "db.sqlite3"
        self._folder = folder

    def keep(self, name: str) -> None:
        shutil.copy(self._file, self._folder / name)

    def restore(self, name: str) -> None:
        for suffix in ("-wal", "-shm"):
            Path(f"{self._file}{suffix}").unlink(missing_ok=True)
        shutil.copy(self._folder / name, self._file)


class PostgreSql:
    """Copies of one database, made by the server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str) -> None:
        postgresql.statement(self._folder, f'CREATE DATABASE "{name}" TEMPLATE ringfence')

    def restore(self, name: str) -> None:
        postgresql.statement(
            self._folder,
            f'DROP DATABASE ringfence WITH (FORCE);\nCREATE DATABASE ringfence TEMPLATE "{name}"',
        )


@contextmanager
def database(folder: Path) -> Iterator[TestDatabase]:
    """The database that the environment asks for; Django's settings will find it. Set up before Django is."""
    if os.environ.get("RINGFENCE_TEST_DATABASE", "") != "postgresql":
        os.environ.pop("RINGFENCE_DATABASE_URL", None)
        yield Sqlite(folder)
        return
    folder.chmod(0o755)
    with postgresql.server(folder / "pg") as url:
        os.environ["RINGFENCE_DATABASE_URL"] = url
        yield PostgreSql(folder / "pg")
