"""The compiled configuration travels unchanged, and never half."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.book import (
    AddressEntry,
    Book,
    Role,
    Subscriber,
    Target,
    Tenant,
    decode_book,
    decode_subscriber,
    encode_book,
    encode_subscriber,
)
from ringfence.policy.calls.calling import Calling
from ringfence.policy.offenders.entries import decode_entries, encode_entries

PLAIN = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc")), max_size=40)


@given(name=PLAIN, ha1=PLAIN, active=st.booleans(), user_id=st.integers(0, 2**40))
def test_a_subscriber_survives_the_store(name: str, ha1: str, active: bool, user_id: int) -> None:
    subscriber = Subscriber("101@a.example", 1, user_id, "staff", active, name, ha1, "")
    assert decode_subscriber(encode_subscriber(subscriber)) == subscriber
    subscriber = replace(subscriber, groups=(3, 5), calling=Calling(caller_number="+49301"))
    assert decode_subscriber(encode_subscriber(subscriber)) == subscriber


@pytest.mark.parametrize("name", ["a\nb", "a\x00", "a\x7f"])
def test_a_control_character_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        encode_subscriber(Subscriber("101@a.example", 1, 1, "staff", True, name, "", ""))


def test_a_book_survives_the_store() -> None:
    book = Book(
        version=7,
        tenants=(Tenant(1, "A", "a.example"),),
        roles=(Role("staff", True, False, False),),
        default_domain="a.example",
    )
    assert decode_book(encode_book(book)) == book


def test_address_entries_survive_the_store_in_address_order() -> None:
    entries = (
        AddressEntry(3, "192.0.2.0/24", Target.BLOCK, 5.5, "two words"),
        AddressEntry(1, "192.0.2.0/32", Target.ALLOW),
        AddressEntry(2, "2001:db8::/32", Target.BLOCK, None, "x"),
    )
    assert decode_entries(encode_entries(reversed(entries))) == entries
    assert decode_entries(b"") == ()


@pytest.mark.parametrize("raw", [b"nonsense", b"4c0000200/024 x - 1 ", b"4zz/024 b - 1 ", b"4c0000200/024 b - 1"])
def test_half_an_entry_raises(raw: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        decode_entries(raw)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b'{"version":1}'])
def test_half_a_book_raises_instead_of_meaning_something(raw: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        decode_book(raw)
