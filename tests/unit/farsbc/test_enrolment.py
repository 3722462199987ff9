"""How an SBC on another host is enrolled (issue 6): who is believed, by what, and how often."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ringfence.engines.edge.linkauthority import RequestRefused, fingerprint, new_key, request_for, requested_key
from ringfence.farsbc import joining
from ringfence.farsbc.invitation import Invitation, InvitationRefused, told_in
from ringfence.farsbc.joining import JoinRefused, join
from ringfence.farsbc.welcoming import MOST_AT_ONCE, MOST_OF_ONE, MOST_WRONG, Guest, NobodyCame, Welcome
from ringfence.hosts.addresses import LOOPBACK
from tests.unit.farsbc.ports import free_port


@contextmanager
def inviting(monkeypatch: pytest.MonkeyPatch, seconds: float = 10.0) -> Iterator[tuple[Welcome, list[object]]]:
    """A core that waits in a thread, and what came of it."""
    port = free_port()
    monkeypatch.setattr(joining.ports, "LINK_TO_CORE", port)
    welcome, came, ready = Welcome(LOOPBACK, port), [], threading.Event()

    def wait() -> None:
        try:
            came.append(asyncio.run(welcome.wait(seconds, ready.set)))
        except NobodyCame as error:
            came.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert ready.wait(5)
    yield welcome, came
    waiting.join(10)


def test_the_host_with_the_invitation_gets_a_certificate_for_a_key_that_it_keeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with inviting(monkeypatch) as (welcome, came):
        joined = join("127.0.0.1", Invitation.read(f"{welcome.invitation}\n"))
    certificate = x509.load_pem_x509_certificate(joined.shown.certificate)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(welcome.core.authority))
    key = serialization.load_pem_private_key(joined.shown.key, None)
    assert key.public_key() == certificate.public_key()
    assert (joined.core, joined.here) == ("127.0.0.1", "127.0.0.1")
    assert came == [Guest("127.0.0.1", fingerprint(joined.shown.certificate))]


def test_a_wrong_secret_is_refused_and_ends_the_invitation_after_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    with inviting(monkeypatch) as (welcome, came):
        for _ in range(MOST_WRONG):
            with pytest.raises(JoinRefused, match="not known"):
                join("127.0.0.1", Invitation.made(welcome.invitation.core))
    assert isinstance(came[0], NobodyCame)
    with pytest.raises(OSError, match="refused"):
        join("127.0.0.1", welcome.invitation)


def test_an_invitation_that_is_shown_twice_at_once_works_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both were signed for while the first answer was on its way."""
    given: list[str] = []

    async def slow(writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("ssl_object"):
            await asyncio.sleep(0.3)

    monkeypatch.setattr(asyncio.StreamWriter, "drain", slow)

    def come() -> None:
        try:
            given.append(fingerprint(join("127.0.0.1", welcome.invitation).shown.certificate))
        except (JoinRefused, OSError):
            given.append("")

    with inviting(monkeypatch) as (welcome, came):
        both = [threading.Thread(target=come) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join(5)
    assert sorted(given)[0] == ""
    assert came == [Guest("127.0.0.1", sorted(given)[1])]


@pytest.mark.parametrize("begun", [False, True], ids=["before TLS", "after it"])
def test_idle_connections_keep_no_sbc_out(monkeypatch: pytest.MonkeyPatch, begun: bool) -> None:
    """Attack case 83: sixteen turned the true SBC away, five seconds at a time; before TLS nobody counted them."""
    with inviting(monkeypatch) as (welcome, came), ExitStack() as idle:
        for number in range(2 * MOST_AT_ONCE):
            where = ("127.0.0.1", joining.ports.LINK_TO_CORE)
            link = socket.create_connection(where, 2, (f"127.0.1.{1 + number // MOST_OF_ONE}", 0))
            idle.enter_context(link if not begun else joining._tls().wrap_socket(link))
        join("127.0.0.1", welcome.invitation)
    assert isinstance(came[0], Guest)


@pytest.mark.parametrize("said", [b"", b"\0" * 64, b"\x16\x03\x01\xff\xff\x01", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_handshake_that_breaks_off_ends_no_invitation(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    """Attack case 83: a close, a reset, and one that is still there when the SBC has come."""
    with inviting(monkeypatch) as (welcome, came), ExitStack() as idle:
        for linger in (b"", struct.pack("ii", 1, 0), None):
            link = idle.enter_context(socket.create_connection(("127.0.0.1", joining.ports.LINK_TO_CORE), 2))
            link.sendall(said)
            if linger:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            if linger is not None:
                link.close()
        join("127.0.0.1", welcome.invitation)
    assert isinstance(came[0], Guest)


def test_one_address_displaces_nobody_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack case 83."""
    with inviting(monkeypatch) as (welcome, came), ExitStack() as idle:
        where = ("127.0.0.1", joining.ports.LINK_TO_CORE)
        other = idle.enter_context(socket.create_connection(where, 2, ("127.0.1.1", 0)))
        many = [idle.enter_context(socket.create_connection(where, 2)) for _ in range(2 * MOST_AT_ONCE)]
        for link in many[:-MOST_OF_ONE]:
            with suppress(ConnectionResetError):
                assert not link.recv(1)
        other.settimeout(0.2)
        with pytest.raises(TimeoutError):
            other.recv(1)
        join("127.0.0.1", welcome.invitation)
    assert isinstance(came[0], Guest)


def test_what_is_nested_without_end_says_nothing() -> None:
    assert told_in(b"[" * 8_000) == {}


def test_another_core_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers in the core's place shows another certificate; nothing is sent to it, the invitation stays."""
    with inviting(monkeypatch) as (welcome, came):
        with pytest.raises(JoinRefused, match="another certificate"):
            join("127.0.0.1", Invitation(welcome.invitation.secret, "0" * 64))
        join("127.0.0.1", welcome.invitation)
    assert isinstance(came[0], Guest)


def test_an_invitation_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with inviting(monkeypatch, 0.2) as (_, came):
        pass
    assert "in time" in str(came[0])


@pytest.mark.parametrize("text", ["", "rfsbc1.x.y", f"rfsbc1.{'a' * 32}.{'Z' * 64}", "r" * 10_000, "rfsbc1"])
def test_what_is_no_invitation_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvitationRefused) as refusal:
        Invitation.read(text)
    assert not text or text not in str(refusal.value)


def test_a_request_gives_nothing_but_its_key() -> None:
    """Names and extensions of a request could ask for an authority's rights."""
    key = new_key()
    assert requested_key(request_for(key)) == key.public_key()
    other = rsa.generate_private_key(65537, 2048)
    foreign = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(other, hashes.SHA256())
    curve = ec.generate_private_key(ec.SECP384R1())
    weak = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(curve, hashes.SHA256())
    pem = serialization.Encoding.PEM
    for wrong in (b"", b"-----BEGIN X-----", foreign.public_bytes(pem), weak.public_bytes(pem)):
        with pytest.raises(RequestRefused):
            requested_key(wrong)
