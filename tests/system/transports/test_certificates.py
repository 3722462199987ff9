"""Which certificate phones are shown (issue 6: SNI by tenant, certificate change without dropping connections)."""

from contextlib import ExitStack
from typing import Any

import pytest

from ringfence.lab.certified import asked, shown
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, Transport
from tests.unit.engines.authority import authority, issue

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
DOMAIN = "named.example"
SIP_TLS, WSS = 5061, 5065


@pytest.mark.restarts  # the engine reads all certificates anew and keeps the memory for them
def test_whoever_asks_for_a_tenants_domain_is_shown_its_certificate(pbx: Any, stranger: Any, phone: Any) -> None:
    """An unknown name, and none, get the system's; a connection from before lives on, and the core does not run out of
    memory however often certificates change."""
    tenant, host = pbx.product.create_tenant("Named", DOMAIN), stranger()
    usual, issuing = shown(host, (PBX_ADDRESS, SIP_TLS), ""), authority()[1]
    with Softphone(stranger(), (PBX_ADDRESS, SIP_TLS), pbx.account("704"), Transport.TLS) as connected:
        assert connected.register().status == 200
        for _ in range(2):
            made = issue(DOMAIN, issuing, names=[DOMAIN])
            pbx.rest.call("PUT", f"certificates/sip/{DOMAIN}", {"chain": made.pem, "key": made.key_pem})
            for port in (SIP_TLS, WSS):
                assert (
                    shown(host, (PBX_ADDRESS, port), DOMAIN)
                    == shown(host, (PBX_ADDRESS, port), DOMAIN.upper())
                    == made.certificate
                )
                assert (
                    shown(host, (PBX_ADDRESS, port), "stranger.example")
                    == shown(host, (PBX_ADDRESS, port), "")
                    == usual
                )
        assert connected.register(expires=0).status == 200
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(
                asked(host, (PBX_ADDRESS, SIP_TLS), DOMAIN)
            )  # its reading of the certificates is kept in memory
            made = issue(DOMAIN, issuing, names=[DOMAIN])
            pbx.rest.call("PUT", f"certificates/sip/{DOMAIN}", {"chain": made.pem, "key": made.key_pem})
            within(15, lambda: pbx.product.shared_memory_free() > 40 << 20, "the core has memory left")
    assert shown(host, (PBX_ADDRESS, SIP_TLS), DOMAIN) == made.certificate
    pbx.rest.delete(f"certificates/sip/{DOMAIN}")
    within(
        5,
        lambda: shown(host, (PBX_ADDRESS, SIP_TLS), DOMAIN) == usual,
        "the domain is served with the system's certificate",
    )
    assert phone("705", Transport.TLS).options().status == 200
    pbx.rest.delete(f"tenants/{tenant['id']}")


@pytest.mark.parametrize("port", [SIP_TLS, WSS, 8885, 8887])
def test_odd_names_are_shown_the_systems_certificate(stranger: Any, port: int) -> None:
    """RFC 6066 section 3: an address, a name as long as may be, one with a dot behind it, and what is no name."""
    host = stranger()
    usual = openssl(host, port, "-noservername")
    assert "BEGIN CERTIFICATE" in usual
    for name in (
        PBX_ADDRESS,
        "[::1]",
        "x" * 255,
        "acme.example.",
        "..",
        "../../acme",
        "*.example",
        "\xff\xfe",
        "a b\n",
    ):
        assert openssl(host, port, "-servername", name) == usual, name


def openssl(host: Any, port: int, *words: str) -> str:
    """The certificate that is shown; "" if there is none."""
    asked_with = ["timeout", "5", "openssl", "s_client", "-connect", f"{PBX_ADDRESS}:{port}", *words]
    said = host.run(*asked_with, check=False, stdin="").stdout
    return said.partition("-----BEGIN")[1] + said.partition("-----BEGIN")[2].partition("-----END")[0]
