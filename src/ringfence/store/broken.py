"""Stores that cannot be read any more. All they hold is made from something else, so they are set aside and made anew.

LMDB itself never leaves one behind. A disk that lies, a copy of a running system, or a power cut where nothing was
synced can.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import lmdb

DATA: Final = "data.mdb"
LOCK: Final = "lock.mdb"
PATIENCE: Final = 120.0
BROKEN: Final = (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError)


class Truncated(Exception):
    """The file is shorter than its own first page says."""


def mend(folder: Path, names: Iterable[bytes] = ()) -> str:
    """Sets the store aside if it cannot be read to its end. Returns why, "" where all is well or nothing is there yet.

    Whoever has it open keeps what he has, so this is for a start. `names` are the tables in it.
    """
    if not (folder / DATA).exists():
        return ""
    try:
        _read(folder, tuple(names))
    except (*BROKEN, Truncated) as error:
        set_aside(folder)
        return f"{type(error).__name__}: {error}"
    return ""


def mend_apart(folder: Path, names: Iterable[bytes] = ()) -> str:
    """The same, read by a process of its own: a page that points nowhere ends whoever follows it."""
    if not (folder / DATA).exists():
        return ""
    argv = [sys.executable, "-m", __name__, str(folder), *(name.decode() for name in names)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode == 0:
        return done.stdout.strip()
    set_aside(folder)
    return f"the reader ended with {done.returncode}"


def set_aside(folder: Path) -> None:
    """The newest broken file is kept for whoever wants to know."""
    (folder / DATA).replace(folder / f"{DATA}.broken")
    (folder / LOCK).unlink(missing_ok=True)


def _read(folder: Path, names: tuple[bytes, ...]) -> None:
    with lmdb.open(str(folder), max_dbs=len(names), readonly=True, create=False, lock=False) as env:
        if (env.info()["last_pgno"] + 1) * env.stat()["psize"] > (folder / DATA).stat().st_size:
            raise Truncated("the end of the file is missing")
        tables = [env.open_db(name or None, create=False) for name in names or (b"",)]
        with env.begin() as txn:
            for table in tables:
                for _ in txn.cursor(db=table):
                    continue


if __name__ == "__main__":
    print(mend(Path(sys.argv[1]), [name.encode() for name in sys.argv[2:]]))
