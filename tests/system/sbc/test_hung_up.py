"""The core hangs up on phones behind the SBC: its BYEs go over the link to the client they are for (docs/adr/0055)."""

from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.softphone import Transport, establish
from tests.system.trunks.counting import counted

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.WSS], ids=lambda one: str(one))
def test_a_phone_outside_and_one_inside_are_told_once(outside: Any, phone: Any, pbx: Any, transport: Transport) -> None:
    remote, inside = outside("601", transport), phone("602")
    for caller, callee in ((remote, inside), (inside, remote)):
        establish(caller, callee)
        call = within(8, lambda: next(iter(pbx.product.answered_calls()), None), "it is live")[0]
        pbx.rest.delete(f"calls/{call['id']}")
        for one in (caller, callee):
            one.respond(one.request("BYE", 10), 200, "OK")
        for one in (caller, callee):
            assert [found.method for found in one.requests_within(0.7) if found.method == "BYE"] == []
        within(8, lambda: "h_id" not in pbx.product.kamcmd("dlg.list"), "the core holds no call")
        within(8, lambda: not counted(pbx), "nothing is counted")
