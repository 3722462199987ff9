"""A scripted SIP phone: registers, calls, answers, and sends whatever a test wants on the wire.

It does exactly what its script says: no retransmission, no automatic answer. The attack cases are written with it.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from ringfence.lab import sip
from ringfence.lab.network import Host
from ringfence.lab.sip import Account, Headers, Message

PATIENCE: Final = 4.0
GOODBYE: Final = 1.0
USER_AGENT: Final = "Ringfence-Lab"


class Transport(StrEnum):
    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"
    WSS = "WSS"


@dataclass(slots=True)
class Dialog:
    """What both ends of a call remember (RFC 3261, 12)."""

    call_id: str
    local: str
    remote: str
    target: str
    routes: tuple[str, ...] = ()
    cseq: int = 1
    body: bytes = field(default=b"", repr=False)


def unchecked_tls() -> ssl.SSLContext:
    """A lab's phone trusts every certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class NoAnswer(Exception):
    """Nothing fitting arrived in time."""


class Softphone:
    """One SIP socket on one lab host, bound to the host's address."""

    def __init__(
        self,
        host: Host,
        server: tuple[str, int],
        account: Account,
        transport: Transport = Transport.UDP,
        local_address: str | None = None,
        local_port: int = 0,
        algorithm: str = "MD5",
    ) -> None:
        self.host, self.server, self.account, self.transport = host, server, account, transport
        self._algorithm = algorithm
        self._inbox: list[Message] = []
        self._stream = b""
        self._bound = False
        self.sock = (host.udp if transport is Transport.UDP else host.tcp)(local_port, local_address)
        self.sock.settimeout(PATIENCE)
        if transport is not Transport.UDP:
            self.sock.connect(server)
        if transport is Transport.TLS:
            self.sock = unchecked_tls().wrap_socket(self.sock)
        self.address, self.port = self.sock.getsockname()[:2]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bound:
            with suppress(NoAnswer, OSError):
                self.register(expires=0, timeout=GOODBYE)
        self.sock.close()

    @property
    def contact(self) -> str:
        suffix = "" if self.transport is Transport.UDP else f";transport={self.transport.lower()}"
        return f"<sip:{self.account.user}@{self.hostport}{suffix}>"

    @property
    def hostport(self) -> str:
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{shown}:{self.port}"

    # --- the wire ---

    def send(self, raw: bytes) -> None:
        if self.transport is not Transport.UDP:
            self.sock.sendall(raw)
        else:
            self.sock.sendto(raw, self.server)

    def receive(self, timeout: float = PATIENCE) -> Message | None:
        """The next message from the wire, or None when the time is over or the connection closed."""
        deadline = time.monotonic() + timeout
        while True:
            if self._inbox:
                return self._inbox.pop(0)
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not self._has_more(remaining):
                return None
            if not self._read():
                return None

    def _has_more(self, seconds: float) -> bool:
        """Whether there is something to read in time. TLS may hold a message that the socket gave up already."""
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return True
        return bool(select.select([self.sock], [], [], seconds)[0])

    def is_closed(self, timeout: float = PATIENCE) -> bool:
        """Whether the server closes the TCP connection within the time."""
        deadline = time.monotonic() + timeout
        while (remaining := deadline - time.monotonic()) > 0:
            if select.select([self.sock], [], [], remaining)[0] and not self._read():
                return True
        return False

    def _read(self) -> bool:
        try:
            data = self.sock.recv(65_535)
        except (ConnectionResetError, ConnectionRefusedError):
            return self.transport is Transport.UDP
        if self.transport is Transport.UDP:
            self._inbox.extend([sip.parse(data)] if data.strip(b"\r\n\0") else [])
            return True
        messages, self._stream = sip.split_stream(self._stream + data)
        self._inbox.extend(sip.parse(raw) for raw in messages)
        return bool(data)

    def final(self, branch: str, timeout: float = PATIENCE) -> Message:
        """The final response of one transaction; other messages are left for later. Raises NoAnswer."""
        return self._pick(
            lambda m: m.is_response and m.branch == branch and m.status >= 200,
            timeout,
            f"no final response to {branch}",
        )

    def request(self, method: str, timeout: float = PATIENCE) -> Message:
        """The next request of this method that reaches the phone. Raises NoAnswer."""
        return self._pick(lambda m: not m.is_response and m.method == method, timeout, f"no {method} arrived")

    def requests_within(self, timeout: float) -> list[Message]:
        """All requests that reach the phone in this time."""
        found, deadline = [], time.monotonic() + timeout
        while (remaining := deadline - time.monotonic()) > 0:
            message = self.receive(remaining)
            if message is not None and not message.is_response:
                found.append(message)
        return found

    def _pick(self, wanted: Callable[[Message], bool], timeout: float, complaint: str) -> Message:
        deadline = time.monotonic() + timeout
        skipped: list[Message] = []
        try:
            while (remaining := deadline - time.monotonic()) > 0:
                message = self.receive(remaining)
                if message is None:
                    break
                if wanted(message):
                    return message
                skipped.append(message)
        finally:
            self._inbox = skipped + self._inbox
        raise NoAnswer(f"{complaint} within {timeout} s; seen: {[m.start_line for m in skipped]}")

    # --- requests ---

    def headers(self, method: str, to: str, cseq: int = 1, call_id: str = "", from_uri: str = "") -> Headers:
        """The headers of a well-formed request outside a dialog."""
        return [
            ("Via", f"SIP/2.0/{self.transport} {self.hostport};branch={sip.new_branch()};rport"),
            ("Max-Forwards", "70"),
            ("From", f"<{from_uri or self.account.aor}>;tag={sip.new_token()}"),
            ("To", f"<{to}>"),
            ("Call-ID", call_id or f"{sip.new_token()}@{self.address}"),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", self.contact),
            ("User-Agent", USER_AGENT),
        ]

    def ask(self, method: str, uri: str, headers: Headers, body: bytes = b"", timeout: float = PATIENCE) -> Message:
        """Send one request and return its final response. Raises NoAnswer."""
        self.send(sip.compose(f"{method} {uri} SIP/2.0", headers, body))
        return self.final(_branch_of(headers), timeout)

    def silent(self, method: str, uri: str, headers: Headers, body: bytes = b"", wait: float = 1.0) -> Message | None:
        """Send one request; its final response, or None if there is silence."""
        try:
            return self.ask(method, uri, headers, body, wait)
        except NoAnswer:
            return None

    def authenticated(
        self, method: str, uri: str, headers: Headers, body: bytes = b"", timeout: float = PATIENCE
    ) -> Message:
        """Send a request, answer the challenge once, and return the final response."""
        first = self.ask(method, uri, headers, body, timeout)
        if method == "INVITE" and first.status >= 300:
            self.send_ack(first, uri, headers)
        if first.status not in (401, 407):
            return first
        return self.ask(method, uri, self.answered(first, method, uri, headers), body, timeout)

    def answered(self, challenged: Message, method: str, uri: str, headers: Headers, qop: bool = True) -> Headers:
        """The same request again, in a new transaction, with credentials for the challenge."""
        offered = sip.challenges_in(challenged)
        challenge = next((item for item in offered if item.algorithm.upper() == self._algorithm), offered[0])
        number = int(dict(headers)["CSeq"].split()[0]) + 1
        again = sip.with_header(headers, "CSeq", f"{number} {method}")
        again = sip.with_header(
            again, "Via", f"SIP/2.0/{self.transport} {self.hostport};branch={sip.new_branch()};rport"
        )
        return [*again, (challenge.answer_header, sip.authorization(self.account, challenge, method, uri, qop=qop))]

    def register(self, expires: int = 300, contact: str | None = None, timeout: float = PATIENCE) -> Message:
        """`contact` may be `*` to end the registrations of all devices. A phone that ends takes its own with it."""
        uri = f"sip:{self.account.domain}"
        headers = self.headers("REGISTER", self.account.aor)
        headers = sip.with_header(headers, "Contact", contact or self.contact)
        answer = self.authenticated("REGISTER", uri, [*headers, ("Expires", str(expires))], timeout=timeout)
        if answer.status == 200:
            self._bound = expires > 0
        return answer

    def options(self, uri: str = "", timeout: float = PATIENCE) -> Message:
        target = uri or f"sip:{self.account.domain}"
        return self.ask("OPTIONS", target, self.headers("OPTIONS", target), timeout=timeout)

    def offer(self) -> tuple[Headers, bytes]:
        return [("Content-Type", "application/sdp")], sip.sdp(self.address, 40_000)

    # --- calls ---

    def begin_call(self, user: str, extra: Headers | None = None) -> tuple[str, Headers]:
        """Send an authenticated INVITE and return its URI and headers without waiting for the callee."""
        uri = f"sip:{user}@{self.account.domain}"
        content, body = self.offer()
        headers = [*self.headers("INVITE", uri), *content, *(extra or [])]
        first = self.ask("INVITE", uri, headers, body)
        self.send_ack(first, uri, headers)
        if first.status not in (401, 407):
            raise NoAnswer(f"expected a challenge to INVITE, got {first.start_line}")
        again = self.answered(first, "INVITE", uri, headers)
        self.send(sip.compose(f"INVITE {uri} SIP/2.0", again, body))
        return uri, again

    def call_answered(self, uri: str, headers: Headers, timeout: float = PATIENCE) -> Dialog:
        """Wait for the 200 of a call begun with `begin_call`, acknowledge it, and return the dialog."""
        answer = self.final(_branch_of(headers), timeout)
        if answer.status >= 300:
            self.send_ack(answer, uri, headers)
            raise NoAnswer(f"the call was refused: {answer.start_line}")
        dialog = dialog_of_caller(answer)
        self.send(self.in_dialog(dialog, "ACK"))
        return dialog

    def respond(
        self,
        request: Message,
        status: int,
        reason: str,
        to_tag: str = "",
        extra: Headers | None = None,
        body: bytes = b"",
        contact: str = "",
    ) -> None:
        """Answer a request; another Contact than the phone's own is where a 302 points."""
        copied: Headers = [
            (name.title(), value)
            for name, value in request.headers
            if name in ("via", "record-route", "from", "call-id", "cseq")
        ]
        to = request.header("to")
        if to_tag and not request.tag("to"):
            to = f"{to};tag={to_tag}"
        content: Headers = [("Content-Type", "application/sdp")] if body else []
        own: Headers = [("Contact", contact or self.contact)]
        self.send(
            sip.compose(f"SIP/2.0 {status} {reason}", [*copied, ("To", to), *own, *content, *(extra or [])], body)
        )

    def answer_call(self, invite: Message, extra: Headers | None = None) -> Dialog:
        """Ring, answer with audio and return the dialog. The caller's ACK comes only when the caller has the answer."""
        tag = sip.new_token()
        self.respond(invite, 180, "Ringing", tag)
        self.respond(invite, 200, "OK", tag, extra, sip.sdp(self.address, 40_000))
        return dialog_of_callee(invite, tag)

    def in_dialog(
        self,
        dialog: Dialog,
        method: str,
        extra: Headers | None = None,
        body: bytes = b"",
        source: "Softphone | None" = None,
    ) -> bytes:
        """A request inside the dialog, ready to send; `source` is whose Via and Contact it carries."""
        sender = source or self
        if method not in ("ACK", "CANCEL"):
            dialog.cseq += 1
        headers: Headers = [
            ("Via", f"SIP/2.0/{sender.transport} {sender.hostport};branch={sip.new_branch()};rport"),
            *(("Route", route) for route in dialog.routes),
            ("Max-Forwards", "70"),
            ("From", dialog.local),
            ("To", dialog.remote),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"{dialog.cseq} {method}"),
            ("Contact", sender.contact),
            *(extra or []),
        ]
        return sip.compose(f"{method} {dialog.target} SIP/2.0", headers, body)

    def ask_in_dialog(
        self, dialog: Dialog, method: str, extra: Headers | None = None, body: bytes = b"", timeout: float = PATIENCE
    ) -> Message:
        """Send a request inside the dialog and return its final response. Raises NoAnswer."""
        raw = self.in_dialog(dialog, method, extra, body)
        self.send(raw)
        return self.final(sip.parse(raw).branch, timeout)

    def send_ack(self, response: Message, uri: str, headers: Headers) -> None:
        """The ACK of a refused INVITE: same branch, the response's To (RFC 3261, 17.1.1.3)."""
        kept = [(name, value) for name, value in headers if name in ("Via", "Max-Forwards", "From", "Call-ID", "Route")]
        number = dict(headers)["CSeq"].split()[0]
        self.send(sip.compose(f"ACK {uri} SIP/2.0", [*kept, ("To", response.header("to")), ("CSeq", f"{number} ACK")]))


