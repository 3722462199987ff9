"""The media relay as it is delivered, told what to do over its control port as the core would."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench.rig.network import SERVER_ADDRESS, Network, open_socket
from bench.rig.processes import SYSTEM_PROCESSOR, running, start, wait_until
from bench.systems.ringfence import Installed
from ringfence.engines.rtpengine import render_media
from ringfence.hosts import ports

FLAGS: Final = ("replace-origin", "strict-source", "generate-RTCP", "SDES-pad", "SDES-only-AEAD_AES_256_GCM")
PATIENCE: Final = 2.0
_PORT: Final = re.compile(r"m=audio (\d+)")


class Relay:
    """The control port."""

    def __init__(self, net: Network) -> None:
        self._link = open_socket(net.server, "127.0.0.1")
        self._link.settimeout(PATIENCE)

    def answers(self) -> bool:
        try:
            return "pong" in self._ask({"command": "ping"})
        except OSError:
            return False

    def offer(self, call: str, sdp: str, profile: str) -> str:
        """The offer as the called side gets it."""
        words = {"command": "offer", "call-id": call, "from-tag": "a", "sdp": sdp, "transport-protocol": profile}
        return self._ask(words | {"ICE": "remove"})

    def answer(self, call: str, sdp: str) -> str:
        """The answer as the caller gets it."""
        return self._ask(
            {"command": "answer", "call-id": call, "from-tag": "a", "to-tag": "b", "sdp": sdp, "ICE": "remove"}
        )

    def end(self, call: str) -> None:
        self._ask({"command": "delete", "call-id": call, "from-tag": "a"})

    def close(self) -> None:
        self._link.close()

    def _ask(self, words: dict[str, str]) -> str:
        body = b"".join(_text(name) + _text(words[name]) for name in sorted(words))
        flags = b"5:flagsl" + b"".join(map(_text, FLAGS)) + b"e"
        cookie = os.urandom(6).hex().encode()
        raw = cookie + b" d" + body + flags + b"e"
        self._link.sendto(raw, ("127.0.0.1", ports.RTPENGINE_CONTROL))
        return self._link.recv(65_536).decode(errors="replace")


def port_in(sdp: str) -> int:
    """Where media goes to, as a description in an answer of the relay says. Raises ValueError."""
    found = _PORT.search(sdp)
    if found is None:
        raise ValueError(f"the relay refused: {sdp[:300]}")
    return int(found[1])


@contextmanager
def relay(net: Network, installed: Installed) -> Iterator[Relay]:
    """Runs it until the block ends."""
    log = installed.paths.logs / "media.log"
    config = installed.paths.media_config
    config.write_text(render_media(installed.system).replace("num-threads = 2", "num-threads = 1"))
    words = ("rtpengine", f"--config-file={config}")
    with running(start(words, net.server, SYSTEM_PROCESSOR, log)):
        control = Relay(net)
        try:
            wait_until(control.answers, "the media relay", log)
            yield control
        finally:
            control.close()


def description(port: int, keys: str, address: str = SERVER_ADDRESS) -> str:
    """A session description with one stream of audio."""
    crypto = f"a=crypto:1 {keys}\r\n" if keys else ""
    profile = "RTP/SAVP" if keys else "RTP/AVP"
    return (
        f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"m=audio {port} {profile} 8\r\na=rtpmap:8 PCMA/8000\r\n{crypto}"
    )


def _text(value: str) -> bytes:
    raw = value.encode()
    return b"%d:%s" % (len(raw), raw)
