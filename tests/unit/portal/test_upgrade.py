"""An upgrade that fails leaves the database as it was; one from a later version is refused."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

PREPARE = [sys.executable, "-m", "ringfence.portal.manage", "prepare", "--setup-link"]


def prepare(state: Path, before: str = "") -> "subprocess.CompletedProcess[str]":
    """In a process of its own, with a database of its own; `before` is run first."""
    words = PREPARE
    if before:
        words = [sys.executable, "-c", f"{before}\nfrom ringfence.portal.manage import main\nmain(['prepare'])"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "src", "RINGFENCE_STATE_DIR": str(state)}
    environment["RINGFENCE_RUN_DIR"] = str(state / "run")
    for name in ("policy", "portal", "secrets", "prompts", "run"):
        (state / name).mkdir(parents=True, exist_ok=True)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=240, check=False)


def rows(state: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(state / "portal" / "db.sqlite3")) as db:
        return db.execute(query).fetchall()


FAILING = """
from django.db.migrations import Migration, RunPython
from django.db.migrations.executor import MigrationExecutor
real = MigrationExecutor.apply_migration
def half(self, state, migration, **options):
    if migration.name.startswith("0001") and migration.app_label == "backups":
        raise RuntimeError("the disk is on fire")
    return real(self, state, migration, **options)
MigrationExecutor.apply_migration = half
"""


def test_an_upgrade_that_fails_and_one_that_goes_back(tmp_path: Path) -> None:
    """One system for both: making a database takes longest."""
    done = prepare(tmp_path)
    assert done.returncode == 0
    assert ["/setup#token=" in line for line in done.stdout.splitlines()] == [False, True]  # the link `up` tells
    _fails(tmp_path)
    _is_from_later(tmp_path)


def _fails(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "portal" / "db.sqlite3")) as db, db:
        db.execute("DELETE FROM django_migrations WHERE app IN ('backups', 'answering')")
        for table in ("backups_backup", "backups_backupplan", *_tables(db, "answering_")):
            db.execute(f"DROP TABLE {table}")
    before = rows(tmp_path, "SELECT name FROM sqlite_master ORDER BY name")
    failed = prepare(tmp_path, FAILING)
    assert failed.returncode != 0
    assert "the disk is on fire" in failed.stderr
    assert rows(tmp_path, "SELECT name FROM sqlite_master ORDER BY name") == before


def _tables(db: sqlite3.Connection, prefix: str) -> list[str]:
    found = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ?", (f"{prefix}%",))
    return [name for (name,) in found]


def _is_from_later(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "portal" / "db.sqlite3")) as db, db:
        db.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('people', '0999_from_tomorrow', '2030-01-01')"
        )
    refused = prepare(tmp_path)
    assert refused.returncode != 0
    assert "later version" in refused.stderr
    assert "people.0999_from_tomorrow" in refused.stderr
