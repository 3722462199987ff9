"""What belongs to a backup: everything below the state directory but what is made anew from the rest at each start."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from ringfence.hosts.paths import Paths

MANIFEST: Final = "ringfence.json"
ROOT: Final = "state"
"""Names inside a backup begin with it, so that no name can mean anything but a place in the state directory."""

DUMPED: Final = "database.jsonl"
"""The database where it is no file: rows as Django writes them (`dumpdata`)."""

_SQLITE: Final = b"SQLite format 3\0"
_BESIDE: Final = ("-wal", "-shm", "-journal")
_PASSING: Final = (".staged", ".partial", ".new")


class Kind(StrEnum):
    """How a file is taken: as it is, or as SQLite's own copy of a database in use."""

    FOLDER = "folder"
    FILE = "file"
    LINK = "link"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to take; `name` is its place below the state directory."""

    name: str
    path: Path
    kind: Kind


def items(paths: Paths) -> tuple[Item, ...]:
    """In the order they are taken.

    Databases of the guard before the journal, which goes on from where they stopped; the portal's database last, since
    the files beside it (the anchor of the audit log) may lag behind it but not run ahead.
    """
    return tuple(sorted(_walk(paths), key=lambda item: (_turn(item, paths), item.name)))


def derived(paths: Paths) -> frozenset[Path]:
    """Made from the rest at each start, or of no use elsewhere."""
    return frozenset((paths.policy, paths.blocks, paths.static, paths.logs, paths.backups))


def _turn(item: Item, paths: Paths) -> int:
    if item.kind is Kind.FOLDER:
        return 0
    if item.path == paths.portal_database:
        return 3
    return 1 if item.kind is Kind.DATABASE else 2


def _walk(paths: Paths) -> Iterator[Item]:
    skipped = derived(paths)
    for folder, names, files in os.walk(paths.state, onerror=_refuse):
        here = Path(folder)
        names[:] = sorted(name for name in names if here / name not in skipped and not _is_ours(name))
        for name in (*names, *sorted(files)):
            kind = _kind(here / name)
            if kind is not None:
                yield Item(str((here / name).relative_to(paths.state)), here / name, kind)


def _refuse(error: OSError) -> None:
    """What may not be read is no reason for half a backup; what has gone meanwhile is."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _is_ours(name: str) -> bool:
    """Folders that restoring leaves beside the others."""
    return name.startswith(("restore.", "before-restore"))


def stays_inside(link: str) -> bool:
    """Whether a link leads nowhere but below its own directory.

    >>> stays_inside("pair-1"), stays_inside("/etc/ssl"), stays_inside("../../etc")
    (True, False, False)
    """
    return not link.startswith("/") and ".." not in PurePosixPath(link).parts


def _kind(path: Path) -> Kind | None:
    """None for what is not taken: sockets, half-written files, what SQLite keeps beside a database, and links to the
    host's own files, which are made again where the backup comes back.
    """
    if path.name.endswith((*_BESIDE, *_PASSING)):
        return None
    try:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            return Kind.FOLDER
        if stat.S_ISLNK(mode):
            return Kind.LINK if stays_inside(os.readlink(path)) else None
        if not stat.S_ISREG(mode):
            return None
        with path.open("rb") as stream:
            return Kind.DATABASE if stream.read(len(_SQLITE)) == _SQLITE else Kind.FILE
    except FileNotFoundError:
        return None
