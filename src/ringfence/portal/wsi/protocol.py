"""The words of the event socket: how it beats and how it ends."""

from enum import IntEnum
from typing import Final

HEARTBEAT: Final = 15.0


class Closing(IntEnum):
    """Why a connection is closed (RFC 6455 section 7.4.2: 4000 to 4999 are ours)."""

    MALFORMED = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    LATE = 4408
    SLOW = 4409
    ANEW = 4410
    TOO_MANY = 4429
    UNAVAILABLE = 1013


class SentAway(Exception):
    """The server ends the connection: the close code and a sentence."""

    def __init__(self, closing: Closing, reason: str) -> None:
        super().__init__(reason)
        self.closing = closing
        self.reason = reason
