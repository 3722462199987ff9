"""A scripted phone in a browser's place: SIP in the frames of a secure WebSocket (RFC 7118)."""

import time
from contextlib import ExitStack
from typing import Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from ringfence.lab import sip
from ringfence.lab.network import Host
from ringfence.lab.sip import Account, Headers, Message
from ringfence.lab.softphone import PATIENCE, Dialog, Softphone, Transport, dialog_of_callee, unchecked_tls

NOWHERE: Final = "phone.invalid"
"""What browsers write where others write their address (RFC 7118 section 5)."""

OF_A_BROWSER: Final = (
    "a=setup:active\r\na=rtcp-mux\r\na=ice-ufrag:lab0\r\na=ice-pwd:laboratory-without-a-browser\r\n"
    f"a=fingerprint:sha-256 {':'.join(['5A'] * 32)}\r\n"
).encode()
"""What the answer of a browser says beside its profile (RFC 8827, RFC 8839)."""


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

    def answer_call(self, invite: Message, extra: Headers | None = None) -> Dialog:
        """As a browser answers: with DTLS-SRTP and ICE, of which nothing comes true."""
        tag = sip.new_token()
        self.respond(invite, 180, "Ringing", tag)
        plain = sip.sdp(self.address, 40_000)
        self.respond(invite, 200, "OK", tag, extra, plain.replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVPF") + OF_A_BROWSER)
        return dialog_of_callee(invite, tag)

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
