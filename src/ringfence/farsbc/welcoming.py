"""The core's side of an enrolment: listens on the port of the link until somebody shows the invitation.

Whoever connects is a stranger until then: a bounded number of them, each for a few seconds and a few kilobytes, and not
one byte of what they send is used before the secret in it was compared. Where there is no room for one more, whoever
has been silent longest goes: the true SBC speaks at once, and waits for nobody who says nothing.
"""

import asyncio
import hmac
import json
import os
import ssl
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ringfence.engines.edge.link import Shown
from ringfence.engines.edge.linkauthority import (
    Authority,
    RequestRefused,
    fingerprint,
    new_key,
    pem_of_key,
    requested_key,
)
from ringfence.farsbc.invitation import Invitation, told_in
from ringfence.hosts.addresses import Address

STRANGER_SECONDS: Final = 5.0
FAREWELL_SECONDS: Final = 1.0
LONGEST: Final = 8_192
MOST_AT_ONCE: Final = 16
MOST_OF_ONE: Final = 4
"""Of these from one address: a single one displaces nobody but itself."""
MOST_WRONG: Final = 5
"""Wrong secrets after which the invitation is withdrawn."""


class NobodyCame(Exception):
    """The invitation ended without an SBC; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Who came: the address it came from and the SHA-256 of the certificate it was given."""

    address: str
    certificate: str


class Welcome:
    """One invitation and the certificates that depend on it."""

    def __init__(self, here: Address, port: int) -> None:
        self._here, self._port = here, port
        now, key = datetime.now(UTC), new_key()
        self._authority = Authority.made(now)
        certificate = self._authority.signed("core", key.public_key(), now)
        self.core = Shown(self._authority.pem, certificate, pem_of_key(key))
        self.invitation = Invitation.made(fingerprint(certificate))
        self._context = self._tls()
        self._silent: dict[asyncio.Task[None], str] = {}
        self._wrong = 0

    async def wait(self, seconds: float, listening: Callable[[], None]) -> Guest:
        """Until an SBC was enrolled; `listening` is called as soon as one can come. Raises NobodyCame, OSError when the
        port is taken.
        """
        came: asyncio.Future[Guest] = asyncio.get_running_loop().create_future()

        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._meet(reader, writer, came)

        server = await asyncio.start_server(meet, str(self._here), self._port, limit=LONGEST)
        try:
            listening()
            return await asyncio.wait_for(came, seconds)
        except TimeoutError as error:
            raise NobodyCame("nobody came in time; the invitation is void") from error
        finally:
            for meeting in list(self._silent):
                self._end(meeting)
            await _see_out(server)

    async def _meet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, came: "asyncio.Future[Guest]"
    ) -> None:
        meeting = self._let_in(str((writer.get_extra_info("peername") or ("",))[0]))
        try:
            async with asyncio.timeout(STRANGER_SECONDS):
                await writer.start_tls(self._context)  # here, so that those who never begin it are counted too
                line = await reader.readuntil(b"\n")
                self._silent.pop(meeting, None)
                answer, guest = self._answer(line, writer, came)
                if guest is not None:  # before it hears so: the secret works for nobody else meanwhile
                    came.set_result(guest)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, TimeoutError, ValueError, EOFError, asyncio.LimitOverrunError):
            pass
        finally:
            self._silent.pop(meeting, None)
            writer.close()

    def _let_in(self, address: str) -> "asyncio.Task[None]":
        """The meeting at hand. Where there is no room the longest silent one ends, of the same address first."""
        meeting = asyncio.current_task()
        assert meeting is not None
        same = [one for one, its in self._silent.items() if its == address]
        if len(same) >= MOST_OF_ONE:
            self._end(same[0])
        elif len(self._silent) >= MOST_AT_ONCE:
            self._end(next(iter(self._silent)))
        self._silent[meeting] = address
        return meeting

    def _end(self, meeting: "asyncio.Task[None]") -> None:
        del self._silent[meeting]
        meeting.cancel()

    def _answer(
        self, line: bytes, writer: asyncio.StreamWriter, came: "asyncio.Future[Guest]"
    ) -> tuple[dict[str, Any], Guest | None]:
        asked = told_in(line)
        shown = asked.get("secret")
        if (
            came.done()
            or not isinstance(shown, str)
            or not hmac.compare_digest(shown.encode(), self.invitation.secret.encode())
        ):
            self._wrong += 1
            if self._wrong >= MOST_WRONG and not came.done():
                came.set_exception(NobodyCame(f"{MOST_WRONG} wrong secrets were shown; the invitation is void"))
            return {"refused": "the invitation is not known here"}, None
        there, here = writer.get_extra_info("peername")[0], writer.get_extra_info("sockname")[0]
        if (asked.get("here"), asked.get("core")) != (there, here):
            reason = "an address is translated between the two hosts; the link needs both as they are"
            return {"refused": reason}, None
        try:
            public = requested_key(str(asked.get("request", "")).encode())
        except RequestRefused as refusal:
            return {"refused": str(refusal)}, None
        certificate = self._authority.signed("sbc", public, datetime.now(UTC))
        answer = {"authority": self._authority.pem.decode(), "certificate": certificate.decode()}
        return answer, Guest(there, fingerprint(certificate))

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with tempfile.TemporaryDirectory(prefix="rf-link-") as folder:  # the module reads files only
            pair = os.path.join(folder, "pair.pem")
            with open(os.open(pair, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(self.core.key + self.core.certificate)
            context.load_cert_chain(pair)
        return context


async def _see_out(server: asyncio.Server) -> None:
    """Lets whoever is answered hear it to the end, and hangs up on everybody else."""
    server.close()
    server.close_clients()
    with suppress(TimeoutError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await server.wait_closed()
    server.abort_clients()
