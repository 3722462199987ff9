"""The delivered system: its guard, with CAP_NET_ADMIN alone, has the program at the links (docs/adr/0074)."""

import os
import signal
from typing import Any

import pytest

from ringfence.lab.network import Host
from ringfence.lab.product import within

pytestmark = [pytest.mark.system, pytest.mark.restarts]


@pytest.fixture
def offender(lab: Any, pbx: Any) -> Any:
    host = lab.host("doorstep-offender", 102)
    yield host
    pbx.product.guard("bans.lift", address=host.address)


def behind(pbx: Any) -> int:
    """What nftables dropped itself."""
    listed = pbx.product.host.run("nft", "list", "counter", "inet", "ringfence", "dropped_banned").stdout
    return int(listed.split("packets")[1].split()[0])


def at_links(pbx: Any) -> int:
    return int(pbx.product.guard("status")["kernel"]["dropped_banned"]) - behind(pbx)


def send(pbx: Any, offender: Host) -> None:
    with offender.udp() as sock:
        sock.sendto(b"hello", (pbx.product.host.address, 5060))


def test_a_killed_guard_takes_its_program_along_and_the_next_has_it_again(pbx: Any, offender: Host) -> None:
    product = pbx.product
    assert product.guard("status")["stands_at_links"]
    send(pbx, offender)
    product.guard("bans.add", address=offender.address, seconds=100)
    before = at_links(pbx), behind(pbx)
    send(pbx, offender)
    within(2, lambda: (at_links(pbx), behind(pbx)) == (before[0] + 1, before[1]), "dropped at the link")
    old = product.process_ids()["guard"]
    os.kill(old, signal.SIGSTOP)
    send(pbx, offender)
    os.kill(old, signal.SIGKILL)
    within(5, lambda: product.process_ids()["guard"] not in (0, old) and product.is_ready("guard"), "a guard")
    assert product.guard("status")["stands_at_links"]
    send(pbx, offender)
    within(2, lambda: (at_links(pbx), behind(pbx)) == (1, 0), "dropped at the link again")
