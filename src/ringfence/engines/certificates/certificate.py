"""The certificate for HTTPS at first start: self-signed, until the administrator brings one.

Renewed before it ends, also while the system runs: it may run for longer than a year, or have begun in 1970.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ringfence.engines.certificates.pairs import Origin, is_brought, make_current, share_current, store_pair
from ringfence.hosts.addresses import Address
from ringfence.hosts.clock import WRITTEN
from ringfence.hosts.paths import Paths

LIFETIME: Final = timedelta(days=397)
"""The longest that browsers accept for a certificate (CA/Browser Forum, Ballot SC-22)."""

RENEW_BEFORE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the administrator compares before trusting a self-signed page."""

    fingerprint: str
    expires: datetime
    created: bool


def ensure_certificate(paths: Paths, own: Sequence[Address], owner: str, now: datetime) -> Certificate:
    """The web certificate in state/tls; made when there is none, renewed when ours is about to end.

    A certificate somebody brought is never replaced here.
    """
    if paths.web_certificate.exists() and paths.web_key.exists():
        found = _in_force(paths)
        if is_brought(paths) or _serves(found, now):
            share_current(paths)
            return _described(found, created=False)
    folder = _create(paths, own, now, owner)
    make_current(paths, folder)
    return _described(_in_force(paths), created=True)


def renewed_pair(paths: Paths, own: Sequence[Address], now: datetime) -> Path | None:
    """Another pair of ours, not in force yet, where the one in force is about to end, has ended or is not valid yet."""
    if is_brought(paths) or _serves(_in_force(paths), now):
        return None
    return _create(paths, own, now)


def _in_force(paths: Paths) -> x509.Certificate:
    return x509.load_pem_x509_certificate(paths.web_certificate.read_bytes())


def _serves(found: x509.Certificate, now: datetime) -> bool:
    """At a boot in 1970 every good one begins in the future: it must not be another one after each restart."""
    has_begun = now < WRITTEN or found.not_valid_before_utc <= now
    return has_begun and found.not_valid_after_utc - now > RENEW_BEFORE


def _create(paths: Paths, own: Sequence[Address], now: datetime, owner: str = "") -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    host = socket.gethostname() or "ringfence"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    names = [x509.DNSName("localhost"), *([x509.DNSName(host)] if host.isascii() and host != "localhost" else [])]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([*names, *(x509.IPAddress(address) for address in own)]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return store_pair(paths, Origin.OWN, certificate.public_bytes(serialization.Encoding.PEM), private, owner)


def _described(certificate: x509.Certificate, *, created: bool) -> Certificate:
    digest = certificate.fingerprint(hashes.SHA256())
    return Certificate(digest.hex(":").upper(), certificate.not_valid_after_utc, created)
