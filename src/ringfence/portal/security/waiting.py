"""Lists that were checked and wait for "Apply": files of the portal's own, readable by nobody else, for an hour."""

import os
import re
import secrets
import time
from typing import Final

from ringfence.portal import places
from ringfence.portal.problems import NotFound

KEPT_SECONDS: Final = 3600
MOST_WAITING: Final = 8
_NAME: Final = re.compile(r"[0-9a-f]{32}")


def keep(raw: bytes) -> str:
    """Keeps a list and returns its name; what waited too long, or is too much, goes."""
    folder = places.PORTAL / "waiting"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_old()
    name = secrets.token_hex(16)
    fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(raw)
    return name


def take(name: str) -> bytes:
    """The list of that name, once. Raises NotFound."""
    path = places.PORTAL / "waiting" / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound(detail="The checked list is gone; choose the file again.")
    raw = path.read_bytes()
    path.unlink()
    return raw


def _forget_old() -> None:
    found = sorted((places.PORTAL / "waiting").iterdir(), key=lambda path: -path.stat().st_mtime)
    oldest = time.time() - KEPT_SECONDS
    for number, path in enumerate(found, 1):
        if number >= MOST_WAITING or path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
