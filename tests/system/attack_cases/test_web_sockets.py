"""Case 45: WebSockets that nobody uses end where the memory begins that calls and registrations need."""

import re
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.softphone import Transport, end_call, establish, unchecked_tls

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

WSS: Final = (PBX_ADDRESS, 5065)
RESERVE: Final = "low_mem_threshold1"
ROOM: Final = 4 << 20
"""Bytes that are left to idle connections here; each takes about eighty thousand."""

TRIED: Final = 150
UPGRADE: Final = (
    f"GET / HTTP/1.1\r\nHost: {PBX_ADDRESS}:5065\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Origin: https://{PBX_ADDRESS}:10443\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()


@pytest.fixture
def little_room(pbx: Any) -> Iterator[None]:
    """The reserve of the running core is raised until only a little of its memory is left beside it."""
    usual = _reserve(pbx)
    total = int(re.findall(r"total: (\d+)", pbx.product.kamcmd("core.shmmem"))[0])
    assert usual >= total // 4, "the core was not started with a reserve"
    pbx.product.kamcmd("cfg.set_now_int", "tls", RESERVE, str(pbx.product.shared_memory_free() - ROOM))
    yield
    pbx.product.kamcmd("cfg.set_now_int", "tls", RESERVE, str(usual))


def _reserve(pbx: Any) -> int:
    return int(pbx.product.kamcmd("cfg.get", "tls", RESERVE).strip())


@pytest.mark.usefixtures("little_room")
def test_idle_websockets_take_no_memory_that_phones_need_and_are_closed(pbx: Any, phone: Any, trusted: Host) -> None:
    """Phones over UDP register and call while the cap is reached; an upgrade that brings no message ends by itself.

    Registered phones keep their connections meanwhile.
    """
    lasting = [phone("458", Transport.TCP), phone("459", Transport.TLS)]
    before = pbx.product.shared_memory_free()
    with ExitStack() as stack:
        opened = [link for _ in range(TRIED) if (link := _upgrade(trusted, stack))]
        assert 10 < len(opened) < TRIED
        assert pbx.product.shared_memory_free() > _reserve(pbx) - (ROOM >> 3)
        caller, callee = phone("454"), phone("455")
        dialog, _ = establish(caller, callee)
        assert end_call(caller, callee, dialog).status == 200
        within(60, lambda: all(_is_closed(link) for link in opened), "idle WebSockets are closed")
        for one in lasting:
            dialog, _ = establish(caller, one)
            assert end_call(caller, one, dialog).status == 200
    within(40, lambda: before - pbx.product.shared_memory_free() < ROOM // 8, "their memory is given back")


def _upgrade(host: Host, stack: ExitStack) -> ssl.SSLSocket | None:
    """A WebSocket that says nothing; None if it was refused."""
    link = stack.enter_context(host.tcp())
    link.settimeout(3)
    try:
        link.connect(WSS)
        secure = stack.enter_context(unchecked_tls().wrap_socket(link))
        secure.sendall(UPGRADE)
        return secure if secure.recv(1024).startswith(b"HTTP/1.1 101") else None
    except OSError:
        return None


def _is_closed(link: ssl.SSLSocket) -> bool:
    link.setblocking(False)
    try:
        return link.recv(1024) == b""
    except ssl.SSLWantReadError:
        return False
    except OSError:
        return True
