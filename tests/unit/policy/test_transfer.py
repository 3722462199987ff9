"""What a Refer-To may ask for, and who may use a granted transfer (attack case 37; RFC 3515, RFC 3891)."""

import pytest

from ringfence.policy.calls.transfer import (
    Grant,
    Replaced,
    Wish,
    decode_grant,
    encode_grant,
    redeemed,
    towards,
    wish_in,
)
from ringfence.policy.model import Refuse

GRANT = Grant("101@a.example", "102@a.example", "103", "x@y;to-tag=1;from-tag=2")


@pytest.mark.parametrize(
    ("refer_to", "wish"),
    [
        ("<sip:103@a.example>", Wish("103", "a.example")),
        ("sip:103@a.example", Wish("103", "a.example")),
        ('"Ann" <sips:103@A.example:5061;user=phone>', Wish("103", "A.example")),
        ("<tel:+4930123>", Wish("+4930123", "")),
        ("<sip:103@a.example;method=INVITE>", Wish("103", "a.example")),
        (
            "<sip:103@a.example?Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2>",
            Wish("103", "a.example", Replaced("x@y", "1", "2")),
        ),
        (
            "<sip:103@a.example?Replaces=x%3bfrom-tag%3d2%3bto-tag%3d1&X=1>",
            Wish("103", "a.example", Replaced("x", "1", "2")),
        ),
        (
            "<sip:103-0x5581@192.0.2.9:5062;transport=tcp?Replaces=x%3bfrom-tag%3d2%3bto-tag%3d1>",
            Wish("103-0x5581", "192.0.2.9", Replaced("x", "1", "2")),
        ),
        ("<sip:103_00aa@a.example?Replaces=x;from-tag=2;to-tag=1>", Wish("", "a.example", Replaced("x", "1", "2"))),
        ("<sip:192.0.2.9:5062?Replaces=x;from-tag=2;to-tag=1>", Wish("", "", Replaced("x", "1", "2"))),
    ],
)
def test_a_call_can_be_asked_for(refer_to: str, wish: Wish) -> None:
    assert wish_in(refer_to) == wish


@pytest.mark.parametrize(
    ("refer_to", "rule"),
    [
        ("", "transfer.target"),
        ("*", "transfer.target"),
        ("<http://evil.example/>", "transfer.target"),
        ("<sip:a.example>", "transfer.target"),
        ("<sip:103@a.example;method=BYE>", "transfer.target"),
        ("<sip:103_00aa@a.example>", "transfer.target"),
        ("<sip:103@a.example?Replaces=x>", "transfer.replaces"),
        ("<sip:103@a.example?Replaces=x%0d%0aVia:%20y%3Bto-tag%3D1%3Bfrom-tag%3D2>", "transfer.replaces"),
        ("<sip:103@a.example?Replaces=x%3Bto-tag%3D1>", "transfer.replaces"),
    ],
)
def test_nothing_else_can(refer_to: str, rule: str) -> None:
    found = wish_in(refer_to)
    assert isinstance(found, Refuse)
    assert found.rule == rule


def test_a_grant_is_for_one_phone_and_one_number() -> None:
    assert decode_grant(encode_grant(GRANT)) == GRANT
    assert decode_grant("") is None
    assert redeemed(GRANT, "102@a.example", "103_token") == GRANT
    assert redeemed(GRANT, "101@a.example", "103_token") is None
    assert redeemed(GRANT, "102@a.example", "104_token") is None
    assert redeemed(None, "102@a.example", "103_token") is None


ATTENDED = Wish("x7", "192.0.2.9", Replaced("i", "1", "2"))


@pytest.mark.parametrize(
    ("wish", "parties", "number", "host"),
    [
        (ATTENDED, ("101@a.example", "103@a.example"), "103", "a.example"),
        (ATTENDED, ("103@a.example", "101@a.example"), "103", "a.example"),
        (ATTENDED, (), "x7", "192.0.2.9"),
        (ATTENDED, ("102@a.example", "103@a.example"), "x7", "192.0.2.9"),
        (ATTENDED, ("101@a.example", "103@b.example"), "x7", "192.0.2.9"),
        (Wish("104", "a.example"), ("101@a.example", "103@a.example"), "104", "a.example"),
    ],
)
def test_whom_an_attended_transfer_leads_to(wish: Wish, parties: tuple[str, ...], number: str, host: str) -> None:
    """The party of the replaced call, whatever names it (RFC 5589 section 7.1); only of the transferrer's domain."""
    assert towards(wish, "101@a.example", parties)[:2] == (number, host)
