"""The certificate of the web server is the SBC's as well (reference "Transport Security"; issue 6, 2)."""

import hashlib
from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.softphone import Transport
from tests.system.transports.test_renewal import assert_nobody_is_dropped
from tests.system.web_access.test_web_access import ISSUING, bring, connected, fingerprint, unchecked
from tests.unit.engines.authority import server

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc")]

SIP_TLS = 5061
SBC_WSS, SBC_PORTAL = 5065, 8883


def shown_at(pbx: Any, port: int) -> str:
    with unchecked().wrap_socket(connected(pbx, port)) as link:
        return hashlib.sha256(link.getpeercert(binary_form=True) or b"").hexdigest()


def test_another_certificate_is_served_by_the_sbc_too_and_no_connection_ends(pbx: Any) -> None:
    """What an authority issues goes the same way as an upload; whoever is connected stays so."""
    made = server(ISSUING)
    before = shown_at(pbx, SBC_WSS)
    with unchecked().wrap_socket(connected(pbx, SBC_WSS)) as begun:
        bring(pbx, made)
        for port in (SBC_PORTAL, SBC_WSS, SIP_TLS):
            within(30, lambda port=port: shown_at(pbx, port) == fingerprint(made), f"{port} shows it")
        assert fingerprint(made) != before
        begun.sendall(b"GET /other HTTP/1.1\r\nHost: pbx\r\n\r\n")
        assert begun.recv(9) == b"HTTP/1.1 "


def test_two_hundred_connections_at_the_sbc_and_a_call_outlive_a_new_certificate(
    pbx: Any, outside: Any, phone: Any, stranger: Any
) -> None:
    """Case 87 at 5065, where the SBC speaks TLS and WSS."""
    caller, callee = outside("935", Transport.TLS), phone("936")
    assert_nobody_is_dropped(pbx, stranger(), caller, callee, (SBC_WSS, SBC_WSS))
