"""Certificates with their keys on the disk: each pair in a directory of its own, one link says which is in force.

Two files cannot be replaced in one step, a link can: whoever reads through it never sees another certificate's key.
"""

import hashlib
import os
import shutil
import stat
from enum import StrEnum
from pathlib import Path
from typing import Final

from ringfence.hosts.paths import Paths

KEPT: Final = 2
"""Pairs that stay on the disk: the one in force and the one before."""


class Origin(StrEnum):
    """Who made a certificate: this system, or somebody who brought it."""

    OWN = "own"
    BROUGHT = "brought"


def store_pair(paths: Paths, origin: Origin, chain: bytes, key: bytes, owner: str = "") -> Path:
    """A directory with both files, not in force yet. The key is readable by whoever speaks TLS and nobody else."""
    folder = paths.tls / f"{origin}-{hashlib.sha256(chain).hexdigest()[:16]}"
    if folder.name == in_force(paths):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o750)
    _write(folder / "web.key", key, 0o640)
    _write(folder / "web.crt", chain, 0o644)
    if owner:  # the group is the directory's, by its set-group-id bit
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, owner)
    return folder


def make_current(paths: Paths, folder: Path) -> None:
    """Puts a stored pair in force for every start from now on, and forgets the oldest."""
    staged = paths.tls / "current.staged"
    staged.unlink(missing_ok=True)
    staged.symlink_to(folder.name)
    staged.replace(paths.current_pair)
    _forget_oldest(paths, folder)


def share_current(paths: Paths) -> None:
    """Lets the directory's group read the pair in force, as `store_pair` does: the first versions let the web server
    alone, and a core of today does not start without it. Root does this where the web server writes: it follows no link
    and touches nothing of anybody else.
    """
    folder = paths.tls / Path(in_force(paths)).name
    for path, mode in ((folder, 0o750), (folder / "web.key", 0o640)):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            if found.st_uid == paths.tls.stat().st_uid and stat.S_IMODE(found.st_mode) & mode != mode:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)


def drop_pair(paths: Paths, folder: Path) -> None:
    """Takes away a pair that was refused."""
    if folder.name != in_force(paths):
        shutil.rmtree(folder, ignore_errors=True)


def forget_brought(paths: Paths) -> None:
    """Another pair is made at the next start."""
    if is_brought(paths):
        paths.current_pair.unlink()
    for folder in paths.tls.glob(f"{Origin.BROUGHT}-*"):
        shutil.rmtree(folder)


def in_force(paths: Paths) -> str:
    return os.readlink(paths.current_pair) if paths.current_pair.is_symlink() else ""


def is_brought(paths: Paths) -> bool:
    return in_force(paths).startswith(Origin.BROUGHT)


def _forget_oldest(paths: Paths, newest: Path) -> None:
    pairs = [path for path in paths.tls.iterdir() if path.is_dir() and not path.is_symlink() and path != newest]
    for old in sorted(pairs, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(mode)
