"""The suite's core and, on another host of the lab, an SBC that was enrolled by invitation."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import pytest

from ringfence.lab.network import Host
from ringfence.lab.product import Product
from ringfence.lab.softphone import Softphone, Transport
from tests.system.far_sbc.enrolment import enrolled

EDGE_NUMBER: Final = 62
PORTS: Final = {Transport.UDP: 5066, Transport.TCP: 5067, Transport.TLS: 5065}


@dataclass(slots=True)
class FarSbc:
    """The product of the SBC's host, and the core's."""

    pbx: Any
    edge: Product
    host: Host

    @property
    def servers(self) -> dict[Transport, tuple[str, int]]:
        return {transport: (self.host.address, port) for transport, port in PORTS.items()}


@pytest.fixture(scope="module")
def far(pbx: Any, lab: Any, request: pytest.FixtureRequest) -> Iterator[FarSbc]:
    host = lab.host("edge", EDGE_NUMBER)
    with enrolled(pbx.product, host) as edge:
        yield FarSbc(pbx, edge, host)
    if request.session.testsfailed:
        print(f"logs and data of the SBC's host are kept in {edge.home}")
    else:
        shutil.rmtree(edge.home)


@pytest.fixture
def outside(far: FarSbc, stranger: Callable[[], Host]) -> Iterator[Callable[..., Softphone]]:
    """Phones at the far SBC, registered unless said otherwise: `outside("391")`, `outside("392", Transport.TLS)`."""
    with ExitStack() as stack:

        def make(number: str, transport: Transport = Transport.UDP, registered: bool = True) -> Softphone:
            made = stack.enter_context(
                Softphone(stranger(), far.servers[transport], far.pbx.account(number), transport)
            )
            if registered:
                answer = made.register()
                assert answer.status == 200, answer.start_line
            return made

        yield make
