"""Reference "Change Default SIP Transport Ports": what the system itself answers is there whatever the ports."""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, Transport

pytestmark = [pytest.mark.system, pytest.mark.restarts]


@pytest.fixture
def back(pbx: Any) -> Iterator[None]:
    """UDP is on its usual port again."""
    yield
    pbx.rest.post("transports", protocol="udp", port=5060)
    pbx.rest.delete("transports/udp-15060")
    within(30, lambda: pbx.product.is_ready("core"), "the core is back")


def leaves_a_message(pbx: Any, host: Any, port: int, transport: Transport) -> None:
    """And the system hangs up over the phone's own way in the end."""
    with Softphone(host, (PBX_ADDRESS, port), pbx.account("688"), transport) as caller:
        within(15, lambda: caller.register().status == 200, "the phone registers")
        uri, headers = caller.begin_call("*99687")
        dialog = caller.call_answered(uri, headers, 10)
        assert caller.ask_in_dialog(dialog, "BYE").status == 200


def test_voicemail_answers_when_udp_has_another_port_and_when_phones_have_no_udp_at_all(
    pbx: Any, stranger: Any, back: None
) -> None:
    pbx.account("687")
    pbx.rest.patch(f"users/{pbx.users['687']['id']}/voicemail", enabled=True)
    pbx.rest.delete("transports/udp-5060")
    leaves_a_message(pbx, stranger(), 5063, Transport.TCP)
    pbx.rest.post("transports", protocol="udp", port=15060)
    leaves_a_message(pbx, stranger(), 15060, Transport.UDP)
