"""A certificate somebody brings: every reason why browsers would not take it, in words, before it is put in force."""

import itertools
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ringfence.hosts.addresses import parsed

LONGEST_CHAIN: Final = 8
LEAST_RSA_BITS: Final = 2048
CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
WEAK_HASHES: Final = ("md5", "sha1")
TRUSTED_ROOTS: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_KEY: Final = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.*?-----END (?:[A-Z]+ )*PRIVATE KEY-----", re.S)
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)


class CertificateRefused(Exception):
    """Why this certificate cannot be put in force: the field, the rule's id, and a sentence that says what to do."""

    def __init__(self, field: str, rule: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.rule = f"certificate.{rule}"
        self.message = message


@dataclass(frozen=True, slots=True)
class Pair:
    """A chain that begins with the server's certificate, and its private key."""

    chain: tuple[x509.Certificate, ...]
    key: Any

    @property
    def leaf(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def chain_pem(self) -> bytes:
        return b"".join(item.public_bytes(serialization.Encoding.PEM) for item in self.chain)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        pem: bytes = self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        return pem


def checked(chain: str, key: str, host: str, now: datetime) -> Pair:
    """The pair, if a browser that asks for `host` will take it (an empty host is not checked). Raises
    CertificateRefused."""
    certificates = _certificates(chain)
    pair = Pair(certificates, _key(key.strip() or _key_inside(chain)))
    _refuse_wrong_key(pair)
    _refuse_wrong_order(pair.chain)
    for number, certificate in enumerate(pair.chain, 1):
        _refuse_wrong_time(certificate, number, now)
        _refuse_weakness(certificate, number)
    _refuse_wrong_use(pair.leaf)
    _refuse_wrong_name(pair.leaf, host)
    return pair


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The host names and addresses it is made for; browsers read the subjectAltName only (RFC 9525)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))


def is_trusted(chain: Sequence[x509.Certificate], now: datetime, roots: Path = TRUSTED_ROOTS) -> bool:
    """Whether browsers trust it: it leads to one of the public roots this machine knows."""
    names = names_of(chain[0])
    if not names or not roots.is_file():
        return False
    wanted = names[0].replace("*", "any", 1)
    address = parsed(wanted)
    subject = x509.DNSName(wanted) if address is None else x509.IPAddress(address)
    try:
        PolicyBuilder().store(Store(_roots(roots))).time(now).build_server_verifier(subject).verify(
            chain[0], list(chain[1:])
        )
    except (VerificationError, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _roots(bundle: Path) -> list[x509.Certificate]:
    """The roots of this machine; an old one that breaks RFC 5280 is only worth leaving out."""
    found = []
    for text in _CERTIFICATE.findall(bundle.read_text(encoding="ascii", errors="replace")):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", CryptographyDeprecationWarning)
                found.append(x509.load_pem_x509_certificate(text.encode()))
        except (ValueError, CryptographyDeprecationWarning):
            continue
    return found


def described(chain: Sequence[x509.Certificate], now: datetime) -> dict[str, Any]:
    """What pages and REST say about a certificate."""
    leaf = chain[0]
    return {
        "subject": common_name(leaf.subject),
        "issuer": common_name(leaf.issuer),
        "names": list(names_of(leaf)),
        "not_before": leaf.not_valid_before_utc.isoformat(),
        "not_after": leaf.not_valid_after_utc.isoformat(),
        "days_left": (leaf.not_valid_after_utc - now).days,
        "key": _strength(leaf.public_key()),
        "fingerprint": leaf.fingerprint(hashes.SHA256()).hex(":").upper(),
        "self_signed": leaf.subject == leaf.issuer,
        "chain": [common_name(item.subject) for item in chain],
    }


def common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _certificates(text: str) -> tuple[x509.Certificate, ...]:
    if "CERTIFICATE REQUEST" in text:
        raise CertificateRefused(
            "chain", "request", "This is a certificate request. Send it to the authority and upload what it answers."
        )
    try:
        found = tuple(x509.load_pem_x509_certificates(text.encode()))
    except ValueError:
        found = ()
    if not found:
        raise CertificateRefused(
            "chain",
            "syntax",
            "There is no readable certificate here. It must be PEM text with lines BEGIN CERTIFICATE and "
            "END CERTIFICATE; a .p12 or .der file has to be converted first (openssl pkcs12, openssl x509).",
        )
    if len(found) > LONGEST_CHAIN:
        raise CertificateRefused("chain", "length", f"{len(found)} certificates are too many for one chain.")
    return found


def _key_inside(chain: str) -> str:
    found = _KEY.search(chain)
    if found is None:
        raise CertificateRefused("key", "key_missing", "The private key is missing.")
    return found[0]


def _key(text: str) -> Any:
    if "ENCRYPTED" in text:
        raise CertificateRefused(
            "key", "key_encrypted", "The private key has a passphrase. Take it off first: openssl pkey -in key.pem"
        )
    try:
        return serialization.load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateRefused(
            "key", "key_syntax", "This is no readable private key. It must be PEM text with BEGIN PRIVATE KEY."
        ) from error


def _refuse_wrong_key(pair: Pair) -> None:
    mine = _public(pair.key.public_key())
    fits = [number for number, item in enumerate(pair.chain, 1) if _public(item.public_key()) == mine]
    if not fits:
        raise CertificateRefused(
            "key",
            "key_match",
            f"The private key does not belong to the certificate of {common_name(pair.leaf.subject)}.",
        )
    if fits[0] != 1:
        raise CertificateRefused(
            "chain",
            "order",
            f"The chain is in the wrong order: the server's certificate is number {fits[0]} and must be the first.",
        )


def _refuse_wrong_order(chain: tuple[x509.Certificate, ...]) -> None:
    for number, (below, above) in enumerate(itertools.pairwise(chain), 1):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature) as error:
            message = (
                f"Certificate {number} ({common_name(below.subject)}) was issued by {common_name(below.issuer)}, but "
                f"the next one in the file is {common_name(above.subject)}. Each must be followed by its issuer."
            )
            raise CertificateRefused("chain", "order", message) from error


