"""A browser whose connection is closed gets no offer, so that the next device's is its own (ADR 26)."""

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.signaling.fake_kamailio import Kamailio, loaded

BROWSER = "sip:192.0.2.7:40000;transport=ws"
BEHIND_SBC = "sip:flow@127.0.0.1:5069;transport=tls;lr;speaks=wss;flow=a!b"
WORKER: Any = SimpleNamespace(
    view=SimpleNamespace(current=lambda: SimpleNamespace(tls_only=frozenset(), tenants={}), subscriber=lambda _: None),
    relays=SimpleNamespace(room=lambda _: None),
)


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        yield fake


def sends(kamailio: Kamailio, hop: str, **answers: int) -> bool:
    values = {"$du": hop, "$dlg_var(to)": "101@acme.example"}
    kamailio.answers = {
        "pv.get": values.get,
        "textops.has_body_type": -1,
        "textops.has_body": -1,
        "pv.sets": None,
        "kx.get_callid": "c1",
        "htable.sht_get": "",
        **{f"tcpops.{name}": code for name, code in answers.items()},
    }
    return bool(importlib.import_module("ringfence.signaling.calling.branches").dress(WORKER))


def test_a_browser_that_is_connected_is_rung(kamailio: Kamailio) -> None:
    assert sends(kamailio, BROWSER, tcp_get_conid=1)
    assert kamailio.arguments_of("tcpops.tcp_get_conid") == [("192.0.2.7:40000", "$var(connection)")]


@pytest.mark.parametrize("code", [-1, 0, False])
def test_a_browser_that_has_gone_gets_no_offer(kamailio: Kamailio, code: int) -> None:
    assert not sends(kamailio, BROWSER, tcp_get_conid=code)
    assert kamailio.arguments_of("textops.has_body_type") == [], "the relay is not asked"


@pytest.mark.parametrize("hop", ["sip:101@192.0.2.7:5060", "sip:192.0.2.7:40000;transport=tcp", BEHIND_SBC])
def test_others_are_reached_otherwise(kamailio: Kamailio, hop: str) -> None:
    assert sends(kamailio, hop)
