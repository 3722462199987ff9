"""The stamp that makes a browser fetch style and script anew after an upgrade."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent.parent / "static"


@cache
def stamp() -> str:
    """Changes whenever one of our own assets does."""
    found = sorted(path for path in (*STATIC.glob("*.*"), *STATIC.glob("phone/*.*")) if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in found)).hexdigest()[:10]
