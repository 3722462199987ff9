"""A scripted phone in a browser's place: SIP in the frames of a secure WebSocket (RFC 7118)."""

import time
from contextlib import ExitStack
from typing import Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from ringfence.lab import sip
from ringfence.lab.network import Host
from ringfence.lab.sip import Account, Message
from ringfence.lab.softphone import PATIENCE, Softphone, Transport, unchecked_tls

NOWHERE: Final = "phone.invalid"
"""What browsers write where others write their address (RFC 7118 section 5)."""


class WebPhone(Softphone):
    """Opens the WebSocket as a page of this origin would. Raises websockets' InvalidStatus if it is refused."""

    def __init__(
        self, host: Host, server: tuple[str, int], account: Account, origin: str | None, subprotocol: str
    ) -> None:
        super().__init__(host, server, account, Transport.WSS)
        self._open = ExitStack()
        opening = connect(
            f"wss://{server[0]}:{server[1]}/",
            sock=self.sock,
            ssl=unchecked_tls(),
            server_hostname=server[0],
            origin=Origin(origin) if origin is not None else None,
            subprotocols=[Subprotocol(subprotocol)] if subprotocol else None,
            open_timeout=PATIENCE,
            close_timeout=1,
        )
        self._link = self._open.enter_context(opening)

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def contact(self) -> str:
        return f"<sip:{self.account.user}@{NOWHERE};transport=ws>"

    @property
    def hostport(self) -> str:
        return NOWHERE

    def send(self, raw: bytes) -> None:
        self._link.send(raw.decode(), text=True)

    def receive(self, timeout: float = PATIENCE) -> Message | None:
        if self._inbox:
            return self._inbox.pop(0)
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            try:
                frame = self._link.recv(timeout=left)
            except (TimeoutError, ConnectionClosed):
                return None
            raw = frame.encode() if isinstance(frame, str) else frame
            if raw.strip():
                return sip.parse(raw)
        return None
