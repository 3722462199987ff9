"""A trunk stays registered whatever somebody does to the clock (attack case 122)."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ringfence.policy.trunking.keeping import accepted
from ringfence.policy.trunking.trunks import Login, Peer, Trunk, TrunkKind
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

ADDRESS = "198.51.100.1:5060"
TRUNK = Trunk(
    7, "Carrier", TrunkKind.REGISTER, peers=(Peer("198.51.100.1", 5060),), login=Login("u", "r", "h"), keepalive=0
)
INDEX = SimpleNamespace(trunks=SimpleNamespace(by_id={7: TRUNK}))
WORKER: Any = SimpleNamespace(
    contact_ports={("", "udp"): 5060}, view=SimpleNamespace(current=lambda: INDEX), journal=SimpleNamespace()
)
GRANTED = 600


@pytest.fixture
def table() -> dict[str, str]:
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    return {"registration 7": accepted(ADDRESS, GRANTED, since_boot).encoded()}


@pytest.fixture
def core(table: dict[str, str]) -> Iterator[Kamailio]:
    with loaded() as kamailio:
        kamailio.answers = {"pv.get": {}.get, "pv.sets": 1, "pv.seti": 1, "uac.uac_req_send": 1}
        kamailio.answers["htable.sht_get"] = lambda _, key: table.get(key)
        kamailio.answers["htable.sht_sets"] = lambda _, key, value: table.update({key: value})
        yield kamailio


@pytest.mark.parametrize("step", [-7_200.0, 0.0, 7_200.0])
def test_its_registration_is_renewed_at_half_of_its_time(
    core: Kamailio, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    """Set back by two hours, it was renewed two hours late: the provider had forgotten us long since."""
    from ringfence.signaling.trunking import keeping

    wall, since_boot = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
    passed = 1.0
    monkeypatch.setattr(time, "time", lambda: wall + passed + step)
    monkeypatch.setattr(time, "clock_gettime", lambda _: since_boot + passed)
    keeping.look_after(WORKER)
    assert core.arguments_of("uac.uac_req_send") == []
    passed = GRANTED / 2 + 2
    keeping.look_after(WORKER)
    assert core.arguments_of("uac.uac_req_send") == [()]
