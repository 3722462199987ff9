"""The alarm of an address that the machine lost (reference "Network Security")."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from ringfence.guard.health.place import ADDRESS_GONE
from ringfence.hosts.addresses import Surroundings

from .workshop import guard

HERE = ip_address("192.0.2.10")
AROUND = Surroundings(primary=HERE, own=(HERE,), gateways=(), resolvers=())
MOVED = replace(AROUND, own=(ip_address("192.0.2.99"),))


def test_it_stands_while_the_address_is_away(tmp_path: Path) -> None:
    service = guard(tmp_path)
    service.adopt_host(MOVED)
    alarm = {one["id"]: one["message"] for one in service.parts.alarms.listing()}
    assert "192.0.2.10" in alarm[ADDRESS_GONE]
    service.adopt_host(AROUND)
    assert ADDRESS_GONE not in [one["id"] for one in service.parts.alarms.listing()]


def test_what_the_machine_has_now_is_never_blocked(tmp_path: Path) -> None:
    service = guard(tmp_path)
    service.adopt_host(MOVED)
    assert "192.0.2.99/32" in [str(member.network) for member in service.parts.never_block.members()]
