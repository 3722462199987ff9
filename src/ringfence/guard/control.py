"""The guard's socket: one JSON line in, one JSON line out, for the portal and the command line on the same machine."""

import asyncio
import json
import logging
import shutil
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LONGEST_REQUEST: Final = 1 << 16
CONTROL_GROUP: Final = "ringfence-control"
_CREDENTIALS: Final = struct.Struct("3i")

log = logging.getLogger(__name__)


class Refusal(Exception):
    """Why a request is refused: a stable id, the argument it concerns, and a sentence for people."""

    def __init__(self, error_id: str, field: str, message: str) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end, as the kernel names it (SO_PEERCRED)."""

    pid: int
    uid: int


type Args = Mapping[str, Any]
type Verb = Callable[[Args], Awaitable[Any]]


class ControlSocket:
    """Serves verbs. `changing` names those that change something: each use is logged with the caller's user id.
    `catch_up` takes in what has happened: whoever asks hears of all that is written.
    """

    def __init__(
        self,
        path: Path,
        verbs: Mapping[str, Verb],
        changing: frozenset[str],
        catch_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._verbs = verbs
        self._changing = changing
        self._catch_up = catch_up
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=LONGEST_REQUEST)
        share(self._path, CONTROL_GROUP)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server.close_clients()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            peer = _peer(writer)
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line, peer), separators=(",", ":")).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError) as error:
            log.info("control connection ended: %s", error)
        finally:
            writer.close()

    async def _answer(self, line: bytes, peer: Peer) -> dict[str, Any]:
        try:
            verb, args = _parsed(line)
            if verb in self._changing:
                log.info("%s", json.dumps({"verb": verb, "args": dict(args), "uid": peer.uid, "pid": peer.pid}))
            self._catch_up()
            return {"ok": True, "data": await self._found(verb)(args)}
        except Refusal as refusal:
            return {"ok": False, "error": {"id": refusal.error_id, "field": refusal.field, "message": refusal.message}}

    def _found(self, verb: str) -> Verb:
        found = self._verbs.get(verb)
        if found is None:
            raise Refusal(
                "request.verb",
                "verb",
                f"There is no verb {verb[:64]!r}; the verbs are {', '.join(sorted(self._verbs))}.",
            )
        return found


def share(path: Path, group: str) -> None:
    """Lets the members of a group use a socket; where the group does not exist, only the owner can."""
    path.chmod(0o660)
    with suppress(LookupError, PermissionError):
        shutil.chown(path, group=group)


def text(args: Args, name: str, default: str | None = None) -> str:
    """A text argument. Raises Refusal."""
    value = args.get(name, default)
    if isinstance(value, str) and len(value) <= 1000:
        return value
    raise Refusal("request.text", name, f"{name} must be a text of at most 1000 characters.")


def number(args: Args, name: str, low: float, high: float, default: float | None = None) -> float:
    """A number within limits. Raises Refusal."""
    value = args.get(name, default)
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise Refusal("request.number", name, f"{name} must be a number from {low:,g} to {high:,.10g}.")


def _parsed(line: bytes) -> tuple[str, Args]:
    try:
        request = json.loads(line)
    except ValueError as error:
        raise Refusal("request.syntax", "", f"The request is not one line of JSON: {error}") from error
    if (
        not isinstance(request, dict)
        or not isinstance(request.get("verb"), str)
        or not isinstance(request.get("args", {}), dict)
    ):
        raise Refusal("request.shape", "", 'A request is {"verb": "...", "args": {...}}.')
    return request["verb"], request.get("args", {})


def _peer(writer: asyncio.StreamWriter) -> Peer:
    link = writer.get_extra_info("socket")
    pid, uid, _ = _CREDENTIALS.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(pid, uid)
