"""Issue "HEP capture": credentials never leave this machine (docs/adr/0049)."""

import struct
import time

import pytest

from ringfence.engines.capture import masked, masked_sip

REGISTER = (
    b"REGISTER sip:acme.example SIP/2.0\r\n"
    b'authorization : Digest username="101",\r\n'
    b'\tresponse="0123456789abcdef"\r\n'
    b'Proxy-Authorization: Digest response="feedface"\r\n'
    b'Authorization: Digest \rresponse="deadbeef"\r\n'
    b"Contact: <sip:101@192.0.2.7>\r\n\r\n"
)


def hep(payload: bytes, kind: int = 15) -> bytes:
    chunks = struct.pack("!HHHB", 0, 1, 7, 2) + struct.pack("!HHH", 0, kind, 6 + len(payload)) + payload
    return b"HEP3" + struct.pack("!H", 6 + len(chunks)) + chunks


def test_credentials_are_overwritten_and_nothing_else() -> None:
    copy = masked(hep(REGISTER))
    assert copy is not None
    assert len(copy) == len(hep(REGISTER))
    for secret in (b"0123456789abcdef", b"feedface", b"deadbeef", b'101"'):
        assert secret not in copy
    assert b"Contact: <sip:101@192.0.2.7>\r\n\r\n" in copy


@pytest.mark.parametrize(
    ("message", "secret", "kept"),
    [
        (b'SIP/2.0 200 OK\r\nAuthentication-Info: rspauth="cafe"\r\n\r\n', b"cafe", b"200 OK"),
        (b"INVITE sip:a SIP/2.0\r\n\r\na=crypto:1 AES_256 inline:S3CRET\r\na=sendrecv\r\n", b"S3CRET", b"a=sendrecv"),
        (b"INVITE sip:a SIP/2.0\r\n\r\na=ice-pwd:S3CRET\r\nc=IN IP4 192.0.2.1\r\n", b"S3CRET", b"192.0.2.1"),
        (b"INVITE sip:a SIP/2.0\n\nk=base64:S3CRET\n", b"S3CRET", b"INVITE"),
        (b"MESSAGE sip:a SIP/2.0\r\nCall-ID: 6\r\n\r\nthe door: 4711", b"4711", b"Call-ID: 6"),
        (b"INFO sip:a SIP/2.0\r\nCall-ID: 5\r\n\r\nSignal=7\r\nDuration=160\r\n", b"Signal=7", b"Call-ID: 5"),
        (b'WWW-Authenticate: Digest nonce="n"\r\n\r\n', b"nothing", b'nonce="n"'),
    ],
)
def test_keys_and_pressed_digits_are_overwritten(message: bytes, secret: bytes, kept: bytes) -> None:
    copy = masked_sip(message)
    assert secret not in copy
    assert kept in copy
    assert len(copy) == len(message)


@pytest.mark.parametrize(
    "packet",
    [b"", b"HEP3", REGISTER, hep(REGISTER)[:-1], hep(REGISTER) + b"x", hep(b"zipped", 16), hep(b"key", 14),
     b"HEP3" + struct.pack("!HHHH", 12, 0, 15, 90), b"HEP3" + struct.pack("!HHHH", 12, 0, 15, 2)],
)  # fmt: skip
def test_what_is_no_whole_hep_with_plain_sip_goes_nowhere(packet: bytes) -> None:
    assert masked(packet) is None


def test_a_hostile_message_costs_no_time() -> None:
    """Case 14: nothing here grows with the square of a message."""
    begun = time.process_time()
    for piece in (b"authorization:\n ", b"INFO a SIP/2.0\n", b"\n\t", b"a=crypto:", b" \t \t"):
        masked_sip((piece * 65_000)[:65_000])
    assert time.process_time() - begun < 5
