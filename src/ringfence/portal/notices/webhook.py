"""Posts notices to an HTTPS address, signed, and never to a place inside this network by accident.

The name is looked up once, every address is judged, and the connection goes to the judged address: an answer that
changes between look and use (DNS rebinding) changes nothing. A redirection is an error, not a way.
"""

import hashlib
import hmac
import http.client
import json
import socket
import ssl
import time
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from ringfence.policy.addresses import carried
from ringfence.portal.notices.hangup import hung_up_after
from ringfence.portal.notices.means import TIMEOUT, TROUBLES, Batch, NotDelivered, Webhook

type Address = IPv4Address | IPv6Address

MOST_ANSWER: Final = 4096
LONGEST_ANSWER: Final = 3 * TIMEOUT
"""Seconds. Whoever answers a byte at a time keeps each step short, and would hold its own notices back for days."""


def send(webhook: Webhook, batch: Batch) -> None:
    """Raises NotDelivered."""
    parts = urlsplit(webhook.url)
    body = json.dumps({"delivery": batch.number, "notices": batch.bodies}).encode()
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    try:
        address = judged_address(parts.hostname or "", parts.port or 443, webhook.private_network)
        link = _PinnedConnection(address, parts.hostname or "", parts.port or 443)
        with closing(link), hung_up_after(LONGEST_ANSWER, lambda: link.sock):
            link.request("POST", path, body, headers(batch, body, int(time.time())))
            answer = link.getresponse()
            answer.read(MOST_ANSWER)
    except (*TROUBLES, http.client.HTTPException) as error:
        raise NotDelivered(f"{parts.hostname} did not take it: {error}") from error
    if 300 <= answer.status < 400:
        raise NotDelivered(f"{parts.hostname} redirects to another address ({answer.status}); that is not followed.")
    if not 200 <= answer.status < 300:
        raise NotDelivered(f"{parts.hostname} answered {answer.status}.")


def headers(batch: Batch, body: bytes, now: int) -> dict[str, str]:
    """The signature covers time and body, so nobody can make one up or send an old one again later."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Ringfence",
        "Ringfence-Delivery": batch.number,
        "Ringfence-Signature": f"t={now},v1={signature(batch.key, now, body)}",
    }


def signature(key: str, now: int, body: bytes) -> str:
    """HMAC-SHA256 over `time.body` in hexadecimal digits."""
    return hmac.new(key.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()


def judged_address(host: str, port: int, private_network: bool) -> str:
    """The address to speak to. Raises NotDelivered if any address of the name is none for a webhook."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for text in found:
        if not permitted(ip_address(text.partition("%")[0]), private_network):
            raise NotDelivered(f"{host} is {text}, an address inside this network or of this machine; not spoken to.")
    if not found:
        raise NotDelivered(f"{host} has no address.")
    return found[0]


def permitted(address: Address, private_network: bool) -> bool:
    """Addresses of the public network; private ones only if wanted; never loopback, link-local or the like."""
    inner = getattr(address, "sixtofour", None) or carried(address)
    if inner != address:
        return permitted(inner, private_network)
    if address.is_multicast or address.is_loopback or address.is_link_local or address.is_unspecified:
        return False
    if address.is_global:
        return True
    return private_network and address.is_private and not address.is_reserved


class _PinnedConnection(http.client.HTTPSConnection):
    """Connects to a judged address, and still proves the name."""

    def __init__(self, address: str, host: str, port: int) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=TIMEOUT, context=self._tls)
        self._address = address

    def connect(self) -> None:
        with socket.create_connection((self._address, self.port), TIMEOUT) as plain:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
