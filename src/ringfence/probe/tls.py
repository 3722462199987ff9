"""Which versions of TLS a port takes, and its certificate."""

import socket
import ssl
import warnings
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from ringfence.probe.view import Tls

SECONDS: Final = 2.0
VERSIONS: Final = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)
NAMES: Final = {"TLSv1": "TLSv1", "TLSv1_1": "TLSv1.1", "TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}


def look(host: str, port: int) -> Tls | None:
    """None for a port that speaks no TLS."""
    if _shaken(host, port, None) is None:
        return None
    found = {version.name: _shaken(host, port, version) for version in VERSIONS}
    spoken = {name: hand for name, hand in found.items() if hand is not None}
    if not spoken:
        return None
    cipher, raw = list(spoken.values())[-1]
    versions = tuple(NAMES[name] for name in spoken)
    return Tls(port, versions, cipher, *_certificate(raw))


def _shaken(host: str, port: int, version: ssl.TLSVersion | None) -> tuple[str, bytes] | None:
    """Cipher and certificate of one handshake, in any version without one. Whether to trust it is the question, so
    nothing is verified here.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if version is None:
            context.minimum_version = VERSIONS[0]
        else:
            context.minimum_version = context.maximum_version = version
    try:
        with socket.create_connection((host, port), SECONDS) as plain, context.wrap_socket(plain) as link:
            return (link.cipher() or ("",))[0], link.getpeercert(binary_form=True) or b""
    except (OSError, ValueError):
        return None


def _certificate(raw: bytes) -> tuple[bool, int | None, tuple[str, ...], int]:
    try:
        found = x509.load_der_x509_certificate(raw)
    except ValueError:
        return False, None, (), 0
    lifetime = (found.not_valid_after_utc - found.not_valid_before_utc).days
    days = (found.not_valid_after_utc - datetime.now(UTC)).days
    return found.issuer == found.subject, days, _names(found), lifetime


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        others = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(others.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        return tuple(str(item.value) for item in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
