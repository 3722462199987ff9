"""Phones and browsers behind the SBC hand somebody outside on: their REFER and all news go through it (ADR 47)."""

from typing import Any

import pytest

from ringfence.lab.softphone import Transport
from tests.system.trunks import conftest as trunks
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import COLLEAGUE, DESK, handed, hang_up_with, nothing_counted

carrier = trunks.carrier
pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TLS, Transport.WSS])
def test_a_phone_behind_the_sbc_hands_its_party_on(
    pbx: Any,
    outside: Any,
    phone: Any,
    carrier: Carrier,
    transport: Transport,
) -> None:
    """The party follows, the desk is told and hung up through the SBC, and nothing stays counted."""
    desk, colleague = outside(DESK, transport), phone(COLLEAGUE)
    with_party, theirs = handed(carrier, desk, colleague)
    hang_up_with(colleague, theirs, carrier, with_party)
    nothing_counted(pbx)
    desk.register(expires=0)
