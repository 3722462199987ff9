"""Reference "Change Default SIP Transport Ports", "TLS and WSS for SIP Signaling"; cases 85 and 89's neighbours."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from ringfence.lab.softphone import Softphone, Transport, end_call, establish
from ringfence.lab.webphone import WebPhone

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
WSS = (PBX_ADDRESS, 5065)
DOMAIN = "acme.example"
PAGE = f"https://{PBX_ADDRESS}:10443"


@pytest.fixture
def web_phone(pbx: Any, stranger: Callable[[], Host]) -> Iterator[Callable[..., WebPhone]]:
    made: list[WebPhone] = []

    def make(number: str, origin: str | None = PAGE, subprotocol: str = "sip") -> WebPhone:
        made.append(WebPhone(stranger(), WSS, pbx.account(number), origin, subprotocol))
        return made[-1]

    yield make
    for phone in made:
        phone.__exit__()


def test_a_phone_registers_over_tls_and_calls_one_on_udp(phone: Any) -> None:
    secure, plain = phone("441", Transport.TLS), phone("442")
    dialog, _ = establish(secure, plain)
    assert end_call(secure, plain, dialog).status == 200
    dialog, _ = establish(plain, secure)
    assert end_call(plain, secure, dialog).status == 200


def test_a_browser_registers_over_a_secure_websocket_and_is_called(phone: Any, web_phone: Any, pbx: Any) -> None:
    browser, plain = web_phone("443"), phone("444")
    assert browser.register().status == 200
    within(3, lambda: "443@acme.example" in [one["aor"] for one in pbx.product.registrations()], "it is listed")
    dialog, _ = establish(browser, plain)
    assert end_call(browser, plain, dialog).status == 200
    dialog, _ = establish(plain, browser)
    assert end_call(plain, browser, dialog).status == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", f"https://{PBX_ADDRESS}.evil.example", f"http://{PBX_ADDRESS}"]
)
def test_a_page_of_another_site_opens_no_websocket(web_phone: Any, origin: str | None) -> None:
    """Case 85."""
    with pytest.raises(InvalidStatus) as refused:
        web_phone("443", origin=origin)
    assert refused.value.response.status_code == 403


def test_without_sip_as_its_subprotocol_there_is_no_websocket(web_phone: Any) -> None:
    """Case 85."""
    with pytest.raises(InvalidStatus) as refused:
        web_phone("443", subprotocol="")
    assert refused.value.response.status_code == 400


def test_a_message_over_the_stream_without_its_length_is_refused(stranger: Any, pbx: Any) -> None:
    """Case 9: what the WebSocket's upgrade needs is not allowed to SIP."""
    with Softphone(stranger(), (PBX_ADDRESS, 5061), pbx.account("441"), Transport.TLS) as one:
        headers = one.headers("OPTIONS", f"sip:{DOMAIN}")
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        one.send(f"OPTIONS sip:{DOMAIN} SIP/2.0\r\n{lines}\r\n".encode())
        answer = one.receive(3.0)
        assert answer is None or answer.status == 400


@pytest.mark.restarts
def test_a_transport_is_added_and_deleted_and_a_call_on_another_one_goes_on(
    phone: Any, stranger: Any, pbx: Any
) -> None:
    """Reference: ports can be deleted and recreated; the firewall's metering and its plan follow."""
    caller, callee = phone("445"), phone("446")
    dialog, _ = establish(caller, callee)
    by_themselves = ended_by_themselves(pbx)
    made = pbx.rest.post("transports", protocol="tcp", port=5099)
    try:
        with Softphone(stranger(), (PBX_ADDRESS, 5099), pbx.account("447"), Transport.TCP) as moved:
            assert moved.register().status == 200
        within(10, lambda: "5099" in pbx.product.nft("list", "chain", "inet", "ringfence", "rates"), "it is metered")
        assert "sip-tcp-5099" in [opening["key"] for opening in pbx.rest.get("firewall-plan")["openings"]]
        assert end_call(caller, callee, dialog).status == 200
        with pbx.product.host.tcp(5098) as held:
            held.listen()
            with pytest.raises(Refused, match="Another program"):
                pbx.rest.post("transports", protocol="tcp", port=5098)
    finally:
        pbx.rest.delete(f"transports/{made['name']}")
    within(10, lambda: not answers(stranger(), 5099), "it is closed again")
    within(30, lambda: answers(stranger(), 5061), "the core that starts without it is up")
    assert phone("448").account
    assert ended_by_themselves(pbx) == by_themselves, (
        "the core was asked to start anew: no alarm of a process that ended"
    )


def ended_by_themselves(pbx: Any) -> str:
    told = pbx.product.paths.endings
    return told.read_text() if told.exists() else ""


@pytest.mark.restarts
def test_transports_that_are_added_at_the_same_time_are_both_there(pbx: Any) -> None:
    """Two administrators, or a script: what was answered with 201 is in force."""
    ports = (5096, 5097)
    try:
        with ThreadPoolExecutor(2) as both:
            made = [both.submit(pbx.rest.post, "transports", protocol="udp", port=port) for port in ports]
            assert {one.result()["name"] for one in made} == {"udp-5096", "udp-5097"}
        assert {"udp-5096", "udp-5097"} <= {one["name"] for one in pbx.rest.get("transports")["items"]}
    finally:
        for port in ports:
            pbx.rest.raw("DELETE", f"transports/udp-{port}")


def answers(host: Host, port: int) -> bool:
    with host.tcp() as link:
        link.settimeout(1)
        try:
            link.connect((PBX_ADDRESS, port))
        except OSError:
            return False
    return True
