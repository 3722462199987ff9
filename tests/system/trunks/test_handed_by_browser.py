"""The browser phone hands somebody outside on, to a desk phone and to another browser (ADR 47; RFC 7118)."""

from typing import Any

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.webphone import WebPhone
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import COLLEAGUE, DESK, handed, hang_up_with, nothing_counted

pytestmark = pytest.mark.usefixtures("oracle")

WSS, PAGE = (PBX_ADDRESS, 5065), f"https://{PBX_ADDRESS}:10443"


@pytest.mark.parametrize("to_browser", [False, True], ids=["desk", "browser"])
def test_a_browser_hands_its_party_on(pbx: Any, carrier: Carrier, phone: Any, stranger: Any, to_browser: bool) -> None:
    """Its leg was encrypted with DTLS; that of whoever takes its place is their own."""
    plain = phone(COLLEAGUE)
    with (
        WebPhone(stranger(), WSS, pbx.account(DESK), PAGE, "sip") as desk,
        WebPhone(stranger(), WSS, pbx.account(COLLEAGUE), PAGE, "sip") as web,
    ):
        desk.register(expires=0, contact="*")
        assert desk.register().status == 200
        if to_browser:
            plain.register(expires=0, contact="*")
            assert web.register().status == 200
        colleague = web if to_browser else plain
        with_party, theirs = handed(carrier, desk, colleague)
        hang_up_with(colleague, theirs, carrier, with_party)
        nothing_counted(pbx)
        for one in (desk, web):
            one.register(expires=0, contact="*")
