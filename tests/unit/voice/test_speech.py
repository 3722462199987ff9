"""What both sides of a tied call speak, read from and written to session descriptions (RFC 3264, RFC 8866; ADR 63)."""

import pytest

from ringfence.voice import sip, speech
from ringfence.voice.speech import Codec, Speech

BROWSER = b"""v=0\r
o=- 1 1 IN IP4 192.0.2.1\r
s=-\r
c=IN IP4 192.0.2.1\r
t=0 0\r
a=sendonly\r
m=audio 40000 RTP/AVP 111 63 9 0 13 110 126\r
a=rtpmap:111 opus/48000/2\r
a=fmtp:111 minptime=10;useinbandfec=1\r
a=rtpmap:63 red/48000/2\r
a=fmtp:63 111/111\r
a=rtpmap:110 telephone-event/48000\r
a=rtpmap:126 telephone-event/8000\r
a=sendrecv\r
m=video 40002 RTP/AVP 96\r
a=rtpmap:96 VP8/90000\r
"""


def test_what_only_goes_along_with_speech_is_left_out() -> None:
    """Comfort noise and redundancy name other payload types; keys of each clock are kept."""
    read = speech.read(BROWSER)
    assert read is not None
    assert [(one.payload, one.name) for one in read.codecs] == [
        (111, "opus/48000/2"),
        (9, "G722/8000"),
        (0, "PCMU/8000"),
        (110, "telephone-event/48000"),
        (126, "telephone-event/8000"),
    ]
    assert read.direction == "sendrecv", "that of the stream, not that of the whole"
    assert read.codecs[0].parameters == "minptime=10;useinbandfec=1"


def test_what_was_read_is_written_again() -> None:
    said = Speech("2001:db8::1", 4000, (Codec(18, "G729/8000", "annexb=no"), speech.EVENTS), "recvonly")
    assert speech.read(speech.write(said, 1)) == said


def test_a_held_stream_is_answered_from_the_other_side() -> None:
    held = Speech("192.0.2.1", 4000, speech.G711, "sendonly")
    assert held.answering((speech.PCMA,), 5000) == Speech("192.0.2.1", 5000, (speech.PCMA,), "recvonly")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"m=audio 4000 RTP/AVP 8",
        b"c=IN IP4 here.example\nm=audio 4000 RTP/AVP 8",
        b"c=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 8",
        b"c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000",
        b"c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 96 300 \xb2",
        b"c=IN IP4 192.0.2.1\nm=video 4000 RTP/AVP 8",
        b"c=IN IP4 192.0.2.1\nm=audio 99999 RTP/AVP 8",
    ],
)
def test_what_carries_no_speech_is_nothing(body: bytes) -> None:
    """Whatever a phone writes, nothing is guessed and nothing fails."""
    assert speech.read(body) is None


def test_keys_alone_are_nothing_in_common() -> None:
    assert speech.common((speech.PCMA, speech.EVENTS), (speech.PCMU, speech.EVENTS)) == ()


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ('"Ann" <sip:101@a.example>;tag=1', "sip:101@a.example"),
        ('"<sip:x@y>\\" " <sip:101@a.example>', "sip:101@a.example"),
        ("Ann Bell <sip:101@a.example>", "sip:101@a.example"),
        ("<sip:101@a.example;ob>;expires=3", "sip:101@a.example;ob"),
        ("sip:101@a.example;tag=1", "sip:101@a.example"),
        ("", ""),
    ],
)
def test_a_phone_may_name_itself_in_its_contact(value: str, uri: str) -> None:
    """RFC 3261 section 20.10: with a display name, the URI is still what is called next."""
    assert sip.uri_in(value) == uri
