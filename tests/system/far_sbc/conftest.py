"""The suite's core and, on another host of the lab, an SBC that was enrolled by invitation."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import pytest

from ringfence.hosts.paths import CODE
from ringfence.lab.network import Host
from ringfence.lab.product import Product, make_home
from ringfence.lab.softphone import Softphone, Transport

EDGE_NUMBER: Final = 62
ENROLLED_WITHIN: Final = 120.0
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


def invited(product: Product, *argv: str) -> tuple["subprocess.Popen[str]", str]:
    """`ringfence sbc invite` while it waits, and the invitation that it printed."""
    environment = os.environ | {
        "RINGFENCE_STATE_DIR": str(product.paths.state),
        "RINGFENCE_RUN_DIR": str(product.paths.run),
        "RINGFENCE_SIP_MEMORY": "256",
    }
    waiting = subprocess.Popen(
        product.host.command(sys.executable, "-m", "ringfence.cli", "sbc", "invite", *argv),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=CODE,
    )  # fmt: skip
    assert waiting.stdout is not None
    told = ""
    for line in waiting.stdout:
        told += line
        if re.fullmatch(r"rfsbc1\.\S+\n", line):
            return waiting, line.strip()
    raise AssertionError(f"no invitation: {told}")


@pytest.fixture(scope="module")
def far(pbx: Any, lab: Any, request: pytest.FixtureRequest) -> Iterator[FarSbc]:
    host, home = lab.host("edge", EDGE_NUMBER), make_home("edge")
    edge = Product(host, lab.host("admin", 10), home)
    for directory in (edge.home, edge.paths.state, edge.paths.run):
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
    waiting, invitation = invited(pbx.product)
    try:
        joined = edge.command("sbc", "join", pbx.product.host.address, stdin=invitation + "\n", timeout=ENROLLED_WITHIN)
        assert joined.returncode == 0, joined.stdout + joined.stderr
        said, _ = waiting.communicate(timeout=ENROLLED_WITHIN)
        assert waiting.returncode == 0, said
        yield FarSbc(pbx, edge, host)
    finally:
        waiting.kill()
        edge.stop()
        pbx.product.command("sbc", "revoke", timeout=ENROLLED_WITHIN)
        if request.session.testsfailed:
            print(f"logs and data of the SBC's host are kept in {home}")
        else:
            shutil.rmtree(home)


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
