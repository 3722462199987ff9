"""The certificates of the link between the SBC and the core: a small authority of this system's own signs one for each
side, and each side takes nobody else's word.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ringfence.engines.render import Bare
from ringfence.hosts import accounts, ports
from ringfence.hosts.addresses import LOOPBACK

LIFETIME: Final = timedelta(days=3650)
RENEW_BEFORE: Final = timedelta(days=90)
LINK_LIFETIME: Final = 86_400
"""Seconds a silent link stays open."""


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
    calling: Bare
    side: Side
    port: int
    peer: int
    lifetime: int = LINK_LIFETIME


def core_link(folder: Path) -> Link:
    """The core's end."""
    return Link(
        _place(ports.LINK_TO_CORE),
        _place(ports.LINK_TO_SBC),
        _place(0),
        core_side(folder),
        ports.LINK_TO_CORE,
        ports.LINK_TO_SBC,
    )


def sbc_link(folder: Path) -> Link:
    """The SBC's end."""
    return Link(
        _place(ports.LINK_TO_SBC),
        _place(ports.LINK_TO_CORE),
        _place(0),
        sbc_side(folder),
        ports.LINK_TO_SBC,
        ports.LINK_TO_CORE,
    )


def core_side(folder: Path) -> Side:
    return Side(folder / "core")


def sbc_side(folder: Path) -> Side:
    return Side(folder / "sbc")


def _place(port: int) -> Bare:
    return Bare(f"{LOOPBACK}:{port}")


def ensure_link(folder: Path, now: datetime) -> bool:
    """Makes both certificates anew when there are none or one is about to end; whether it did.

    The authority's key is not kept: nothing else can ever be signed with it.
    """
    sides = (core_side(folder), sbc_side(folder))
    if all(_is_good(side, now) for side in sides):
        return False
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key, now)
    for side, name, group in zip(sides, ("core", "sbc"), (accounts.SIP.name, accounts.SBC.name), strict=True):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(name, key, authority, authority_key, now)
        _put(side.authority, authority.public_bytes(serialization.Encoding.PEM), group)
        _put(side.certificate, certificate.public_bytes(serialization.Encoding.PEM), group)
        _put(side.key, _pem(key), group)
    return True


def ensure_flow_key(path: Path) -> str:
    """The SBC's key for flows, made once."""
    if not path.exists():
        _put(path, secrets.token_hex(16).encode(), accounts.SBC.name)
    return path.read_text(encoding="ascii").strip()


def _is_good(side: Side, now: datetime) -> bool:
    if not (side.authority.exists() and side.certificate.exists() and side.key.exists()):
        return False
    found = x509.load_pem_x509_certificate(side.certificate.read_bytes())
    return found.not_valid_after_utc - now > RENEW_BEFORE


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name("Ringfence link authority")
    return (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    """Each side is client and server of the other."""
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return (
        _builder(_name(f"Ringfence {name}"), authority.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


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
