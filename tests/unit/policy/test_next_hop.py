"""Whether a URI leads to a party's proved address (ADR 6, docs/adr/0055)."""

import pytest

from ringfence.policy.next_hop import goes_to, same_address

PHONE = "sip:192.0.2.7:1024;transport=udp"
STREAM = "sip:192.0.2.7:40000;transport=tcp"
SIX = "sip:[2001:db8:0:0:0:0:0:7]:5060;transport=udp"
BROWSER = "sip:192.0.2.7:40000;transport=ws"
SECURE = "sip:192.0.2.7:5061;transport=tls"
SBC = "sip:127.0.0.1:5069;transport=tls;client=192.0.2.7:1024/udp"


@pytest.mark.parametrize(
    ("hop", "party"),
    [
        ("sip:101@192.0.2.7:1024", PHONE),
        ("sip:101@192.0.2.7:1024;ob;Transport=UDP", PHONE),
        ("<sip:192.0.2.7:1024;lr>", PHONE),
        ("<sip:192.0.2.7:1024;lr>,<sip:192.0.2.9;lr>", PHONE),
        ("sip:101@192.0.2.7:40000;transport=tcp", STREAM),
        ("sip:101@[2001:db8::7]", SIX),
        ("sip:101@192.0.2.7:40000;transport=wss", BROWSER),
        ("sip:101@192.0.2.7;transport=tls", SECURE),
        ("<sip:127.0.0.1:5069;transport=tls;flow=a!b;lr;r2=on>,<sip:192.0.2.1:5066;lr>", SBC),
    ],
)
def test_the_address_itself_is_met(hop: str, party: str) -> None:
    assert goes_to(hop, party)


@pytest.mark.parametrize(
    "hop",
    [
        "",
        "sip:101@192.168.1.7:1024",
        "sip:101@192.0.2.7",
        "sip:101@192.0.2.7:1024;transport=tcp",
        "sip:101@192.0.2.7:1024;alias=192.0.2.9~5060~1",
        "sip:101@192.0.2.7:1024;MADDR=192.0.2.9",
        "sip:192.0.2.9;x=@192.0.2.7:1024",
        "sip:a;b@192.0.2.7:1024",
        "sip:a@b@192.0.2.7:1024",
        "sips:101@192.0.2.7:1024",
        "sip:101@phone.invalid;transport=ws",
        "sip:101@999.0.2.7:1024",
        "sip:101@192.0.2.7:1024?Route=x",
        "sip:101@192.0.2.7:1024\r\nX: y",
        "<sip:192.0.2.9;lr>,<sip:192.0.2.7:1024;lr>",
    ],
)
def test_whatever_else_or_unusual_is_not(hop: str) -> None:
    assert not goes_to(hop, PHONE)


def test_without_a_proved_address_nothing_is_met() -> None:
    assert not goes_to("", "")


def test_addresses_are_compared_as_addresses() -> None:
    """Kamailio writes IPv6 with all its zeros."""
    assert same_address("2001:db8:0:0:0:0:0:7", "[2001:db8::7]")
    assert not same_address("", "192.0.2.7")
