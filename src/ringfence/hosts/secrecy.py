"""Which of the product's secrets somebody else on this machine could read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ringfence.hosts.paths import Paths

MOST: Final = 200
PUBLIC: Final = (".crt", ".pub")


def readable_secrets(paths: Paths) -> tuple[Path, ...]:
    """Files that everybody may read: keys whatever folder they lie in, everything else where others can get to it."""
    found: list[Path] = []
    for path in _files(paths):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & stat.S_IROTH and (_is_key(path, paths) or _reached_by_others(path)):
            found.append(path)
            if len(found) == MOST:
                break
    return tuple(found)


def close_secrets(paths: Paths) -> tuple[Path, ...]:
    """Takes the rights of others from them; what was changed."""
    found = readable_secrets(paths)
    for path in found:
        path.chmod(path.stat().st_mode & ~stat.S_IRWXO)
    return found


def _files(paths: Paths) -> Iterator[Path]:
    yield from (path for path in (paths.topology_key,) if path.is_file())
    for top in (paths.secrets, paths.tls, paths.portal, paths.guard, paths.journal, paths.policy, paths.spool):
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                if not name.endswith(PUBLIC):
                    yield Path(folder) / name


def _is_key(path: Path, paths: Paths) -> bool:
    return path.suffix == ".key" or paths.secrets in path.parents


def _reached_by_others(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
