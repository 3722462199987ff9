"""What a worker tells the voice process: one datagram each, no wait, no error ever reaches a call."""

import socket
from pathlib import Path
from typing import Any

import orjson


class VoiceLine:
    """The line of one worker."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._link: socket.socket | None = None

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def tell(self, about: str, **news: Any) -> bool:
        """Whether it was taken: a voice process that is away hears nothing, and the call goes on."""
        try:
            if self._link is None:
                self._link = socket.socket(
                    socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
                )
            self._link.sendto(orjson.dumps({"about": about, **news}), self._path)
        except OSError:
            return False
        return True
