"""Brings a backup back. The old state is set aside and comes back if anything fails before the new one is complete."""

import grp
import json
import os
import pwd
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ringfence import __version__
from ringfence.backups.contents import DUMPED, MANIFEST, ROOT, stays_inside
from ringfence.backups.sealed import Damaged, NoBackup, OpeningReader
from ringfence.hosts.paths import Paths

NEW: Final = "restore.new"
OLD: Final = "restore.old"
_KEPT: Final = "before-restore"
_OURS: Final = (NEW, OLD)
_ALL_ASIDE: Final = ".all-aside"
"""Beside the old state: from now on whatever lies in the state's place is the new one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a backup says of itself. `rows` is true where the database has to be loaded row by row."""

    version: str
    at: str
    rows: bool
    files: int


@dataclass(frozen=True, slots=True)
class Restored:
    """`dump` is the file of rows to load into an empty database; None where the database came as a file."""

    facts: Facts
    kept: Path | None
    dump: Path | None


def verify(backup: Path, passphrase: str) -> Facts:
    """Reads all of it and writes nothing. Raises NoBackup, Damaged, WrongPassphrase or OSError."""
    with _archive(backup, passphrase) as archive:
        manifest, files = _manifest(archive), 0
        for entry in _entries(archive):
            _place(entry)
            files += not entry.isdir()
            if entry.isreg():
                _drain(archive, entry)
    return Facts(manifest["version"], manifest["at"], manifest["database"] == DUMPED, files)


def restore(paths: Paths, backup: Path, passphrase: str) -> Restored:
    """Puts the backup in the place of the state; what was there is kept beside it.

    Nothing must run. Raises what `verify` raises, with the old state untouched.
    """
    undo(paths)
    facts = verify(backup, passphrase)
    fresh = paths.state / NEW
    try:
        fresh.mkdir(parents=True, mode=0o700)
        with _archive(backup, passphrase) as archive:
            _manifest(archive)
            for entry in _entries(archive):
                _lay_out(archive, entry, fresh)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _swap(paths)
    dump = paths.state / DUMPED
    return Restored(facts, _keep(paths), dump if dump.exists() else None)


def take_back(paths: Paths, done: Restored) -> None:
    """Undoes a restore that was complete: the state kept beside it is the state again."""
    old = paths.state / OLD
    if done.kept is None:
        old.mkdir(mode=0o700)
    else:
        done.kept.rename(old)
    (old / _ALL_ASIDE).touch()
    undo(paths)


def undo(paths: Paths) -> bool:
    """Puts back what an interrupted restore had set aside; true if there was one."""
    old, fresh = paths.state / OLD, paths.state / NEW
    interrupted = old.exists()
    if interrupted:
        if (old / _ALL_ASIDE).exists():
            for entry in _of_the_state(paths):
                _remove(entry)
            (old / _ALL_ASIDE).unlink()
        for entry in list(old.iterdir()):
            entry.rename(paths.state / entry.name)
        old.rmdir()
    if fresh.exists():
        shutil.rmtree(fresh)
    return interrupted


def _of_the_state(paths: Paths) -> list[Path]:
    """What a restore replaces: all but itself, what earlier ones kept, and the backups."""
    found = (entry for entry in paths.state.iterdir() if entry.name not in _OURS and entry != paths.backups)
    return [entry for entry in found if not entry.name.startswith(_KEPT)]


def _swap(paths: Paths) -> None:
    """Entry by entry inside the state directory, which may be a mounted disk that cannot be renamed."""
    old, fresh = paths.state / OLD, paths.state / NEW
    old.mkdir(mode=0o700)
    for entry in _of_the_state(paths):
        entry.rename(old / entry.name)
    (old / _ALL_ASIDE).touch()
    for entry in list(fresh.iterdir()):
        entry.rename(paths.state / entry.name)
    fresh.rmdir()


def _keep(paths: Paths) -> Path | None:
    """From the rename on the restore counts."""
    old = paths.state / OLD
    number = 1 + sum(1 for _ in paths.state.glob(f"{_KEPT}-*"))
    kept = old.rename(paths.state / f"{_KEPT}-{number}")
    (kept / _ALL_ASIDE).unlink()
    if any(kept.iterdir()):
        return kept
    kept.rmdir()
    return None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


@contextmanager
def _archive(backup: Path, passphrase: str) -> Iterator[tarfile.TarFile]:
    with backup.open("rb") as stream:
        reader: Any = OpeningReader(stream, passphrase)
        try:
            with tarfile.open(fileobj=reader, mode="r|gz") as archive:
                yield archive
            while reader.read(1 << 20):
                pass  # to the last piece: what follows the archive must be whole too
        except (tarfile.TarError, EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise Damaged("the backup was altered or is incomplete") from error


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    entry = archive.next()
    stream = archive.extractfile(entry) if entry is not None and entry.name == MANIFEST else None
    if stream is None:
        raise NoBackup("the backup says nothing of itself")
    manifest: dict[str, Any] = json.load(stream)
    if _numbers(manifest["version"]) > _numbers(__version__):
        raise NoBackup(
            f"the backup was made by Ringfence {manifest['version']} and this is {__version__}: "
            "install that version or a later one"
        )
    return manifest


def _entries(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Those that follow; iterating over the archive would begin with the manifest again."""
    while (entry := archive.next()) is not None:
        yield entry


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _place(entry: tarfile.TarInfo) -> PurePosixPath | None:
    """Where an entry goes below the state directory; None for the rows of a database. Raises Damaged."""
    name = PurePosixPath(entry.name)
    if entry.name == DUMPED and entry.isreg():
        return None
    inside = name.parts[:1] == (ROOT,) and len(name.parts) > 1 and ".." not in name.parts
    if not inside or not (entry.isreg() or entry.isdir() or entry.issym()):
        raise Damaged(f"the backup holds {entry.name!r}, which belongs to no backup")
    if entry.issym() and not stays_inside(entry.linkname):
        raise Damaged(f"the link {entry.name!r} leads out of the backup")
    return name.relative_to(ROOT)


def _drain(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
    stream = archive.extractfile(entry)
    while stream is not None and stream.read(1 << 20):
        pass


def _lay_out(archive: tarfile.TarFile, entry: tarfile.TarInfo, fresh: Path) -> None:
    place = _place(entry)
    target = fresh / (place if place is not None else DUMPED)
    if entry.isdir():
        target.mkdir(parents=True, exist_ok=True)
    elif entry.issym():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(entry.linkname)
    else:
        _write(archive, entry, target)
    _own(target, entry)


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(entry)
    if source is None:
        raise Damaged(f"{entry.name!r} cannot be read")
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as stream:
        shutil.copyfileobj(source, stream, 1 << 20)


def _own(target: Path, entry: tarfile.TarInfo) -> None:
    """By name: another machine numbers its accounts otherwise. A name that is not there leaves root the owner."""
    user, group = _number(pwd.getpwnam, entry.uname), _number(grp.getgrnam, entry.gname)
    os.chown(target, user, group, follow_symlinks=False)
    if not entry.issym():
        target.chmod(entry.mode & 0o7777)


def _number(ask: Any, name: str) -> int:
    try:
        return int(ask(name)[2])
    except KeyError:
        return os.geteuid()
