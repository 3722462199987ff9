"""Nobody is taken for somebody else at an SBC on a host of its own (issue 6: "nobody can forge it")."""

from typing import Any

import pytest

from ringfence.lab.softphone import Softphone, Transport
from tests.system import forging

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("far", "oracle")]


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP, Transport.TLS], ids=str)
def test_a_registration_through_the_far_sbc_is_of_whoever_sent_it(
    far: Any, stranger: Any, transport: Transport
) -> None:
    """As beside the core; the SBC's host, which the core never blocks, lends nobody its name either."""
    host = stranger()
    for who in ("203.0.113.99", far.host.address):
        for name, more, instead in forging.all_claims(who, "927"):
            with Softphone(host, far.servers[transport], far.pbx.account("927"), transport) as liar:
                forging.assert_registered_truly(far.pbx, liar, name, who, more, instead)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_no_port_of_the_sbcs_host_believes_a_preamble(far: Any, stranger: Any, version: str) -> None:
    """PROXY protocol before TLS, inside it and on plain TCP."""
    page = b"GET /sign-in HTTP/1.1\r\nHost: pbx\r\nConnection: close\r\n\r\n"
    for port, where in [(8883, "before TLS"), (8883, "inside TLS"), (10443, "before TLS"), (10443, "inside TLS")]:
        host, server = stranger(), (far.host.address, port)
        preamble = forging.preambles("203.0.113.99", far.host.address, port)[version]
        assert forging.answer_after(host, server, b"", page, where).startswith(b"HTTP/1.1 200")
        behind = forging.answer_after(host, server, preamble, page, where)
        assert not behind.startswith(b"HTTP/1.1 200"), (port, where)
