"""An authority on loopback, and a door that answers it, for tests of orders."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ringfence.lab.acme import AcmeServer, Behaviour
from ringfence.portal.acme.client import Means
from ringfence.portal.acme.wire import Https

HERE = "127.0.0.1"
NAME = "pbx.example"


class StubDoor:
    """Answers challenges on a port of its own, only while it is open."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.opened = 0
        door = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = door.answers.get(self.path.removeprefix("/.well-known/acme-challenge/"), "").encode()
                self.send_response(200 if told else 404)
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer((HERE, 0), Answers)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def open(self, challenges: Mapping[str, str]) -> None:
        self.opened += 1
        self.answers = dict(challenges)

    def close(self) -> None:
        self.answers = {}

    def reached(self, _name: str) -> socket.socket:
        return socket.create_connection((HERE, self.server.server_port), 5)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def an_authority(behaviour: Behaviour | None = None) -> Iterator[tuple[AcmeServer, StubDoor]]:
    door = StubDoor()
    listening = socket.create_server((HERE, 0))
    with AcmeServer(listening, HERE, door.reached, behaviour) as acme:
        yield acme, door
    door.stop()


def means_for(acme: AcmeServer, door: Any) -> Means:
    """Loopback is permitted here, and nobody waits long."""
    https = Https(acme.root.pem, judge=lambda host, port: HERE)
    return Means(https.send, door, lambda _seconds: threading.Event().wait(0.02) and None)
