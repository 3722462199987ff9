"""The lab's own SIP: parsing, framing and digests against published values."""

from ringfence.lab import sip
from ringfence.lab.sip import Account, Challenge


def test_a_folded_compact_message_is_read_as_the_rfc_says() -> None:
    message = sip.parse(
        b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;\r\n branch=z9hG4bKx\r\nt: <sip:a@b>;tag=1\r\nl: 0\r\n\r\n"
    )
    assert (message.status, message.branch, message.tag("to")) == (200, "z9hG4bKx", "1")


def test_a_stream_is_split_at_content_length() -> None:
    one = sip.compose("OPTIONS sip:a SIP/2.0", [("CSeq", "1 OPTIONS")], b"body")
    messages, rest = sip.split_stream(one + one[:10])
    assert messages == [one]
    assert rest == one[:10]


def test_a_digest_matches_the_example_of_rfc_2617() -> None:
    """RFC 2617, 3.5, in its form without qop (RFC 2069 errata value)."""
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093")
    answer = sip.authorization(
        Account("Mufasa", "host.com", "Circle Of Life"), challenge, "GET", "/dir/index.html", qop=False
    )
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer


def test_several_challenges_are_read_in_order() -> None:
    """RFC 8760: one header for each algorithm."""
    raw = b'SIP/2.0 401 U\r\nWWW-Authenticate: Digest realm="r", nonce="1", algorithm=SHA-256, qop="auth"\r\n'
    raw += b'WWW-Authenticate: Digest realm="r", nonce="2", algorithm=MD5, qop="auth"\r\n\r\n'
    found = sip.challenges_in(sip.parse(raw))
    assert [one.algorithm for one in found] == ["SHA-256", "MD5"]
    assert {one.answer_header for one in found} == {"Authorization"}
