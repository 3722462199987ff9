"""What is read from a URI that a message is sent to (ADR 6, docs/adr/0055)."""

from ringfence.policy.trunking.next_hop import same_address


def test_addresses_are_compared_as_addresses() -> None:
    """Kamailio writes IPv6 with all its zeros."""
    assert same_address("2001:db8:0:0:0:0:0:7", "[2001:db8::7]")
    assert not same_address("", "192.0.2.7")
