"""Orders one certificate from an authority: account, order, proof of the names, request, certificate (RFC 8555)."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ringfence.policy.sentence import Sentence
from ringfence.portal.acme.jws import AccountKey, Document, ExternalAccount, base64url
from ringfence.portal.acme.wire import AcmeFailed, Reply, Send

BAD_NONCE: Final = "urn:ietf:params:acme:error:badNonce"
NONCES_TRIED: Final = 4
PATIENCE: Final = 240.0
"""Seconds that an authority may take to look at the names, and as many to sign."""

WHOLE_ORDER: Final = 900.0
"""Seconds after which nothing more is asked: no other order is made meanwhile."""

SHORTEST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 15.0
LONGEST_DETAIL: Final = 300
HTTP_01: Final = "http-01"
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{1,1000}")
_NO_NAMES: Final = (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is ordered, where, and for whom. Whoever orders has agreed to the authority's terms."""

    directory: str
    names: tuple[str, ...]
    email: str = ""
    external: ExternalAccount | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A chain that begins with the new certificate, and its key; both PEM."""

    chain: str
    key: str

    @property
    def fingerprint(self) -> str:
        """SHA-256, as pages show it."""
        leaf = x509.load_pem_x509_certificates(self.chain.encode())[0]
        return leaf.fingerprint(hashes.SHA256()).hex(":").upper()


class Door(Protocol):
    """Answers an authority at /.well-known/acme-challenge/ on port 80."""

    def open(self, challenges: Mapping[str, str]) -> None:
        """Answers each token with its text. Raises Refused."""

    def close(self) -> None:
        """Answers nothing any more."""


@dataclass(frozen=True, slots=True)
class Means:
    """What an order needs of the world."""

    send: Send
    door: Door
    pause: Callable[[float], None]
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Directory:
    """Where an authority takes requests (section 7.1.1)."""

    new_nonce: str
    new_account: str
    new_order: str
    wants_external_account: bool = False

    @classmethod
    def read(cls, document: Document) -> Self:
        """Raises AcmeFailed."""
        meta = document.get("meta")
        external = isinstance(meta, dict) and meta.get("externalAccountRequired") is True
        nonce, account, order = (_text(document, name) for name in ("newNonce", "newAccount", "newOrder"))
        return cls(nonce, account, order, external)


@dataclass(frozen=True, slots=True)
class Challenge:
    """The authority's question for one name, and the answer that it expects over HTTP."""

    url: str
    token: str
    answer: str


def ordered(wish: Wish, key: AccountKey, means: Means) -> Issued:
    """A certificate for all the names; the door is closed again whatever happens. Raises AcmeFailed, or Refused when
    the door cannot be opened."""
    session = Session(means, key, Directory.read(_good(means.send("GET", wish.directory, None)).document))
    session.sign_in(wish)
    reply = session.post(
        session.directory.new_order, {"identifiers": [{"type": "dns", "value": name} for name in wish.names]}
    )
    order_url, order = _location(reply), reply.document
    _prove(session, _texts(order, "authorizations"))
    order = session.awaited(order_url, "pending")
    private = ec.generate_private_key(ec.SECP256R1())
    if order.get("status") == "ready":
        session.post(_text(order, "finalize"), {"csr": base64url(_request(private, wish.names))})
        order = session.awaited(order_url, "ready", "processing")
    if order.get("status") != "valid":
        raise AcmeFailed(f"The authority gave the order up. {_fault(order.get('error'))}")
    chain = session.post(_text(order, "certificate"), None).body.decode("ascii", errors="replace")
    _refuse_other_names(chain, wish.names)
    return Issued(chain, _pem(private))


class Session:
    """Signed requests to one authority, each with a nonce of its own (section 6.5)."""

    def __init__(self, means: Means, key: AccountKey, directory: Directory) -> None:
        self.means, self.key, self.directory = means, key, directory
        self._account = ""
        self._nonce = ""
        self._until = means.clock() + WHOLE_ORDER

    def sign_in(self, wish: Wish) -> None:
        """The account of this key: a new one, or the one that is there already (section 7.3). Raises AcmeFailed."""
        url, contact = self.directory.new_account, [f"mailto:{wish.email}"] if wish.email else []
        wanted: Document = {"termsOfServiceAgreed": True, "contact": contact}
        if wish.external is not None:
            try:
                wanted["externalAccountBinding"] = wish.external.binding(self.key, url)
            except ValueError as error:
                raise AcmeFailed("The key of the account at the authority is no base64url text.") from error
        elif self.directory.wants_external_account:
            raise AcmeFailed("This authority wants an account that you have there already: its key's name and key.")
        reply = self.post(url, wanted)
        self._account = _location(reply)
        if reply.status == 200 and reply.document.get("contact", []) != contact:
            self.post(self._account, {"contact": contact})

    def post(self, url: str, payload: Document | None) -> Reply:
        """The answer to a signed request; without a payload it only reads. Raises AcmeFailed."""
        for _ in range(NONCES_TRIED):
            reply = self._post_once(url, payload)
            if reply.status < 400 or _problem_type(reply) != BAD_NONCE:
                return _good(reply)
        raise AcmeFailed("The authority takes none of its own nonces.")

    def awaited(self, url: str, *passing: str) -> Document:
        """What is at `url` once its status is none of the passing ones. Raises AcmeFailed."""
        waited = 0.0
        while True:
            reply = self.post(url, None)
            if reply.document.get("status") not in passing:
                return reply.document
            if waited > PATIENCE:
                raise AcmeFailed("The authority was not done in time.")
            pause = _pause_of(reply)
            self.means.pause(pause)
            waited += pause

    def _post_once(self, url: str, payload: Document | None) -> Reply:
        if self.means.clock() > self._until:
            raise AcmeFailed("The authority was not done in time.")
        nonce, self._nonce = self._nonce or self._new_nonce(), ""
        who: Document = {"kid": self._account} if self._account else {"jwk": self.key.public}
        signed = self.key.signed({**who, "nonce": nonce, "url": url}, payload)
        reply = self.means.send("POST", url, json.dumps(signed).encode())
        self._nonce = _nonce_of(reply)
        return reply

    def _new_nonce(self) -> str:
        found = _nonce_of(_good(self.means.send("HEAD", self.directory.new_nonce, None)))
        if not found:
            raise AcmeFailed("The authority gives no nonce.")
        return found


