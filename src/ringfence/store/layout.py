"""Where things are in the policy store."""

from pathlib import Path
from typing import Final

MAP_SIZE: Final = 4 << 30
"""Address space, not memory: room for several million subscribers."""

MAX_READERS: Final = 512
SUBSCRIBERS: Final = b"subscribers"
RULES: Final = b"rules"
LOOKUPS: Final = b"lookups"
TABLES: Final = (SUBSCRIBERS, RULES, LOOKUPS)
DATABASES: Final = len(TABLES)
BOOK_KEY: Final = b"book"
ENTRIES_KEY: Final = b"entries"
ENTRIES_VERSION_KEY: Final = b"entries-version"
VERSION_KEY: Final = b"version"
VERSION_BYTES: Final = 8


def subscriber_key(aor: str) -> bytes:
    """The key of an address of record; users and domains compare without case.

    >>> subscriber_key("101@Example.COM")
    b'101@example.com'
    """
    return aor.lower().encode()


def lock_file(folder: Path) -> Path:
    return folder / "lock.mdb"


def lookup_key(key: str) -> bytes:
    """The key of a lookup: its kind, a slash and what it is looked up by, as in `did/+4930123`. 511 bytes at most."""
    return key.encode()
