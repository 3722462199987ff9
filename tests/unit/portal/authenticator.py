"""An authenticator app for tests (RFC 6238), written apart from what the product uses."""

import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass

STEP = 30


@dataclass(frozen=True, slots=True)
class App:
    """Holds a key and shows the code of the moment."""

    secret: str
    codes: tuple[str, ...] = ()

    def code(self, steps: int = 0, at: float | None = None) -> str:
        counter = int(time.time() if at is None else at) // STEP + steps
        digest = hmac.new(base64.b32decode(self.secret), struct.pack(">Q", counter), hashlib.sha1).digest()
        start = digest[-1] & 15
        number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"
