"""Who is calling: only the proxy behind the Unix socket is believed."""

import pytest
from django.test import RequestFactory

from ringfence.portal.client_address import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", "192.0.2.1", "198.51.100.7"),
        ("", "192.0.2.1", "192.0.2.1"),
        ("", "::ffff:192.0.2.1", "192.0.2.1"),
        ("", "2001:db8::1", "2001:db8::1"),
        ("", "192.0.2.1, 198.51.100.7", ""),
        ("", "nonsense", ""),
    ],
)
def test_a_header_counts_only_without_a_tcp_peer(peer: str, forwarded: str, address: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == address
