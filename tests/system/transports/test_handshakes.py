"""Every TLS port under a scan, and SIP over TLS under broken handshakes (issue 6, "How it is judged")."""

import os
import re
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.softphone import Softphone, Transport, unchecked_tls

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
TLS_PORTS: Final = (5061, 5065, 8885, 8887, 10443)
BROKEN: Final = int(os.environ.get("RINGFENCE_BROKEN_HANDSHAKES", "1000"))
BATCH: Final = 50
KEEP_ALIVE: Final = b"\r\n\r\n"
"""Answered by one line end (RFC 5626 section 4.4.1); what a server sends by itself after a handshake comes first."""

LEGACY: Final = b"\x16\x03\x01"
HUNG_UP: Final = re.compile(rb"guard INFO call [0-9a-f]+-[0-9a-f]+-\d+ has no media any more; hung up\n")
"""An answered call of an earlier test whose media stopped: the guard ends it by its own clock."""

WEAK: Final = (
    "AES128-SHA",
    "AES256-GCM-SHA384",
    "DES-CBC3-SHA",
    "ECDHE-RSA-AES128-SHA",
    "NULL-SHA256",
    "AECDH-NULL-SHA",
)
"""Without forward secrecy, without authenticated encryption, or without any."""


def broken_hellos() -> tuple[bytes, ...]:
    """What a scanner or a bad phone sends in place of a ClientHello; b"" is a connection that is closed at once."""
    inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
    link = unchecked_tls().wrap_bio(inside, outside, server_hostname="pbx.example")
    with pytest.raises(ssl.SSLWantReadError):
        link.do_handshake()
    hello = outside.read()
    ancient = bytes([*hello[:9], 0x02, 0x00, *hello[11:]])  # the version inside the hello: none that ever was
    return (
        b"",
        os.urandom(200),
        b"\0" * 64,
        hello[: len(hello) // 2],
        hello[:1],
        ancient,
        LEGACY + b"\xff\xff" + b"\x01",
        hello[:5] + os.urandom(len(hello) - 5),
        hello + b"\x15\x03\x03\x00\x02\x02\x28",
        hello + os.urandom(300),
        b"OPTIONS sip:acme.example SIP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    )


def test_broken_handshakes_end_no_worker_and_a_phone_registers_meanwhile(
    pbx: Any, stranger: Callable[[], Host], lab: Any
) -> None:
    """Case 83: 1,000 of them here, 10,000 with RINGFENCE_BROKEN_HANDSHAKES=10000; `oracle` looks at the workers."""
    attackers, hellos = [stranger() for _ in range(4)], broken_hellos()
    for attacker in attackers:
        pbx.product.allow(attacker.address, "broken handshakes")
    workers, sent = pbx.product.core_workers(), 0
    with Softphone(stranger(), (PBX_ADDRESS, 5061), pbx.account("706"), Transport.TLS) as phone:
        while sent < BROKEN:
            links = [(attackers[n % 4].tcp(), hellos[n % len(hellos)]) for n in range(sent, min(sent + BATCH, BROKEN))]
            sent += sum(broken(link, hello) for link, hello in links)
            for link, _ in links:
                link.close()
        assert phone.register().status == 200
        assert phone.register(expires=0).status == 200
    assert pbx.product.core_workers() == workers
    with Softphone(stranger(), (PBX_ADDRESS, 5061), pbx.account("706"), Transport.TLS) as phone:
        assert phone.register().status == 200
        assert phone.register(expires=0).status == 200


def broken(link: socket.socket, hello: bytes, port: int = 5061) -> bool:
    """Connects and sends it; a reset instead of a close leaves no port behind on either side."""
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.settimeout(4)
    link.connect((PBX_ADDRESS, port))
    if hello:
        link.sendall(hello)
    return True


@pytest.mark.parametrize("port", TLS_PORTS)
def test_a_broken_handshake_buys_no_line_in_a_log(pbx: Any, stranger: Callable[[], Host], port: int) -> None:
    """docs/log-inventory.md: what a stranger sends fills nothing. nginx wrote 250 bytes of each."""
    folder, host = pbx.product.paths.logs, stranger()
    logs = [folder / f"{name}.log" for name in ("web", "core", "portal", "wsi", "guard")]
    before = [log.stat().st_size for log in logs]
    for hello in broken_hellos():
        with host.tcp() as link:
            broken(link, hello, port)
            with suppress(OSError):
                link.recv(1)
    grown = [log.read_bytes()[size:] for log, size in zip(logs, before, strict=True)]
    assert [HUNG_UP.sub(b"", one) for one in grown] == [b""] * len(logs)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("port", TLS_PORTS)
def test_each_tls_port_speaks_modern_tls_alone(stranger: Callable[[], Host], port: int) -> None:
    """Mozilla's intermediate: TLS 1.2 and 1.3, forward secrecy, authenticated encryption, a strong key."""
    assert_modern_tls_alone(stranger(), port)


def assert_modern_tls_alone(host: Host, port: int, server: str = PBX_ADDRESS) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        spoken = handshake(host, port, version, server=server)
        assert spoken is not None and spoken[0] == version.name.replace("_", "."), version
        assert "GCM" in spoken[1] or "CHACHA20" in spoken[1]
        assert version is ssl.TLSVersion.TLSv1_3 or spoken[1].startswith("ECDHE")
        assert strong(spoken[2])
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        assert handshake(host, port, old, "ALL:@SECLEVEL=0", server) is None, old
    for suite in WEAK:
        assert handshake(host, port, ssl.TLSVersion.TLSv1_2, f"{suite}:@SECLEVEL=0", server) is None, suite


@pytest.mark.parametrize("port", TLS_PORTS)
def test_no_tls_port_computes_in_finite_fields(stranger: Callable[[], Host], port: int) -> None:
    """CVE-2002-20001: a hello that costs its sender nothing costs the server an exponentiation with 3,072 bits."""
    host = stranger()
    for group, spoken in {"X25519": True, "P-256": True, "ffdhe2048": False, "ffdhe3072": False, "X448": False}.items():
        hello = ("openssl", "s_client", "-connect", f"{PBX_ADDRESS}:{port}", "-tls1_3", "-groups", group)
        said = host.run("timeout", "4", *hello, check=False, stdin="").stdout
        assert ("Cipher is TLS_" in said) is spoken, (group, said)


def test_sip_over_tls_gives_out_no_session_tickets(stranger: Callable[[], Host]) -> None:
    """ADR 57: whoever learns a ticket key reads each connection that it resumes; all agree on keys anew."""
    with stranger().tcp() as plain:
        plain.settimeout(4)
        plain.connect((PBX_ADDRESS, 5061))
        with unchecked_tls().wrap_socket(plain) as link:
            link.sendall(KEEP_ALIVE)
            assert link.recv(16) == KEEP_ALIVE[:2]
            assert link.version() == "TLSv1.3"
            assert link.session is None or not link.session.has_ticket


def handshake(
    host: Host, port: int, version: ssl.TLSVersion, suites: str = "", server: str = PBX_ADDRESS
) -> tuple[str, str, bytes] | None:
    """Version, suite and certificate that were agreed on; None if the server refused."""
    context = unchecked_tls()
    if suites:
        try:
            context.set_ciphers(suites)
        except ssl.SSLError:
            return None  # this machine's OpenSSL has no such suite any more
    context.minimum_version = context.maximum_version = version
    with host.tcp() as plain:
        plain.settimeout(4)
        plain.connect((server, port))
        try:
            with context.wrap_socket(plain) as link:
                name, _, _ = link.cipher() or ("", "", 0)
                return link.version() or "", name, link.getpeercert(binary_form=True) or b""
        except (ssl.SSLError, ConnectionError):
            return None


def strong(certificate: bytes) -> bool:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= 2048
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256
