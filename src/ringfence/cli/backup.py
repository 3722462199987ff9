"""`ringfence backup`"""

import os
import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ringfence.backups.lock import Lock, WeakPassphrase, new_lock, read_lock, write_lock
from ringfence.backups.making import Dump, file_name, make, note_last
from ringfence.cli.outcome import misuse, print_json, refuse
from ringfence.cli.passphrase import passphrase_from
from ringfence.cli.portal_command import portal_output
from ringfence.engines.prepare import PreparationFailed, accounts_and_folders
from ringfence.engines.system import this_system
from ringfence.hosts import accounts
from ringfence.hosts.paths import Paths


def backup(
    to: Annotated[Path | None, typer.Option(help="The file to write; without it one in the state directory.")] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="Its first line becomes the passphrase of this and later backups.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """Back up the whole system, sealed, while it runs.

    The passphrase is asked for once; later backups are sealed with it and need nobody.
    """
    if os.geteuid() != 0:
        refuse("must run as root: a backup holds what every part keeps to itself")
    paths, now = _paths(), datetime.now(UTC)
    target = paths.backups / file_name(now) if to is None else to.absolute()
    if not target.parent.is_dir():
        misuse(f"there is no directory {target.parent}")
    lock = _lock(paths, passphrase_file)
    try:
        made = make(paths, lock, target, now, _dump_of_database(paths))
        note_last(paths, made, now)
    except (OSError, sqlite3.Error) as error:
        refuse(f"no backup was made: {error}")
    if as_json:
        print_json({"file": str(made.path), "bytes": made.size, "files": made.files})
    else:
        typer.echo(f"{made.path}: {made.files} files, {made.size} bytes; bring it back with: ringfence restore FILE")


def _paths() -> Paths:
    system = this_system()
    try:
        accounts_and_folders(system, lambda _: None)
    except PreparationFailed as failure:
        refuse(str(failure))
    return system.paths


def _lock(paths: Paths, file: Path | None) -> Lock:
    try:
        found = None if file is not None else read_lock(paths.backup_lock)
        if found is not None:
            return found
        lock = new_lock(passphrase_from(file, twice=True))
        write_lock(paths.backup_lock, lock)
        shutil.chown(paths.backup_lock, accounts.PORTAL.name, accounts.PORTAL.name)
    except (ValueError, WeakPassphrase) as error:
        misuse(str(error))
    return lock


def _dump_of_database(paths: Paths) -> Dump | None:
    """Rows, where the database is no file of ours."""
    if not os.environ.get("RINGFENCE_DATABASE_URL"):
        return None

    def dump(target: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="dump-", suffix=".partial", dir=paths.backups) as folder:
            shutil.chown(folder, accounts.PORTAL.name)
            rows = Path(folder) / "rows.jsonl"
            portal_output("dump-database", str(rows))
            shutil.copyfile(rows, target)

    return dump
