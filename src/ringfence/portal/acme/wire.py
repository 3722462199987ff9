"""HTTPS to an authority: one request, one bounded answer, to a judged address, with the certificate proved."""

import http.client
import json
import math
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from ringfence.portal.notices.means import NotDelivered
from ringfence.portal.notices.webhook import judged_address

TIMEOUT: Final = 15.0
"""Seconds for each step of a request."""

WHOLE_ANSWER: Final = 60.0
"""Seconds until an answer must be here, head and body, however it trickles."""

LONGEST_ANSWER: Final = 512 * 1024
PIECE: Final = 16 * 1024
NO_END: Final = "The answer does not end."


class AcmeFailed(Exception):
    """No certificate comes of this; the sentence is for the page."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an authority answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """Raises AcmeFailed if it is no JSON object."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise AcmeFailed(f"The authority answered {self.status} with something that is no JSON object.")
        return found

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


type Send = Callable[[str, str, bytes | None], Reply]
"""Sends a request: method, URL, body. Raises AcmeFailed."""

type Judge = Callable[[str, int], str]
"""The address to speak to for a host and port."""


def anywhere_but_here(host: str, port: int) -> str:
    """Authorities may be in the private network, but neither loopback nor link-local."""
    try:
        return judged_address(host, port, private_network=True)
    except NotDelivered as error:
        raise AcmeFailed(str(error)) from error


@dataclass(frozen=True, slots=True)
class Https:
    """Requests whose peer is proved by `authorities` (PEM), or by those this machine trusts when there are none."""

    authorities: str = ""
    judge: Judge = field(default=anywhere_but_here)

    def send(self, method: str, url: str, body: bytes | None = None) -> Reply:
        """Raises AcmeFailed."""
        parts = _parts_of(url)
        host, port = parts.hostname or "", parts.port or 443
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        headers = {"User-Agent": "Ringfence", **({"Content-Type": "application/jose+json"} if body else {})}
        try:
            link = _Pinned(self.judge(host, port), host, port, self._context())
            try:
                link.request(method, path, body, headers)
                answer = link.getresponse()
                found = {name.lower(): value for name, value in answer.getheaders()}
                return Reply(answer.status, found, _bounded(answer))
            finally:
                link.close()
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise AcmeFailed(f"{host} does not answer as it should: {error}") from error

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cadata=self.authorities or None)
            context.sslsocket_class = _Timed
            return context
        except (ssl.SSLError, ValueError) as error:
            raise AcmeFailed("The authority's own certificates are no readable PEM text.") from error


def _parts_of(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or any(sign <= " " for sign in url):
        raise AcmeFailed(f"{url[:120]!r} is no address that begins with https://.")
    return parts


def _bounded(answer: http.client.HTTPResponse) -> bytes:
    found = b""
    while piece := answer.read1(PIECE):
        found += piece
        if len(found) > LONGEST_ANSWER:
            raise http.client.HTTPException(NO_END)
    return found


class _Timed(ssl.SSLSocket):
    """Reads until its moment and no longer. A limit on each step is none on the whole: the head of an answer, the sizes
    of its pieces and "100 Continue" can trickle or repeat for ever, and http.client would follow."""

    until = math.inf

    def recv_into(self, *args: Any, **keywords: Any) -> int:
        if time.monotonic() > self.until:
            raise TimeoutError(NO_END)
        return super().recv_into(*args, **keywords)


class _Pinned(http.client.HTTPSConnection):
    """Connects to a judged address, and still proves the name."""

    def __init__(self, address: str, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=TIMEOUT, context=context)
        self._address, self._tls = address, context

    def connect(self) -> None:
        with socket.create_connection((self._address, self.port), TIMEOUT) as plain:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
            if isinstance(self.sock, _Timed):
                self.sock.until = time.monotonic() + WHOLE_ANSWER
