"""Case 86 at the SBC's WSS, where browsers outside come in."""

from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.softphone import Transport, end_call, establish
from tests.system.attack_cases.frames import WSS, Op, frame, opened, said
from tests.system.attack_cases.test_frames import BROKEN, SIP, left_open

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]


def test_broken_frames_end_their_websocket_and_no_other_at_the_sbc(
    pbx: Any, outside: Any, phone: Any, stranger: Any
) -> None:
    """No process of the SBC ends; a WebSocket from before still speaks SIP, and a phone over TLS is called."""
    breaker, before = stranger(), pbx.product.process_ids()["sbc"]
    entry = pbx.product.allow(breaker.address)
    remote, inside = outside("935", Transport.TLS), phone("936")
    with opened(breaker, WSS) as lasting:
        assert left_open(breaker, WSS, BROKEN) == []
        lasting.sendall(frame(Op.TEXT, SIP))
        assert within(5, lambda: said(lasting, b"SIP/2.0 "), "it is answered")
    dialog, _ = establish(inside, remote)
    assert end_call(inside, remote, dialog).status == 200
    assert pbx.product.process_ids()["sbc"] == before
    pbx.rest.delete(f"ip-filters/{entry['id']}")
