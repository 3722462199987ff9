"""Pairs of certificate and key for the domains of tenants on the disk: each in a directory of its own; one file says
which of them are in force. The core has one folder of them, the SBC another (docs/adr/0064).
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ringfence.engines.kamailio import Authorities, NamedPair

DOMAIN: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9-]{1,63})+")


def read_pairs(folder: Path) -> tuple[NamedPair, ...]:
    """The pairs in force; one whose files are gone is left out, so that the core still starts."""
    found = (
        NamedPair(domain, folder / name / "sip.crt", folder / name / "sip.key")
        for domain, name in sorted(names_in_force(folder).items())
    )
    return tuple(one for one in found if one.certificate.is_file() and one.key.is_file())


def names_in_force(folder: Path) -> dict[str, str]:
    """Which directory holds the pair of which domain."""
    try:
        stored: dict[str, Any] = json.loads((folder / "in-force.json").read_text(encoding="utf-8"))
        return {domain: name for domain, name in stored.items() if DOMAIN.fullmatch(domain) and name.isalnum()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def write_names(folder: Path, names: Mapping[str, str]) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(folder / "in-force.staged", json.dumps(names).encode())
    (folder / "in-force.staged").replace(folder / "in-force.json")


def read_authorities(folder: Path) -> Authorities | None:
    """Who signs certificates of phones; None while nobody is trusted for that."""
    try:
        stored: dict[str, str] = json.loads((folder / "phones.json").read_text(encoding="utf-8"))
        signers, revoked = stored["authorities"], stored["revoked"]
        known = signers.isalnum() and (folder / f"{signers}.pem").is_file()
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    listed = folder / f"{revoked}.crl" if revoked.isalnum() else None
    return Authorities(folder / f"{signers}.pem", listed) if known else None


def write_authorities(folder: Path, authorities: bytes, revoked: bytes) -> None:
    """Files that are named by what is in them, so that one changed word changes what Kamailio reads."""
    folder.mkdir(mode=0o700, exist_ok=True)
    names = {"authorities": _name_of(authorities), "revoked": _name_of(revoked) if revoked else ""}
    _write(folder / f"{names['authorities']}.pem", authorities)
    if revoked:
        _write(folder / f"{names['revoked']}.crl", revoked)
    _write(folder / "phones.staged", json.dumps(names).encode())
    (folder / "phones.staged").replace(folder / "phones.json")


def _name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def store_pair(folder: Path, chain: bytes, key: bytes) -> str:
    """A directory with both files; its name says what is in it."""
    name = _name_of(chain + key)
    (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / name / "sip.key", key)
    _write(folder / name / "sip.crt", chain)
    return name


def _write(path: Path, content: bytes) -> None:
    """What is there already stays: an engine that starts just now reads it."""
    if path.is_file() and path.read_bytes() == content:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def forget_unused(folder: Path) -> None:
    used = set(names_in_force(folder).values())
    known = read_authorities(folder)
    kept = {known.certificates, known.revoked} if known else set()
    for path in folder.iterdir():
        if path.is_dir() and path.name not in used:
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix in (".pem", ".crl") and path not in kept:
            path.unlink()
