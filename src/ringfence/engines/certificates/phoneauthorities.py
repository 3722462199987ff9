"""Authorities that sign the certificates of phones: every reason why one cannot be put in force, in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ringfence.engines.certificates.brought import CertificateRefused, common_name

MOST: Final = 8


def checked_authorities(text: str, now: datetime) -> tuple[x509.Certificate, ...]:
    """Raises CertificateRefused."""
    try:
        found = tuple(x509.load_pem_x509_certificates(text.encode()))
    except ValueError as error:
        raise CertificateRefused("authorities", "pem", "This is no certificate in PEM form.") from error
    if len(found) > MOST:
        raise CertificateRefused("authorities", "too_many", f"At most {MOST} authorities.")
    for one in found:
        name = common_name(one.subject)
        if not _is_authority(one):
            raise CertificateRefused("authorities", "no_authority", f"{name} is no authority (basicConstraints).")
        if not one.not_valid_before_utc <= now < one.not_valid_after_utc:
            raise CertificateRefused("authorities", "time", f"{name} is not valid today.")
    return found


def check_revocations(text: str, authorities: Sequence[x509.Certificate]) -> None:
    """A list of revoked certificates must be signed by one of the authorities; "" is none. Kamailio wants a list of
    every authority once there is one. Raises CertificateRefused."""
    if not text:
        return
    try:
        listed = x509.load_pem_x509_crl(text.encode())
    except ValueError as error:
        raise CertificateRefused("revoked", "pem", "This is no revocation list in PEM form.") from error
    if len(authorities) != 1:
        raise CertificateRefused("revoked", "one_authority", "With a revocation list there is exactly one authority.")
    key = authorities[0].public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) or not listed.is_signature_valid(key):
        raise CertificateRefused("revoked", "foreign_list", "The authority did not sign this revocation list.")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False
