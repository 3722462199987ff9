"""The authority of this installation that signs certificates of phones, and its list of those that are revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.utils import timezone

from ringfence.hosts.clock import validity
from ringfence.portal import places, processes
from ringfence.portal.phonecertificates.models import Authority, PhoneCertificate
from ringfence.portal.sealing import seal, unseal
from ringfence.portal.transports.changes import TransportsSilent

YEAR: Final = timedelta(days=365)
AUTHORITY_LASTS: Final = 20 * YEAR
PHONE_LASTS: Final = 3 * YEAR
LIST_LASTS: Final = 10 * YEAR
"""A revocation list that ran out would shut every phone out, so it is made anew with each change and lasts long."""

BOUND: Final = "authority of phones"
LONGEST_NAME: Final = 64
PATIENCE: Final = 60.0
"""Seconds: the core reads all of its certificates anew."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate with its key, which exists nowhere else."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    authority: x509.Certificate

    @property
    def pem(self) -> str:
        return _pem(self.certificate)

    @property
    def key_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, NoEncryption()).decode()

    @property
    def authority_pem(self) -> str:
        return _pem(self.authority)

    def pkcs12(self, name: str, passphrase: str) -> bytes:
        """All three in one file that opens with the passphrase."""
        locked = BestAvailableEncryption(passphrase.encode())
        return pkcs12.serialize_key_and_certificates(
            name.encode(), self.key, self.certificate, [self.authority], locked
        )


def own() -> Authority:
    """Our authority, made on first use. Only within a transaction: the row stays locked until its end."""
    found = Authority.objects.select_for_update().first()
    if found is not None:
        return found
    key, now = ec.generate_private_key(ec.SECP384R1()), timezone.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ringfence phones")])
    uses = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    certificate = (
        _begun(name, name, key.public_key(), now, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**uses, key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA384())
    )
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, NoEncryption()).decode()
    return Authority.objects.create(certificate=_pem(certificate), sealed_key=seal(secret, BOUND))


def issue(aor: str) -> Issued:
    """A certificate that names this address of record. Raises SealBroken."""
    row, key, now = own(), ec.generate_private_key(ec.SECP256R1()), timezone.now()
    signer, secret = _opened(row)
    common = aor if len(aor) <= LONGEST_NAME else aor.partition("@")[0][:LONGEST_NAME]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    certificate = (
        _begun(name, signer.subject, key.public_key(), now, PHONE_LASTS)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"sip:{aor}")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(secret.public_key()), critical=False)
        .sign(secret, hashes.SHA384())
    )
    return Issued(certificate, key, signer)


def put_in_force() -> None:
    """The core trusts who signs now, and nobody that is revoked. Raises Refused or TransportsSilent."""
    row = own()
    authorities, revoked = (row.brought, row.brought_revoked) if row.brought else (row.certificate, _revoked(row))
    silent = TransportsSilent(
        detail="The process that holds the certificates of SIP does not answer; nothing was changed. It is restarted "
        "by itself; see: ringfence logs transports"
    )
    where = places.PATHS.transports_socket
    processes.ask(where, silent, "phones.trust", PATIENCE, authorities=authorities, revoked=revoked)


def _revoked(row: Authority) -> str:
    """The list of all that were revoked and have not ended (RFC 5280 section 5)."""
    now = timezone.now()
    signer, secret = _opened(row)
    begins, ends = validity(now, LIST_LASTS)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.subject)
        .last_update(begins)
        .next_update(ends)
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
    )
    revoked = PhoneCertificate.objects.filter(revoked_at__isnull=False, ends_at__gt=now)
    for one in revoked:
        when = one.revoked_at or now
        entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16)).revocation_date(when).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(secret, hashes.SHA384()).public_bytes(serialization.Encoding.PEM).decode()


def _opened(row: Authority) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    secret = serialization.load_pem_private_key(unseal(bytes(row.sealed_key), BOUND).encode(), None)
    assert isinstance(secret, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(row.certificate.encode()), secret


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    begins, ends = validity(now, lasts)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
