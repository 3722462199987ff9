"""The names that a certificate was made for, and whether one of them is the provider's.

Source: RFC 5280 section 4.2.1.6 (subjectAltName), RFC 5922 sections 7.1 and 7.2 (a server's identity in SIP), RFC 9525
section 6.3 (a wildcard stands for one whole label). The common name is none: it is free text. Engines check who signed
a certificate and until when it is good, but not whose it is; this module reads only what such a check let pass.
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from ringfence.policy.trunking.trunks import Peer, Trunk

LONGEST_CERTIFICATE: Final = 65_536
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_ALTERNATIVE_NAMES: Final = bytes((0x55, 0x1D, 0x11))
_SEQUENCE, _OBJECT_IDENTIFIER, _OCTETS, _EXTENSIONS = 0x30, 0x06, 0x04, 0xA3
_DNS, _URI, _ADDRESS = 0x82, 0x86, 0x87


@dataclass(frozen=True, slots=True)
class ServerNames:
    """Host names in lower case, some with `*.` at the front, and addresses in their usual form."""

    hosts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def includes(self, name: str) -> bool:
        """Whether the certificate is for this host name or address.

        >>> ServerNames(("*.carrier.example",)).includes("sip.carrier.example")
        True
        >>> ServerNames(("*.carrier.example",)).includes("a.sip.carrier.example")
        False
        """
        host = name.strip("[]").rstrip(".").lower()
        if not host:
            return False
        if (address := _canonical(host)) is not None:
            return address in self.addresses
        _, _, parent = host.partition(".")
        return host in self.hosts or ("." in parent and f"*.{parent}" in self.hosts)

    def __str__(self) -> str:
        return ", ".join((*self.hosts, *self.addresses)[:3]) or "nobody"


def server_names(pem: str) -> ServerNames:
    """The names in a certificate. No names at all for anything that is no certificate: then it is nobody's."""
    try:
        return _names(_content(pem))
    except (ValueError, IndexError, binascii.Error):
        return ServerNames()


def expected_names(trunk: Trunk, peer: Peer) -> tuple[str, ...]:
    """Whose the certificate at this address of a trunk may be: the host that was typed, or the provider's domain."""
    return tuple(dict.fromkeys(name for name in (peer.host or peer.address, trunk.domain) if name))


def objection_to_server(pem: str, trunk: Trunk, peer: Peer) -> str:
    """Why this certificate is not the provider's, for the administrator; "" when it is."""
    expected, names = expected_names(trunk, peer), server_names(pem)
    if any(names.includes(name) for name in expected):
        return ""
    return f"the certificate is for {names}, not for {' or '.join(expected)}"[:200]


def _content(pem: str) -> bytes:
    start, end = pem.index(_BEGIN) + len(_BEGIN), pem.index(_END)
    if end - start > LONGEST_CERTIFICATE:
        raise ValueError("too long")
    return binascii.a2b_base64("".join(pem[start:end].split()), strict_mode=True)


def _names(certificate: bytes) -> ServerNames:
    signed = _only(certificate, _SEQUENCE)
    body = _only(signed, _SEQUENCE)
    hosts, addresses = [], []
    for tag, value in _alternative_names(body):
        if tag == _DNS:
            hosts.append(value.decode("ascii").lower())
        elif tag == _URI and (host := _host_of_uri(value.decode("ascii").lower())):
            hosts.append(host)
        elif tag == _ADDRESS:
            addresses.append(str(ip_address(value)))
    return ServerNames(tuple(dict.fromkeys(hosts)), tuple(dict.fromkeys(addresses)))


def _alternative_names(body: bytes) -> Iterator[tuple[int, bytes]]:
    for tag, value in _parts(body):
        for _, extension in _parts(_only(value, _SEQUENCE)) if tag == _EXTENSIONS else ():
            fields = list(_parts(extension))
            if fields[0] == (_OBJECT_IDENTIFIER, _ALTERNATIVE_NAMES) and fields[-1][0] == _OCTETS:
                yield from _parts(_only(fields[-1][1], _SEQUENCE))


def _host_of_uri(uri: str) -> str:
    """Of `sip:` and `sips:` without a user part (RFC 5922 section 7.1); "" of every other."""
    scheme, _, host = uri.partition(":")
    return host if scheme in ("sip", "sips") and not set("@;?/:").intersection(host) else ""


def _only(data: bytes, wanted: int) -> bytes:
    tag, value = next(_parts(data), (0, b""))
    if tag != wanted:
        raise ValueError("another structure")
    return value


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and value of each element (DER, X.690). Raises ValueError or IndexError when it is cut or has long tags."""
    place = 0
    while place < len(data):
        tag, length, place = data[place], data[place + 1], place + 2
        if length >= 0x80:
            size = length - 0x80
            if not 1 <= size <= 3:
                raise ValueError("no definite length")
            length, place = int.from_bytes(data[place : place + size]), place + size
        if tag & 0x1F == 0x1F or place + length > len(data):
            raise ValueError("cut short")
        yield tag, data[place : place + length]
        place += length


def _canonical(host: str) -> str | None:
    """An address in its usual form; None for a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None
