"""Makes a backup while the system runs."""

import grp
import io
import json
import os
import pwd
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from ringfence import __version__
from ringfence.backups.contents import DUMPED, MANIFEST, ROOT, Item, Kind, items
from ringfence.backups.copying import PASSING, copied
from ringfence.backups.lock import Lock
from ringfence.backups.sealed import SealingWriter
from ringfence.hosts.paths import Paths

SUFFIX: Final = ".ringfence"
_LAST: Final = "last.json"
_BUFFER: Final = 1 << 20

type Dump = Callable[[Path], None]
"""Writes the rows of a database that is no file into this file."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup."""

    path: Path
    size: int
    files: int


def make(paths: Paths, lock: Lock, target: Path, now: datetime, dump: Dump | None = None) -> Made:
    """Writes the backup beside its name first; under its name there is only ever a whole one.

    Raises OSError (the disk is full, a file may not be read) or sqlite3.Error; nothing is left behind then.
    """
    partial = target.with_name(f"{target.name}{PASSING}")
    try:
        with (
            _private(partial) as stream,
            closing(SealingWriter(stream, lock)) as sealed,
            tarfile.open(fileobj=_sink(sealed), mode="w|gz", format=tarfile.PAX_FORMAT) as archive,
        ):
            _add_text(archive, MANIFEST, json.dumps(_manifest(now, dump is not None)), now)
            files = _add_all(archive, paths)
            if dump is not None:
                _add_dump(archive, dump, paths.backups)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return Made(target, target.stat().st_size, files)


def file_name(now: datetime) -> str:
    """As it lies among others: the newest sorts last."""
    return f"ringfence-{now:%Y%m%d-%H%M%S}{SUFFIX}"


def sweep(paths: Paths) -> None:
    """Removes what a maker that was killed has left."""
    for left in paths.backups.glob(f"*{PASSING}"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def note_last(paths: Paths, made: Made, now: datetime) -> None:
    """What the doctor looks at: when the last backup was made."""
    staged = paths.backups / f"{_LAST}.staged"
    staged.write_text(json.dumps({"at": int(now.timestamp()), "file": made.path.name, "bytes": made.size}))
    staged.chmod(0o644)
    staged.replace(paths.backups / _LAST)


def _manifest(now: datetime, dumped: bool) -> dict[str, object]:
    return {"version": __version__, "at": now.isoformat(), "database": DUMPED if dumped else "sqlite"}


def _sink(sealed: SealingWriter) -> IO[bytes]:
    return sealed  # type: ignore[return-value]  # tarfile only calls write


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its maker may read, on the disk when the block ends."""
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(fd, "wb", buffering=_BUFFER) as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _add_all(archive: tarfile.TarFile, paths: Paths) -> int:
    """The number of files. One that was rotated or deleted meanwhile is left out."""
    files = 0
    for item in items(paths):
        with suppress(FileNotFoundError):
            _add(archive, item, paths.backups)
            files += item.kind is not Kind.FOLDER
    return files


def _add(archive: tarfile.TarFile, item: Item, scratch: Path) -> None:
    if item.kind is Kind.DATABASE:
        with copied(item.path, scratch) as copy:
            _add_bytes(archive, item, copy)
    elif item.kind is Kind.FILE:
        _add_bytes(archive, item, item.path)
    else:
        entry = _entry(item)
        if item.kind is Kind.LINK:
            entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(item.path)
        else:
            entry.type = tarfile.DIRTYPE
        archive.addfile(entry)


def _add_bytes(archive: tarfile.TarFile, item: Item, source: Path) -> None:
    """Exactly as many bytes as there are now: the journal grows while it is read."""
    with source.open("rb") as stream:
        entry = _entry(item)
        entry.size = os.fstat(stream.fileno()).st_size
        archive.addfile(entry, stream)


def _entry(item: Item) -> tarfile.TarInfo:
    found = item.path.lstat()
    entry = tarfile.TarInfo(f"{ROOT}/{item.name}")
    entry.mode, entry.mtime = found.st_mode & 0o7777, int(found.st_mtime)
    entry.uname, entry.gname = _user(found.st_uid), _group(found.st_gid)
    return entry


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return ""


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return ""


def _add_dump(archive: tarfile.TarFile, dump: Dump, scratch: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="copy-", suffix=PASSING, dir=scratch) as folder:
        rows = Path(folder) / DUMPED
        dump(rows)
        with rows.open("rb") as stream:
            entry = tarfile.TarInfo(DUMPED)
            entry.size, entry.mode = rows.stat().st_size, 0o600
            archive.addfile(entry, stream)


def _add_text(archive: tarfile.TarFile, name: str, text: str, now: datetime) -> None:
    raw = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(raw), 0o600, int(now.timestamp())
    archive.addfile(entry, io.BytesIO(raw))