def _refuse_wrong_time(certificate: x509.Certificate, number: int, now: datetime) -> None:
    name = common_name(certificate.subject)
    if certificate.not_valid_after_utc <= now:
        ended = f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        raise CertificateRefused("chain", "expired", f"Certificate {number} ({name}) ended on {ended}.")
    if certificate.not_valid_before_utc > now:
        begins = f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        raise CertificateRefused(
            "chain", "not_yet", f"Certificate {number} ({name}) is valid from {begins} on; check this machine's clock."
        )


def _refuse_weakness(certificate: x509.Certificate, number: int) -> None:
    key = certificate.public_key()
    is_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS
    is_known_curve = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES
    if not is_rsa and not is_known_curve:
        raise CertificateRefused(
            "chain",
            "weak_key",
            f"Certificate {number} has the key {_strength(key)}. Browsers take RSA from {LEAST_RSA_BITS} bits on, "
            "and ECDSA on P-256, P-384 or P-521.",
        )
    used = certificate.signature_hash_algorithm
    if certificate.subject != certificate.issuer and used is not None and used.name in WEAK_HASHES:
        raise CertificateRefused("chain", "weak_hash", f"Certificate {number} is signed with {used.name.upper()}.")


def _refuse_wrong_use(leaf: x509.Certificate) -> None:
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca and leaf.subject != leaf.issuer:
        raise CertificateRefused("chain", "authority", "The first certificate is an authority's, not a server's.")
    usage = _extension(leaf, x509.ExtendedKeyUsage)
    if usage is not None and ExtendedKeyUsageOID.SERVER_AUTH not in usage:
        raise CertificateRefused("chain", "usage", "This certificate is not made for servers (extendedKeyUsage).")


def _refuse_wrong_name(leaf: x509.Certificate, host: str) -> None:
    names = names_of(leaf)
    if not names:
        raise CertificateRefused(
            "chain", "names", "The certificate names no host (subjectAltName); browsers ignore the subject."
        )
    if host and not any(_covers(name, host.lower().rstrip(".")) for name in names):
        raise CertificateRefused(
            "host", "names", f"The certificate is made for {', '.join(names[:10])}, not for {host}."
        )


def _covers(name: str, host: str) -> bool:
    """RFC 9525, 6.3: a star stands for one whole label, the first."""
    if name.startswith("*."):
        first, dot, rest = host.partition(".")
        return bool(first and dot) and rest == name[2:].lower() and parsed(host) is None
    return name.lower() == host or (parsed(host) is not None and parsed(name) == parsed(host))


def _extension[E: x509.ExtensionType](certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _public(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    raw: bytes = key.public_bytes(serialization.Encoding.DER, form)
    return raw


def _strength(key: Any) -> str:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__.removesuffix("PublicKey").strip("_")
    return f"{kind} {getattr(key, 'key_size', '')}".strip()
