"""A ban is told to a log collector and by mail as it happens (reference: "Security monitoring"; issue of the guard: a
notice on ban storms and one line of JSON for a SIEM), while another receiver hangs, and after the process was killed.
"""

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_string, policy
from typing import Any, Final

import pytest

from ringfence.lab.attackers import guess
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone

pytestmark = pytest.mark.usefixtures("oracle")

COLLECTOR: Final = 59
LOGS, MAIL, SILENT = 6514, 2525, 2526


class Peers:
    """A log collector that counts octets (RFC 6587 section 3.4.1), a mail server, and one that never says a word."""

    def __init__(self, host: Any) -> None:
        self.address: str = host.address
        self.logs: list[dict[str, Any]] = []
        self.mails: list[Any] = []
        self._servers = [host.tcp(port) for port in (LOGS, MAIL, SILENT)]
        self._kept: list[socket.socket] = []
        for server, serve in zip(self._servers, (self._collect, self._take_mail, self._kept.append), strict=True):
            server.listen(8)
            threading.Thread(target=self._accept, args=(server, serve), daemon=True).start()

    def close(self) -> None:
        for one in (*self._servers, *self._kept):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def told_of(self, address: str) -> dict[str, Any] | None:
        return next((one for one in self.logs if one["event"].get("address") == address), None)

    @staticmethod
    def _accept(server: socket.socket, serve: Any) -> None:
        with suppress(OSError):
            while True:
                serve(server.accept()[0])

    def _collect(self, link: socket.socket) -> None:
        with link, link.makefile("rb") as stream:
            while length := stream.read(1).strip() or b"":
                while (digit := stream.read(1)) != b" ":
                    length += digit
                line = stream.read(int(length)).decode()
                self.logs.append(json.loads(line[line.index("{") :]))

    def _take_mail(self, link: socket.socket) -> None:
        with link, link.makefile("rw", newline="") as stream:

            def say(text: str) -> None:
                stream.write(f"{text}\r\n")
                stream.flush()

            say("220 mail")
            for line in stream:
                if line.upper().startswith("DATA"):
                    say("354 go")
                    lines = iter(stream.readline, ".\r\n")
                    self.mails.append(message_from_string("".join(lines), policy=policy.default))
                say("221 bye" if line.upper().startswith("QUIT") else "250 ok")


@pytest.fixture(scope="module")
def peers(lab: Any) -> Iterator[Peers]:
    made = Peers(lab.host("collector", COLLECTOR))
    yield made
    made.close()


@pytest.fixture(scope="module")
def told(pbx: Any, peers: Peers) -> Iterator[Peers]:
    """All three are told of bans; the one that hangs comes first."""
    mail = {
        "host": peers.address,
        "encryption": "none",
        "sender": "pbx@acme.example",
        "recipients": ["noc@acme.example"],
    }
    wishes = (
        ("email", "Hangs", {**mail, "port": SILENT}),
        ("email", "Mail", {**mail, "port": MAIL}),
        ("syslog", "SIEM", {"transport": "tcp", "host": peers.address, "port": LOGS}),
    )
    made = [
        pbx.rest.post("notice-destinations", name=name, means=means, topics=["bans"], settings=settings)["id"]
        for means, name, settings in wishes
    ]
    yield peers
    for one in made:
        pbx.rest.delete(f"notice-destinations/{one}")


@pytest.fixture
def strict(pbx: Any) -> Iterator[None]:
    pbx.set_security(failed_authentication_limit=5)
    yield
    pbx.set_security(failed_authentication_limit=50)


def cut_off(pbx: Any, stranger: Any) -> str:
    """The address of one who guessed until he was banned."""
    with Softphone(stranger(), (PBX_ADDRESS, 5060), Account("101", "acme.example", "wrong")) as evil:
        for _ in range(8):
            guess(evil)
        within(5, lambda: pbx.product.in_kernel_set(evil.address), "the attacker is dropped in the kernel")
        return str(evil.address)


def test_a_ban_is_told_with_its_evidence_while_a_receiver_hangs(
    pbx: Any, told: Peers, strict: None, stranger: Any
) -> None:
    pbx.account("101")
    address = cut_off(pbx, stranger)
    line, _ = within(5, lambda: told.told_of(address), "the collector has the line")
    assert (line["kind"], line["event"]["rule"]) == ("ban.added", "antihacking.failed_authentication")
    assert line["event"]["evidence"]["accounts"]
    mail, _ = within(15, lambda: told.mails and told.mails[0], "the mail is there")
    assert re.search(rf"\b{re.escape(address)}\b", mail["Subject"])
    again = cut_off(pbx, stranger)
    within(25, lambda: told.told_of(again), "the next one is told beside the receiver that hangs")


def test_nothing_is_lost_when_the_process_is_killed(pbx: Any, told: Peers, strict: None, stranger: Any) -> None:
    """What happens while nobody tells it is told afterwards."""
    os.kill(pbx.product.process_ids()["notices"], signal.SIGKILL)
    address = cut_off(pbx, stranger)
    within(30, lambda: told.told_of(address), "it is told by the next process")
