"""Peers of our own for notices on loopback: mail server, web server and log collector, with a real certificate."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


def certificate(folder: Path) -> tuple[Path, Path]:
    """For `localhost`, signed by itself; a program trusts it when SSL_CERT_FILE names it."""
    openssl = shutil.which("openssl")
    assert openssl, "openssl is needed"
    made, key = folder / "peer.crt", folder / "peer.key"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return made, key


@dataclass(slots=True)
class Peer:
    """What came in, and what is answered."""

    port: int = 0
    got: list[bytes] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    answer: bytes = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
    refuses: bool = False
    unknown: str = ""
    """A recipient that the mail server does not know."""

    slow_at: str = ""
    ends: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _listening(serve: object, tls: ssl.SSLContext | None) -> Iterator[Peer]:
    server = socket.create_server(("127.0.0.1", 0))
    peer = Peer(port=server.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                link, _ = server.accept()
            except OSError:
                return
            with suppress(OSError), tls.wrap_socket(link, server_side=True) if tls else link as stream:
                stream.settimeout(5)
                serve(peer, stream)  # type: ignore[operator]

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def context(made: tuple[Path, Path]) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(*made)
    return found


@contextmanager
def web_server(made: tuple[Path, Path]) -> Iterator[Peer]:
    with _listening(_serve_web, context(made)) as peer:
        yield peer


@contextmanager
def slow_server(made: tuple[Path, Path]) -> Iterator[Peer]:
    """Answers a byte at a time, until it is told to come to an end."""
    with _listening(_serve_slowly, context(made)) as peer:
        yield peer
        peer.ends.set()


def _serve_slowly(peer: Peer, link: socket.socket) -> None:
    answer, peer.answer = peer.answer, b"HTTP/1.1 204 No Content\r\nX-Slow: "
    _serve_web(peer, link)
    while not peer.ends.wait(0.05):
        link.sendall(b"x")
    link.sendall(b"\r\nContent-Length: 0\r\n\r\n")
    peer.answer = answer


@contextmanager
def dripping(made: tuple[Path, Path] | None = None) -> Iterator[Peer]:
    """Never says more than a byte at a time, whatever comes, until it is told to come to an end."""
    with _listening(_drip, context(made) if made else None) as peer:
        yield peer
        peer.ends.set()


def _drip(peer: Peer, link: socket.socket) -> None:
    while not peer.ends.wait(0.05):
        link.sendall(b"2")


@contextmanager
def endless(line: bytes, made: tuple[Path, Path] | None = None) -> Iterator[Peer]:
    """Says one line again and again until nobody listens; `got` is what the kernel took of it."""

    def say(peer: Peer, link: socket.socket) -> None:
        with suppress(OSError):
            while not peer.ends.is_set():
                link.sendall(line * 1_000)
                peer.got.append(line * 1_000)

    with _listening(say, context(made) if made else None) as peer:
        yield peer
        peer.ends.set()


def _serve_web(peer: Peer, link: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += link.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += link.recv(65536)
    peer.lines += head.decode().split("\r\n")
    peer.got.append(body)
    link.sendall(peer.answer)


@contextmanager
def collector(made: tuple[Path, Path] | None = None) -> Iterator[Peer]:
    with _listening(_serve_stream, context(made) if made else None) as peer:
        yield peer


def _serve_stream(peer: Peer, link: socket.socket) -> None:
    data = b""
    while part := link.recv(65536):
        data += part
    peer.got.append(data)


@contextmanager
def mail_server(made: tuple[Path, Path]) -> Iterator[Peer]:
    """Plain at first, with STARTTLS and AUTH PLAIN."""
    tls = context(made)
    with _listening(lambda peer, link: _serve_mail(peer, link, tls), None) as peer:
        yield peer


def _serve_mail(peer: Peer, link: socket.socket, tls: ssl.SSLContext) -> None:
    stream, file = link, link.makefile("rb")
    stream.sendall(b"220 sink\r\n")
    while line := file.readline().decode().strip():
        peer.lines.append(line)
        verb = line.split(" ")[0].upper()
        if verb == peer.slow_at:
            with stream:
                _drip(peer, stream)
            return
        elif verb == "EHLO":
            stream.sendall(b"250-sink\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
        elif verb == "STARTTLS":
            stream.sendall(b"220 go\r\n")
            stream = tls.wrap_socket(link, server_side=True)
            file = stream.makefile("rb")
        elif verb == "AUTH":
            stream.sendall(b"535 no\r\n" if peer.refuses else b"235 yes\r\n")
        elif verb == "RCPT" and peer.unknown and peer.unknown in line:
            stream.sendall(b"550 nobody of this name\r\n")
        elif verb == "DATA":
            stream.sendall(b"354 go\r\n")
            peer.got.append(_message(file))
            stream.sendall(b"250 taken\r\n")
        elif verb == "QUIT":
            stream.sendall(b"221 bye\r\n")
            stream.close()
            return
        else:
            stream.sendall(b"250 ok\r\n")


def _message(file: object) -> bytes:
    lines = []
    while (line := file.readline()) != b".\r\n":  # type: ignore[attr-defined]
        lines.append(line)
    return b"".join(lines)
