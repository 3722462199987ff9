"""`ringfence restore`"""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from ringfence.backups.lock import WrongPassphrase
from ringfence.backups.restoring import Facts, Restored, restore, take_back, verify
from ringfence.backups.sealed import Damaged, NoBackup, read_lock_of
from ringfence.cli.outcome import misuse, refuse
from ringfence.cli.passphrase import passphrase_from
from ringfence.cli.portal_command import portal_output
from ringfence.engines.keep import running_supervisor
from ringfence.engines.prepare import accounts_and_folders
from ringfence.engines.system import System, this_system
from ringfence.hosts import accounts


def restore_backup(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    passphrase_file: Annotated[Path | None, typer.Option(help="Its first line is the passphrase.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only read all of it and say what it is.")] = False,
) -> None:
    """Bring a backup back, on this server or a new one. What was there is kept beside it.

    Phones register again by themselves, with the secrets they have.
    """
    if os.geteuid() != 0:
        refuse("must run as root: files come back with the accounts they belong to")
    if not file.is_file():
        misuse(f"there is no file {file}")
    system = this_system()
    if not check and running_supervisor(system.paths.supervise) is not None:
        refuse("Ringfence runs; stop it first: ringfence down")
    _look_at(file)
    passphrase = passphrase_from(passphrase_file)
    try:
        typer.echo(_told(verify(file, passphrase) if check else _bring_back(system, file, passphrase)))
    except (NoBackup, Damaged, WrongPassphrase, OSError) as error:
        refuse(f"{error}; nothing was changed")


def _look_at(file: Path) -> None:
    """Nobody is asked for a passphrase that nothing can be opened with."""
    try:
        with file.open("rb") as stream:
            read_lock_of(stream)
    except (NoBackup, OSError) as error:
        refuse(f"{error}; nothing was changed")


def _bring_back(system: System, file: Path, passphrase: str) -> Facts:
    facts = verify(file, passphrase)
    outside = bool(os.environ.get("RINGFENCE_DATABASE_URL"))
    if outside and not facts.rows:
        refuse("this backup holds an SQLite database: restore it without RINGFENCE_DATABASE_URL; nothing was changed")
    accounts.ensure_accounts()
    done = restore(system.paths, file, passphrase)
    accounts_and_folders(system, lambda _: None)
    if done.dump is not None:
        _load(system, done, done.dump)
    if done.kept is not None:
        typer.echo(f"what was there before is kept in {done.kept}")
    return facts


def _load(system: System, done: Restored, dump: Path) -> None:
    """Into the database, as the portal's account; with a single fault everything is as before."""
    shutil.chown(dump, accounts.PORTAL.name)
    try:
        portal_output("load-database", str(dump))
    except typer.Exit:
        take_back(system.paths, done)
        typer.echo("the database did not take the rows; everything is as it was", err=True)
        raise
    dump.unlink()


def _told(facts: Facts) -> str:
    return (
        f"backup of {facts.at}, made by Ringfence {facts.version}: {facts.files} files, whole. Start with: ringfence up"
    )
