"""The lab's SRTP (RFC 7714) and its keys in a session description (RFC 4568)."""

import pytest

from ringfence.lab import srtp


def test_what_is_sealed_opens_with_the_same_keys_alone() -> None:
    keys = srtp.new_keys()
    [packet] = srtp.encrypted(srtp.packets(7, [b"hello"]), keys)
    assert b"hello" not in packet
    assert srtp.opened(packet, keys) == b"hello"
    assert srtp.opened(packet[:-1] + bytes([packet[-1] ^ 1]), keys) == b""
    assert srtp.opened(packet, srtp.new_keys()) == b""


def test_keys_are_read_from_a_session_description() -> None:
    keys = srtp.new_keys()
    assert srtp.keys_in(f"m=audio 4 RTP/SAVP 8\r\na=crypto:1 {keys.inline}|2^31\r\n".encode()) == keys
    with pytest.raises(ValueError, match="no keys"):
        srtp.keys_in(b"m=audio 4 RTP/SAVP 8\r\n")
