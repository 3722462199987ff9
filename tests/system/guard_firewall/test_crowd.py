"""Attack case 43 from many addresses: whoever has a /56 of IPv6 is not one source but 256, and phones connect."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from guarded import Guarded, Sender, until

from ringfence.guard.offenders.crowd import CROWDED, MOST_TOGETHER
from ringfence.lab.network import inside
from ringfence.policy.book import Book
from ringfence.policy.settings import SecuritySettings

pytestmark = pytest.mark.system
TCP_PORT = 5063
AT_ONCE = SecuritySettings().unknown_connections // 2


@pytest.fixture
def many_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _connected(sender: Sender, sources: list[str], target: str, held: ExitStack) -> list[socket.socket]:
    """What each of these opens at once."""

    def connect() -> list[socket.socket]:
        found = []
        for source in sources * AT_ONCE:
            one = held.enter_context(socket.socket(socket.AF_INET6))
            one.settimeout(2.0)
            one.bind((source, 0))
            one.connect((target, TCP_PORT))
            one.setblocking(False)
            found.append(one)
        return found

    return inside(sender.host.namespace, connect)


def _stands(one: socket.socket) -> bool:
    try:
        return bool(one.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False


@pytest.mark.usefixtures("many_files")
def test_strangers_from_everywhere_leave_connections_to_the_phones(guard: Guarded, sender: Sender) -> None:
    guard.publish(Book(security=replace(SecuritySettings(), unknown_sources_packets=20_000)))
    until(lambda: "rate 20000/second" in guard.rates(), 2.0)  # so that the test is not about patience
    sources = [f"2001:db8:0:{number:x}::1" for number in range(MOST_TOGETHER // AT_ONCE + 21)]
    addresses = "\n".join(f"address replace {source}/32 dev eth0 nodad" for source in sources)
    sender.host.run("ip", "-batch", "-", stdin=addresses)
    target = "2001:db8::ffff"
    guard.host.run("ip", "address", "replace", f"{target}/32", "dev", "eth0", "nodad")
    with ExitStack() as held, guard.host.tcp(TCP_PORT, target) as listener:
        listener.listen(4_000)
        found = _connected(sender, sources[1:], target, held)
        until(lambda: sum(map(_stands, found)) <= MOST_TOGETHER, 5.0)
        last = _connected(sender, sources[:1], target, held)[-1:]
        until(lambda: CROWDED in {alarm["id"] for alarm in guard.ask("alarms.list")}, 3.0)
        assert all(map(_stands, last))
