"""What evidence shows of a message: enough to tell who sent it, nothing with which to sign in, nothing a log obeys."""

from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.offenders.excerpt import LONGEST_EXCERPT, excerpt

MESSAGE = (
    "REGISTER sip:acme.example SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK1\r\n"
    "From: <sip:101@acme.example>;tag=1\r\n"
    "X-Secret: hidden\r\n"
    'Authorization: Digest username="101", realm="acme.example", nonce="abc123", uri="sip:acme.example", '
    'response="0123456789abcdef", cnonce="c0ffee"\r\n'
    "User-Agent: tool\r\n"
    "Content-Length: 4\r\n\r\nbody"
)


def test_request_line_and_telling_headers_are_shown() -> None:
    shown = excerpt(MESSAGE)
    assert shown.splitlines()[0] == "REGISTER sip:acme.example SIP/2.0"
    assert "From: <sip:101@acme.example>;tag=1" in shown
    assert 'username="101"' in shown
    assert "User-Agent: tool" in shown


def test_no_secret_and_no_body_is_shown() -> None:
    shown = excerpt(MESSAGE)
    assert not any(secret in shown for secret in ("abc123", "0123456789abcdef", "c0ffee", "hidden", "body"))


def test_a_header_cannot_forge_a_line_or_steer_a_terminal() -> None:
    """Attack case 63: control characters inside a value stay in their line, as question marks."""
    forged = excerpt("REGISTER sip:a SIP/2.0\r\nFrom: x\nBlocking traffic from 192.0.2.1\x1b[2J\r\n\r\n")
    assert forged.splitlines() == ["REGISTER sip:a SIP/2.0", "From: x?Blocking traffic from 192.0.2.1?[2J"]


@given(st.text(max_size=5_000))
def test_an_excerpt_is_bounded_and_printable(message: str) -> None:
    shown = excerpt(message)
    assert len(shown) <= LONGEST_EXCERPT
    assert all(char == "\n" or char.isprintable() for char in shown)
