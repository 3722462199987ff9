"""Builders of Systems for the engine tests."""

from ipaddress import ip_address
from pathlib import Path

from ringfence.engines.system import System
from ringfence.hosts.addresses import Surroundings
from ringfence.hosts.paths import Paths


def a_system(
    primary: str = "192.0.2.10", state: Path = Path("/var/lib/ringfence"), run: Path = Path("/run/ringfence")
) -> System:
    address = ip_address(primary)
    network = Surroundings(primary=address, own=(ip_address("127.0.0.1"), address), gateways=(), resolvers=())
    return System(network=network, paths=Paths(state=state, run=run))
