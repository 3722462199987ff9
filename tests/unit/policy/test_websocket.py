"""Who may open a WebSocket (RFC 6455 section 10.2, RFC 7118; attack case 85)."""

import pytest

from ringfence.policy.decide import admit_upgrade
from ringfence.policy.rules.websocket import Upgrade

GOOD = Upgrade("GET", "websocket", "pbx.example:5065", "https://pbx.example:10443", "sip")


def test_our_own_page_that_speaks_sip_is_let_in() -> None:
    assert admit_upgrade(GOOD) is None
    assert admit_upgrade(GOOD._replace(origin="https://PBX.example", protocols="chat, SIP")) is None
    six = GOOD._replace(host="[2001:db8::1]:5065", origin="https://[2001:DB8::1]:10443")
    assert admit_upgrade(six) is None


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"method": "POST"}, "websocket.handshake"),
        ({"upgrade": ""}, "websocket.handshake"),
        ({"origin": ""}, "websocket.origin"),
        ({"origin": "null"}, "websocket.origin"),
        ({"origin": "http://pbx.example"}, "websocket.origin"),
        ({"origin": "https://evil.example"}, "websocket.origin"),
        ({"origin": "https://pbx.example.evil"}, "websocket.origin"),
        ({"origin": "https://evil@pbx.example"}, "websocket.origin"),
        ({"origin": "https://pbx.example:10443.evil.example"}, "websocket.origin"),
        ({"origin": "https://[::1]evil.example", "host": "[::1]:5065"}, "websocket.origin"),
        ({"origin": "https://", "host": ""}, "websocket.origin"),
        ({"protocols": ""}, "websocket.subprotocol"),
        ({"protocols": "sips"}, "websocket.subprotocol"),
    ],
)
def test_anybody_else_is_refused(changed: dict[str, str], rule: str) -> None:
    objection = admit_upgrade(GOOD._replace(**changed))
    assert objection is not None
    assert objection.rule == rule