def _nonce_of(reply: Reply) -> str:
    """Section 6.5.1: one that is no base64url text is none at all."""
    found = reply.header("Replay-Nonce")
    return found if _NONCE.fullmatch(found) else ""


def _prove(session: Session, authorizations: list[str]) -> None:
    """Answers what the authority asks about each name that it does not know as ours yet."""
    asked = {url: found for url in authorizations if (found := _challenge(session, url)) is not None}
    if not asked:
        return
    door = session.means.door
    door.open({challenge.token: challenge.answer for challenge in asked.values()})
    try:
        for challenge in asked.values():
            session.post(challenge.url, {})
        for url in asked:
            _refuse_unproved(session.awaited(url, "pending", "processing"))
    finally:
        door.close()


def _challenge(session: Session, url: str) -> Challenge | None:
    """The question over HTTP; None for a name that is proved already."""
    document = session.post(url, None).document
    if document.get("status") == "valid":
        return None
    for challenge in _challenges(document):
        if challenge.get("type") == HTTP_01:
            token = _text(challenge, "token")
            return Challenge(_text(challenge, "url"), token, f"{token}.{session.key.thumbprint}")
    raise AcmeFailed(f"The authority does not ask for {_name(document)} over HTTP (http-01).")


def _refuse_unproved(authorization: Document) -> None:
    if authorization.get("status") == "valid":
        return
    told = next((found for one in _challenges(authorization) if (found := one.get("error"))), None)
    raise AcmeFailed(f"The authority did not find {_name(authorization)} here. {_fault(told)}")


def _challenges(authorization: Document) -> Iterator[Document]:
    found = authorization.get("challenges")
    yield from (one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def _name(authorization: Document) -> str:
    found = authorization.get("identifier")
    return _short(found.get("value") if isinstance(found, dict) else "a name")


def _request(private: ec.EllipticCurvePrivateKey, names: tuple[str, ...]) -> bytes:
    """The certificate request (PKCS#10) for the names."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])] if len(names[0]) <= 64 else [])
    wanted = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(wanted, critical=False)
    return made.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _refuse_other_names(chain: str, names: tuple[str, ...]) -> None:
    try:
        leaf = x509.load_pem_x509_certificates(chain.encode())[0]
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, *_NO_NAMES) as error:
        raise AcmeFailed("What the authority sent is no certificate of a host.") from error
    missing = set(names) - {name.lower() for name in found.get_values_for_type(x509.DNSName)}
    if missing:
        raise AcmeFailed(f"The authority left out {', '.join(sorted(missing))}.")


def _pem(private: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _good(reply: Reply) -> Reply:
    if 200 <= reply.status < 300:
        return reply
    if 300 <= reply.status < 400:
        raise AcmeFailed(f"The authority leads elsewhere ({reply.status}); that is not followed.")
    try:
        fault = _fault(reply.document)
    except AcmeFailed:
        fault = _fault(None)
    raise AcmeFailed(f"The authority refused with {reply.status}. {fault}")


def _problem_type(reply: Reply) -> str:
    try:
        return str(reply.document.get("type", ""))
    except AcmeFailed:
        return ""


def _fault(problem: Any) -> Sentence:
    """A problem document in its authority's own words (section 6.7), made harmless."""
    if not isinstance(problem, dict):
        return "It does not say why."
    kind = _short(problem.get("type")).rpartition(":")[2]
    detail = _short(problem.get("detail")) or _fault(None)
    return f"{detail} ({kind})" if kind else detail


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(sign if sign.isprintable() else " " for sign in text[:LONGEST_DETAIL])


def _pause_of(reply: Reply) -> float:
    told = reply.header("Retry-After")
    wanted = float(told) if told.isascii() and told.isdigit() and len(told) < 6 else 2.0
    return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, wanted))


def _location(reply: Reply) -> str:
    if not (found := reply.header("Location")):
        raise AcmeFailed("The authority does not say where that is (Location).")
    return found


def _text(document: Document, name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not found:
        raise AcmeFailed(f"The authority's answer has no {name}.")
    return found


def _texts(document: Document, name: str) -> list[str]:
    found = document.get(name)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found) or len(found) > 100:
        raise AcmeFailed(f"The authority's answer has no {name}.")
    return found
