"""Case 87: a certificate is replaced while two hundred connections and a call stand (issue 6, 2)."""

import hashlib
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, Transport, end_call, unchecked_tls
from tests.system.attack_cases.frames import WSS, Op, frame, opened, said
from tests.system.media.test_ports import PACKETS, established, spoken
from tests.system.web_access.test_web_access import ISSUING, bring, fingerprint
from tests.unit.engines.authority import server

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
TLS = 5061
OF_EACH = 100


@pytest.mark.restarts  # the engine reads all certificates anew and keeps the memory for them
def test_a_new_certificate_ends_none_of_two_hundred_connections_and_no_call(
    pbx: Any, phone: Callable[..., Softphone], stranger: Callable[[], Host]
) -> None:
    """Whoever connects afterwards is shown the new one, over TLS and WSS."""
    assert_nobody_is_dropped(pbx, stranger(), phone("937", Transport.TLS), phone("938"), (TLS, WSS))


def assert_nobody_is_dropped(
    pbx: Any, host: Host, caller: Softphone, callee: Softphone, doors: tuple[int, int]
) -> None:
    """`doors`: those of SIP over TLS and of WSS, which may be one and the same."""
    entry = pbx.product.allow(host.address)
    made = server(ISSUING)
    with caller.host.udp(40_000) as mouth, callee.host.udp(40_000) as ears, ExitStack() as stack:
        dialog, _, places = established(caller, callee)
        secure = [stack.enter_context(tls(host, doors[0])) for _ in range(OF_EACH)]
        assert living(secure, []) == OF_EACH
        webs = [stack.enter_context(opened(host, doors[1])) for _ in range(OF_EACH)]
        assert living(secure, webs) == 2 * OF_EACH
        bring(pbx, made)
        for port in doors:
            within(30, lambda port=port: shown(host, port) == fingerprint(made), f"{port} shows it")
        assert living(secure, webs) == 2 * OF_EACH
        assert spoken(mouth, places[0], ears) == PACKETS
        assert spoken(ears, places[1], mouth) == PACKETS
    assert end_call(caller, callee, dialog).status == 200
    pbx.rest.delete(f"ip-filters/{entry['id']}")


def tls(host: Host, port: int) -> ssl.SSLSocket:
    plain = host.tcp()
    plain.settimeout(6)
    plain.connect((PBX_ADDRESS, port))
    return unchecked_tls().wrap_socket(plain)


def shown(host: Host, port: int) -> str:
    with tls(host, port) as link:
        return hashlib.sha256(link.getpeercert(binary_form=True) or b"").hexdigest()


def living(secure: list[ssl.SSLSocket], webs: list[ssl.SSLSocket]) -> int:
    """Those that answer. Whoever is not registered and says nothing is sent away after twenty seconds (case 45)."""
    return sum(lives(link, b"\r\n\r\n", b"\r\n") for link in secure) + sum(
        lives(link, frame(Op.PING, b"here"), b"here") for link in webs
    )


def lives(link: ssl.SSLSocket, asked: bytes, answer: bytes) -> bool:
    try:
        link.sendall(asked)
    except OSError:
        return False
    return said(link, answer)
