"""An address of the machine that vanishes, comes back, and becomes another one (reference "Network Security")."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab.network import Host
from ringfence.lab.product import Product, within
from ringfence.lab.softphone import end_call, establish

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("oracle")]
ALARM = "network.address_gone"
NEXT = "10.77.0.143"


@pytest.fixture
def server(pbx: Any) -> Iterator[Host]:
    """The machine, which has its own address again afterwards."""
    host: Host = pbx.product.host
    yield host
    host.run("ip", "address", "delete", f"{NEXT}/16", "dev", "eth0", check=False)
    host.run("ip", "address", "replace", f"{host.address}/16", "dev", "eth0")


def _looks_around(product: Product) -> None:
    """At its start the guard does so at once, otherwise each half minute."""
    old = product.process_ids()["guard"]
    os.kill(old, signal.SIGKILL)
    within(5, lambda: product.process_ids()["guard"] not in (0, old) and product.is_ready("guard"), "the guard is back")


def _alarms(product: Product) -> list[str]:
    return [alarm["id"] for alarm in product.guard("alarms.list")]


def test_a_call_outlives_the_loss_and_the_administrator_reads_why_nobody_calls(
    pbx: Any, phone: Any, server: Host
) -> None:
    """Nobody was told of it; and the guard, which could not look around any more, went on to protect the addresses of
    the network before, or none: the new gateway could be banned."""
    one, other = phone("961"), phone("962")
    dialog, _ = establish(one, other)
    server.run("ip", "address", "delete", f"{server.address}/16", "dev", "eth0")
    server.run("ip", "address", "add", f"{NEXT}/16", "dev", "eth0")
    _looks_around(pbx.product)
    within(5, lambda: ALARM in _alarms(pbx.product), "the alarm")
    assert NEXT in pbx.product.nft("list", "set", "inet", "ringfence", "never4")
    found = json.loads(pbx.product.command("doctor", "--json", timeout=60).stdout)["findings"]
    assert [server.address in str(one["evidence"]) for one in found if one["id"] == ALARM] == [True]
    server.run("ip", "address", "add", f"{server.address}/16", "dev", "eth0")
    assert end_call(one, other, dialog).status == 200
    assert one.register().status == 200
