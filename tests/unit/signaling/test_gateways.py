"""Whether an INVITE is a gateway's is asked of those alone that registered from its address (reference: "Accept
Register Trunk"): no message costs more with more gateways.
"""

import importlib
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ringfence.policy.trunking.trunks import Trunk, TrunkKind, index_trunks
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

HERE, THERE = "10.0.0.1", "10.0.0.2"
MANY = tuple(
    Trunk(number, f"G{number}", TrunkKind.ACCEPT_REGISTER, domain=f"g{number}.example", account=f"e@g{number}.example")
    for number in range(1, 201)
)
INDEX: Any = SimpleNamespace(trunks=index_trunks(MANY))


class Registrar:
    """Where accounts are registered from, and the shared table."""

    def __init__(self, kamailio: Kamailio) -> None:
        self.places: dict[str, str] = {}
        self.table: dict[str, str] = {}
        self.asked: list[str] = []
        self._found = ""
        kamailio.answers = {
            "registrar.reg_fetch_contacts": self._fetch,
            "registrar.reg_free_contacts": 1,
            "pv.get": lambda name: 1 if "count" in name else f"sip:{self._found}:5060",
            "htable.sht_get": lambda table, key: self.table.get(key),
            "htable.sht_sets": lambda table, key, value: self.table.__setitem__(key, value),
        }

    def _fetch(self, table: str, uri: str, profile: str) -> int:
        self.asked.append(uri.removeprefix("sip:"))
        self._found = self.places.get(self.asked[-1], "")
        return 1 if self._found else -1


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        yield fake


@pytest.fixture
def registrar(kamailio: Kamailio) -> Registrar:
    return Registrar(kamailio)


@pytest.fixture
def gateways(kamailio: Kamailio) -> ModuleType:
    return importlib.import_module("ringfence.signaling.registration.gateways")


def _domain(gateways: ModuleType, source: str) -> str:
    found = gateways.registered_from(source, INDEX)
    return found.domain if found else ""


def test_no_more_gateways_are_asked_about_than_registered_there(registrar: Registrar, gateways: ModuleType) -> None:
    registrar.places = {"e@g70.example": HERE, "e@g150.example": HERE}
    gateways.note_all_if_due(INDEX)
    registrar.asked.clear()
    assert _domain(gateways, HERE) == "g70.example"
    assert sorted(registrar.asked) == ["e@g150.example", "e@g70.example"]
    registrar.asked.clear()
    assert _domain(gateways, THERE) == ""
    assert registrar.asked == []


def test_a_gateway_is_known_when_it_registers_and_no_more_when_it_has_gone(
    registrar: Registrar, gateways: ModuleType
) -> None:
    gateways.note_all_if_due(INDEX)
    registrar.places["e@g3.example"] = HERE
    gateways.note("e@g3.example", INDEX)
    gateways.note("101@a.example", INDEX)
    assert "101@a.example" not in registrar.asked
    assert _domain(gateways, HERE) == "g3.example"
    del registrar.places["e@g3.example"]
    assert _domain(gateways, HERE) == ""


def test_a_core_that_has_just_started_asks_about_all(registrar: Registrar, gateways: ModuleType) -> None:
    """Registrations are read from the database before the table is written."""
    registrar.places["e@g200.example"] = HERE
    assert _domain(gateways, HERE) == "g200.example"
