"""An authority that is an enemy: whatever it sends, an order ends, soon, with a sentence (RFC 8555 section 10)."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ringfence.engines.certificates.challenges import challenges_of
from ringfence.engines.changing.questions import Refusal
from ringfence.lab.acme import AcmeServer, Behaviour
from ringfence.lab.authority import Authority, pem_of
from ringfence.portal.acme import wire
from ringfence.portal.acme.client import Issued, Wish, ordered
from ringfence.portal.acme.jws import AccountKey
from ringfence.portal.acme.wire import AcmeFailed, Https, Reply
from tests.unit.portal.acme_lab import HERE, NAME, StubDoor, an_authority, means_for

KEY = AccountKey.new()
ROOT = Authority.root("Hostile Root")
SOON = 8.0

type Serve = Callable[[ssl.SSLSocket], None]
type Tamper = Callable[[str, Reply], Reply]


def trickled(start: bytes, again: bytes) -> Serve:
    """Begins, and then says the same for ever, little by little."""

    def serve(link: ssl.SSLSocket) -> None:
        link.sendall(start)
        while True:
            link.sendall(again)
            time.sleep(0.02)

    return serve


@contextmanager
def an_enemy(folder: Path, serve: Serve) -> Iterator[str]:
    """A port on loopback whose certificate is right and whose answers are not."""
    key = ec.generate_private_key(ec.SECP256R1())
    form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pair = folder / "pair.pem"
    issued = pem_of(ROOT.issue(key.public_key(), [HERE], timedelta(days=1)))
    pair.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, bare) + issued.encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)

    def run() -> None:
        with suppress(OSError), listening.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as link:
            link.recv(4096)
            serve(link)

    with socket.create_server((HERE, 0)) as listening:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"https://{HERE}:{listening.getsockname()[1]}/directory"
        thread.join(SOON)


@pytest.mark.parametrize(
    "serve",
    [
        trickled(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        trickled(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        trickled(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        trickled(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        trickled(b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n", b"a"),
        trickled(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 100_000),
    ],
    ids=["continue", "head", "size", "pieces", "body", "huge"],
)  # fmt: skip
def test_an_answer_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    """No matter in which part of the answer it hides; the next order must not wait for it."""
    monkeypatch.setattr(wire, "WHOLE_ANSWER", 0.4)
    begun = time.monotonic()
    with an_enemy(tmp_path, serve) as url, pytest.raises(AcmeFailed, match="does not end"):
        Https(ROOT.pem, judge=lambda host, port: HERE).send("GET", url)
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize("junk", [b"", b"\x00" * 300, b"HTTP/1.1 999999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\n" * 400])
def test_what_is_no_answer_at_all_is_a_sentence(tmp_path: Path, junk: bytes) -> None:
    with an_enemy(tmp_path, lambda link: link.sendall(junk)) as url, pytest.raises(AcmeFailed, match="as it should"):
        Https(ROOT.pem, judge=lambda host, port: HERE).send("GET", url)


def order(acme: AcmeServer, door: Any, tamper: Tamper) -> Issued:
    """An order whose answers are exchanged on the way."""
    means = means_for(acme, door)
    send = means.send
    means = replace(means, send=lambda method, url, body: tamper(url, send(method, url, body)))
    return ordered(Wish(acme.directory, (NAME,)), KEY, means)


def only(part: str, **changes: Any) -> Tamper:
    return lambda url, reply: replace(reply, **changes) if f"/{part}" in url else reply


@pytest.mark.parametrize(
    ("tamper", "complaint"),
    [
        (only("new-order", status=307, headers={"location": "https://127.0.0.1/"}), "leads elsewhere"),
        (only("new-order", headers={}), "does not say where"),
        (only("order/", body=b'{"status": "invalid"}'), "gave the order up"),
        (only("order/", body=b'{"status": ["valid"]}'), "gave the order up"),
        (only("order/", body=b'{"status": "ready", "finalize": "http://ca.example/"}'), "begins with https"),
        (only("authorization/", body=b'{"status": "pending", "challenges": {}}'), "does not ask for"),
        (only("authorization/", body=b"[" * 200_000), "no JSON object"),
        (only("certificate/", body=b"<html>Sign in</html>", headers={"content-type": "text/html"}), "no certificate"),
        (only("certificate/", body=b"\x30\x82", headers={"content-type": "application/pkix-cert"}), "no certificate"),
        (only("certificate/", body=ROOT.pem.encode()), "no certificate of a host"),
    ],
)  # fmt: skip
def test_an_answer_that_is_another_than_it_should_be_ends_the_order(tamper: Tamper, complaint: str) -> None:
    """A wrong kind of content, a redirection, a document that lacks or twists what it must hold."""
    with an_authority() as (acme, door):
        with pytest.raises(AcmeFailed, match=complaint):
            order(acme, door, tamper)
        assert door.answers == {}, "whatever happens, the door is shut"


def test_a_nonce_that_is_none_is_not_used() -> None:
    """Section 6.5.1: an invalid one is ignored and another one asked for; without any nothing is sent."""

    def twisted(url: str, reply: Reply) -> Reply:
        return reply if "/new-nonce" in url else replace(reply, headers={**reply.headers, "replay-nonce": 'a" b'})

    with an_authority() as (acme, door):
        assert order(acme, door, twisted).chain
        with pytest.raises(AcmeFailed, match="gives no nonce"):
            order(acme, door, only("", headers={"replay-nonce": "\xff"}))
        assert len(acme.orders) == 1


@pytest.mark.parametrize("token", ["../../sign-in", "a/b", "a b", "a;}", "", "a" * 200, "$host", "a\n", "\u0664"])
def test_a_token_that_would_open_another_door_reaches_no_file(token: str) -> None:
    """Section 8.3: base64url alone. What the web server would read as more than one address is refused."""

    class CheckedDoor(StubDoor):
        def open(self, challenges: Any) -> None:
            super().open({one.token: one.answer for one in challenges_of(dict(challenges))})

    checked = CheckedDoor()
    refused = pytest.raises((Refusal, AcmeFailed), match=r"RFC 8555|no token")
    with an_authority(Behaviour(token=token)) as (acme, _), refused:
        order(acme, checked, lambda _, reply: reply)
    checked.stop()
    assert (checked.opened, checked.answers) == (0, {})


def test_an_authority_that_is_never_done_is_left() -> None:
    """Each answer comes in time, and the order would still never end."""
    with an_authority() as (acme, door):
        hours = count(0, 300)
        means = replace(means_for(acme, door), clock=lambda: float(next(hours)))
        with pytest.raises(AcmeFailed, match="not done in time"):
            ordered(Wish(acme.directory, (NAME,)), KEY, means)
        assert door.answers == {}
