"""RTP as it comes from phones, whole and broken: what is heard, which keys count."""

import struct
from dataclasses import dataclass, field

from ringfence.audio.g711 import FRAME, SILENCE, ULAW_OF_ALAW
from ringfence.voice.media import MOST_KEYS, Media
from ringfence.voice.sdp import Offer

PEER = ("127.0.0.1", 45_000)


@dataclass
class Ear:
    """A media session that hears A-law, and what it heard."""

    media: Media = field(
        default_factory=lambda: Media(Offer(*PEER, codec=8, payload=8, events=101, direction="sendrecv"))
    )
    heard: bytes = b""

    def take(self, ulaw: bytes) -> None:
        self.heard += ulaw

    def packet(
        self, stamp: int, payload: bytes, kind: int = 8, first: int = 0x80, source: tuple[str, int] = PEER
    ) -> None:
        self.media.datagram_received(struct.pack(">BBHII", first, kind, 1, stamp, 7) + payload, source)


def listening() -> Ear:
    ear = Ear()
    ear.media.listen(ear.take)
    return ear


def test_speech_is_taken_in_its_time() -> None:
    """Lost packets become silence, late ones and those of strangers nothing."""
    ear, said = listening(), b"\x55" * FRAME
    ear.packet(1000, said)
    ear.packet(1000 + 2 * FRAME, said)
    ear.packet(1000 + FRAME, said)
    ear.packet(1000 + 3 * FRAME, said, source=("127.0.0.1", 40_000))
    expected = said.translate(ULAW_OF_ALAW)
    assert ear.heard == expected + SILENCE * FRAME + expected


def test_padding_extension_and_contributors_are_no_speech() -> None:
    ear = listening()
    ear.packet(0, b"\0" * 4 + struct.pack(">HH", 1, 1) + b"\0" * 4 + b"\x55" * 8 + b"\0\0\3", first=0x80 | 0x30 | 1)
    assert len(ear.heard) == 8
    ear.packet(8, b"\0", first=0x90)
    ear.packet(8, b"\xff", first=0xA0)
    ear.media.datagram_received(b"\x80", PEER)
    assert len(ear.heard) == 8


def test_a_key_counts_once_however_often_it_is_sent() -> None:
    """RFC 4733 section 2.5.1.2: three packets with one time stamp are one key; a flood is bounded."""
    ear = listening()
    for stamp in (100, 100, 100, 900):
        ear.packet(stamp, bytes([10, 0, 0, 0]), kind=101)
    assert [ear.media.keys.get_nowait() for _ in range(2)] == ["*", "*"]
    assert ear.media.keys.empty()
    ear.packet(5, bytes([16, 0, 0, 0]), kind=101)
    for stamp in range(1000, 1000 + 2 * MOST_KEYS):
        ear.packet(stamp, bytes([1, 0, 0, 0]), kind=101)
    assert ear.media.keys.qsize() == MOST_KEYS
