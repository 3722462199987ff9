"""Passwords that attackers try first: the 20,000 that Django ships, and a file the operator may add.

The operator's file is `blocked-passwords.txt` in the portal's state: UTF-8, one password in a line, lowercase. It is
searched where it lies, so it may have hundreds of megabytes.
"""

import gzip
import mmap
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SHIPPED: Final = "contrib/auth/common-passwords.txt.gz"
OPERATORS: Final = "blocked-passwords.txt"


@lru_cache(maxsize=1)
def shipped() -> frozenset[str]:
    """Django's list (compiled by Royce Williams from breaches), read without loading Django."""
    spec = find_spec("django")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("Django is not installed: there is no list of well-known passwords")
    with gzip.open(Path(spec.origin).parent / SHIPPED, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip() for line in lines)


def is_well_known(password: str, folder: Path | None = None) -> bool:
    """Whether the password, capital or not, is on either list.

    >>> is_well_known("P@ssw0rd"), is_well_known("correct-Horse7")
    (True, False)
    """
    lowered = password.lower().strip()
    return lowered in shipped() or (folder is not None and _in_file(folder / OPERATORS, lowered))


def _in_file(path: Path, word: str) -> bool:
    """Line ends of both kinds; an empty file cannot be mapped."""
    if not word or not path.is_file() or path.stat().st_size == 0:
        return False
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return _holds_line(text, word.encode())


def _holds_line(text: mmap.mmap, word: bytes) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        begins = at == 0 or text[at - 1 : at] == b"\n"
        if begins and (end == len(text) or text[end : end + 1] in (b"\n", b"\r")):
            return True
        at = text.find(word, at + 1)
    return False
