"""Sends what is mutated, over doors that close, and looks whether the core still answers somebody else."""

import select
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Final, Self

import pytest

from ringfence.lab import sip
from ringfence.lab.softphone import NoAnswer, Softphone
from tests.system.mutations.bases import numbered
from tests.system.mutations.mutating import Chance

AT_ONCE: Final = 50
"""How many are sent between two looks: so many fit into the core's socket."""

PATIENCE: Final = 5.0
A_MOMENT: Final = 0.002
"""Seconds that the core has to close a connection for what came over it."""


class Pacer:
    """Asks every few messages whether the core still answers, and keeps what came before if it does not."""

    def __init__(self, phone: Softphone, kept: Path) -> None:
        self._phone, self._kept = phone, kept
        self._since: list[bytes] = []

    def note(self, raw: bytes) -> bytes:
        """This is sent now."""
        self._since.append(raw)
        if len(self._since) >= AT_ONCE:
            self._look()
        return raw

    def play(self, messages: Iterable[bytes], send: Callable[[bytes], None]) -> None:
        """Sends all of them, each with a branch and a Call-ID of its own."""
        for number, raw in enumerate(messages):
            send(self.note(numbered(raw, number)))
        self._look()

    def _look(self) -> None:
        try:
            self._phone.options(timeout=PATIENCE)
        except NoAnswer:
            self._kept.write_bytes(b"\n=====\n".join(self._since))
            pytest.fail(f"the core does not answer any more; what came before stands in {self._kept}")
        self._since.clear()


class Garbler(Softphone):
    """A phone that changes what it sends while it has a chance."""

    chance: Chance | None = None
    pacer: Pacer | None = None

    def send(self, raw: bytes) -> None:
        if self.chance and self.pacer:
            raw = self.pacer.note(self.chance.changed(raw))
        super().send(raw)

    def wildly(self, chance: Chance, pacer: Pacer) -> None:
        self.chance, self.pacer = chance, pacer

    def properly(self) -> None:
        self.chance = None


class Door:
    """A connection that is opened again whenever the core has closed it; what it answers is forgotten."""

    def __init__(self, reopen: Callable[[], socket]) -> None:
        self._reopen = reopen
        self._link = reopen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def send(self, raw: bytes) -> None:
        select.select([self._link], [], [], A_MOMENT)
        try:
            self._forget_answers()
            self._link.sendall(raw)
        except OSError:
            self._link.close()
            self._link = self._reopen()
            with suppress(OSError):
                self._link.sendall(raw)

    def _forget_answers(self) -> None:
        self._link.setblocking(False)
        try:
            while True:
                if not self._link.recv(65_535):
                    raise ConnectionResetError
        except (BlockingIOError, ssl.SSLWantReadError):
            self._link.settimeout(PATIENCE)


def turn_down(phone: Softphone, wait: float = 0.01) -> None:
    """Answers whatever has come: a call is busy, everything else is fine."""
    for request in phone.requests_within(wait):
        if request.method == "INVITE":
            phone.respond(request, 486, "Busy Here", "busy")
        elif request.method != "ACK":
            phone.respond(request, 200, "OK", "r")


def acknowledge(phone: Softphone) -> None:
    """Acknowledges every refusal that has come for a call, so that nobody repeats it (RFC 3261 section 17.1.1.3)."""
    while (answer := phone.receive(0)) is not None:
        if answer.is_response and answer.status >= 300 and answer.header("cseq").endswith("INVITE"):
            headers = [
                *((name.title(), answer.header(name)) for name in ("via", "from", "to", "call-id")),
                ("CSeq", answer.header("cseq").replace("INVITE", "ACK")),
                ("Max-Forwards", "70"),
            ]
            phone.send(sip.compose(f"ACK sip:{phone.account.domain} SIP/2.0", headers))
