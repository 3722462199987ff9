"""An authority that speaks ACME (RFC 8555) for the lab: it checks signatures and nonces, really fetches the challenge
over HTTP, and signs with a certificate authority of its own. It shares no code with the client."""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ringfence.lab.authority import Authority, pem_of

ERRORS: Final = "urn:ietf:params:acme:error:"
NINETY_DAYS: Final = timedelta(days=90)
LONGEST_BODY: Final = 64 * 1024

type Reach = Callable[[str], socket.socket]
"""A connection to port 80 of the host of a name."""


class Problem(Exception):
    """A request that is refused (section 6.7)."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail


@dataclass(slots=True)
class Order:
    """One order, its names with what is known of each, and the certificate once it is signed."""

    account: str
    names: list[str]
    tokens: list[str] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    chain: str = ""

    @property
    def status(self) -> str:
        if self.chain:
            return "valid"
        if "invalid" in self.proved:
            return "invalid"
        return "ready" if all(state == "valid" for state in self.proved) else "pending"


@dataclass(slots=True)
class Behaviour:
    """What a test wants of the authority: lifetime, faults, and accounts that must be there already."""

    lifetime: timedelta = NINETY_DAYS
    bad_nonces: int = 0
    other_names: tuple[str, ...] = ()
    token: str | None = None
    external: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)


class AcmeServer:
    """Serves on a socket that listens, `with AcmeServer(...)`; `directory` is what a client is told."""

    def __init__(self, listening: socket.socket, host: str, reach: Reach, behaviour: Behaviour | None = None) -> None:
        self.base = f"https://{host}:{listening.getsockname()[1]}"
        self.behaviour = behaviour or Behaviour()
        self.root = Authority.root("Lab Root")
        self.issuing = self.root.below("Lab Issuing")
        self.accounts: dict[str, dict[str, Any]] = {}
        self.orders: list[Order] = []
        self.nonces: set[str] = set()
        self.reach = reach
        self._server = ThreadingHTTPServer(("", 0), _Answers, bind_and_activate=False)
        self._server.socket.close()
        self._server.daemon_threads = True
        self._server.socket = self._tls(host).wrap_socket(
            listening, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )
        self._server.acme = self  # type: ignore[attr-defined]  # its answers find it there

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def directory(self) -> str:
        return f"{self.base}/directory"

    def _tls(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        text = key.private_bytes(serialization.Encoding.PEM, form, bare).decode()
        text += pem_of(self.issuing.issue(key.public_key(), [host], NINETY_DAYS)) + self.issuing.pem
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory(prefix="rf-acme-") as folder:
            file = Path(folder) / "pair.pem"
            file.touch(0o600)
            file.write_text(text, encoding="ascii")
            context.load_cert_chain(file)
        return context

    # --- what is asked ---

    def answer(self, path: str, request: "Request") -> tuple[int, Any, dict[str, str]]:
        """Status, body, headers. Raises Problem."""
        kind, _, number = path.lstrip("/").partition("/")
        if kind == "new-account":
            return self._new_account(request)
        if request.account not in self.accounts:
            raise Problem(401, "accountDoesNotExist", "There is no such account.")
        if kind == "account":
            self.accounts[request.account] |= request.payload or {}
            return 200, self.accounts[request.account], {}
        if kind == "new-order":
            return self._new_order(request)
        order, place = self._found(number, request.account)
        match kind:
            case "order":
                return 200, self._order(order), {}
            case "authorization":
                return 200, self._authorization(order, place), {}
            case "challenge":
                if order.proved[place] == "pending":
                    order.proved[place] = "processing"
                    threading.Thread(target=self._look, args=(order, place, request.account), daemon=True).start()
                return 200, self._authorization(order, place)["challenges"][0], {}
            case "finalize":
                self._sign(order, request)
                return 200, self._order(order), {"Location": f"{self.base}/order/{self.orders.index(order)}.0"}
            case "certificate":
                return 200, order.chain.encode(), {"Content-Type": "application/pem-certificate-chain"}
        raise Problem(404, "malformed", "There is no such resource.")

    def _found(self, number: str, account: str) -> tuple[Order, int]:
        with suppress(ValueError, IndexError):
            first, _, second = number.partition(".")
            if self.orders[int(first)].account == account:
                return self.orders[int(first)], int(second)
        raise Problem(404, "malformed", "There is no such resource.")

    def _new_account(self, request: "Request") -> tuple[int, Any, dict[str, str]]:
        if request.jwk is None or request.payload is None:
            raise Problem(400, "malformed", "A new account comes with its key.")
        if not request.payload.get("termsOfServiceAgreed"):
            raise Problem(403, "userActionRequired", "The terms have to be agreed to.")
        if self.behaviour.external:
            self._check_external(request)
        url = f"{self.base}/account/{thumbprint(request.jwk)}"
        known = url in self.accounts
        if not known:
            self.accounts[url] = {"status": "valid", "contact": request.payload.get("contact", []), "jwk": request.jwk}
        shown = {name: value for name, value in self.accounts[url].items() if name != "jwk"}
        return 200 if known else 201, shown, {"Location": url}

    def _check_external(self, request: "Request") -> None:
        try:
            bound = (request.payload or {})["externalAccountBinding"]
            header = json.loads(decoded(bound["protected"]))
            key = self.behaviour.external[header["kid"]]
            digest = hmac.new(key, f"{bound['protected']}.{bound['payload']}".encode(), hashlib.sha256).digest()
            fits = hmac.compare_digest(digest, decoded(bound["signature"]))
            fits = fits and header["alg"] == "HS256" and json.loads(decoded(bound["payload"])) == request.jwk
        except (KeyError, ValueError, TypeError) as error:
            raise Problem(403, "externalAccountRequired", "An account is needed that is there already.") from error
        if not fits:
            raise Problem(403, "unauthorized", "The external account's signature is wrong.")

    def _new_order(self, request: "Request") -> tuple[int, Any, dict[str, str]]:
        names = [str(one["value"]) for one in (request.payload or {}).get("identifiers", []) if one["type"] == "dns"]
        if not names or any("*" in name for name in names):
            raise Problem(400, "rejectedIdentifier", "Only whole host names are proved over HTTP.")
        order = Order(request.account, names, [self._token() for _ in names], ["pending" for _ in names])
        self.orders.append(order)
        return 201, self._order(order), {"Location": f"{self.base}/order/{len(self.orders) - 1}.0"}

    def _token(self) -> str:
        return secrets.token_urlsafe(24) if self.behaviour.token is None else self.behaviour.token

    def _order(self, order: Order) -> dict[str, Any]:
        number = self.orders.index(order)
        shown = {
            "status": order.status,
            "identifiers": [{"type": "dns", "value": name} for name in order.names],
            "authorizations": [f"{self.base}/authorization/{number}.{place}" for place in range(len(order.names))],
            "finalize": f"{self.base}/finalize/{number}.0",
        }
        return shown | ({"certificate": f"{self.base}/certificate/{number}.0"} if order.chain else {})

    def _authorization(self, order: Order, place: int) -> dict[str, Any]:
        state, number = order.proved[place], self.orders.index(order)
        challenge: dict[str, Any] = {
            "type": "http-01",
            "url": f"{self.base}/challenge/{number}.{place}",
            "token": order.tokens[place],
            "status": state,
        }
        if place in order.errors:
            challenge["error"] = {"type": f"{ERRORS}unauthorized", "detail": order.errors[place]}
        status = "pending" if state == "processing" else state
        return {
            "status": status,
            "identifier": {"type": "dns", "value": order.names[place]},
            "challenges": [challenge, {"type": "dns-01", "url": challenge["url"], "token": "unused"}],
        }

    def _look(self, order: Order, place: int, account: str) -> None:
        """Fetches the challenge as an authority does (section 8.3)."""
        name, token = order.names[place], order.tokens[place]
        path = f"/.well-known/acme-challenge/{token}"
        try:
            link = http.client.HTTPConnection(name, 80, timeout=5)
            link.sock = self.reach(name)
            link.request("GET", path, headers={"Connection": "close"})
            answer = link.getresponse()
            told = answer.read(1000).decode("ascii", errors="replace").rstrip()
            link.close()
        except (OSError, http.client.HTTPException) as error:
            order.errors[place], order.proved[place] = f"{name} cannot be reached: {error}", "invalid"
            return
        self.behaviour.fetched.append(path)
        if answer.status == 200 and told == f"{token}.{thumbprint(self.accounts[account]['jwk'])}":
            order.proved[place] = "valid"
        else:
            order.errors[place] = f"{name} answered {answer.status} and not what was expected"
            order.proved[place] = "invalid"

    def _sign(self, order: Order, request: "Request") -> None:
        if order.status != "ready":
            raise Problem(403, "orderNotReady", f"The order is {order.status}.")
        wanted = x509.load_der_x509_csr(decoded((request.payload or {})["csr"]))
        found = wanted.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if not wanted.is_signature_valid or sorted(found.get_values_for_type(x509.DNSName)) != sorted(order.names):
            raise Problem(400, "badCSR", "The request names others than the order.")
        names = self.behaviour.other_names or order.names
        signed = self.issuing.issue(wanted.public_key(), names, self.behaviour.lifetime)
        order.chain = pem_of(signed) + self.issuing.pem


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose signature is right: who signed it and what it says; None is POST-as-GET."""

    account: str
    jwk: dict[str, str] | None
    payload: dict[str, Any] | None


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    @property
    def _acme(self) -> AcmeServer:
        found: AcmeServer = self.server.acme  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        base = self._acme.base
        if self.path == "/directory":
            names = {"newNonce": "new-nonce", "newAccount": "new-account", "newOrder": "new-order"}
            meta = {"termsOfService": f"{base}/terms", "externalAccountRequired": bool(self._acme.behaviour.external)}
            self._send(200, {**{name: f"{base}/{path}" for name, path in names.items()}, "meta": meta}, {})
        else:
            self._send(404, {}, {})

    def do_HEAD(self) -> None:
        self._send(200 if self.path == "/new-nonce" else 404, b"", {})

    def do_POST(self) -> None:
        try:
            body = self.rfile.read(min(LONGEST_BODY, int(self.headers.get("Content-Length", "0"))))
            if self.headers.get("Content-Type") != "application/jose+json":
                raise Problem(415, "malformed", "Requests are application/jose+json.")
            self._send(*self._acme.answer(self.path, self._checked(body)))
        except Problem as problem:
            document = {"type": ERRORS + problem.kind, "detail": problem.detail, "status": problem.status}
            self._send(problem.status, document, {"Content-Type": "application/problem+json"})

    def _checked(self, body: bytes) -> Request:
        """Section 6.2. Raises Problem."""
        try:
            jws = json.loads(body)
            header = json.loads(decoded(jws["protected"]))
            signature = decoded(jws["signature"])
            nonce = header["nonce"]
        except (ValueError, KeyError, TypeError) as error:
            raise Problem(400, "malformed", f"This is no signed request: {error}") from error
        acme = self._acme
        if nonce not in acme.nonces or acme.behaviour.bad_nonces > 0:
            acme.behaviour.bad_nonces -= 1
            raise Problem(400, "badNonce", "This nonce is none of mine, or was used.")
        acme.nonces.remove(nonce)
        if header.get("url") != acme.base + self.path or header.get("alg") != "ES256":
            raise Problem(403, "unauthorized", "The signature is for another address, or of another kind.")
        if ("jwk" in header) == ("kid" in header):
            raise Problem(400, "malformed", "Exactly one of jwk and kid.")
        jwk = header.get("jwk") or acme.accounts.get(header.get("kid", ""), {}).get("jwk")
        if jwk is None:
            raise Problem(400, "accountDoesNotExist", "There is no such account.")
        _check_signature(jwk, f"{jws['protected']}.{jws['payload']}".encode(), signature)
        payload = json.loads(decoded(jws["payload"])) if jws["payload"] else None
        return Request(header.get("kid", ""), header.get("jwk"), payload)

    def _send(self, status: int, content: Any, headers: dict[str, str]) -> None:
        nonce = secrets.token_urlsafe(16)
        self._acme.nonces.add(nonce)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        told = {"Content-Type": "application/json", "Replay-Nonce": nonce, "Retry-After": "1", **headers}
        for name, value in {**told, "Content-Length": str(len(body)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)
        self.close_connection = True


def _check_signature(jwk: dict[str, str], signed: bytes, signature: bytes) -> None:
    try:
        x, y = (int.from_bytes(decoded(jwk[name])) for name in ("x", "y"))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        raw = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        public.verify(raw, signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, KeyError, ValueError) as error:
        raise Problem(403, "unauthorized", "The signature is wrong.") from error


def decoded(text: str) -> bytes:
    """Raises ValueError for what is no base64url without padding."""
    if "=" in text:
        raise ValueError("base64url has no padding here")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638."""
    needed = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    text = json.dumps(needed, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
