"""What is told of a provider over TLS that nobody reached: the engine does not say why its handshake failed (reference:
"Trunk Security"; attack case 114).
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ringfence.policy.trunking.trunks import Peer, Trunk, TrunkKind, TrunkTransport
from tests.unit.signaling.fake_kamailio import loaded

ADDRESS = "198.51.100.1:5061"
SECURE = Trunk(
    7, "Carrier", TrunkKind.ADDRESS, peers=(Peer("198.51.100.1", 5061),), transport=TrunkTransport.TLS, keepalive=30
)
PLAIN = replace(SECURE, transport=TrunkTransport.UDP)
RECEIVED, MADE_HERE = 1, 2


@pytest.mark.parametrize(
    ("trunk", "kind", "is_told"),
    [(SECURE, MADE_HERE, True), (SECURE, RECEIVED, False), (PLAIN, MADE_HERE, False)],
    ids=["no connection", "it answered 503", "no TLS"],
)
def test_no_connection_over_tls_is_told_with_what_it_may_be(trunk: Trunk, kind: int, is_told: bool) -> None:
    told: list[dict[str, Any]] = []
    journal = SimpleNamespace(append=lambda _, event: told.append(event))
    index = SimpleNamespace(trunks=SimpleNamespace(by_id={7: trunk}))
    worker: Any = SimpleNamespace(view=SimpleNamespace(current=lambda: index), journal=journal)
    said = {
        "$uac_req(evparam)": f"O|7|{ADDRESS}|0.0",
        "$uac_req(evcode)": 503,
        "$uac_req(evtype)": kind,
    }
    with loaded() as kamailio:
        kamailio.answers = {"pv.get": said.get, "htable.sht_get": None, "htable.sht_sets": 1}
        from ringfence.signaling.trunking import keeping

        keeping.replied(worker)
    (event,) = told
    assert event["state"] == "down"
    assert event["detail"].startswith("OPTIONS: 503")
    assert ("certificate has ended" in event["detail"]) is is_told
