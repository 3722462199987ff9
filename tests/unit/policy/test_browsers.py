"""Credentials of browser phones (issue 6.5, ADR 28): whose they are, how long, and over what they count."""

import pytest

from ringfence.policy.book import Subscriber
from ringfence.policy.people.browsers import (
    BrowserCredential,
    credential_key,
    decode_credential,
    encode_credential,
    is_browser,
    proving,
)

ANN = Subscriber("101@a.example", 1, 7, "User", True, "Ann", "a" * 32, "b" * 64, "c" * 32)
GIVEN = BrowserCredential("101@a.example", 7, 1000.0, "d" * 32)
UNKNOWN = "e" * 32


def test_a_browser_proves_its_own_digest_and_no_other() -> None:
    found = proving(GIVEN, ANN, "wss", 999.0, UNKNOWN)
    assert found is not None
    assert (found.aor, found.ha1_md5, found.previous_ha1_md5) == (ANN.aor, GIVEN.ha1, "")


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls", "", "sctp"])
def test_over_anything_but_a_websocket_the_name_is_unknown(transport: str) -> None:
    assert proving(GIVEN, ANN, transport, 0.0, UNKNOWN) is None


def test_an_expired_credential_proves_nothing_and_is_no_attack() -> None:
    """As a phone with the secret of before (peers: stale password)."""
    found = proving(GIVEN, ANN, "ws", 1000.0, UNKNOWN)
    assert found is not None
    assert (found.ha1_md5, found.previous_ha1_md5) == (UNKNOWN, GIVEN.ha1)


def test_it_is_of_no_use_when_the_number_has_another_owner_or_none() -> None:
    other = Subscriber("101@a.example", 1, 8, "User", True, "Bob", "a" * 32, "b" * 64)
    assert proving(GIVEN, other, "wss", 0.0, UNKNOWN) is None
    assert proving(GIVEN, None, "wss", 0.0, UNKNOWN) is None


def test_a_record_is_read_as_it_was_written() -> None:
    assert decode_credential(encode_credential(GIVEN)) == GIVEN
    assert credential_key("101~ab", "a.example") == "browser/101~ab@a.example"
    assert is_browser("101~ab")
    assert not is_browser("101")


@pytest.mark.parametrize("raw", [b"", b"101@a.example", b"a\nb\nc\nd", b"a\n1\n2.0\nx\ny"])
def test_a_broken_record_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"credential|invalid"):
        decode_credential(raw)


def test_no_field_can_break_a_record() -> None:
    with pytest.raises(ValueError, match="line break"):
        encode_credential(BrowserCredential("101@a.example\n", 7, 1.0, "x"))
