"""Key files: made on first start, readable by the portal alone, never in the database."""

import os
import secrets
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32


def key_bytes(folder: Path, name: str) -> bytes:
    """The key in this file; a missing file is created. Raises ValueError if the file does not hold a whole key."""
    path = folder / name
    if not path.exists():
        _create(path)
    raw = path.read_bytes()
    if len(raw) != KEY_BYTES:
        raise ValueError(
            f"{path} must hold exactly {KEY_BYTES} bytes; restore it from a backup: a new one opens nothing"
        )
    return raw


def _create(path: Path) -> None:
    """Two processes may start at once: each writes its own draft, the first link wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, secrets.token_bytes(KEY_BYTES))
        os.fsync(fd)
    finally:
        os.close(fd)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
