"""What is read of a body with several parts (RFC 5621, RFC 6442; attack case 13)."""

import pytest

from ringfence.policy.relay.wrapped import MOST_PARTS, session_description

SDP = "v=0\r\nm=audio 4000 RTP/AVP 8\r\n"
PLACE = "Content-Type: application/pidf+xml\r\n\r\n<presence/>"
PART = f"content-type:application/SDP ; x=y\r\nContent-Disposition: session\r\n\r\n{SDP}"


def body(*parts: str) -> str:
    return "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"


@pytest.mark.parametrize("kind", ["multipart/mixed;boundary=b", 'Multipart/Related; type="x;y"; Boundary = "b"'])
@pytest.mark.parametrize(
    "whole", [body(PART), body(PLACE, PART), body(PART, PLACE), body(PLACE, PART).replace("\r", "")]
)
def test_the_session_description_is_found(kind: str, whole: str) -> None:
    assert session_description(kind, whole) == SDP


@pytest.mark.parametrize(
    ("kind", "whole"),
    [
        ("multipart/mixed", body(PART)),
        ("text/plain;boundary=b", body(PART)),
        ("multipart/mixed;boundary=c", body(PART)),
        ("multipart/mixed;boundary=b", body(PLACE)),
        ("multipart/mixed;boundary=b", body(*[PLACE] * MOST_PARTS, PART)),
        ("multipart/mixed;boundary=b", body(f"Content-Transfer-Encoding: base64\r\n{PART}")),
    ],
)
def test_anything_else_is_none(kind: str, whole: str) -> None:
    assert session_description(kind, whole) == ""
