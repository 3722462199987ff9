"""The end of the audit chain, kept outside the database and signed with a key outside the database.

Who can write the tables can compute a whole new chain; he cannot sign its end. The file follows each commit, so it may
lag behind the table by what a power failure took, and it never runs ahead.
"""

import fcntl
import hashlib
import hmac
import json
import logging
from dataclasses import dataclass
from typing import Final

from ringfence.portal import keys, places

log = logging.getLogger(__name__)

KEY_NAME: Final = "audit.key"
FILE_NAME: Final = "audit.anchor"


@dataclass(frozen=True, slots=True)
class End:
    """Number and hash of the newest entry."""

    last_id: int
    last_hash: str


class AnchorBroken(Exception):
    """The file is missing, cannot be read, or was not signed with our key."""


def sign(words: str) -> str:
    key = keys.key_bytes(places.SECRETS, KEY_NAME)
    return hmac.new(key, words.encode(), hashlib.sha256).hexdigest()


def is_signed(words: str, signature: str) -> bool:
    return hmac.compare_digest(sign(words), signature)


def establish(end: End) -> None:
    """The first anchor, for a system that has no key yet; a file that is lost beside its key stays lost, and shows."""
    if not (places.SECRETS / KEY_NAME).exists():
        _write(end)


def advance(end: End) -> None:
    """Moves the anchor on. A file that is missing or forged stays as it is, for `audit verify` to find."""
    places.PORTAL.mkdir(mode=0o750, parents=True, exist_ok=True)
    with (places.PORTAL / f"{FILE_NAME}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            behind = not (places.SECRETS / KEY_NAME).exists() or read().last_id < end.last_id
        except AnchorBroken as error:
            log.error("the audit log is not anchored any more: %s", error)
            return
        if behind:
            _write(end)


def accept(end: End) -> None:
    """Anchors what stands in the table now, whatever was before. For an administrator who looked into it."""
    _write(end)


def read() -> End:
    """Raises AnchorBroken."""
    path = places.PORTAL / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        end = End(int(document["last_id"]), str(document["last_hash"]))
        signature = str(document["signature"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AnchorBroken(f"{path.name} cannot be read ({error})") from error
    if not is_signed(_words(end), signature):
        raise AnchorBroken(f"{path.name} is not signed with this system's key")
    return end


def _write(end: End) -> None:
    places.PORTAL.mkdir(mode=0o750, parents=True, exist_ok=True)
    path = places.PORTAL / FILE_NAME
    document = {"last_id": end.last_id, "last_hash": end.last_hash, "signature": sign(_words(end))}
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(document), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)


def _words(end: End) -> str:
    return f"audit end {end.last_id} {end.last_hash}"
