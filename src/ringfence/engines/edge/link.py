"""The two ends of the link between the SBC and the core, and its certificates where one host has both: a small
authority of this system's own signs one for each side, and each side takes nobody else's word.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from ringfence.engines.edge.linkauthority import Authority, new_key, pem_of_key
from ringfence.engines.render import Bare, bracketed
from ringfence.hosts import accounts, ports
from ringfence.hosts.addresses import parsed
from ringfence.hosts.clock import WRITTEN
from ringfence.hosts.sbc import Sbc

RENEW_BEFORE: Final = timedelta(days=90)
LINK_LIFETIME: Final = 86_400
"""Seconds a silent link stays open."""
LINK_PATIENCE: Final = 5
"""Seconds without a sign of the core after which phones are told to try again, instead of being left to wait."""


@dataclass(frozen=True, slots=True)
class Side:
    """Where one side finds what it shows and what it believes."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "authority.crt"

    @property
    def certificate(self) -> Path:
        return self.folder / "link.crt"

    @property
    def key(self) -> Path:
        return self.folder / "link.key"


@dataclass(frozen=True, slots=True)
class Link:
    """The link as one side sees it: where it listens, whom it calls and from where, and what it shows."""

    here: Bare
    there: Bare
    calling: Bare | None
    side: Side
    port: int
    peer: int
    lifetime: int = LINK_LIFETIME
    patience: int = LINK_PATIENCE


def core_link(folder: Path, sbc: Sbc) -> Link:
    """The core's end. It never opens the link, and towards another host it calls providers from the same address: a
    client's section would show them the certificate of the link.
    """
    return Link(
        _place(sbc.link_here, ports.LINK_TO_CORE),
        _place(sbc.link_there, ports.LINK_TO_SBC),
        None if sbc.far else _place(sbc.link_here, 0),
        core_side(folder),
        ports.LINK_TO_CORE,
        ports.LINK_TO_SBC,
    )


def sbc_link(folder: Path, sbc: Sbc) -> Link:
    """The SBC's end."""
    return Link(
        _place(sbc.link_here, ports.LINK_TO_SBC),
        _place(sbc.link_there, ports.LINK_TO_CORE),
        _place(sbc.link_here, 0),
        sbc_side(folder),
        ports.LINK_TO_SBC,
        ports.LINK_TO_CORE,
    )


def core_side(folder: Path) -> Side:
    return Side(folder / "core")


def sbc_side(folder: Path) -> Side:
    return Side(folder / "sbc")


def bans_side(folder: Path) -> Side:
    """What the process shows that carries bans between the two hosts."""
    return Side(folder / "bans")


def web_side(folder: Path) -> Side:
    """What the web server shows on the link, and on the SBC's host whoever hears of other certificates."""
    return Side(folder / "web")


def _place(address: str, port: int) -> Bare:
    found = parsed(address)
    assert found is not None
    return Bare(f"{bracketed(found)}:{port}")


def ensure_link(folder: Path, now: datetime) -> bool:
    """Makes both certificates anew when there are none or one is about to end; whether it did.

    The authority's key is not kept: nothing else can ever be signed with it.
    """
    sides = (core_side(folder), sbc_side(folder))
    if all(_is_good(side, now) for side in sides):
        return False
    authority = Authority.made(now)
    for side, name, group in zip(sides, ("core", "sbc"), (accounts.SIP.name, accounts.SBC.name), strict=True):
        key = new_key()
        put_side(side, Shown(authority.pem, authority.signed(name, key.public_key(), now), pem_of_key(key)), group)
    return True


@dataclass(frozen=True, slots=True)
class Shown:
    """What one side shows and believes, as PEM."""

    authority: bytes
    certificate: bytes
    key: bytes


def put_side(side: Side, shown: Shown, group: str) -> None:
    """Root's own; the accounts of `group` may read it and nobody else."""
    _put(side.authority, shown.authority, group)
    _put(side.certificate, shown.certificate, group)
    _put(side.key, shown.key, group)


def forget_side(side: Side) -> None:
    """Nothing can be proved with it, and nobody is believed by it, from now on."""
    for file in (side.authority, side.certificate, side.key):
        file.unlink(missing_ok=True)


def ensure_flow_key(path: Path) -> str:
    """The SBC's key for flows, made once."""
    if not path.exists():
        _put(path, secrets.token_hex(16).encode(), accounts.SBC.name)
    return path.read_text(encoding="ascii").strip()


def _is_good(side: Side, now: datetime) -> bool:
    if not (side.authority.exists() and side.certificate.exists() and side.key.exists()):
        return False
    found = x509.load_pem_x509_certificate(side.certificate.read_bytes())
    has_begun = now < WRITTEN or found.not_valid_before_utc <= now
    return has_begun and found.not_valid_after_utc - max(now, WRITTEN) > RENEW_BEFORE


def _put(path: Path, content: bytes, group: str) -> None:
    """Root's own; one side's account may read it and nobody else."""
    staged = path.with_suffix(".staged")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    shutil.chown(staged, group=group)
    staged.chmod(0o640)
    staged.replace(path)
