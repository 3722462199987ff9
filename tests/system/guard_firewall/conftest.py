"""One guard in a namespace of its own, and a host that sends packets."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded import PORT, SMALL_SET, Guarded, Sender

from ringfence.lab.network import Lab


@pytest.fixture(autouse=True)
def oracle() -> Iterator[None]:
    """The whole product is not running here."""
    return iter((None,))


@pytest.fixture
def guard(lab: Lab, tmp_path: Path) -> Iterator[Guarded]:
    machine = Guarded(lab.host("guarded", 60), tmp_path)
    machine.start()
    yield machine
    machine.kill()
    machine.host.run("nft", "flush", "ruleset")


@pytest.fixture
def small_guard(lab: Lab, tmp_path: Path) -> Iterator[Guarded]:
    """Its kernel set holds a hundred addresses (attack case 59)."""
    machine = Guarded(lab.host("guarded", 60), tmp_path, ("--ban-set-size", str(SMALL_SET)))
    machine.start()
    yield machine
    machine.kill()
    machine.host.run("nft", "flush", "ruleset")


@pytest.fixture
def sender(lab: Lab) -> Sender:
    return Sender(lab.host("sender", 61))


@pytest.fixture
def receiver(guard: Guarded) -> Iterator[socket.socket]:
    with guard.host.udp(PORT) as sock:
        sock.settimeout(0.3)
        yield sock