def establish(caller: Softphone, callee: Softphone) -> tuple[Dialog, Dialog]:
    """A call between two registered phones, answered and acknowledged; the dialog as each of them sees it."""
    uri, headers = caller.begin_call(callee.account.user)
    theirs = callee.answer_call(callee.request("INVITE"))
    ours = caller.call_answered(uri, headers)
    callee.request("ACK")
    return ours, theirs


def end_call(caller: Softphone, callee: Softphone, dialog: Dialog) -> Message:
    """Hang up and return what the caller got for its BYE."""
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    callee.respond(callee.request("BYE"), 200, "OK")
    return caller.final(sip.parse(raw).branch)


def dialog_of_caller(answer: Message) -> Dialog:
    return Dialog(
        call_id=answer.header("call-id"),
        local=answer.header("from"),
        remote=answer.header("to"),
        target=sip.uri_in(answer.header("contact")),
        routes=tuple(reversed(_listed(answer.all("record-route")))),
        cseq=int(answer.header("cseq").split()[0]),
        body=answer.body,
    )


def dialog_of_callee(invite: Message, tag: str) -> Dialog:
    return Dialog(
        call_id=invite.header("call-id"),
        local=f"{invite.header('to')};tag={tag}",
        remote=invite.header("from"),
        target=sip.uri_in(invite.header("contact")),
        routes=_listed(invite.all("record-route")),
        body=invite.body,
    )


def listener(host: Host, port: int) -> socket.socket:
    """A UDP socket that only counts what reaches it, for instance at a trunk's address."""
    sock = host.udp(port)
    sock.setblocking(False)
    return sock


def _listed(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _branch_of(headers: Headers) -> str:
    return sip.parse(sip.compose("X x SIP/2.0", headers)).branch
