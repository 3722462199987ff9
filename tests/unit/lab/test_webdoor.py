"""The lab's door for phones in a browser's manner: what it changes on the way stays a frame (RFC 6455)."""

import pytest

from ringfence.lab.webdoor import _masked, _spoiled


def frame(text: bytes, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
    return b"\x81" + length + mask + _masked(text, mask)


@pytest.mark.parametrize("filler", [b"", b"x" * 500])
def test_whole_frames_are_changed_and_the_rest_waits(filler: bytes) -> None:
    stream = frame(b"good" + filler) + frame(b"good") + frame(b"later")[:-1]
    done, waiting = _spoiled(stream, lambda text: text.replace(b"good", b"evil"))
    assert done == frame(b"evil" + filler) + frame(b"evil")
    assert waiting == frame(b"later")[:-1]
