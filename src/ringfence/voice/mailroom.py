"""Asks the portal's mail room: which mailbox, is the PIN right, what lies in it. Only the portal can open a message."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 5.0
LONGEST_ANSWER: Final = 32 * 1024 * 1024


class MailroomAway(Exception):
    """The mail room does not answer."""


class Refused(Exception):
    """The mail room says no; `args[0]` says why, as in `pin` or `locked`."""


class Mailroom:
    """One question and one answer on each connection, as lines of JSON."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def ask(self, verb: str, **args: Any) -> dict[str, Any]:
        """Raises MailroomAway or Refused."""
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._ask({"verb": verb, **args})
        except (OSError, ValueError, TypeError, TimeoutError) as error:
            raise MailroomAway(str(error)) from error
        if "refused" in answer:
            raise Refused(str(answer["refused"]))
        return answer

    async def audio(self, ticket: str, message: int) -> bytes:
        """One message as u-law. Raises MailroomAway or Refused."""
        return base64.b64decode((await self.ask("audio", ticket=ticket, message=message))["audio"])

    async def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(str(self._socket), limit=LONGEST_ANSWER)
        try:
            writer.write(json.dumps(question).encode() + b"\n")
            await writer.drain()
            answer = json.loads(await reader.readline())
        finally:
            writer.close()
        if not isinstance(answer, dict):
            raise TypeError("no answer of the mail room")
        return answer
