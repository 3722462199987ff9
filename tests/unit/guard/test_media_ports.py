"""Who runs the system hears of media ports that another program held: the relay never asks for them again (attack case
81).
"""

import asyncio
import os
import pwd
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest

from ringfence.guard.clock import moment
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.mediaports import QUIET_AFTER, MediaPorts, Ports
from ringfence.hosts import ports

from .workshop import guard

OWNER = pwd.getpwuid(os.getuid()).pw_name
FEW, MANY = 99, 100
"""Pairs of 20,000 ports."""


class Counting:
    """A relay that counts as rtpengine 12.5 does."""

    def __init__(self) -> None:
        self.used = [0, 0]

    def statistics(self) -> dict[str, Any]:
        return {"interfaces": [{"name": "default", "ports": {"used": one, "totals": 20_000}} for one in self.used]}


@pytest.fixture
def relay() -> Counting:
    return Counting()


@pytest.fixture
def watched(tmp_path: Path, relay: Counting) -> Ports:
    (tmp_path / "net").mkdir()
    return Ports(cast(Relay, relay), ports.RTP, OWNER, "media.ports", tmp_path / "net")


def bind(watched: Ports, numbers: list[int], owner: int) -> None:
    """As the kernel lists them (proc_net_udp)."""
    address = f"{int(ip_address('1.0.77.10')):08X}"
    rows = [f"  1: {address}:{one:04X} 00000000:0000 07 0:0 00:0 0 {owner} 0 1 2 0 0" for one in numbers]
    (watched.network / "udp").write_text("\n".join(["  sl  local_address ...", *rows, ""]))


def test_ports_that_the_relay_lost_are_an_alarm_until_they_are_back(
    tmp_path: Path, relay: Counting, watched: Ports
) -> None:
    alarms, now = guard(tmp_path).parts.alarms, moment()
    watching = MediaPorts(alarms, (watched,))
    relay.used = [40, MANY]
    bind(watched, [*range(45_000, 45_040), 5_060], os.getuid())
    asyncio.run(watching.look(now))
    assert alarms.listing() == [], "one look proves nothing"
    asyncio.run(watching.look(now))
    (alarm,) = alarms.listing()
    assert alarm["id"] == "media.ports" and "held 200 of the media ports 45000-64999" in alarm["message"]
    relay.used = [40, 0]
    asyncio.run(watching.look(now))
    alarms.sweep(replace(now, boot=now.boot + QUIET_AFTER + 1))
    assert alarms.listing() == []


@pytest.mark.parametrize(
    ("used", "own", "foreign"),
    [
        pytest.param(FEW, 0, 0, id="few"),
        pytest.param(4_000, 4_000, 0, id="all of them in calls"),
        pytest.param(0, 0, 4_000, id="another program's that no call wanted"),
    ],
)
def test_nothing_is_said_while_calls_have_their_ports(
    watched: Ports, relay: Counting, used: int, own: int, foreign: int
) -> None:
    relay.used = [used, 0]
    bind(watched, list(range(45_000, 45_000 + own)), os.getuid())
    if foreign:
        bind(watched, list(range(45_000, 45_000 + foreign)), os.getuid() + 1)
    assert [watched.missing(), watched.missing()] == [0, 0]


@pytest.mark.parametrize("told", [{}, {"interfaces": None}, {"interfaces": [{}]}, {"interfaces": [{"ports": []}]}])
def test_a_relay_that_says_nothing_of_ports_is_no_alarm(watched: Ports, told: dict[str, Any]) -> None:
    class Silent:
        def statistics(self) -> dict[str, Any]:
            return told

    watched.relay = cast(Relay, Silent())
    assert [watched.missing(), watched.missing()] == [0, 0]
