"""Signed requests of ACME: flattened JSON Web Signatures with ES256 (RFC 7515, RFC 7518 section 3.4)."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

COORDINATE_BYTES: Final = 32

type Document = dict[str, Any]


def base64url(raw: bytes) -> str:
    """
    >>> base64url(b"\\xff\\xfe")
    '__4'
    """
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """Raises ValueError.

    >>> unbase64url("__4") == b"\\xff\\xfe"
    True
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@dataclass(frozen=True, slots=True)
class AccountKey:
    """The key that an account at an authority is known by."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> Self:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Raises ValueError."""
        found = serialization.load_pem_private_key(pem.encode(), password=None)
        if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1):
            return cls(found)
        raise ValueError("an account key is one of the curve P-256")

    @property
    def pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        return self.private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    @property
    def public(self) -> Document:
        """The public half as a JSON Web Key."""
        numbers = self.private.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(COORDINATE_BYTES)) for number in (numbers.x, numbers.y))
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}

    @property
    def thumbprint(self) -> str:
        """RFC 7638: what an authority expects behind its token."""
        canonical = json.dumps(self.public, sort_keys=True, separators=(",", ":"))
        return base64url(hashlib.sha256(canonical.encode()).digest())

    def signed(self, header: Document, payload: Document | None) -> Document:
        """A request; without a payload it only reads (POST-as-GET, RFC 8555 section 6.3)."""
        protected, body = _part({"alg": "ES256", **header}), "" if payload is None else _part(payload)
        r, s = decode_dss_signature(self.private.sign(f"{protected}.{body}".encode(), ec.ECDSA(hashes.SHA256())))
        raw = r.to_bytes(COORDINATE_BYTES) + s.to_bytes(COORDINATE_BYTES)
        return {"protected": protected, "payload": body, "signature": base64url(raw)}


@dataclass(frozen=True, slots=True)
class ExternalAccount:
    """An account that somebody has at the authority already (RFC 8555 section 7.3.4): its key's name and key."""

    key_id: str
    key: str

    def binding(self, account: AccountKey, url: str) -> Document:
        """The proof that the account key belongs to it. Raises ValueError if the key is no base64url text."""
        protected = _part({"alg": "HS256", "kid": self.key_id, "url": url})
        body = _part(account.public)
        digest = hmac.new(unbase64url(self.key), f"{protected}.{body}".encode(), hashlib.sha256).digest()
        return {"protected": protected, "payload": body, "signature": base64url(digest)}


def _part(document: Document) -> str:
    return base64url(json.dumps(document).encode())
