"""A small certificate authority: a root, an issuing authority below it, and servers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEARS: Final = timedelta(days=3650)
AN_HOUR: Final = timedelta(hours=1)
_SIGNS: Final = dict.fromkeys(
    ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
     "encipher_only", "decipher_only"), False,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates of servers; `chain` is itself and, behind it, whoever signed it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def root(cls, name: str) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(_authority(name, key, x509.Name(_named(name)), key), key)

    def below(self, name: str) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        return Authority(_authority(name, key, self.certificate.subject, self.key), key)

    @property
    def pem(self) -> str:
        return pem_of(self.certificate)

    def issue(self, public: Any, names: Sequence[str], lifetime: timedelta) -> x509.Certificate:
        """A server's certificate for host names and addresses, valid from an hour ago on."""
        begins = datetime.now(UTC).replace(microsecond=0) - AN_HOUR
        wanted = x509.SubjectAlternativeName([_general(name) for name in names])
        return (
            _builder(names[0], public, self.certificate.subject, begins, begins + lifetime, self.key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(wanted, critical=False)
            .sign(self.key, hashes.SHA256())
        )


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _authority(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    begins = datetime.now(UTC).replace(microsecond=0) - AN_HOUR
    usage = x509.KeyUsage(**_SIGNS, key_cert_sign=True, crl_sign=True)
    return (
        _builder(name, key.public_key(), issuer, begins, begins + YEARS, signer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(signer, hashes.SHA256())
    )


def _builder(
    name: str, public: Any, issuer: x509.Name, begins: datetime, ends: datetime, signer: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    of_signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(_named(name)))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(of_signer, critical=False)
    )


def _named(name: str) -> list[x509.NameAttribute[str]]:
    return [x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]


def _general(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() or ":" in name else x509.DNSName(name)
