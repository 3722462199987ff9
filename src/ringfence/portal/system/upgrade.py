"""Brings the database up to this version; if that fails, the database is as it was and the older version still runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from ringfence.portal import places

KEPT: Final = "before-upgrade.sqlite3"
"""The database as the version before left it; replaced at the next upgrade."""


class FromLater(Exception):
    """The database was written by a later version."""


def bring_up_to_date() -> tuple[str, ...]:
    """The migrations that were carried out. Raises FromLater, or whatever a migration raised."""
    executor = MigrationExecutor(connection)
    _refuse_later(executor)
    missing = [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if not missing:
        return ()
    with _old_one_back_on_failure():
        call_command("migrate", interactive=False, verbosity=0)
    return tuple(missing)


def _refuse_later(executor: MigrationExecutor) -> None:
    ours = {label.partition(".")[0] for label, _ in executor.loader.graph.nodes}
    unknown = [
        f"{label}.{name}"
        for label, name in MigrationRecorder(connection).applied_migrations()
        if label in ours
        and (label, name) not in executor.loader.graph.nodes
        and not _was_squashed(executor, label, name)
    ]
    if unknown:
        raise FromLater(
            f"the database was written by a later version of Ringfence ({', '.join(sorted(unknown)[:3])}): "
            "install that version, or bring back the backup made before the upgrade"
        )


def _was_squashed(executor: MigrationExecutor, label: str, name: str) -> bool:
    return any((label, name) in migration.replaces for migration in executor.loader.replacements.values())


@contextmanager
def _old_one_back_on_failure() -> Iterator[None]:
    """PostgreSQL undoes a migration that failed by itself, SQLite not all of those before it."""
    path = Path(places.DATABASE_FILE)
    if connection.vendor != "sqlite" or not path.exists() or not MigrationRecorder(connection).has_table():
        yield
        return
    kept = places.PORTAL / KEPT
    _copy(path, kept)
    try:
        yield
    except BaseException:
        connection.close()
        _copy(kept, path)
        raise


def _copy(source: Path, target: Path) -> None:
    """SQLite's own copy, in one transaction, whatever the target held."""
    with closing(sqlite3.connect(source, timeout=20)) as one, closing(sqlite3.connect(target, timeout=20)) as other:
        one.backup(other)
    target.chmod(0o600)
