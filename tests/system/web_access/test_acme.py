"""A certificate from an authority that really asks on port 80 (issue 6, 2; RFC 8555; attack case 87)."""

import hashlib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ringfence.lab.acme import AcmeServer
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from tests.system.web_access.test_web_access import asked, connected, is_open, served, unchecked

NAME = "pbx.acme-lab.example"
SIP_TLS = 5061


@pytest.fixture
def authority(pbx: Any, stranger: Callable[[], Host]) -> Iterator[AcmeServer]:
    """On a host of its own, for which every name leads to the PBX."""
    host = stranger()

    def reach(_: str) -> Any:
        link = host.tcp()
        link.settimeout(5)
        link.connect((PBX_ADDRESS, 80))
        return link

    listening = host.tcp(14000)
    listening.listen(8)
    with AcmeServer(listening, host.address, reach) as acme:
        wish = {"directory": acme.directory, "names": [NAME], "terms_agreed": True, "authority": acme.root.pem}
        pbx.rest.patch("settings/acme", **wish)
        yield acme
    pbx.rest.patch("settings/acme", directory="", names=[], authority="", renew=False)
    pbx.rest.patch("settings/web-access", redirect_80=False)


def ordered(pbx: Any) -> dict[str, Any]:
    """How the order ended."""
    number = pbx.rest.post("certificates/web/orders")["id"]

    def ended() -> dict[str, Any] | None:
        newest: dict[str, Any] = pbx.rest.get("certificates/web/orders")["items"][0]
        return newest if newest["id"] == number and newest["ended_at"] else None

    return within(90, ended, "the order has ended")[0]


def shown_by_sip(pbx: Any) -> str:
    with unchecked().wrap_socket(connected(pbx, SIP_TLS)) as link:
        return hashlib.sha256(link.getpeercert(binary_form=True) or b"").hexdigest()


def first_of(chain: str) -> str:
    end = "-----END CERTIFICATE-----"
    return chain.partition(end)[0] + end


def test_an_ordered_certificate_is_served_by_web_and_sip_and_port_80_is_shut_again(
    pbx: Any, authority: AcmeServer
) -> None:
    assert not is_open(pbx, 80)
    order = ordered(pbx)
    assert (order["state"], order["error"]) == ("done", "")
    fingerprint = order["fingerprint"].replace(":", "").lower()
    assert fingerprint == hashlib.sha256(ssl.PEM_cert_to_DER_cert(first_of(authority.orders[0].chain))).hexdigest()
    assert served(pbx) == fingerprint
    within(30, lambda: shown_by_sip(pbx) == fingerprint, "SIP shows it as well")
    within(10, lambda: not is_open(pbx, 80), "port 80 is closed again")
    assert len(authority.behaviour.fetched) == 1


def test_a_redirect_that_is_on_stays_on_and_a_failed_order_changes_nothing(pbx: Any, authority: AcmeServer) -> None:
    """Attack case 87: the old certificate stays, and the doctor says so."""
    pbx.rest.patch("settings/web-access", redirect_80=True)
    before = served(pbx)
    authority.behaviour.other_names = ("elsewhere.example",)
    order = ordered(pbx)
    assert (order["state"], order["error"]) == ("failed", f"The authority left out {NAME}.")
    assert served(pbx) == before
    (path,) = authority.behaviour.fetched
    answer = asked(pbx, 80, path)
    assert (answer.status, answer.getheader("Location")) == (307, f"https://{PBX_ADDRESS}:8887/")
    assert "web.order_failed" in pbx.product.command("doctor", "--json").stdout
